"""These values are about devices that wait for a person's answer (RFC 8628). None of them holds a device code."""

from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """A device asked for this."""

    grant_id: str
    """The grant that begins if the person allows it has this id."""
    client_id: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    code_digest: str = field(repr=False)


class Poll(StrEnum):
    """A device is told this when it asks (§3.5)."""

    PENDING = "pending"
    SLOW_DOWN = "slow_down"
    """It asked too soon. From now on it has to wait longer."""
    DENIED = "denied"
    WRONG_CLIENT = "wrong_client"
    GONE = "gone"
    """Nobody has to answer any more: the person allowed it, or time ran out."""
