"""Another authorization server than ours is found by its metadata, introspects, and tells nobody of revocations."""

import json
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..back_channel.channel import BackChannel, RawAnswer
from ..errors import MisconfiguredError, OutageError, UnusableAnswerError
from ..process.clock import seconds
from ..process.fork import reset_after_fork
from .client import DEADLINE

if TYPE_CHECKING:  # it needs joserfc, which only those install who use it
    from ..private_key_jwt import PrivateKeyJwt

_METADATA = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


class OtherIntrospection:
    """It asks at the address that is given, or that the issuer's metadata name. It may be created before a fork."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        credentials: "str | PrivateKeyJwt | None",
        endpoint: str | None,
        open_channel: Callable[..., BackChannel],
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._secret = credentials if isinstance(credentials, str) else None
        self._key = credentials if not isinstance(credentials, str) else None
        self._open_channel = open_channel
        self._metadata_channel = open_channel(_origin(issuer), None, None)
        self._endpoint = self._opened(endpoint) if endpoint else None
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Begin with a lock of this process."""
        self._lock = threading.Lock()

    def introspect(self, token: str, within: float) -> RawAnswer:
        """Return the answer about one token, which takes at most `within` seconds. Raises CannotValidateError."""
        until = seconds() + within
        channel, path = self._endpoint or self._found(until)
        form = {"token": token, "token_type_hint": "access_token"}
        if self._key is not None:
            form |= self._key.form(self._client_id, self._issuer)
        return channel.post(path, form, within=until - seconds())

    def check(self) -> None:
        """Find out whether the server can be found and lets us introspect. Raises CannotValidateError."""
        self.introspect("is-anybody-there", DEADLINE)

    def misnamed(self) -> MisconfiguredError | None:
        """Nothing is found out about names beside tokens."""
        return None

    def close(self) -> None:
        """Close the connections that are not in use."""
        self._metadata_channel.close()
        if self._endpoint is not None:
            self._endpoint[0].close()

    def _opened(self, endpoint: str) -> tuple[BackChannel, str]:
        parts = urlsplit(endpoint)
        query = f"?{parts.query}" if parts.query else ""
        client_id = self._client_id if self._key is None else None
        return self._open_channel(_origin(endpoint), client_id, self._secret), f"{parts.path}{query}"

    def _found(self, until: float) -> tuple[BackChannel, str]:
        """One looks for it, the others wait for that."""
        if not self._lock.acquire(timeout=max(0.0, until - seconds())):
            raise OutageError("its metadata did not come in time")
        try:
            if self._endpoint is None:
                self._endpoint = self._opened(self._discovered(until))
            return self._endpoint
        finally:
            self._lock.release()

    def _discovered(self, until: float) -> str:
        """Return the introspection endpoint (RFC 8414 §3)."""
        path = urlsplit(self._issuer).path.rstrip("/")
        places = (f"{_METADATA[0]}{path}", *(f"{path}{name}" for name in reversed(_METADATA)))
        problem = MisconfiguredError("")
        for place in dict.fromkeys(places):
            try:
                return self._endpoint_of(self._metadata_channel.get(place, {}, within=until - seconds()).body)
            except MisconfiguredError as elsewhere:
                problem = elsewhere
        raise problem

    def _endpoint_of(self, body: bytes) -> str:
        try:
            metadata = json.loads(body)
            issuer, endpoint = metadata["issuer"], str(metadata["introspection_endpoint"])
        except (ValueError, RecursionError, KeyError, TypeError):
            raise UnusableAnswerError("its metadata name no introspection endpoint: give one") from None
        if issuer != self._issuer:  # RFC 8414 §3.3
            raise MisconfiguredError(f"it calls itself {issuer}, not {self._issuer}: change `issuer` here")
        if urlsplit(self._issuer).scheme == "https" and urlsplit(endpoint).scheme != "https":
            raise MisconfiguredError(f"its metadata name {endpoint}: without https our secret would be readable")
        return endpoint


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
