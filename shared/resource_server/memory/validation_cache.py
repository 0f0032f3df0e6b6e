"""What the authorization server said about tokens, remembered by their `memory_key`, used while it is proven fresh.

Whether a token is good for a request is not decided here; who tells of revocations is `revocation_feed.py`.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ..introspection.response import ActiveToken
from ..process.clock import seconds
from ..process.fork import reset_after_fork

PROVEN_FOR = 2.5
"""For so many seconds after the request of a completed poll was sent, nothing can have been revoked unheard."""
INACTIVE_FOR = 3.0
"""A refusal is remembered for so many seconds. No token becomes good again; this only keeps garbage off the wire."""
MAX_ENTRIES, MAX_BYTES, MAX_INACTIVE = 20_000, 64 * 2**20, 5_000
_OVERHEAD = 1_200
"""An entry takes so many bytes beyond three times its answer's body, as tracemalloc measures."""


@dataclass(frozen=True, slots=True)
class _Entry:
    token: ActiveToken
    good_until: float
    size: int


@dataclass(slots=True, eq=False)
class Inquiry:
    """It is a question on its way, and remembers what was revoked since it began: the answer may be older than that."""

    begun_at: float
    ended: set[str] = field(default_factory=set)
    narrowed: dict[str, frozenset[str]] = field(default_factory=dict)
    void: bool = False
    """If it is True, nobody knows what was revoked meanwhile."""

    def outdated(self, token: ActiveToken) -> bool:
        """Return whether this token was revoked after the question was begun."""
        return not self.ended.isdisjoint((token.jti, token.grant_id))

    def cut(self, token: ActiveToken) -> ActiveToken:
        """Return the token without the scopes that were taken from its grant since the question was begun."""
        left = self.narrowed.get(token.grant_id)
        return token if left is None else replace(token, scopes=token.scopes & left)


class ValidationCache:
    """It is bounded in entries and bytes; the least recently used go first. It never holds a token string.

    With `follows_feed`, nothing is used unless the feed has proven within PROVEN_FOR that it tells everything. Without,
    entries are simply used for their life.
    """

    def __init__(
        self,
        *,
        follows_feed: bool,
        max_entries: int = MAX_ENTRIES,
        max_bytes: int = MAX_BYTES,
        max_inactive: int = MAX_INACTIVE,
        clock: Callable[[], float] = seconds,
    ) -> None:
        self._follows_feed = follows_feed
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._max_inactive = max_inactive
        self._clock = clock
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Remember nothing, as at the beginning."""
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, _Entry] = OrderedDict()
        self._of_jti: dict[str, bytes] = {}
        self._of_grant: dict[str, set[bytes]] = {}
        self._inactive: OrderedDict[bytes, float] = OrderedDict()
        self._inquiries: set[Inquiry] = set()
        self._bytes = 0
        self._proven_until = float("-inf") if self._follows_feed else float("inf")

    def find(self, key: bytes) -> ActiveToken | None:
        """Return the active token with this key, if it is remembered and that may be used.

        Without the lock, since each call passes here: each line is one step, and what was revoked before a proof was
        dropped before that. So the proof is looked at first.
        """
        now = self._clock()
        if now > self._proven_until:  # asked each time: a flag would outlive a process that was stopped for a while
            return None
        entry = self._entries.get(key)
        if entry is None:
            return None
        if now >= entry.good_until:
            with self._lock:
                self._drop(key)
            return None
        try:
            self._entries.move_to_end(key)
        except KeyError:
            return None  # revoked since that line
        return entry.token

    def is_proven(self) -> bool:
        """Return whether anything that is remembered may be used now."""
        return self._clock() <= self._proven_until

    def is_inactive(self, key: bytes) -> bool:
        """Return whether the token with this key was refused a moment ago."""
        return self._clock() < self._inactive.get(key, 0.0)

    @contextmanager
    def inquiry(self) -> Iterator[Inquiry]:
        """Begin before the authorization server is asked; what is revoked until the block ends is noted."""
        inquiry = Inquiry(self._clock())
        with self._lock:
            self._inquiries.add(inquiry)
        try:
            yield inquiry
        finally:
            with self._lock:
                self._inquiries.discard(inquiry)

    def remember(self, inquiry: Inquiry, key: bytes, token: ActiveToken, life: float, body_size: int) -> None:
        """Keep an answer for `life` seconds from the question on, unless what was heard since speaks against it."""
        size = _OVERHEAD + 3 * body_size
        with self._lock:
            if inquiry.void or inquiry.outdated(token) or token.grant_id in inquiry.narrowed:
                return
            self._drop(key)
            self._entries[key] = _Entry(token, inquiry.begun_at + life, size)
            self._of_jti[token.jti] = key
            self._of_grant.setdefault(token.grant_id, set()).add(key)
            self._bytes += size
            while len(self._entries) > self._max_entries or self._bytes > self._max_bytes:
                self._forget_entry(*self._entries.popitem(last=False))

    def remember_inactive(self, key: bytes) -> None:
        """Keep a refusal for a moment, and no good answer. Apart, so that garbage can't push good answers out."""
        with self._lock:
            self._drop(key)
            self._inactive[key] = self._clock() + INACTIVE_FOR
            self._inactive.move_to_end(key)
            while len(self._inactive) > self._max_inactive:
                self._inactive.popitem(last=False)

    def forget(self, ended: Set[str], narrowed: Mapping[str, frozenset[str]] = MappingProxyType({})) -> None:
        """Forget what was revoked, tokens by `jti` and grants by `grant_id`; questions on their way hear of it too.

        Also the tokens of grants that were narrowed to these scopes: what they are good for is asked again.
        """
        with self._lock:
            for inquiry in self._inquiries:
                inquiry.ended |= ended
                inquiry.narrowed.update(narrowed)
            for name in (*ended, *narrowed):
                for key in (*self._of_grant.get(name, ()), self._of_jti.get(name, b"")):
                    self._drop(key)

    def forget_everything(self) -> None:
        """Anything may have been revoked, also while a question was on its way."""
        with self._lock:
            for inquiry in self._inquiries:
                inquiry.void = True
            self._entries.clear()
            self._of_jti.clear()
            self._of_grant.clear()
            self._bytes = 0

    def prove(self, sent_at: float) -> None:
        """All that was revoked before `sent_at` (on `clock.seconds`) has been told to this cache."""
        with self._lock:
            self._proven_until = sent_at + PROVEN_FOR

    def _drop(self, key: bytes) -> None:
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._forget_entry(key, entry)

    def _forget_entry(self, key: bytes, entry: _Entry) -> None:
        self._bytes -= entry.size
        self._of_jti.pop(entry.token.jti, None)
        siblings = self._of_grant[entry.token.grant_id]
        siblings.discard(key)
        if not siblings:
            del self._of_grant[entry.token.grant_id]
