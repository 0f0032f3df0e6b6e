"""An observer hears what happens to tokens and at the sign-in, for metrics: the rules and pages know no Prometheus."""

from enum import StrEnum
from typing import Protocol

from auth_service.crypto.token_handle import TokenKind


class Spending(StrEnum):
    """A code or a refresh token was presented, and the step that spends it ended like this."""

    ROTATED = "rotated"
    REPLAYED = "replayed"
    """The same request came again and got the same answer."""
    REUSED = "reused"
    """It had been spent before, so its grant ended."""
    REFUSED = "refused"


class SignIn(StrEnum):
    """An attempt to sign in ended like this."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    THROTTLED = "throttled"


class Observer(Protocol):
    """It must be quick and must not raise: it is called while a request is answered."""

    def token_request(self, grant_type: str | None, outcome: str) -> None:
        """Hear how the token endpoint answered: `outcome` is "issued" or the error's code (RFC 6749 §5.2).

        None is a grant type that this server doesn't have, or none at all: strangers may send any text.
        """

    def spending(self, kind: TokenKind, outcome: Spending) -> None:
        """Hear how a credential that works once was spent."""

    def sign_in(self, outcome: SignIn) -> None:
        """Hear how somebody's sign-in ended."""
