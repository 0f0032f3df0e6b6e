"""A script of this folder (`*.lua`), which does all of its work or nothing."""

from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from auth_service.storage.redis_connection import RedisClients

_FOLDER = Path(__file__).parent


class AtomicStep:
    """Asks once more if the answer was lost: each script recognises its own repetition. Then the error stands."""

    def __init__(self, clients: RedisClients, file_name: str) -> None:
        self._exchange = clients.exchange
        self._text = (_FOLDER / file_name).read_text(encoding="utf-8")
        self._name = sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        """What Redis calls it."""

    def __call__(self, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """What the script answers. Raises redis.RedisError."""
        try:
            (answer,) = self._exchange.ask(("EVALSHA", self._name, len(keys), *keys, *args))
        except NoScriptError:  # Redis has started since, or never saw it
            (answer,) = self._exchange.ask(("EVAL", self._text, len(keys), *keys, *args))
        return answer
