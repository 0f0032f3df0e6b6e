"""Another authorization server than ours: it is found by its metadata, introspects, and tells nobody of revocations."""

import json
import ssl
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .back_channel import BackChannel, RawAnswer
from .callbacks import guarded
from .clock import seconds
from .errors import Challenge, MisconfiguredError, OutageError, UnusableAnswerError
from .fork import begin_anew_after_fork
from .introspection_client import DEADLINE
from .other_answer import read_other_answer
from .token_validator import LONGEST_AGE, ProofOfPossession, TokenValidator
from .validation_cache import ValidationCache

if TYPE_CHECKING:  # it needs joserfc, which only those install who use it
    from .private_key_jwt import PrivateKeyJwt

_METADATA = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")


def connect_to_other_server(
    *,
    resource: str,
    issuer: str,
    client_id: str,
    client_secret: str | None = None,
    client_key: "PrivateKeyJwt | None" = None,
    audience: str | None,
    introspection_endpoint: str | None = None,
    max_age: float = 0.0,
    tls: ssl.SSLContext | None = None,
    proxy: str | None = None,
    realm: str | None = None,
    resource_metadata: str | None = None,
    dpop: ProofOfPossession | None = None,
    deadline: float = DEADLINE,
    request_id: Callable[[], str | None] = lambda: None,
    observe: Callable[[str], None] = lambda event: None,
) -> TokenValidator:
    """A validator for tokens of any authorization server that introspects (RFC 7662). It opens no connection yet.

    There is no feed of revocations to follow, so every call is introspected, unless `max_age` allows an age.

    Args:
        resource: this API's address, for its own description and its challenges.
        issuer: who issues the tokens, as its metadata spell it.
        client_id: the name under which this API may introspect.
        client_secret: its password; or else
        client_key: `PrivateKeyJwt(pem)`, from `private_key_jwt.py`, with which it signs who it is.
        audience: whom a token must name in its `aud`. None lets in what this server issued for whatever else.
        introspection_endpoint: where to ask; by default the issuer's metadata say it (RFC 8414, or OpenID Connect's).
        max_age: seconds for which an answer may be used again; so long may a revoked token still be accepted.
        tls: as in `connect`, like all that follow.
        proxy: see `connect`.
        realm: see `connect`.
        resource_metadata: see `connect`.
        dpop: see `connect`.
        deadline: see `connect`.
        request_id: see `connect`.
        observe: see `connect`.
    """
    open_channel = partial(BackChannel, tls=tls, proxy=proxy, request_id=guarded(request_id, "request_id"))
    if (client_secret is None) == (client_key is None):
        raise TypeError("give either `client_secret` or `client_key`")
    introspection = OtherIntrospection(
        issuer, client_id, client_secret or client_key, introspection_endpoint, open_channel
    )
    return TokenValidator(
        introspection,
        ValidationCache(follows_feed=False),
        None,
        issuer=issuer,
        resource=resource,
        audience=audience,
        challenge=Challenge(realm or resource, resource_metadata, dpop.algorithms if dpop else ()),
        max_age=min(max_age, LONGEST_AGE),
        peer=introspection,
        dpop=dpop,
        deadline=deadline,
        observe=guarded(observe, "observe"),
        read=lambda body, token: read_other_answer(body, token, issuer),
    )


class OtherIntrospection:
    """Asks at the address that is given, or that the issuer's metadata name. Safe to create before a fork."""

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
        self.begin_anew()
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        """With a lock of this process."""
        self._lock = threading.Lock()

    def introspect(self, token: str, within: float) -> RawAnswer:
        """The answer about one token, within so many seconds. Raises CannotValidateError."""
        until = seconds() + within
        channel, path = self._endpoint or self._found(until)
        form = {"token": token, "token_type_hint": "access_token"}
        if self._key is not None:
            form |= self._key.form(self._client_id, self._issuer)
        return channel.post(path, form, within=until - seconds())

    def check(self) -> None:
        """Whether the server can be found and lets us introspect. Raises CannotValidateError."""
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
        """The introspection endpoint (RFC 8414 §3)."""
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
