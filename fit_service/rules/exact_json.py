"""Reads JSON without losing anything: numbers stay exact, and a member that stands twice is an error.

The standard library does the reading; `items` adds only what stands around the items of one array, so that of a file no
more than one item is in memory. A streaming library would be less code, but the fast ones hand numbers of any length to
C code, and none of them sees that a member stands twice.
"""

import io
import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

MAX_NUMBER_LENGTH = 64
"""A number has at most so many characters; a 64-bit float is never written with more than 24."""
MAX_ITEM = 1024 * 1024
"""An item of a file has at most so many characters, and so has what stands beside the items."""
MAX_MEMBERS = 1000
"""So many members may stand beside the items."""
_SPACE = re.compile(r"[ \t\n\r]*")
_CHUNK = 64 * 1024
_OF_A_NUMBER = "0123456789+-.eE"
_SHOWN_NAME = 60
"""A refusal repeats so many characters of a member's name."""


class UnreadableJsonError(ValueError):
    """The text is not JSON, or more than we read. Its message says what is wrong."""


class RepeatedMemberError(UnreadableJsonError):
    """An object has a member twice, so nobody knows which one was meant."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name[:_SHOWN_NAME]} stands twice in one object.")
        self.name = name[:_SHOWN_NAME]


class _InvalidJsonError(UnreadableJsonError):
    """It is no JSON so far; perhaps it is, with what follows."""

    def __init__(self) -> None:
        super().__init__("It is not valid JSON.")


def parse(text: bytes) -> object:
    """Return the value of a whole text. Raises UnreadableJsonError."""
    characters = _decoded(text)
    value, end = _value_at(characters, _after_space(characters, 0))
    if _after_space(characters, end) != len(characters):
        raise UnreadableJsonError("There is more than one value.")
    return value


def items(file: BinaryIO, *path: str) -> Iterator[object]:
    """Read the items of an array one after the other: of the whole file, or of the member that `path` leads to.

    Raises UnreadableJsonError.
    """
    text = _Characters(file)
    yield from _items(text, path)
    if text.peek():
        raise UnreadableJsonError(f"There is more after the {'object' if path else 'array'}.")


def values(file: BinaryIO) -> Iterator[object]:
    """Read values that stand one after the other, as in NDJSON. Raises UnreadableJsonError."""
    text = _Characters(file)
    while text.peek():
        yield text.value()


def _items(text: "_Characters", path: tuple[str, ...]) -> Iterator[object]:
    if path:
        yield from _items_of_member(text, *path)
        return
    if not text.take("["):
        raise UnreadableJsonError("It is not an array.")
    if text.take("]"):
        return
    yield text.value()
    while text.take(","):
        yield text.value()
    if not text.take("]"):
        raise UnreadableJsonError("The array has no end.")


def _items_of_member(text: "_Characters", name: str, *path: str) -> Iterator[object]:
    if not text.take("{"):
        raise UnreadableJsonError("It is not an object.")
    seen: set[object] = set()
    while not text.take("}"):
        if seen and not text.take(","):
            raise UnreadableJsonError("The object has no end.")
        found = text.value() if text.peek() == '"' else None
        if found is None or not text.take(":"):
            raise _InvalidJsonError
        if found in seen:
            raise RepeatedMemberError(str(found))
        if len(seen) == MAX_MEMBERS:
            raise UnreadableJsonError(f"An object has more than {MAX_MEMBERS} members.")
        seen.add(found)
        if found == name:
            yield from _items(text, path)
        else:
            text.value()
    if name not in seen:
        raise UnreadableJsonError(f"It has no {name}.")


class _Characters:
    """It holds the part of a text that is being read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")  # RFC 8259 §8.1, and a byte order mark
        self._text, self._at = "", 0

    def peek(self) -> str:
        """Return the next character that is no white space, or "" at the end."""
        while True:
            self._at = _after_space(self._text, self._at)
            if self._at < len(self._text) or not self._read_on(_CHUNK):
                return self._text[self._at : self._at + 1]

    def take(self, character: str) -> bool:
        """Say whether this one comes next, and go on behind it."""
        comes = self.peek() == character
        self._at += comes
        return comes

    def value(self) -> object:
        """Return the value that comes next, and go on behind it."""
        self.peek()
        while True:
            try:
                value, end = _value_at(self._text, self._at)
            except _InvalidJsonError:
                if not self._read_on_for_a_value():
                    raise
                continue
            is_number = self._text[end - 1].isdigit()  # and perhaps only the beginning of one
            if not is_number or self._text[end : end + 1] not in _OF_A_NUMBER or not self._read_on_for_a_value():
                self._at = end
                return value

    def _read_on_for_a_value(self) -> bool:
        length = len(self._text) - self._at
        if length > MAX_ITEM:
            raise UnreadableJsonError(f"An item has more than {MAX_ITEM} characters.")
        return self._read_on(max(length, _CHUNK))

    def _read_on(self, count: int) -> bool:
        try:
            more = self._file.read(count)
        except UnicodeDecodeError:
            raise UnreadableJsonError("It is not UTF-8.") from None
        self._text, self._at = self._text[self._at :] + more, 0
        return bool(more)


def _decoded(text: bytes) -> str:
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
        raise _InvalidJsonError from None
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
