"""Follows the authorization server's revocation feed, a long poll, and tells the cache what to forget.

One thread per process, begun when a token is first validated in it. While it can't be followed, nothing remembered is
used and every call is introspected again.
"""

import logging
import threading
from collections.abc import Callable

from ..back_channel.channel import BackChannel
from ..errors import CannotValidateError
from ..memory.validation_cache import ValidationCache
from ..process.clock import seconds
from ..process.fork import reset_after_fork
from .reader import GRACE, WAIT, Batch, read_feed

_PAUSE = 0.1
"""So many seconds lie between polls that failed, or were answered at once because too many others wait."""

_log = logging.getLogger(__name__)


class FeedFollower:
    """It reads the feed into a cache. It may be created before a fork."""

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
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Begin without a thread of this process."""
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
            thread.join(WAIT + GRACE)

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
                batch = read_feed(self._channel, cursor, wait=0 if self._lost else WAIT)
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

    def _apply(self, batch: Batch, *, first: bool, sent_at: float) -> None:
        """Forget first, then call the rest proven."""
        if batch.reset or first:
            self._observe("feed_reset")
            self._cache.forget_everything()
        self._cache.forget(batch.ended, batch.narrowed)
        if not batch.more:
            self._cache.prove(sent_at)
            self._observe("feed_poll")
