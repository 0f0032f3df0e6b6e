"""Somebody who made too many attempts is told in words how long to wait, in whole minutes, at least as long as that."""

from flask_babel import ngettext


def try_again_in(seconds: int) -> str:
    """Say no more than this."""
    return ngettext("Try again in a minute.", "Try again in %(num)d minutes.", _minutes(seconds))


def too_many_attempts(retry_after: int) -> str:
    """Say so of signing in and the like, and when it can be tried again, in seconds from now."""
    return ngettext(
        "Too many attempts. Try again in a minute.",
        "Too many attempts. Try again in %(num)d minutes.",
        _minutes(retry_after),
    )


def too_many_codes(retry_after: int) -> str:
    """Say so of codes of devices."""
    return ngettext(
        "Too many wrong codes. Try again in a minute.",
        "Too many wrong codes. Try again in %(num)d minutes.",
        _minutes(retry_after),
    )


def too_many_messages(retry_after: int) -> str:
    """Say so of what is mailed to one address."""
    return ngettext(
        "Too many messages to this address. Try again in a minute.",
        "Too many messages to this address. Try again in %(num)d minutes.",
        _minutes(retry_after),
    )


def _minutes(seconds: int) -> int:
    return -(-seconds // 60)
