"""Adds up what parts of one import were answered, each as `POST …/import` answers, to what the whole would be."""

from collections.abc import Mapping
from typing import Any

MAX_WARNINGS = 100
"""At most so many warnings are told."""
MAX_SHOWN = 10
"""A preview shows so many entries, and names so many rows for which something has to be chosen."""
_COUNTS = ("inserted", "already_there", "merged", "warning_count")


class ImportTotals:
    """It has the counts, the first warnings and, of a preview, the first entries."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(_COUNTS, 0)
        self._warnings: list[object] = []
        self._entries: list[object] = []

    def add(self, part: Mapping[str, Any]) -> None:
        """Add the answer of one more part."""
        for name in _COUNTS:
            self._counts[name] += part[name]
        self._warnings += part["warnings"][: MAX_WARNINGS - len(self._warnings)]
        self._entries += part.get("dry_run", {}).get("entries", [])[: MAX_SHOWN - len(self._entries)]

    @property
    def counts(self) -> dict[str, object]:
        """These are the counts and the warnings of the whole."""
        return {**self._counts, "warnings": self._warnings}

    @property
    def entries(self) -> list[object]:
        """These are the first entries of the whole, of a preview."""
        return self._entries
