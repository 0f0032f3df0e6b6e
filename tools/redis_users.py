"""Redis' users in the containers: who may do what, as the file that Redis reads at its start (`--aclfile`)."""

from hashlib import sha256

_REPLAYS = "user default off ~* &* +@all"
"""Nobody can sign in as this one. Redis replays its append-only file as this user and asks at each EXEC for its
permissions, so whatever it may not do is gone after a restart."""
_HEALTH = "user health on nopass -@all +ping"


def users_file(auth_password: str, fit_password: str) -> str:
    """Both services, known by digests of their passwords; the health check's user; the default one."""
    auth, fit = (sha256(password.encode()).hexdigest() for password in (auth_password, fit_password))
    may_ask = "+acl|dryrun"
    counting, remembering = "+get +incrby +expire +eval +evalsha +script|load", "+set"
    keys = "~fit-quota:* ~fit-proof:* ~fit-mark:*"
    return _lines(
        _REPLAYS,
        _HEALTH,
        f"user auth on #{auth} ~* +@all -@admin -@dangerous +info {may_ask}",
        f"user fit on #{fit} {keys} -@all +@connection {counting} {remembering} {may_ask}",
    )


def users_of_pair(replica_password: str, sentinel_password: str) -> str:
    """Who a replica is at its master, and who Sentinels are at both: they say who follows whom, and read no data."""
    replica, sentinel = (sha256(password.encode()).hexdigest() for password in (replica_password, sentinel_password))
    asking = "+ping +info +role +publish +subscribe +client|setname"
    deciding = "+multi +exec +slaveof +config|rewrite +client|kill +script|kill"
    return _lines(
        f"user replica on #{replica} -@all +ping +psync +replconf",
        f"user sentinel on #{sentinel} &* -@all {asking} {deciding}",
    )


def _lines(*lines: str) -> str:
    return "\n".join(lines) + "\n"
