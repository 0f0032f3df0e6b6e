"""The revocation feed tells resource servers which introspection answers they must forget (docs/revocation_feed.md).

A long poll over the revocation log. Every answer ends with a read of the log, of the Redis that still answers after the
request came, so it covers all that was revoked before its request was sent. A Redis that was not told yet of all that
has ended proves nobody's memory: then there is no answer.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from authlib.oauth2.rfc6749 import InvalidRequestError

from auth_service.models.resource_server import ResourceServer
from auth_service.protocol.clients.authentication import ClientAuthentication
from auth_service.protocol.oauth_request import ProtocolRequest, ProtocolResponse
from auth_service.protocol.tokens.feed_cursor import KeyWatch, Place
from auth_service.storage.revocation_log import LogBatch, RevocationEntry, RevocationLog
from auth_service.storage.revocation_tail import RevocationTail
from shared.resource_server.process import seconds
from shared.resource_server.wire import FeedAnswer, GrantEnd, TokenEnd

LONGEST_WAIT = 1.0
"""An answer is held for at most so many seconds. A reload of the service waits as long."""

CALLER_AUTH_METHODS = ("client_secret_basic",)
"""The request has no body, and secrets don't belong in an address (RFC 6749 §2.3.1)."""

_SECONDS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")

Event = TokenEnd | GrantEnd


class RevocationFeedEndpoint:
    """It answers polls. Only so many may wait at a time; beyond that, answers come at once and say the same.

    `before_waiting` is called in each thread that is going to wait, for whoever else could use its place.
    """

    def __init__(
        self,
        issuer: str,
        authentication: ClientAuthentication[ResourceServer],
        log: RevocationLog,
        tail: RevocationTail,
        keys: KeyWatch,
        waiting_polls: int,
        before_waiting: Callable[[], None],
    ) -> None:
        self._authentication = authentication
        self._log = log
        self._tail = tail
        self._issuer = issuer
        self._keys = keys
        self._before_waiting = before_waiting
        self._places = threading.BoundedSemaphore(waiting_polls) if waiting_polls else None

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        """Look at the credentials first, as at introspection. Raises an OAuth2Error."""
        caller = self._authentication.authenticate(request, CALLER_AUTH_METHODS, "revocations")
        request.refuse_repeated("after", "wait")
        wait, began, asked_at = _seconds(request.form.get("wait", "0")), time.monotonic(), seconds()
        seen = self._tail.changes
        place, key_disappeared = self._keys.arrive(request.form.get("after"))
        batch = self._log.read(place.position, asked_at)
        events = _concerning(caller, batch)
        if key_disappeared:
            return self._response(caller, place, replace(batch, known=False), events)
        if not (wait and _is_quiet(batch, events)) or self._places is None or not self._places.acquire(blocking=False):
            return self._response(caller, place, batch, events)
        try:
            self._before_waiting()
            return self._wait_for_events(caller, place, batch, seen, began + wait, asked_at)
        finally:
            self._places.release()

    def _wait_for_events(
        self, caller: ResourceServer, place: Place, batch: LogBatch, seen: int, deadline: float, asked_at: float
    ) -> ProtocolResponse:
        """Read again whenever the log grew, and once more at the deadline."""
        while True:
            self._tail.wait(seen, deadline)
            expired, seen = time.monotonic() >= deadline, self._tail.changes
            batch = self._log.read(batch.cursor, asked_at)
            events = _concerning(caller, batch)
            if expired or not _is_quiet(batch, events):
                return self._response(caller, place, batch, events)

    def _response(self, caller: ResourceServer, place: Place, batch: LogBatch, events: list[Event]) -> ProtocolResponse:
        """`issuer` and `resource` let a caller find out that it calls one of us by another name."""
        body: FeedAnswer = {
            "cursor": place.cursor(batch.cursor),
            "reset": not batch.known,
            "events": events,
            "more": batch.more,
            "issuer": self._issuer,
            "resource": caller.resource,
        }
        return ProtocolResponse(200, body, [("Cache-Control", "no-store")])


def _seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text):
        raise InvalidRequestError("wait must be a number of seconds.")
    return min(float(text), LONGEST_WAIT)


def _concerning(caller: ResourceServer, batch: LogBatch) -> list[Event]:
    """Return the ends that the caller could have heard of: it learns nothing about tokens for others."""
    return [_event(entry) for entry in batch.entries if caller.resource in entry.audience]


def _event(entry: RevocationEntry) -> Event:
    if entry.jti is not None:
        return {"jti": entry.jti}
    return {"grant_id": entry.grant_id} if entry.scope is None else {"grant_id": entry.grant_id, "scope": entry.scope}


def _is_quiet(batch: LogBatch, events: list[Event]) -> bool:
    """Say whether there is nothing to tell yet."""
    return batch.known and not events and not batch.more
