"""What an answer other than 200 means: an outage, a mistake in somebody's settings, or something about one question."""

import json
from contextlib import suppress

from ..errors import CannotValidateError, MisconfiguredError, OutageError

_LONGEST_TEXT = 200
"""The log repeats so many characters of what the server says."""
_OTHER_PLACES = frozenset({301, 302, 303, 307, 308, 404, 405, 421})


def refusal(status: int, body: bytes, retry_after: int, *, host: str) -> CannotValidateError:
    """Return why an exchange with this status came to nothing."""
    said = f"it answered {status}{_text(body)}"
    if status >= 500:
        return OutageError(said, retry_after)
    if status == 401:
        return MisconfiguredError(
            f"the authorization server doesn't accept our credentials ({said}): change `client_id` and `client_secret` "
            "here to what `resource-server create` or `rotate-secret` printed there"
        )
    if status == 407:
        return proxy_wants_credentials(host)
    if status in _OTHER_PLACES:
        return MisconfiguredError(
            f"{host} isn't where the authorization server answers ({said}): change `auth_url` here"
        )
    if status == 400 and b"not trusted" in body:
        return MisconfiguredError(
            f"the authorization server doesn't trust the host name {host} ({said}): add it to AUTH_TRUSTED_HOSTS "
            "there, or change `auth_url` here to a name that it has"
        )
    return CannotValidateError(said, retry_after)


def proxy_wants_credentials(host: str) -> MisconfiguredError:
    """Return what a proxy's 407 means."""
    return MisconfiguredError(
        f"the proxy on the way to {host} doesn't accept our credentials (it answered 407): change `proxy` here to "
        "http://USER:PASSWORD@HOST:PORT with those that it knows"
    )


def _text(body: bytes) -> str:
    """Return what an OAuth error says (RFC 6749 §5.2), in one line."""
    with suppress(ValueError, RecursionError):
        error = json.loads(body)
        if isinstance(error, dict):
            text = str(error.get("error_description") or error.get("error") or "")
            printable = "".join(character for character in text if character.isprintable())[:_LONGEST_TEXT]
            return f": {printable}" if printable else ""
    return ""
