"""A zip that holds an export, as Apple, Google, Samsung and Health Connect hand it out: its members are looked at."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, BinaryIO

from fit_service.rules.formats.head import Head
from fit_service.rules.refusals import TooLongError, UnreadableError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_MEMBERS = 2_000
"""Apple's has one for each route that somebody ran."""
_HEAD = 4096
_MAGIC = b"PK\x03\x04"
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_IS_ENCRYPTED = 1
_SPOILED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError)
"""The standard library raises these for a zip that is spoiled, or made in a way that it doesn't know."""


def is_zip(head: Head) -> bool:
    """Say whether a file begins as a zip does."""
    return head.raw.startswith(_MAGIC)


class Archive:
    """It is a zip, of which at most `limit` bytes are unpacked, whatever it says of itself."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except _SPOILED as error:
            raise UnreadableError(f"The file can't be read as zip: {error}") from None
        if len(self._zip.infolist()) > MAX_MEMBERS:
            raise TooLongError(f"The zip has more than {MAX_MEMBERS} members: send the one that holds the weights.")
        self._limit = limit

    def heads(self, codec: str) -> Iterator[tuple[zipfile.ZipInfo, Head]]:
        """Yield all members that can be read, each with its beginning."""
        for member in self._zip.infolist():
            if member.compress_type in _METHODS and not member.flag_bits & _IS_ENCRYPTED and not member.is_dir():
                with self.open(member) as file:
                    yield member, Head(file.read(_HEAD), codec)

    def open(self, member: zipfile.ZipInfo) -> BinaryIO:
        """Read a member from its beginning. Reading raises TooLongError and UnreadableError."""
        return io.BufferedReader(_Member(self._zip, member, self._limit))


class _Member(io.RawIOBase):
    """It hands out one member, and never more of it than the limit."""

    def __init__(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> None:
        self._archive, self._member, self._limit = archive, member, limit
        self._file, self._left = self._opened(), limit

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go back to the beginning, or stay: a reader needs no more."""
        if (offset, whence) == (0, io.SEEK_SET):
            self._file, self._left = self._opened(), self._limit
        elif (offset, whence) != (0, io.SEEK_CUR):
            raise io.UnsupportedOperation("seek")
        return self._limit - self._left

    def read(self, size: int = -1, /) -> bytes:
        """Read at most so many bytes."""
        try:
            part = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        except _SPOILED as error:
            raise UnreadableError(f"{self._member.filename[:100]} can't be read out of the zip: {error}") from None
        self._left -= len(part)
        if self._left < 0:
            raise TooLongError(f"{self._member.filename[:100]} has more than {self._limit} bytes when it is unpacked.")
        return part

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read as many bytes as there is room for."""
        view = memoryview(buffer).cast("B")
        part = self.read(len(view))
        view[: len(part)] = part
        return len(part)

    def _opened(self) -> IO[bytes]:
        try:
            return self._archive.open(self._member)
        except _SPOILED as error:
            raise UnreadableError(f"{self._member.filename[:100]} can't be read out of the zip: {error}") from None
