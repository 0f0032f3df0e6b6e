"""Initial access tokens are in SQL."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.orm import Session

from auth_service.models.base import now
from auth_service.models.initial_access_token import InitialAccessToken
from auth_service.models.secret import INITIAL_ACCESS_TOKEN, new_secret, secret_digest
from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.storage.database import Database
from auth_service.storage.errors import NotFoundError
from auth_service.storage.portions import in_portions


class InitialAccessTokenStore:
    """It makes tokens and says which are good. They are spent with the client that they register, see `clients.py`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, lifetime: int, uses: int) -> tuple[InitialAccessToken, str]:
        """Make a token and, this once, its string. Those that are good for nothing any more are removed."""
        text = new_secret(INITIAL_ACCESS_TOKEN)
        token = InitialAccessToken(
            digest=secret_digest(text), uses_left=uses, expires_at=now() + timedelta(seconds=lifetime)
        )
        with self._database.writing() as session:
            session.execute(delete(InitialAccessToken).where(~_good()))
            session.add(token)
            session.flush()
            session.add(SecurityEvent(kind=EventKind.INITIAL_ACCESS_TOKEN_CREATED, detail=token.id))
        return token, text

    def all(self, *, after: str | None = None) -> Iterator[list[InitialAccessToken]]:
        """Return every token that is good, in portions by its id: those behind `after`."""
        return in_portions(self._database, InitialAccessToken, _good(), by=(InitialAccessToken.id,), after=after)

    def is_good(self, text: str) -> bool:
        """Say whether a client could be registered with it now."""
        with self._database.reading() as session:
            return session.scalar(select(InitialAccessToken.id).where(_named(text))) is not None

    def revoke(self, token_id: str) -> None:
        """Make it good for nothing. What was registered with it stays. Raises NotFoundError."""
        with self._database.writing() as session:
            token = session.get(InitialAccessToken, token_id)
            if token is None:
                raise NotFoundError("initial access token", token_id)
            session.delete(token)
            session.add(SecurityEvent(kind=EventKind.INITIAL_ACCESS_TOKEN_REVOKED, detail=token_id))


def spend_initial_access_token(session: Session, text: str) -> str | None:
    """Within a registration's transaction, take one use away. Returns the token's id, or None: it is not good."""
    spent = update(InitialAccessToken).where(_named(text)).values(uses_left=InitialAccessToken.uses_left - 1)
    return session.scalar(spent.returning(InitialAccessToken.id))


def _named(text: str) -> ColumnElement[bool]:
    return and_(InitialAccessToken.digest == secret_digest(text), _good())


def _good() -> ColumnElement[bool]:
    return and_(InitialAccessToken.uses_left > 0, InitialAccessToken.expires_at > now())
