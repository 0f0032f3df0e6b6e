"""Reads JSON without losing anything: numbers stay exact, and a member that stands twice is an error.

The standard library does the reading; `array_items` adds only the commas of the outermost array, so that of a file no
more than one item is in memory as objects. A streaming library would be less code, but the fast ones hand numbers of
any length to C code, and none of them sees that a member stands twice.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

MAX_NUMBER_LENGTH = 64
"""A number has at most so many characters; a 64-bit float is never written with more than 24."""
_SPACE = re.compile(r"[ \t\n\r]*")
_SHOWN_NAME = 60
"""A refusal repeats so many characters of a member's name."""


class UnreadableJsonError(ValueError):
    """The text is not JSON, or more than we read. Its message says what is wrong."""


class RepeatedMemberError(UnreadableJsonError):
    """An object has a member twice, so nobody knows which one was meant."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name[:_SHOWN_NAME]} stands twice in one object.")
        self.name = name[:_SHOWN_NAME]


def parse(text: bytes) -> object:
    """Return the value of a whole text. Raises UnreadableJsonError."""
    characters = decoded(text)
    value, end = _value_at(characters, _after_space(characters, 0))
    if _after_space(characters, end) != len(characters):
        raise UnreadableJsonError("There is more than one value.")
    return value


def array_items(text: bytes) -> Iterator[object]:
    """Read the items of a text that is an array, one after the other. Raises UnreadableJsonError."""
    characters = decoded(text)
    position = _after_space(characters, 0)
    if characters[position : position + 1] != "[":
        raise UnreadableJsonError("It is not an array.")
    position = _after_space(characters, position + 1)
    separator = characters[position : position + 1]
    while separator != "]":
        value, position = _value_at(characters, position)
        yield value
        position = _after_space(characters, position)
        separator = characters[position : position + 1]
        if separator == ",":
            position = _after_space(characters, position + 1)
        elif separator != "]":
            raise UnreadableJsonError("The array has no end.")
    if _after_space(characters, position + 1) != len(characters):
        raise UnreadableJsonError("There is more after the array.")


def decoded(text: bytes) -> str:
    """Decode UTF-8 (RFC 8259 §8.1) and ignore a byte order mark. Raises UnreadableJsonError."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnreadableJsonError("It is not UTF-8.") from None


def _value_at(text: str, position: int) -> tuple[object, int]:
    try:
        return _DECODER.raw_decode(text, position)
    except UnreadableJsonError:
        raise
    except ValueError:
        raise UnreadableJsonError("It is not valid JSON.") from None
    except RecursionError:
        raise UnreadableJsonError("It is nested too deeply.") from None


def _after_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    assert space is not None
    return space.end()


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = dict(members)
    if len(found) < len(members):
        seen: set[str] = set()
        raise RepeatedMemberError(next(name for name, _ in members if name in seen or seen.add(name)))  # type: ignore[func-returns-value]
    return found


def _integer(text: str) -> int:
    return int(_bounded(text))


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(_bounded(text))
    except InvalidOperation:
        raise UnreadableJsonError("A number has an exponent that nothing can be counted with.") from None


def _bounded(text: str) -> str:
    if len(text) > MAX_NUMBER_LENGTH:
        raise UnreadableJsonError(f"A number has more than {MAX_NUMBER_LENGTH} characters.")
    return text


def _refuse_constant(name: str) -> None:
    raise UnreadableJsonError(f"{name} is no JSON number.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse_constant
)
