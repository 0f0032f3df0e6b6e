"""A file is read, and somebody is told how far: for progress bars."""

import io
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_AT_ONCE = 256 * 1024
"""So many bytes are read between two times that somebody is told."""


class _Watched(io.FileIO):
    """It tells where it is after each read."""

    def __init__(self, path: Path, tell_place: Callable[[int], None]) -> None:
        super().__init__(path)
        self._tell_place = tell_place

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read, then tell."""
        count = super().readinto(buffer)
        self._tell_place(self.tell())
        return count or 0


class WatchedFile:
    """It opens a file as often as a reader needs that, and closes all at the end of the block.

    Each reading is told to `tell_place`, in bytes from the beginning of the file. What that raises ends the reading.
    """

    def __init__(self, path: Path, tell_place: Callable[[int], None]) -> None:
        self._path, self._tell_place = path, tell_place
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def open(self) -> BinaryIO:
        """Read it from its beginning."""
        return self._opened.enter_context(io.BufferedReader(_Watched(self._path, self._tell_place), _AT_ONCE))
