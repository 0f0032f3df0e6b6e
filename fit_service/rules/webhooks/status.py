"""A webhook goes through these states, and is this to the app that registered it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_PER_PERSON = 10
"""One app has at most so many for one person."""
UNCONFIRMED_FOR = timedelta(hours=1)
"""For so long a webhook may be bound to a grant that was not found good since."""
DISABLED_FOR = timedelta(days=30)


class Status(StrEnum):
    """Each ends at the row's `expires_at`: an active webhook is disabled then, every other one is removed."""

    UNCONFIRMED = "unconfirmed"
    """It is stored, but its token was not yet found good once more. Nobody sees it, and it is told nothing."""
    ACTIVE = "active"
    """It is told of every change."""
    DISABLED = "disabled"
    """It is told nothing more until its app enables it again."""
    ENDED = "ended"
    """Its grant has ended. Nobody sees it any more; it goes when it was told so."""


class DisabledBecause(StrEnum):
    """An app has to enable a webhook again for one of these reasons."""

    GONE = "gone"
    """The receiver answered 410."""
    FAILING = "failing"
    """The receiver failed for too long."""
    EXPIRED = "expired"
    """The app did not renew it in time."""
    UNVERIFIED = "unverified"
    """Revocations may have been missed, so nobody knows whether the person still consents."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A webhook belongs to this app, for this person, and to nobody else."""

    client_id: str
    subject: str


@dataclass(frozen=True, slots=True)
class Registration:
    """A registration is a webhook as its app sees it."""

    id: str
    url: str
    own_changes: bool
    status: Status
    disabled_because: str | None
    created_at: datetime
    expires_at: datetime
    waiting: int
    failing_since: datetime | None
    last_failure: str | None

    def to_json(self) -> dict[str, str | int | bool | None]:
        """Return the object that the API shows."""
        return {
            "id": self.id,
            "url": self.url,
            "own_changes": self.own_changes,
            "status": self.status.value,
            "disabled_because": self.disabled_because,
            "created_at": self.created_at.isoformat(),
            "expires_at": self.expires_at.isoformat(),
            "waiting": self.waiting,
            "failing_since": self.failing_since.isoformat() if self.failing_since else None,
            "last_failure": self.last_failure,
        }
