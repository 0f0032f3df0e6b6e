"""Nonces that a server demands in DPoP proofs (RFC 9449 §8, §9), without a store: a MAC over the present minute.

Every process with the same keys accepts what another one made. A nonce may be used often; each proof only once.
"""

import base64
import hmac
import time
from collections.abc import Callable, Sequence

WINDOW = 60
"""A window lasts so many seconds. A nonce is recent in the window that it was made in and in the next."""


class DpopNonces:
    """They are made with the first key and accepted with every key, like tokens."""

    def __init__(self, keys: Sequence[bytes], clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._clock = clock

    def current(self) -> str:
        """Return the nonce to hand out now."""
        return self._make(self._keys[0], self._window())

    def is_recent(self, nonce: str | None) -> bool:
        """Return whether we handed it out lately; the next window counts too, as another process may be ahead of us."""
        now = self._window()
        recent = [self._make(key, window) for key in self._keys for window in (now - 1, now, now + 1)]
        given = (nonce or "").encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(given, each.encode()) for each in recent)

    def _window(self) -> int:
        return int(self._clock() // WINDOW)

    @staticmethod
    def _make(key: bytes, window: int) -> str:
        tag = hmac.digest(key, b"dpop nonce" + window.to_bytes(8), "sha256")[:16]
        return base64.urlsafe_b64encode(tag).rstrip(b"=").decode()
