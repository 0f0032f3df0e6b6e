"""What Redis knows of a device that waits, and how its time passes."""

import time

from tests.support.actions import Actions

PENDING, SLOW_DOWN = (400, "authorization_pending"), (400, "slow_down")


def keys_of(actions: Actions, user_code: str) -> list[str]:
    """The Redis keys of a device that waits."""
    device = actions.stack.parts.devices.find(user_code.replace("-", ""))
    assert device is not None
    redis = actions.stack.parts.redis.reads
    user_codes = [key for key in redis.scan_iter("user-code:*") if redis.get(key) == device.grant_id]
    return [f"device:{device.grant_id}", *user_codes]


def as_if_waited(actions: Actions, user_code: str, seconds: float) -> None:
    """Move the device's last poll into the past."""
    actions.stack.parts.redis.scripts.hincrby(keys_of(actions, user_code)[0], "polled_at", -int(seconds * 1000))


def as_if_just_polled(actions: Actions, user_code: str) -> None:
    """Move the device's last poll to the present."""
    actions.stack.parts.redis.scripts.hset(keys_of(actions, user_code)[0], "polled_at", str(int(time.time() * 1000)))


def as_if_expired(actions: Actions, user_code: str) -> None:
    for key in keys_of(actions, user_code):
        actions.stack.parts.redis.scripts.pexpire(key, 0)
