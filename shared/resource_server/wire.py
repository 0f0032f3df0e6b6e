"""The shapes of what the authorization server tells resource servers: one table of names for who writes and who reads.

They say what is meant, not what came: a reader checks each member all the same.
"""

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict


class InactiveAnswer(TypedDict):
    """Introspection answers so about whatever is not a good token for the caller (RFC 7662 §2.2)."""

    active: Literal[False]


class Confirmation(TypedDict):
    """It names the key that a token is bound to, by its thumbprint (RFC 9449 §6.2)."""

    jkt: str


class Actor(TypedDict):
    """It says who acts for the subject, and inside of that, on whose account (RFC 8693 §4.1)."""

    sub: str
    act: NotRequired["Actor"]


class ActiveAnswer(TypedDict):
    """Introspection answers so about a good token (RFC 7662 §2.2). `jti` and `grant_id` are what revocations name."""

    active: Literal[True]
    scope: str
    client_id: str
    username: NotRequired[str]
    """A token that a client got for itself has none."""
    sub: str
    aud: Sequence[str]
    iss: str
    exp: int
    iat: int
    token_type: Literal["Bearer", "DPoP"]
    jti: str
    grant_id: str
    cnf: NotRequired[Confirmation]
    act: NotRequired[Actor]
    auth_time: NotRequired[int]
    """The person proved who they are then (RFC 9470 §6.2)."""
    amr: NotRequired[Sequence[str]]
    """They did so by these methods (RFC 8176); a password alone is not said."""
    acr: NotRequired[str]
    """That is of this class."""


class TokenEnd(TypedDict):
    """One access token has ended."""

    jti: str


class GrantEnd(TypedDict):
    """A grant has ended with all its tokens; with `scope`, it goes on with no more than these scopes."""

    grant_id: str
    scope: NotRequired[str]


class DeletedAccount(TypedDict):
    """A person's account is gone for good. Nobody else ever gets its `sub`."""

    id: str
    """What comes later has a greater one."""
    sub: str
    erased_at: int
    """It was erased then, in epoch seconds."""


class DeletedAccountsAnswer(TypedDict):
    """It says which accounts are gone that the resource server has not acknowledged (docs/resource_server.md)."""

    deleted_accounts: list[DeletedAccount]
    more: bool
    """If it is True, there are more behind the last one's id."""


class FeedAnswer(TypedDict):
    """The revocation feed answers so (docs/revocation_feed.md)."""

    cursor: str
    reset: bool
    events: list[TokenEnd | GrantEnd]
    more: bool
    issuer: NotRequired[str]
    resource: NotRequired[str]
    """Servers of version 0.1.0 say neither `issuer` nor `resource`."""
