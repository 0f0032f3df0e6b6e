"""These are looked for afterwards: who signed in or tried to, what was allowed, changed and ended, and from where."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from auth_service.models.acting import acting
from auth_service.models.base import CLIENT_ID, Base, UtcDateTime, now
from auth_service.models.caller import network_of, program_of


class EventKind(StrEnum):
    """Something of this kind happened; `when` says what, and `members` which of the particulars it has.

    docs/events.md is made of this.
    """

    when: str
    members: tuple[str, ...]

    def __new__(cls, name: str, when: str = "", *members: str) -> "EventKind":
        """Keep what is said of a kind beside its name."""
        kind = str.__new__(cls, name)
        kind._value_, kind.when, kind.members = name, when, members
        return kind

    SIGNED_IN = (
        "signed_in",
        "a person signed in; `detail` is by which methods of RFC 8176, if a password was not all",
        "sub",
        "detail?",
    )
    SIGN_IN_FAILED = (
        "sign_in_failed",
        "a wrong password, or a name that nobody has: then without `sub`. A row for an account, a network and a minute",
        "sub?",
        "detail?",
        "times",
    )
    SIGN_IN_THROTTLED = (
        "sign_in_throttled",
        "too many attempts: nobody looked at the password. Counted in the same way",
        "sub?",
        "detail?",
        "times",
    )
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", "every browser of a person was signed out", "sub"
    SESSION_ENDED = "session_ended", "one browser session of a person was ended, from another or by an operator", "sub"
    OTHER_SESSIONS_ENDED = "other_sessions_ended", "every browser of a person but one was signed out", "sub"
    PASSWORD_CHANGED = "password_changed", "a new password; all browsers and grants ended", "sub"
    PASSWORD_RESET_REQUESTED = (
        "password_reset_requested",
        "somebody forgot a password; without `sub` nothing was mailed. Counted like failed sign-ins",
        "sub?",
        "times",
    )
    PASSWORD_RESET = (
        "password_reset",
        "a new password by a link, of which `detail` is the kind; all browsers and grants ended",
        "sub",
        "detail",
    )
    ACCOUNT_CREATED = "account_created", "an account was made", "sub"
    ACCOUNT_INVITED = "account_invited", "an operator made a link with which a password can be chosen", "sub"
    ACCOUNT_REQUESTED = (
        "account_requested",
        "somebody wants an account; with `sub` that of the address is there already. Counted like failed sign-ins",
        "sub?",
        "times",
    )
    ACCOUNT_DISABLED = "account_disabled", "an account was disabled; all browsers and grants ended", "sub"
    ACCOUNT_ENABLED = "account_enabled", "an account may sign in again", "sub"
    PASSKEY_ADDED = (
        "passkey_added",
        "a person can sign in with another passkey; `detail` is its number",
        "sub",
        "detail",
    )
    PASSKEY_REMOVED = "passkey_removed", "a passkey was forgotten; `detail` is its number", "sub", "detail"
    PASSKEY_COUNT_FELL = (
        "passkey_count_fell",
        "a passkey was refused, because its authenticator counts less than before: there may be a copy of its key",
        "sub",
        "detail",
    )
    AUTHENTICATOR_ADDED = "authenticator_added", "signing in takes a code of an authenticator app from now on", "sub"
    AUTHENTICATOR_REMOVED = "authenticator_removed", "a password alone signs in again; recovery codes are void", "sub"
    RECOVERY_CODES_MADE = "recovery_codes_made", "a person has new recovery codes; the earlier ones are void", "sub"
    RECOVERY_CODE_USED = "recovery_code_used", "a recovery code was taken in place of the authenticator app", "sub"
    SECOND_FACTOR_RESET = (
        "second_factor_reset",
        "an operator removed a person's authenticator app, recovery codes and passkeys",
        "sub",
    )
    EMAIL_CHANGE_REQUESTED = "email_change_requested", "a person wants another address, and was mailed there", "sub"
    ACCOUNT_DELETED = (
        "account_deleted",
        "an account was deleted; all browsers and grants ended, and it is erased after a while",
        "sub",
    )
    ACCOUNT_RESTORED = "account_restored", "an operator restored a deleted account before it was erased", "sub"
    ACCOUNT_ERASED = "account_erased", "all was removed of a deleted account, but these events", "sub"
    EMAIL_CHANGED = "email_changed", "an account has another e-mail address, or none, or it was verified", "sub"
    GRANT_CREATED = "grant_created", "a person allowed a client something", "sub", "client_id", "grant_id", "detail"
    CONSENT_DENIED = "consent_denied", "a person was asked and said no", "sub", "client_id"
    GRANT_NARROWED = (
        "grant_narrowed",
        "scopes were taken from a grant; `detail` is what is left",
        "sub",
        "client_id",
        "grant_id",
        "detail",
    )
    GRANT_REVOKED = (
        "grant_revoked",
        "a grant ended; `detail` is why. A client's own grant has no `sub`",
        "sub?",
        "client_id",
        "grant_id",
        "detail",
    )
    ACCESS_TOKEN_REVOKED = (
        "access_token_revoked",
        "a client handed one access token back",
        "sub?",
        "client_id",
        "grant_id",
    )
    CREDENTIAL_REUSED = (
        "credential_reused",
        "a code or refresh token came that had been spent before, and its grant ended; `detail` is its generation",
        "sub",
        "client_id",
        "grant_id",
        "detail",
    )
    CREDENTIAL_LATE = (
        "credential_late",
        "another refresh token of such a grant came after its end, and was refused: the first twenty of each grant",
        "sub",
        "client_id",
        "grant_id",
        "detail",
    )
    REUSE_ANSWERED = (
        "reuse_answered",
        "a person was asked about a reuse; `detail` is `me` or `not_me`, which ended all browsers and grants",
        "sub",
        "client_id",
        "grant_id",
        "detail",
    )
    CLIENT_CREATED = "client_created", "an operator registered a client", "client_id"
    CLIENT_REGISTERED = (
        "client_registered",
        "a client registered itself; `detail` is the id of its initial access token",
        "client_id",
        "detail?",
    )
    CLIENT_CHANGED = "client_changed", "members of a client were changed, which `detail` lists", "client_id", "detail"
    CLIENT_SECRET_ROTATED = "client_secret_rotated", "a client has a new secret", "client_id"
    CLIENT_KEYS_REPLACED = "client_keys_replaced", "a client has other public keys", "client_id"
    CLIENT_DELETED = "client_deleted", "a client was deleted; all its grants ended", "client_id"
    RESOURCE_SERVER_CREATED = "resource_server_created", "a resource server was registered", "client_id"
    RESOURCE_SERVER_CHANGED = (
        "resource_server_changed",
        "its resource or scopes were changed; `detail` says which",
        "client_id",
        "detail",
    )
    RESOURCE_SERVER_SECRET_ROTATED = "resource_server_secret_rotated", "it has a new secret", "client_id"
    RESOURCE_SERVER_DELETED = (
        "resource_server_deleted",
        "a resource server was deleted; its scopes were taken from all clients and grants",
        "client_id",
    )
    INITIAL_ACCESS_TOKEN_CREATED = (
        "initial_access_token_created",
        "clients may register themselves with the token of this id",
        "detail",
    )
    INITIAL_ACCESS_TOKEN_REVOKED = "initial_access_token_revoked", "no more clients may register with it", "detail"
    SIGNING_KEY_ADDED = "signing_key_added", "a key was made; `detail` is its algorithm and `kid`", "detail"
    SIGNING_KEY_REMOVED = "signing_key_removed", "a key was forgotten; `detail` is its `kid`", "detail"
    EVENTS_PRUNED = "events_pruned", "older events were removed; `detail` is until which instant", "detail"


class SecurityEvent(Base):
    """Something happened. It names people, clients and grants by id and never holds a token, or what somebody typed.

    Rows are added and stay as they are: SQLite's triggers and PostgreSQL's privileges hold that (docs/operations.md).
    Only `times` may rise, and only an operator removes old rows.
    """

    __tablename__ = "security_events"
    __table_args__ = (
        Index(None, "account_id", "id"),
        Index(None, "grant_id"),
        Index(None, "counted_as", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, index=True)
    """Of what is counted, the first time."""
    kind: Mapped[str] = mapped_column(String(40))
    who: Mapped[str | None] = mapped_column(String(10), default=lambda: acting().who)
    """It is None in rows from before it was recorded; so are the next three."""
    network: Mapped[str | None] = mapped_column(String(64), default=lambda: network_of(acting().address))
    program: Mapped[str | None] = mapped_column(String(40), default=lambda: program_of(acting().user_agent) or None)
    request_id: Mapped[str | None] = mapped_column(String(64), default=lambda: acting().request_id)
    account_id: Mapped[str | None] = mapped_column(String(64))
    client_id: Mapped[str | None] = mapped_column(CLIENT_ID)
    grant_id: Mapped[str | None] = mapped_column(String(32))
    detail: Mapped[str | None] = mapped_column(String(200))
    times: Mapped[int] = mapped_column(default=1, server_default="1")
    counted_as: Mapped[str | None] = mapped_column(String(64))
    """What is counted has one row for each of these, a digest; it is None where each time has a row of its own."""
