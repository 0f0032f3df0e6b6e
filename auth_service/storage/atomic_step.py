"""A script of this folder (`*.lua`), which does all of its work or nothing."""

from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from auth_service.storage.redis_exchange import Command, RedisExchange

_FOLDER = Path(__file__).parent

Call = tuple[Sequence[str], Sequence[str | int]]
"""The keys and the arguments of one run."""


class AtomicStep:
    """Asks once more if the answer was lost: each script recognises its own repetition. Then the error stands."""

    def __init__(self, exchange: RedisExchange, file_name: str) -> None:
        self._exchange = exchange
        self._text = (_FOLDER / file_name).read_text(encoding="utf-8")
        self._name = sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        """What Redis calls it."""

    def __call__(
        self, keys: Sequence[str], args: Sequence[str | int], *, since: float | None = None, only: str | None = None
    ) -> Any:
        """What the script answers. Raises redis.RedisError."""
        (answer,) = self.each([(keys, args)], since=since, only=only)
        return answer

    def each(self, calls: Sequence[Call], *, since: float | None = None, only: str | None = None) -> list[Any]:
        """What the script answers to each of some calls, which are sent together: each is a step of its own."""
        try:
            commands = (("EVALSHA", self._name, *_packed(call)) for call in calls)
            return self._exchange.ask(*commands, since=since, only=only)
        except NoScriptError:  # Redis has started since, or never saw it: then it ran none of them
            (answer,) = self._exchange.ask(("EVAL", self._text, *_packed(calls[0])), since=since, only=only)
            return [answer, *(self.each(calls[1:], since=since, only=only) if calls[1:] else [])]


def _packed(call: Call) -> Command:
    keys, args = call
    return (len(keys), *keys, *args)
