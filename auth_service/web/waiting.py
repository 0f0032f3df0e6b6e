"""Somebody who made too many attempts is told in words how long to wait."""


def in_minutes(seconds: int) -> str:
    """Say in whole minutes at least as long as that."""
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
