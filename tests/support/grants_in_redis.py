"""What Redis has of a grant or of an access token, in whichever encoding, for tests that must look there."""

from auth_service.storage.grant_encoding import GRANT_FIELDS, ask_grants
from auth_service.storage.redis_connection import RedisClients


def stored(clients: RedisClients, key: str) -> object:
    """All of it, to be compared with what is there later."""
    return clients.reads.hgetall(key) if clients.reads.type(key) == "hash" else clients.reads.get(key)


def grant_fields(clients: RedisClients, grant_key: str) -> dict[str, str]:
    """A grant, but for what is empty."""
    return ask_grants(clients.ending, [grant_key], is_compact=True)[0]


def put_back(clients: RedisClients, grant_key: str, name: str, milliseconds: int) -> None:
    """Let something have happened earlier than the grant says."""
    earlier = int(grant_fields(clients, grant_key)[name]) - milliseconds
    if clients.reads.type(grant_key) == "hash":
        clients.scripts.hset(grant_key, name, earlier)
        return
    lines = str(clients.reads.get(grant_key)).split("\n")
    lines[GRANT_FIELDS.index(name)] = str(earlier)
    clients.scripts.set(grant_key, "\n".join(lines), keepttl=True)
