"""An app may give an entry its own id of the record, and its own count of what it made of it.

With these an app may send a record as often as it likes: the id says which entry it is, and only a version that is
higher than the stored one, or than the one that was deleted, changes anything. The same is `clientRecordId` in Health
Connect and `HKMetadataKeySyncIdentifier` in HealthKit. Each app has its own ids, and no other app is shown them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fit_service.rules.refusals import InvalidValueError

RECORD_ID, RECORD_VERSION = "client_record_id", "client_record_version"
MEMBERS = (RECORD_ID, RECORD_VERSION)
MAX_LENGTH = 128
"""An id has at most so many characters."""
MAX_VERSION = 2**53 - 1
"""Every reader of JSON keeps numbers up to this exact (RFC 7493 §2.2). Milliseconds since 1970 are far below."""
ID = rf"[\x21-\x7E]{{1,{MAX_LENGTH}}}"
"""Every id matches this."""


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """It is a version of a record of one app."""

    client_id: str
    """It is the record of this app."""
    id: str
    version: int

    def to_json(self, client_id: str | None) -> dict[str, object]:
        """Return the members that this app is shown; another app is shown none."""
        return {RECORD_ID: self.id, RECORD_VERSION: self.version} if client_id == self.client_id else {}


def parse_record(fields: Mapping[str, Any], client_id: str) -> ClientRecord | None:
    """Read the record among an entry's members, or None. Raises InvalidValueError."""
    if RECORD_ID not in fields:
        if RECORD_VERSION in fields:
            raise InvalidValueError(RECORD_ID, f"{RECORD_VERSION} needs a {RECORD_ID}.")
        return None
    version = fields.get(RECORD_VERSION, 0)
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version <= MAX_VERSION:
        raise InvalidValueError(RECORD_VERSION, f"{RECORD_VERSION} must be a whole number from 0 to {MAX_VERSION}.")
    if "created_at" not in fields:
        raise InvalidValueError("created_at", f"created_at is required with {RECORD_ID}.")
    return ClientRecord(client_id, parse_record_id(fields[RECORD_ID]), version)


def parse_record_id(value: object, field: str = RECORD_ID) -> str:
    """Read an app's id of a record. Raises InvalidValueError."""
    if not isinstance(value, str) or re.fullmatch(ID, value) is None:
        raise InvalidValueError(field, f"{field} must be 1 to {MAX_LENGTH} visible ASCII characters.")
    return value
