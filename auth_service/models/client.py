"""A client is an app that calls: what it may ask for, where its people are sent back, how it proves who it is."""

import re
import secrets
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import JSON, ColumnElement, Index, String, cast, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.base import CLIENT_ID, Base, UtcDateTime, Words, now
from auth_service.models.secret import SecretHolder

SECRET_METHODS = ("client_secret_basic", "client_secret_post")
"""These are two ways to present one secret. Whoever was given a secret may use either (RFC 6749 §2.3.1)."""

_ON_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([0-9]{1,5}))?((?:[/?].*)?)")
_LAST_PORT = 65_535
LONGEST_NAME = 100
"""The name of a client, and of its publisher, has at most so many characters."""
LONGEST_HOME_PAGE = 255
"""The address of a home page has at most so many characters, since people read its host."""

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
"""RFC 8693 §2.1 names this grant type."""

DEFAULT_ID_TOKEN_ALGORITHM = "RS256"
"""Every OpenID Connect client understands it, and expects it unless it said otherwise (Dynamic Registration §2)."""


class RetryPolicy(StrEnum):
    """A client may present a refresh token again, if it never got the answer, without an Idempotency-Key."""

    STRICT = "strict"
    """Never: a second use is reuse, and ends the grant (RFC 9700 §4.14.2)."""
    UNTIL_USED = "until-used"
    """As long as nobody has presented a token of the answer, and a moment longer if it proves itself."""


class PkcePolicy(StrEnum):
    """A client's authorization requests have a `code_challenge`."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    """Or, of a client that proves itself, they sign somebody in and have a `nonce` (RFC 9700 §2.1.1)."""


def new_client_id() -> str:
    """Make an id that no client ever had, and that is no person's."""
    return f"client_{secrets.token_urlsafe(12)}"


