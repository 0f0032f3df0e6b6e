"""The value of an `Idempotency-Key` header (draft-ietf-httpapi-idempotency-key-header-07 §2.1)."""

import re

KEY_PATTERN = r'^([!#-\[\]-~]{16,255}|"([ !#-\[\]-~]|\\["\\]){16,255}")$'
"""A key is a string as structured fields write it (RFC 9651 §3.3.3) or, as many clients send it, without its quotes."""
KEY_PROBLEM = "Idempotency-Key must be 16 to 255 visible ASCII characters, or a string of so many in double quotes."

_KEY = re.compile(KEY_PATTERN)
_ESCAPED = re.compile(r"\\(.)")


def idempotency_key(header: str) -> str | None:
    """Return the key that a header stands for, quoted or not; None if it stands for none."""
    value = header.strip(" \t")
    if _KEY.fullmatch(value) is None:
        return None
    return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
