"""Resource servers are told so of what has ended, or shrunk."""

from dataclasses import dataclass

from auth_service.models.tokens import RevokedBecause


@dataclass(frozen=True, slots=True)
class EndedGrant:
    """A grant has ended, with everything that came from it."""

    grant_id: str
    client_id: str
    subject: str
    audience: tuple[str, ...]
    """These are told, unless Redis knows better who could have heard of it."""
    because: RevokedBecause


@dataclass(frozen=True, slots=True)
class EndedAccessToken:
    """One access token has ended, with those that were got for it (RFC 8693), and nothing else."""

    grant_id: str
    digest: str
    client_id: str
    subject: str
    audience: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NarrowedGrant:
    """So much is left of a grant."""

    grant_id: str
    scopes: tuple[str, ...]
    audience: tuple[str, ...]
    narrowings: int | None = None
    """Of a client's own grant, which also grows with its client: how often that was narrowed. Each time is made true
    once, and no token is issued to whoever knows of another number.
    """