class Client(Base, SecretHolder, ClientMixin):
    """It is an OAuth client (RFC 6749 §2). The methods in Authlib's words are the questions that Authlib asks."""

    __tablename__ = "clients"

    client_id: Mapped[str] = mapped_column(CLIENT_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    client_uri: Mapped[str | None] = mapped_column(String(LONGEST_HOME_PAGE))
    """It is the address of the app's home page, which people are shown and nobody here ever fetches (RFC 7591 §2)."""
    publisher: Mapped[str | None] = mapped_column(String(LONGEST_NAME))
    """An operator says that this person or company is behind the app; no client can say so of itself."""
    token_endpoint_auth_method: Mapped[str] = mapped_column(String(40), default="client_secret_basic")
    """It proves in this one way who it is, in the words of RFC 7591 §2; `none` is for a public client."""
    jwks: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """A client with `private_key_jwt` has these public keys (RFC 7517)."""
    redirect_uris: Mapped[tuple[str, ...]] = mapped_column(Words)
    post_logout_redirect_uris: Mapped[tuple[str, ...]] = mapped_column(Words, default=())
    """People may be sent back there after signing out (OpenID Connect RP-Initiated Logout §3.1)."""
    origins: Mapped[tuple[str, ...]] = mapped_column(Words, default=())
    """Its scripts may read answers of this service from there (CORS); only an operator can say so."""
    grant_types: Mapped[tuple[str, ...]] = mapped_column(Words)
    scopes: Mapped[tuple[str, ...]] = mapped_column(Words)
    """It may never ask for more."""
    narrowings: Mapped[int] = mapped_column(default=0)
    """It counts how often scopes were taken from it. In between, they can only have grown."""
    access_token_lifetime: Mapped[int | None]
    """It lives so many seconds, where that differs from the service's setting."""
    retry: Mapped[str] = mapped_column(String(20), default=RetryPolicy.STRICT)
    """It is one of RetryPolicy."""
    pkce: Mapped[str] = mapped_column(String(20), default=PkcePolicy.REQUIRED)
    """It is one of PkcePolicy."""
    require_pushed_authorization_requests: Mapped[bool] = mapped_column(default=False)
    """It sends people to /authorize with pushed requests only (RFC 9126 §6)."""
    id_token_signed_response_alg: Mapped[str] = mapped_column(String(10), default=DEFAULT_ID_TOKEN_ALGORITHM)
    dpop_bound_access_tokens: Mapped[bool] = mapped_column(default=False)
    """It gets tokens with a DPoP proof only (RFC 9449 §5.2)."""
    exchange_from: Mapped[tuple[str, ...]] = mapped_column(Words, default=())
    """It may exchange the tokens for these resources, of the service that it is (RFC 8693). For what, `scopes` says."""
    own_grant_id: Mapped[str] = mapped_column(String(32))
    """All its client-credentials tokens are of this grant, so that revoking the client finds them."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    registration_token_digest: Mapped[str | None] = mapped_column(String(64))
    """It is of the token with which a client that registered itself manages its registration (RFC 7592)."""
    unused_until: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """The registration runs out then, unless a person has allowed the client something before; then it is None."""
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    document_fresh_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """It is described by a document at its id, which is read again after this (client ID metadata documents)."""

    @classmethod
    def with_origins(cls) -> ColumnElement[bool]:
        """It holds those that have any: they are few, and looked for every second."""
        return cast(cls.origins, String) != literal_column("'[]'")

    @property
    def public(self) -> bool:
        """It says whether the client has nothing to prove itself with (RFC 6749 §2.1)."""
        return self.token_endpoint_auth_method == "none"

    @property
    def may_send_a_needless_proof(self) -> bool:
        """It says whether a proof is neither needed nor looked at: its document may name methods that are stronger."""
        return self.public and self.document_fresh_until is not None

    @property
    def registered_itself(self) -> bool:
        """It says whether nobody but the client vouches for what it says about itself (RFC 7591)."""
        return self.registration_token_digest is not None or self.document_fresh_until is not None

    @property
    def document_host(self) -> str | None:
        """It is the host of the document that describes the client, if one does, and all that is known of who it is."""
        return urlsplit(self.client_id).hostname if self.document_fresh_until is not None else None

    @property
    def told_name(self) -> str:
        """People are told this of it: its name is not all, if only a host vouches for it."""
        return f"{self.name} ({self.document_host})" if self.document_host else self.name

    @property
    def home_page_host(self) -> str | None:
        """It is the host of the home page, with its port, as people read it: ASCII, so no letter looks like another."""
        return urlsplit(self.client_uri).netloc if self.client_uri else None

    @property
    def home_page_assured(self) -> bool:
        """It says whether people may be led to the home page.

        An operator named it, or else it is at the one host that is known of the app: that of its document or, without
        one, the host to which alone it has people sent back (RFC 7591 §5).
        """
        if not self.client_uri or not self.registered_itself:
            return self.client_uri is not None
        known = (self.client_id,) if self.document_host else self.redirect_uris
        home = urlsplit(self.client_uri)
        return home.scheme == "https" and all(
            (parts.scheme, parts.hostname) == (home.scheme, home.hostname) for parts in map(urlsplit, known)
        )

    @property
    def identity_assured(self) -> bool:
        """It says whether an authorization response can only reach this app.

        A public client, or one that listens on this machine, can be impersonated by any program there, and who is
        behind one that registered itself, nobody has looked at. So their consent is never remembered (RFC 8252 §8.6,
        RFC 6749 §10.2, RFC 7591 §5).
        """
        return (
            not self.public
            and not self.registered_itself
            and not any(urlsplit(uri).scheme == "http" for uri in self.redirect_uris)  # which is only allowed there
        )

    def get_client_id(self) -> str:
        """Return the id, for Authlib."""
        return self.client_id

    def get_default_redirect_uri(self) -> str | None:
        """Return the one registered address; with several, the request has to say which (RFC 6749 §3.1.2.3)."""
        return self.redirect_uris[0] if len(self.redirect_uris) == 1 else None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compare byte by byte (RFC 9700 §2.1), but a native app on this machine chooses its port (RFC 8252 §7.3).

        So does one that calls the machine `localhost`, which §8.3 advises against and many do. A document can't know
        the port, so this holds for each client that one describes.
        """
        if redirect_uri in self.redirect_uris:
            return True
        native = self.public or self.document_fresh_until is not None
        wanted = _without_port(redirect_uri) if native else None
        return wanted is not None and any(_without_port(uri) == wanted for uri in self.redirect_uris)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """Accept only the method that it is registered with; a secret may be presented in either way."""
        return method == self.token_endpoint_auth_method or {method, self.token_endpoint_auth_method} <= set(
            SECRET_METHODS
        )

    def check_response_type(self, response_type: str) -> bool:
        """Say whether it may ask for codes: whoever may exchange them may."""
        return response_type == "code" and "authorization_code" in self.grant_types

    def check_grant_type(self, grant_type: str) -> bool:
        """Say whether an operator allowed this grant for the client."""
        return grant_type in self.grant_types


Index(
    "ix_clients_with_origins",
    Client.deleted_at,
    sqlite_where=Client.with_origins(),
    postgresql_where=Client.with_origins(),
)


def _without_port(uri: str) -> tuple[str, str] | None:
    """Return what stands around the port of http on this machine: the one place whose port may differ."""
    parts = _ON_LOOPBACK.fullmatch(uri)
    return (parts[1], parts[3]) if parts and int(parts[2] or 0) <= _LAST_PORT else None
