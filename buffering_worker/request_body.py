"""Collects the body of a request while it is still arriving, in time that grows with its length (RFC 9112 §6.3, §7.1).

Chunks are read here because the parser of heads can't be stopped where a body ends, and gunicorn's copies what is left
of a body at every chunk.
"""

from typing import Protocol

from buffering_worker.refusal import malformed

MOST_CHUNKS = 200_000
"""A body costs less than a second of CPU time, however it is cut. 1 MiB may come in chunks of six bytes."""
_MOST_TRAILERS = 100
_LONGEST_LINE = 8_190
"""Bytes of a trailer, or of the line with a chunk's size and its extensions."""
_MOST_DIGITS = 16
_DIGITS = b"0123456789abcdefABCDEF"


class Body(Protocol):
    """How a body is framed."""

    @property
    def content(self) -> bytes | bytearray:
        """What has come of it."""

    @property
    def least(self) -> int:
        """How many bytes it is known to have."""

    def take(self, received: bytearray) -> bool:
        """Take what belongs to it out of what was received, and say whether it is whole. Raises RefusedError."""


class KnownLength:
    """A body of as many bytes as Content-Length says."""

    def __init__(self, length: int) -> None:
        self.content = b""
        self.least = length

    def take(self, received: bytearray) -> bool:
        """See Body."""
        if len(received) < self.least:
            return False
        self.content = bytes(received[: self.least])
        del received[: self.least]
        return True


class Chunks:
    """A body in chunks, the last of which is empty. Trailers are dropped, as RFC 9110 §6.5.1 lets a recipient do."""

    def __init__(self) -> None:
        self.content = bytearray()
        self._left = 0
        """How many bytes of the present chunk have not arrived, the line end behind it included."""
        self._chunks = 0
        self._trailers = 0
        self._in_trailers = False

    @property
    def least(self) -> int:
        """See Body."""
        return len(self.content) - (self._left == 1)  # then half of the line end is there

    def take(self, received: bytearray) -> bool:
        """See Body."""
        at = 0
        while True:
            if self._left:
                piece = received[at : at + self._left]
                self.content += piece
                self._left -= len(piece)
                at += len(piece)
                if self._left:
                    break
                self._end_chunk()
            end = received.find(b"\r\n", at, at + _LONGEST_LINE + 2)
            if end < 0:
                break
            line, at = bytes(received[at:end]), end + 2
            if self._in_trailers:
                if not line:
                    del received[:at]
                    return True
                self._drop_trailer(line)
            else:
                self._begin_chunk(line)
        del received[:at]
        if len(received) >= _LONGEST_LINE + 2:
            raise malformed("A line between chunks has no end.")
        return False

    def _begin_chunk(self, line: bytes) -> None:
        size, semicolon, _ = line.partition(b";")
        if semicolon:
            size = size.rstrip(b" \t")
            if b"\r" in line or b"\n" in line or b"\0" in line:
                raise malformed("A chunk extension has control characters.")
        if not 0 < len(size) <= _MOST_DIGITS or size.strip(_DIGITS):
            raise malformed("The size of a chunk is no number.")
        self._chunks += 1
        if self._chunks > MOST_CHUNKS:
            raise malformed("There are too many chunks.")
        length = int(size, 16)
        self._in_trailers = length == 0
        self._left = length and length + 2

    def _end_chunk(self) -> None:
        if self.content[-2:] != b"\r\n":
            raise malformed("A chunk has no end.")
        del self.content[-2:]

    def _drop_trailer(self, line: bytes) -> None:
        self._trailers += 1
        if self._trailers > _MOST_TRAILERS:
            raise malformed("There are too many trailers.")
        if line.find(b":") < 1 or line[0] in b" \t" or b"\r" in line or b"\n" in line or b"\0" in line:
            raise malformed("A trailer is no field.")
