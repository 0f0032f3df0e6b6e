"""A script of this folder (`*.lua`), which does all of its work or nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import redis

from auth_service.storage.redis_connection import RedisClients

_FOLDER = Path(__file__).parent


class AtomicStep:
    """Asks once more if the answer was lost: each script recognises its own repetition. Then the error stands."""

    def __init__(self, clients: RedisClients, file_name: str) -> None:
        self._script = clients.scripts.register_script((_FOLDER / file_name).read_text(encoding="utf-8"))

    def __call__(self, keys: Sequence[str], args: Sequence[str | int]) -> Any:
        """What the script answers. Raises redis.RedisError."""
        try:
            return self._script(keys=keys, args=args)
        except (redis.ConnectionError, redis.TimeoutError):
            return self._script(keys=keys, args=args)
