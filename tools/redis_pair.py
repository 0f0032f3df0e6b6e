"""A master with a replica, and three Sentinels that watch them: what each container's configuration file says at first.

Redis and Sentinel change these files, so each has a copy of its own beside its data (`compose/start_with_own_file.sh`).
"""

from hashlib import sha256

PAIR = ("redis", "redis-2")
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
SERVICE = "moogle"
"""What the Sentinels call the master."""
PLACES = ",".join(f"{name}:26379" for name in SENTINELS) + f"/{SERVICE}"
"""Where clients ask, as the end of a `redis+sentinel://` address."""


def first_files(replica_password: str, sentinel_password: str) -> dict[str, str]:
    """The first configuration of each container, by its name. Containers know each other by names, which stay."""
    master, replica = PAIR
    common = ["masteruser replica", f"masterauth {replica_password}"]
    files = {
        master: [*common, f"replica-announce-ip {master}"],
        replica: [*common, f"replica-announce-ip {replica}", f"replicaof {master} 6379"],
    }
    files |= {name: _sentinel(name, master, sentinel_password) for name in SENTINELS}
    return {name: "\n".join(lines) + "\n" for name, lines in files.items()}


def _sentinel(name: str, master: str, password: str) -> list[str]:
    """Whoever reaches it may ask who is the master, and only Sentinels anything else."""
    asking = "+ping +sentinel|get-master-addr-by-name +sentinel|replicas"
    watching = "+ping +publish +client|setname +sentinel|is-master-down-by-addr"
    return [
        "sentinel resolve-hostnames yes",
        "sentinel announce-hostnames yes",
        f"sentinel announce-ip {name}",
        f"sentinel monitor {SERVICE} {master} 6379 2",
        f"sentinel auth-user {SERVICE} sentinel",
        f"sentinel auth-pass {SERVICE} {password}",
        f"sentinel down-after-milliseconds {SERVICE} 5000",
        f"sentinel failover-timeout {SERVICE} 15000",
        "sentinel sentinel-user sentinel",
        f"sentinel sentinel-pass {password}",
        f"user default on nopass -@all +auth +hello {asking}",
        f"user sentinel on #{sha256(password.encode()).hexdigest()} &* -@all +auth +hello {watching}",
    ]
