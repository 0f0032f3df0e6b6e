"""The protocol sees a request and an answer as plain values, whatever framework carried them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, Protocol

from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Payload

from auth_service.models.client import Client

_SENT_ONCE = {
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "grant_type",
    "response_type",
    "response_mode",
    "redirect_uri",
    "scope",
    "state",
    "code",
    "device_code",
    "refresh_token",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "dpop_jkt",
    "request",
    "request_uri",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "id_token_hint",
    "post_logout_redirect_uri",
    "token",
    "token_type_hint",
    "subject_token",
    "subject_token_type",
    "requested_token_type",
}
"""These parameters must not be repeated (RFC 6749 §3.1, §3.2).

Unknown ones may, and `resource` and `audience` (RFC 8707 §2, RFC 8693 §2.1).
"""


class Headers(Protocol):
    """It knows HTTP headers by their names, whatever the case."""

    def get(self, name: str, /) -> str | None:
        """Return the value, or None."""


class _Payload(OAuth2Payload):
    def __init__(self, parameters: Mapping[str, list[str]], form: dict[str, str]) -> None:
        self._parameters = parameters
        self._data = form

    @property
    def data(self) -> dict[str, str]:
        return self._data

    @property
    def datalist(self) -> dict[str, list[str]]:
        return defaultdict(list, self._parameters)


class ProtocolRequest(OAuth2Request):
    """A request has the parameters that it may have: those of its query at /authorize, of its form everywhere else.

    Empty parameters are treated as omitted (RFC 6749 §3.1, §3.2). Its `uri` is the configured address of the endpoint,
    not what a Host header says, so that a call over a back-channel name is no different from any other.
    """

    # What Authlib's own `__init__` sets. It isn't called: it looks whether `uri` is secure, which ours, a setting, was
    # when it was read.
    headers: Headers
    form: dict[str, str] = {}  # noqa: RUF012 -- no value: Authlib's property of this name, out of the way
    """It holds each parameter's first value, of the form (at /authorize, of the query)."""
    user: object = None
    client: Client | None = None
    auth_method: str | None = None
    credential: object = None
    authorization_code: Any = None
    refresh_token: Any = None
    _body: None = None
    _scope: str | None = None

    def __init__(
        self,
        method: str,
        uri: str,
        headers: Headers,
        parameters: Mapping[str, list[str]],
        remote_address: str = "",
        *,
        direct: bool = True,
    ) -> None:
        self.method = method
        self.uri = uri
        self.headers = headers
        self.parameters: dict[str, list[str]] = {}
        self.form = {}
        for name, values in parameters.items():
            present = values if all(values) else [value for value in values if value]
            if present:
                self.parameters[name] = present
                self.form[name] = present[0]
        self.remote_address = remote_address
        self.direct = direct
        """It says, at /authorize, that the request came in the address and was not pushed by its client (RFC 9126)."""
        self._proven_key: str | None = None

    @cached_property
    def payload(self) -> _Payload:
        """Authlib's grants read the same here."""
        return _Payload(self.parameters, self.form)

    @property
    def args(self) -> dict[str, str | None]:
        """There are none: where a form is expected, the address carries no parameters (RFC 6749 §2.3.1)."""
        return {}

    def refuse_repeated(self, *names: str) -> None:
        """Raise InvalidRequestError if one of `names` (by default, any that has one meaning) was sent twice."""
        for name, values in self.parameters.items():
            if len(values) > 1 and name in (names or _SENT_ONCE):
                raise InvalidRequestError(f"{name} was sent more than once.")

    @property
    def authenticated_client(self) -> Client:
        """The client is known once it was authenticated."""
        assert isinstance(self.client, Client)
        return self.client

    @property
    def proven_key(self) -> str:
        """A token request proves to hold the key of this thumbprint (RFC 9449), or none, once that was checked."""
        assert self._proven_key is not None
        return self._proven_key

    @proven_key.setter
    def proven_key(self, thumbprint: str) -> None:
        self._proven_key = thumbprint


@dataclass(frozen=True, slots=True)
class JsonRequest:
    """A request with a body of JSON brings its right as a Bearer token (RFC 6750 §2.1)."""

    media_type: str
    body: bytes
    bearer_token: str | None = field(repr=False)
    remote_address: str


class ProtocolResponse(NamedTuple):
    """An endpoint sends this back. `body` becomes JSON, unless it is a text."""

    status: int
    body: Mapping[str, object] | str
    headers: Sequence[tuple[str, str]] = ()
