"""Asks the authorization server what a token is worth (RFC 7662 §2.1). What it says is `introspection_response.py`."""

from ..back_channel.channel import BackChannel, RawAnswer

DEADLINE = 1.0
"""A whole exchange may take so many seconds, unless an application says otherwise."""


class IntrospectionClient:
    """It introspects as one resource server."""

    def __init__(self, channel: BackChannel) -> None:
        self._channel = channel

    def introspect(self, token: str, within: float) -> RawAnswer:
        """Return the answer about one token, which takes at most `within` seconds. Raises CannotValidateError."""
        form = {"token": token, "token_type_hint": "access_token"}
        return self._channel.post("/introspect", form, within=within)

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._channel.close()
