"""Whether this service and the authorization server call each other by the same names. What differs is our own mistake,
or the operator's over there: never a bad token.
"""

import threading
from collections.abc import Iterable
from copy import copy
from urllib.parse import urlsplit

from .back_channel.channel import BackChannel
from .errors import CannotValidateError, InvalidTokenError, MisconfiguredError, NotLetThroughError
from .process.clock import seconds
from .revocation_feed.reader import Batch, read_feed

CHECKED_FOR = 5.0
"""The outcome of a check is remembered for so many seconds."""
_PORTS = {"http": 80, "https": 443}


class Peer:
    """It is the authorization server, as one resource server knows it."""

    def __init__(self, channel: BackChannel, *, issuer: str, resource: str, deadline: float) -> None:
        self._channel = channel
        self._issuer = issuer
        self._resource = resource
        self._deadline = deadline
        self._checked_at = float("-inf")
        self._outcome: CannotValidateError | None = None

    def check(self) -> None:
        """Ask, unless the answer is known. Raises MisconfiguredError, or CannotValidateError if it can't be told."""
        if seconds() - self._checked_at > CHECKED_FOR:
            try:
                self._ask()
            except CannotValidateError as outcome:
                self._learn(outcome)
        if self._outcome is not None:
            raise copy(self._outcome)

    def introduce(self, batch: Batch) -> None:
        """An answer of the feed says who the authorization server is, and who we are to it."""
        if batch.issuer is not None and batch.issuer != self._issuer:
            self._learn(_other_issuer(batch.issuer, self._issuer))
        elif batch.resource is not None and batch.resource != self._resource:
            self._learn(_other_resource(batch.resource, self._resource))
        else:
            self._learn(None)

    def misnamed(self) -> MisconfiguredError | None:
        """Return what was found out to be wrong about names. It never waits: what is old is asked again meanwhile."""
        found = self._outcome
        if not isinstance(found, MisconfiguredError):
            return None
        if seconds() - self._checked_at > CHECKED_FOR:
            self._checked_at = seconds()  # one asks for all
            threading.Thread(target=self._ask_again, name="names-check", daemon=True).start()
        return copy(found)

    def _ask(self) -> None:
        self.introduce(read_feed(self._channel, "", wait=0, grace=self._deadline))

    def _ask_again(self) -> None:
        try:
            self._ask()
        except MisconfiguredError as outcome:
            self._learn(outcome)
        except CannotValidateError:
            pass  # an outage takes back nothing of what was found

    def _learn(self, outcome: CannotValidateError | None) -> None:
        self._outcome, self._checked_at = outcome, seconds()


def refused_issuer(theirs: str, ours: str) -> NotLetThroughError:
    """Return why a token is refused that names another issuer than we expect."""
    return _other_issuer(theirs, ours) if _is_spelled_alike(theirs, ours) else InvalidTokenError(f"issued by {theirs}")


def refused_audience(theirs: Iterable[str], ours: str) -> NotLetThroughError:
    """Return why a token is refused whose audience doesn't name us."""
    for name in theirs:
        if _is_spelled_alike(name, ours):
            return _other_resource(name, ours)
    return InvalidTokenError("meant for another resource server")


def _other_issuer(theirs: str, ours: str) -> MisconfiguredError:
    return MisconfiguredError(
        f"the authorization server calls itself {theirs}, but this service expects {ours}: "
        "change `issuer` here, or AUTH_ISSUER at the authorization server if that is wrong"
    )


def _other_resource(theirs: str, ours: str) -> MisconfiguredError:
    return MisconfiguredError(
        f"the authorization server knows this service as {theirs}, but it calls itself {ours}: "
        "change `resource` here, or register it at the authorization server under its right name"
    )


def _is_spelled_alike(one: str, other: str) -> bool:
    """Return whether two addresses differ in nothing but case of the host, default port and a slash at the end."""
    return _plain(one) == _plain(other)


def _plain(address: str) -> tuple[object, ...]:
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return (address,)
    return parts.scheme, parts.hostname, port, parts.path.rstrip("/"), parts.query
