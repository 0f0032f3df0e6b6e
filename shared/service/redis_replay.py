"""Asks at a service's start whether Redis will keep what the service writes over a restart.

Redis replays its append-only file as the default user, and asks at each EXEC in it for that user's permissions again.
What a script wrote is such a transaction. So where the default user was cut down, a restart silently drops all that
scripts did: good tokens are gone and, after a rewrite of the file, spent ones live again. Releases of Redis since
November 2025 replay with every permission.
"""

import logging
import threading
import time

import redis

_ASK_AGAIN = 5.0
"""While Redis can't be reached, it is asked again after so many seconds."""
_WRITES = (
    ("SET", "key", "value"),
    ("DEL", "key"),
    ("INCRBY", "key", "1"),
    ("PEXPIREAT", "key", "1"),
    ("HSET", "key", "field", "value"),
    ("HSETNX", "key", "field", "value"),
    ("HINCRBY", "key", "field", "1"),
    ("HDEL", "key", "field"),
    ("XADD", "key", "*", "field", "value"),
    ("ZADD", "key", "1", "member"),
    ("ZREMRANGEBYSCORE", "key", "0", "1"),
)
"""The scripts of the services leave these in the file, where EXPIRE and its like arrive as PEXPIREAT."""
REMEDY = "let that user do everything and nobody be it: `ACL SETUSER default off ~* &* +@all`, in Redis' users file too"

_log = logging.getLogger(__name__)


def ask_whether_redis_replays(client: "redis.Redis") -> None:
    """Log one line if Redis would drop writes at its restart, or doesn't tell. Returns at once, asks in a thread."""
    threading.Thread(target=_ask_until_answered, args=(client,), name="redis-replay", daemon=True).start()


def _ask_until_answered(client: "redis.Redis") -> None:
    while True:
        try:
            return log_whether_redis_replays(client)
        except (redis.ConnectionError, redis.TimeoutError):
            time.sleep(_ASK_AGAIN)


def log_whether_redis_replays(client: "redis.Redis") -> None:
    """Ask once. Raises redis.ConnectionError or redis.TimeoutError where Redis can't be reached."""
    try:
        denied = writes_lost_at_restart(client)
    except redis.ResponseError as refusal:
        _log.warning("Redis doesn't tell whether it replays our writes after a restart (ACL DRYRUN: %s)", refusal)
        return
    if denied:
        message = "Redis' default user may not %s: a restart drops what we wrote, and spent tokens may live again; %s"
        _log.error(message, ", ".join(denied), REMEDY)


def writes_lost_at_restart(client: "redis.Redis") -> list[str]:
    """The commands that Redis would not replay. Raises redis.ResponseError if it doesn't tell."""
    answers = {command[0]: client.acl_dryrun("default", *command) for command in _WRITES}
    return [name for name, answer in answers.items() if answer not in {"OK", b"OK"}]  # a "no" is an ordinary string
