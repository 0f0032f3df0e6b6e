"""Follows the authorization server's revocation feed, a long poll, and tells the cache what to forget.

One thread per process, begun when a token is first validated in it. While it can't be followed, nothing remembered is
used and every call is introspected again.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .back_channel import BackChannel
from .clock import seconds
from .errors import CannotValidateError, UnusableAnswerError
from .fork import begin_anew_after_fork
from .validation_cache import ValidationCache

WAIT = 1
"""Seconds for which the authorization server may hold an answer while there is nothing to tell."""
_GRACE = 1.0
"""Seconds beyond that for the exchange itself."""
_PAUSE = 0.1
"""Seconds between polls that failed, or were answered at once because too many others wait."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Batch:
    """One answer of the feed."""

    cursor: str
    reset: bool
    """The position was lost: anything may have been revoked."""
    ended: frozenset[str]
    """Tokens by `jti` and grants by `grant_id`."""
    narrowed: dict[str, frozenset[str]]
    """Grants by `grant_id` that go on with no more than these scopes."""
    more: bool
    """There is more to tell at once, so this answer proves nothing."""
    issuer: str | None
    """Who answers."""
    resource: str | None
    """Whom it answers; None, like `issuer`, from a server that doesn't say so."""


class RevocationFeed:
    """Reads the feed into a cache. Safe to create before a fork."""

    def __init__(
        self,
        channel: BackChannel,
        cache: ValidationCache,
        observe: Callable[[str], None],
        introduce: Callable[[Batch], None],
    ) -> None:
        """`introduce` hears each answer first, since an answer says who answers whom."""
        self._channel = channel
        self._cache = cache
        self._observe = observe
        self._introduce = introduce
        self.begin_anew()
        begin_anew_after_fork(self)

    def begin_anew(self) -> None:
        """Not followed by any thread of this process yet."""
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._lost = False

    def follow(self) -> None:
        """See to it that this process follows the feed."""
        if self._thread is not None:
            return
        with self._lock:
            if not self._stopped.is_set() and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="revocation-feed", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError as full:  # no thread can be had now; whoever comes next tries again
                    self._thread = None
                    self._tell_lost(full)

    def close(self) -> None:
        """Stop following, after the poll that is under way."""
        self._stopped.set()
        if (thread := self._thread) is not None:
            thread.join(WAIT + _GRACE)

    def _run(self) -> None:
        """Follow. If that fails in a way that nobody thought of, whoever needs the feed next begins again."""
        try:
            self._follow()
        except Exception:
            _log.exception("the reader of the revocation feed failed; another one begins with the next call")
            self._observe("feed_failure")
            self._stopped.wait(_PAUSE)
        finally:
            self._thread = None

    def _follow(self) -> None:
        cursor = ""
        while not self._stopped.is_set():
            sent_at = seconds()
            try:
                batch = self._poll(cursor, wait=0 if self._lost else WAIT)
            except CannotValidateError as outage:
                self._observe("feed_failure")
                self._tell_lost(outage)
                self._stopped.wait(_PAUSE)
                continue
            if self._lost:
                _log.info("the revocation feed is followed again")
            self._lost = False
            self._introduce(batch)
            self._apply(batch, first=not cursor, sent_at=sent_at)
            cursor = batch.cursor
            if not (batch.ended or batch.narrowed or batch.more) and seconds() - sent_at < WAIT / 2:
                self._stopped.wait(_PAUSE)

    def _tell_lost(self, reason: Exception) -> None:
        if not self._lost:
            _log.warning("the revocation feed can't be followed, so every call is introspected: %s", reason)
        self._lost = True

    def _poll(self, cursor: str, wait: int) -> Batch:
        parameters = {"wait": str(wait)} | ({"after": cursor} if cursor else {})
        return read_batch(self._channel.get("/revocations", parameters, within=wait + _GRACE).body)

    def _apply(self, batch: Batch, *, first: bool, sent_at: float) -> None:
        """Forget first, then call the rest proven."""
        if batch.reset or first:
            self._observe("feed_reset")
            self._cache.forget_everything()
        self._cache.forget(batch.ended, batch.narrowed)
        if not batch.more:
            self._cache.prove(sent_at)
            self._observe("feed_poll")


def read_batch(body: bytes) -> Batch:
    """An answer of the feed. Raises UnusableAnswerError for anything else."""
    try:
        answer = json.loads(body)
        events = [_a(dict, event) for event in _a(list, answer["events"])]
        batch = Batch(
            cursor=_a(str, answer["cursor"]),
            reset=_a(bool, answer["reset"]),
            ended=frozenset(_a(str, name) for event in events if "scope" not in event for name in event.values()),
            narrowed={_a(str, event["grant_id"]): _words(event["scope"]) for event in events if "scope" in event},
            more=_a(bool, answer["more"]),
            issuer=_a(str, answer["issuer"]) if "issuer" in answer else None,
            resource=_a(str, answer["resource"]) if "resource" in answer else None,
        )
    except (ValueError, RecursionError, KeyError, TypeError):
        raise UnusableAnswerError("the revocation feed answered nonsense") from None
    if not batch.cursor:
        raise UnusableAnswerError("the revocation feed answered without a cursor")
    return batch


def _words(value: Any) -> frozenset[str]:
    return frozenset(_a(str, value).split())


def _a(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value
