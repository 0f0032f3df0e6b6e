"""A file is recognised by how it begins, never by its name."""

import csv
import re
from collections.abc import Iterable
from functools import cached_property

LONGEST_HEAD = 64 * 1024
"""So many bytes are looked at."""
_LONGEST_LINE = 8192
_MEMBER = re.compile(r'"([^"\\\x00-\x1f]{1,64})"\s{0,8}:')
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
"""They separate the cells of a line, and are called so."""


class Head:
    """It is the beginning of a file."""

    def __init__(self, raw: bytes, codec: str = "utf-8-sig") -> None:
        self.raw = raw[:LONGEST_HEAD]
        self.text = self.raw.decode(codec, errors="replace").removeprefix("\ufeff")
        """What stands there if it is text."""

    @cached_property
    def lines(self) -> list[str]:
        """The first lines of a text."""
        return [line[:_LONGEST_LINE] for line in re.split(r"\r\n|\r|\n", self.text, maxsplit=8)[:8]]

    def cells(self, line: int = 0, delimiter: str = ",") -> list[str]:
        """Return the cells of one of the first lines, without blanks around them; [] if there is no such line."""
        if line >= len(self.lines):
            return []
        try:
            return [cell.strip() for cell in next(csv.reader([self.lines[line]], delimiter=delimiter), [])]
        except csv.Error:
            return []

    @cached_property
    def delimiter(self) -> str:
        """What separates the cells of the first line: what makes most of them."""
        return max(DELIMITERS, key=lambda each: len(self.cells(0, each)))

    @cached_property
    def opening(self) -> str:
        """The first character that is no blank."""
        return self.text.lstrip(" \t\r\n")[:1]

    @cached_property
    def members(self) -> frozenset[str]:
        """The names of all members that JSON has in its beginning, however deep; without any if it is no JSON."""
        return frozenset(_MEMBER.findall(self.text)) if self.opening in {"{", "["} else frozenset()

    def has_members(self, opening: str, names: Iterable[str]) -> bool:
        """Say whether it is JSON that begins so and has members of all these names."""
        return self.opening == opening and self.members.issuperset(names)
