"""Which addresses a client may be called by (draft-ietf-oauth-client-id-metadata-document-03 §3)."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from shared.outbound.destination import needed_of

SCHEME = "https://"
LONGEST = 255
"""An address has at most so many characters: it stands wherever a client's id does."""
EVERYBODY, NOBODY = "open", "off"
"""These words stand for hosts in the setting."""
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


def is_address(client_id: str) -> bool:
    """Say whether this id can only be meant as the address of a document: no other client is called so (§7.1)."""
    return client_id.startswith(SCHEME)


class Policy:
    """It says whose documents are taken: nobody's, those of some hosts, or everybody's."""

    def __init__(self, hosts: Collection[str], *, on_loopback: bool) -> None:
        """`on_loopback` also takes documents of this machine, which is for trying out (§9.6)."""
        self._hosts = hosts
        self._on_loopback = on_loopback

    @property
    def takes_any(self) -> bool:
        """It says whether there are documents that are taken."""
        return NOBODY not in self._hosts

    def refusal(self, client_id: str) -> str | None:
        """Say why no client may be called by this address; None if one may. It begins at no."""
        if not self.takes_any:
            return "client_id is an address, and documents that describe clients are not accepted here."
        if not is_address(client_id):
            return f"client_id must begin with {SCHEME}."
        if needed := needed_of(client_id, allow_private=self._on_loopback, longest=LONGEST):
            return f"client_id must be {needed}."
        parts = urlsplit(client_id)
        if parts.path in {"", "/"}:
            return "client_id must have a path."
        if _DOT_SEGMENT.search(parts.path):
            return "client_id must not have a dot segment."
        if EVERYBODY not in self._hosts and parts.hostname not in self._hosts:
            return f"documents of {parts.hostname} are not accepted here."
        return None
