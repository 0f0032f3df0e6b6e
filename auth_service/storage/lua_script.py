"""A script of this folder (`*.lua`), which does all of its work or nothing."""

from collections.abc import Sequence
from hashlib import sha1
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from auth_service.storage.grant_encoding import GRANT_FIELDS_IN_LUA
from auth_service.storage.redis_exchange import Command, Exchange, without_errors

_FOLDER = Path(__file__).parent

Call = tuple[Sequence[str], Sequence[str | int]]
"""The keys and the arguments of one run. In a cluster all its keys are in one slot."""


class LuaScript:
    """Asks once more if the answer was lost: each script recognises its own repetition. Then the error stands."""

    def __init__(self, exchange: Exchange, file_name: str, *, grants: bool = False) -> None:
        """`grants`: it reads or writes grants or access tokens, by the functions of `grant_encoding.lua`."""
        self._exchange = exchange
        self._text = _read(file_name)
        if grants:
            self._text = f"{GRANT_FIELDS_IN_LUA}{_read('grant_encoding.lua')}\n{self._text}"
        self._name = sha1(self._text.encode(), usedforsecurity=False).hexdigest()
        """What Redis calls it."""

    def __call__(self, keys: Sequence[str], args: Sequence[str | int], *, since: float | None = None) -> Any:
        """What the script answers. Raises redis.RedisError."""
        (answer,) = self.each([(keys, args)], since=since)
        return answer

    def each(self, calls: Sequence[Call], *, since: float | None = None) -> list[Any]:
        """What the script answers to each of some calls, which are sent together: each is a step of its own."""
        answers = self._exchange.answers(*(("EVALSHA", self._name, *_packed(call)) for call in calls), since=since)
        # A Redis that has started since, or never saw the script, ran none of those that were sent to it.
        unknown = [number for number, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if unknown:
            texts = (("EVAL", self._text, *_packed(calls[number])) for number in unknown)
            for number, answer in zip(unknown, self._exchange.answers(*texts, since=since), strict=True):
                answers[number] = answer
        return without_errors(answers)


def _read(file_name: str) -> str:
    return (_FOLDER / file_name).read_text(encoding="utf-8")


def _packed(call: Call) -> Command:
    keys, args = call
    return (len(keys), *keys, *args)
