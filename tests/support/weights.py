"""What tests compare of entries that the Fit API shows."""

from collections.abc import Mapping
from typing import Any

CONTENT = ("id", "body_weight", "unit", "created_at")


def content(entry: Mapping[str, Any], **but: str) -> dict[str, Any]:
    """What an entry is, with other values for some of it, and without what tells how it came to be."""
    return {name: entry[name] for name in CONTENT} | but
