"""An import that was given a name can be taken back: its entries are marked with it, as an app marks its own records.

No client is called like that, so no app is shown the mark, and what apps call an entry stays theirs.
"""

import re
import secrets
from dataclasses import replace

from fit_service.rules.body_weight_entry import NewEntry
from fit_service.rules.client_record import ClientRecord
from fit_service.rules.refusals import InvalidValueError

IMPORT_ID = "[A-Za-z0-9_-]{16,64}"
"""Every name of an import matches this."""


def parse_import_id(text: str, name: str) -> str:
    """Read the name of an import. Raises InvalidValueError."""
    if re.fullmatch(IMPORT_ID, text) is None:
        raise InvalidValueError(name, f"{name} must be 16 to 64 letters, digits, - or _.")
    return text


def new_import_id() -> str:
    """Make a name that no other import has."""
    return secrets.token_hex(16)


def client_of(import_id: str) -> str:
    """Return what stands where else the name of a client does: no client's name has a blank."""
    return f"import {import_id}"


def marked(entry: NewEntry, import_id: str | None) -> NewEntry:
    """Return the entry with the mark of this import; None: as it is."""
    if import_id is None:
        return entry
    return replace(entry, record=ClientRecord(client_of(import_id), secrets.token_hex(8), 0))
