"""A reader's place in the revocation feed says how far it has read the log, and which token keys it has seen in use.

What a key made ends when the key leaves `AUTH_TOKEN_KEYS`, and no event names it: a reader that has seen the key in
use has to forget everything. While a deployment goes on, processes with different rings answer in turns: a key that has
just joined may be missing at some of them, and one that has left may still be there at others. Neither counts.
"""

import re
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

SETTLED = 600
"""After so many seconds a key that joined, or came back, has done so for good. No deployment takes as long."""
_EVER = 0
"""A key that was there at the reader's first poll joined then."""

_CURSOR = re.compile(r"([^~]*)~((?:[0-9a-f]{8}[_-][0-9]{1,12}\.){0,64})")
_KEY = re.compile(r"([0-9a-f]{8})([_-])([0-9]+)\.")


@dataclass(frozen=True, slots=True)
class Place:
    """A cursor says this. Keys are named by their ids, times are epoch seconds."""

    position: str | None
    """It is the position in the log, in the log's own form."""
    joined: dict[str, int] = field(default_factory=dict)
    """The reader knows of keys in use since then."""
    left: dict[str, int] = field(default_factory=dict)
    """Keys were found to have left then, and the reader was told to forget everything."""

    def cursor(self, position: str) -> str:
        """Write a cursor for this place, moved on in the log."""
        joined = [f"{key}_{since}." for key, since in sorted(self.joined.items())]
        left = [f"{key}-{since}." for key, since in sorted(self.left.items())]
        return f"{position}~{''.join(joined + left)}"


class KeyWatch:
    """It compares the ring of this process with those that a reader has met."""

    def __init__(self, key_ids: Collection[str], clock: Callable[[], float] = time.time) -> None:
        self._present = frozenset(key_ids)
        self._clock = clock

    def arrive(self, cursor: str | None) -> tuple[Place, bool]:
        """Return where a reader is now, and whether a key has left since it was last told so."""
        before, now = _read(cursor), int(self._clock())
        left = {key: since for key, since in before.left.items() if now - since < SETTLED}
        joined = dict.fromkeys(self._present - left.keys(), now if before.joined or left else _EVER) | before.joined
        gone = {key for key, since in joined.items() if key not in self._present and now - since >= SETTLED}
        left |= dict.fromkeys(gone, now)
        return Place(before.position, {key: joined[key] for key in joined.keys() - gone}, left), bool(gone)


def _read(cursor: str | None) -> Place:
    """Read a cursor. One without keys, as of an earlier release, is a place too."""
    match = _CURSOR.fullmatch(cursor or "")
    if match is None:
        return Place(cursor)
    place = Place(match[1])
    for key, what, since in _KEY.findall(match[2]):
        (place.joined if what == "_" else place.left)[key] = int(since)
    return place
