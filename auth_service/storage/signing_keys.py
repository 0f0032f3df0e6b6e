"""Signing keys in SQL, so that all processes have the same ones and the command line can rotate them."""

import time
from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from auth_service.models.security_event import EventKind, SecurityEvent
from auth_service.models.signing_key import SigningKey
from auth_service.storage.database import Database
from shared.service.key_wrapping import KeyWrapping

_REMEMBERED_FOR = 5.0
"""Seconds, after which every process knows of a key that was added or removed."""


class SigningKeyStore:
    """Reads and writes the ring. Which key signs when is `protocol/tokens/signing_keys.py`."""

    def __init__(self, database: Database, wrapping: KeyWrapping) -> None:
        self._database = database
        self._wrapping = wrapping
        self._found: tuple[float, list[SigningKey]] = (float("-inf"), [])

    def all(self) -> list[SigningKey]:
        """Every key, those that began to sign first in front, as of a few seconds ago."""
        read_at, found = self._found
        return found if time.monotonic() - read_at < _REMEMBERED_FOR else self.read()

    def read(self) -> list[SigningKey]:
        """Every key, as of now."""
        now = time.monotonic()
        with self._database.reading() as session:
            query = select(SigningKey).order_by(SigningKey.signs_from, SigningKey.generation)
            found = list(session.scalars(query))
        self._found = (now, found)
        return found

    def add(self, key: SigningKey, private_key: bytes, *, instead_of: Collection[str] = ()) -> bool:
        """Commit a key and forget those it replaces. False if another process was faster: then nothing was written."""
        key.wrapped_private_key = self._wrapping.wrap(private_key)
        try:
            with self._database.writing() as session:
                forgotten = delete(SigningKey).where(SigningKey.kid.in_(instead_of)).returning(SigningKey.kid)
                for kid in session.scalars(forgotten).all():
                    session.add(SecurityEvent(kind=EventKind.SIGNING_KEY_REMOVED, detail=kid))
                session.add(key)
                session.add(SecurityEvent(kind=EventKind.SIGNING_KEY_ADDED, detail=f"{key.algorithm} {key.kid}"))
        except IntegrityError:
            return False
        finally:
            self._found = (float("-inf"), [])
        return True

    def private_key(self, key: SigningKey) -> bytes | None:
        """The private half, or None if it can't be decrypted any more."""
        return self._wrapping.unwrap(key.wrapped_private_key)
