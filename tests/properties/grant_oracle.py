"""What must come of every use of a grant, said in plain Python: no Redis, no SQL, no tokens but their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field

INVALID_GRANT, INVALID_SCOPE = "invalid_grant", "invalid_scope"
INVALID_REQUEST, INVALID_CLIENT = "invalid_request", "invalid_client"
TOKENS, THE_SAME_TOKENS = "tokens", "the same tokens"

Form = Mapping[str, str]


@dataclass
class Life:
    """One grant. Its credentials are the code and all refresh tokens, oldest first; the last one is current."""

    credentials: list[str]
    scopes: frozenset[str]
    access: dict[str, frozenset[str]] = field(default_factory=dict)
    """Each access token that was ever issued, with its scopes."""
    gone: set[str] = field(default_factory=set)
    """Those that were revoked or have expired."""
    ended: bool = False
    """As SQL knows: revoked, reused, its account disabled."""
    forgotten: bool = False
    """As Redis knows: idle for too long."""
    client_deleted: bool = False
    window_open: bool = False
    last_key: str | None = None
    last_form: Form | None = None
    last_answer: Mapping[str, object] | None = None

    @property
    def is_over(self) -> bool:
        return self.ended or self.forgotten or self.client_deleted

    def expected(self, index: int, form: Form, key: str | None, *, own_client: bool) -> str:
        """What the use of a credential must get. Ends the grant if that is what it leads to."""
        if own_client and self.client_deleted:
            return INVALID_CLIENT
        if self.ended or self.client_deleted or not own_client or (index == 0 and self.forgotten):
            return INVALID_GRANT
        if index > 0 and "scope" in form and not set(form["scope"].split()) & self.scopes:
            return INVALID_SCOPE
        if self.forgotten:
            return INVALID_GRANT
        current = len(self.credentials) - 1
        repeats_key = key is not None and key == self.last_key
        if index == current:
            return INVALID_REQUEST if repeats_key else TOKENS
        if index == current - 1 and repeats_key:
            if form != self.last_form:
                return INVALID_REQUEST
            if self.window_open:
                return THE_SAME_TOKENS
        self.ended = True
        return INVALID_GRANT

    def got(self, answer: Mapping[str, object], form: Form, key: str | None) -> None:
        """Tokens were issued."""
        self.credentials.append(str(answer["refresh_token"]))
        self.access[str(answer["access_token"])] = (
            frozenset(form["scope"].split()) & self.scopes if "scope" in form else self.scopes
        )
        self.last_key, self.last_form, self.last_answer, self.window_open = key, form, answer, True

    def narrowed(self, scopes: frozenset[str]) -> None:
        """A person took scopes away; if all of them, the grant has ended. SQL can't know what Redis forgot."""
        if not self.ended and not self.client_deleted:
            self.ended = not self.scopes & scopes
            self.scopes = self.scopes & scopes or self.scopes

    def good_for(self, access_token: str) -> frozenset[str]:
        """What an access token may do now; nothing if it is not active."""
        return frozenset() if self.is_over or access_token in self.gone else self.access[access_token] & self.scopes
