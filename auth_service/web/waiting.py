"""How long somebody who made too many attempts has to wait, in words."""


def in_minutes(seconds: int) -> str:
    """At least as long as that, in whole minutes."""
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
