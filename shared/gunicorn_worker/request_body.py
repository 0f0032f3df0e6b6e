"""Where the body of a request ends, told while it is still arriving (RFC 9112 §6.3, §7.1)."""

from typing import Protocol


class Body(Protocol):
    """How a body is framed."""

    def end(self, received: bytearray) -> int | None:
        """Where it ends in what was received, or None while it hasn't. Asked again, it goes on where it stopped."""


class KnownLength:
    """So many bytes from `start` on."""

    def __init__(self, start: int, length: int) -> None:
        self._end = start + length

    def end(self, received: bytearray) -> int | None:
        """See Body."""
        return self._end if len(received) >= self._end else None


class Chunks:
    """Chunks from `start` on. It finds their end; gunicorn reads them, and judges them where they are malformed."""

    _LONGEST_LINE = 8_190
    """Bytes: as much as gunicorn takes."""

    def __init__(self, start: int) -> None:
        self._at = start
        self._in_trailers = False

    def end(self, received: bytearray) -> int | None:
        """See Body. Malformed chunks end at once, for who reads them to find out."""
        while (line_end := received.find(b"\r\n", self._at)) >= 0:
            line, after = received[self._at : line_end], line_end + 2
            if self._in_trailers:
                self._at = after
                if not line:
                    return after
                continue
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                return len(received)
            if size == 0:
                self._at, self._in_trailers = after, True
            elif size > 0 and len(received) >= after + size + 2:
                self._at = after + size + 2
            else:
                return len(received) if size < 0 else None
        return len(received) if len(received) - self._at > self._LONGEST_LINE else None
