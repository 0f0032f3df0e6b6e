"""A person reads this code on a device and types it into a browser (RFC 8628 §6.1).

It is eight of twenty consonants: no vowels, so no words; nothing that looks like something else. These are 34 bits,
which only the throttle makes enough.
"""

import re
import secrets

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8
_CODE = re.compile(f"[{_LETTERS}]{{{_LENGTH}}}")


def new_user_code() -> str:
    """Make a random code, without its dash."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def shown(user_code: str) -> str:
    """Write it as people see it."""
    return f"{user_code[:4]}-{user_code[4:]}"


def typed(text: str) -> str | None:
    """Read what somebody typed, in whatever case and with whatever between the letters; None if it can't be a code."""
    letters = "".join(character for character in text.upper() if character.isalnum())
    return letters if _CODE.fullmatch(letters) else None
