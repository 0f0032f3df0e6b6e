"""The answer to a form is kept for some seconds, for who sends the same form again."""

import time
from contextlib import suppress
from hashlib import sha256

from auth_service.crypto.token_handle import token_digest
from auth_service.storage.errors import OUTAGES
from auth_service.storage.redis_connection import RedisClients
from shared.service.key_wrapping import KeyWrapping

KEPT = 10
"""An answer can be repeated for so many seconds after the form was first sent."""
PATIENCE = 3.0
"""Who comes while the first is being answered waits at most so many seconds."""
_BETWEEN_LOOKS = 0.05
_NOT_YET = "-"


class RepeatedAnswers:
    """It keeps answers under a digest of their form, encrypted with another one.

    So who reads Redis learns nothing from it; who has the form has the answer. It decides nothing: where it can't be
    asked, or is full, each form is answered by itself.
    """

    def __init__(self, clients: RedisClients) -> None:
        self._clients = clients

    def begin(self, form: str) -> bool:
        """Say whether nobody sent this form before. Whoever did will have kept an answer, or dropped it."""
        with suppress(*OUTAGES):
            return bool(self._clients.scripts.set(_key(form), _NOT_YET, ex=KEPT, nx=True))
        return True

    def keep(self, form: str, answer: str) -> None:
        """Keep the answer to a form that was begun, as long as that is."""
        with suppress(*OUTAGES):
            self._clients.scripts.set(_key(form), _wrapping(form).wrap(answer.encode()), xx=True, keepttl=True)

    def drop(self, form: str) -> None:
        """Keep nothing: the form had no answer that is worth repeating."""
        with suppress(*OUTAGES):
            self._clients.scripts.delete(_key(form))

    def earlier(self, form: str) -> str | None:
        """Return what the form was answered before. If it is being answered now, wait for that."""
        give_up = time.monotonic() + PATIENCE
        while (kept := self._clients.scripts.get(_key(form))) == _NOT_YET and time.monotonic() < give_up:
            time.sleep(_BETWEEN_LOOKS)
        answer = _wrapping(form).unwrap(str(kept)) if kept not in {None, _NOT_YET} else None
        return answer.decode() if answer is not None else None


def _key(form: str) -> str:
    return f"answer:{token_digest(form)}"


def _wrapping(form: str) -> KeyWrapping:
    return KeyWrapping([sha256(f"what is kept of {form}".encode()).digest()])
