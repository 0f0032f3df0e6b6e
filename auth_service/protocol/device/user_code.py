"""The code that a person reads on a device and types into a browser (RFC 8628 §6.1).

Eight of twenty consonants: no vowels, so no words; nothing that looks like something else. 34 bits, which only the
throttle makes enough.
"""

import re
import secrets

_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LENGTH = 8
_CODE = re.compile(f"[{_LETTERS}]{{{_LENGTH}}}")


def new_user_code() -> str:
    """A random code, without its dash."""
    return "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))


def shown(user_code: str) -> str:
    """As people see it."""
    return f"{user_code[:4]}-{user_code[4:]}"


def typed(text: str) -> str | None:
    """The code that somebody typed, in whatever case and with whatever between the letters; None if it can't be one."""
    letters = "".join(character for character in text.upper() if character.isalnum())
    return letters if _CODE.fullmatch(letters) else None
