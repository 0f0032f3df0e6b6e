"""A sync position says how far an app has read a person's changes. `updated_since` carries it; apps can't read it."""

import re
from dataclasses import dataclass

BEGINNING = "0"
_POSITION = re.compile(r"(\d{1,18})-(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SyncPosition:
    """The app has seen every change up to `change`, and needs no tombstone up to `deletions`.

    The two differ while an app reads everything for the first time: what was deleted before it began, it never saw.
    """

    change: int
    deletions: int

    @classmethod
    def parse(cls, text: str, last_change: int) -> "SyncPosition | None":
        """Read a position of a person whose last change is the given one; None for nonsense."""
        if text == BEGINNING:
            return cls(0, last_change)
        position = _POSITION.fullmatch(text)
        return cls(int(position[1]), int(position[2])) if position else None

    def continues(self, last_change: int, forgotten: int) -> bool:
        """Say whether all that the app must learn is still known. A restored backup knows no older position."""
        return forgotten <= self.deletions <= last_change and self.change <= last_change

    def after(self, change: int) -> "SyncPosition":
        """Return the position when everything up to `change` was read, too."""
        return SyncPosition(change, max(change, self.deletions))

    def text(self) -> str:
        """Write it down for `updated_since`."""
        return f"{self.change}-{self.deletions}"
