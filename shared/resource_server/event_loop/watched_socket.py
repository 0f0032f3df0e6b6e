"""A WebSocket outlives many requests, and perhaps its token: from time to time its token is looked at again.

Needs no task of its own, so an event loop of any kind will do: it looks while the application waits for a message, and
before the application sends one.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import CannotValidateError, NotLetThroughError
from ..process.clock import seconds
from .validation import is_asyncio

POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013
"""A socket is closed with one of these codes (RFC 6455 §7.4.1 and its registry)."""
LONGEST_UNCHECKED = 60.0
"""A socket stays open for so many seconds while the authorization server can't be asked."""


class WatchedSocket:
    """It stands between a server and an application, whose `receive` and `send` it has.

    When the token isn't good any longer, the socket is closed with 1008, and the application is told as if its client
    had gone: `websocket.disconnect` with that code. What it sends afterwards goes nowhere.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
        check: Callable[[], Awaitable[object]],
        every: float,
    ) -> None:
        """`check` raises a NotLetThroughError if the token isn't good; it is called `every` so many seconds."""
        self._receive = receive
        self._send = send
        self._check = check
        self._every = every
        self._next_check = seconds() + every
        self._checked_at = seconds()
        self._over = False
        """Somebody closed it, and the application knows."""
        self._ended: int | None = None
        """The code with which it was closed here."""
        self._waiting: asyncio.Task[Any] | None = None

    async def receive(self) -> Any:
        """Return the next message of the client."""
        while self._ended is None:
            message = await self._message(max(0.0, self._next_check - seconds()) if not self._over else None)
            if message is not None:
                self._over |= message["type"] == "websocket.disconnect"
                return message
            await self._look()
        return {"type": "websocket.disconnect", "code": self._ended, "reason": ""}

    async def send(self, message: Any) -> None:
        """Send the client a message of the application's."""
        if not self._over and seconds() >= self._next_check:
            await self._look()
        if self._ended is None:
            self._over |= message["type"] == "websocket.close"
            await self._send(message)

    def close(self) -> None:
        """Stop waiting: the application has returned."""
        if self._waiting is not None:
            self._waiting.cancel()

    async def _message(self, within: float | None) -> Any:
        """Return the next message, or None if none comes so soon. None is lost where the application stops waiting."""
        if not is_asyncio():
            import trio  # noqa: PLC0415 — where it runs, it is installed

            with trio.move_on_after(float("inf") if within is None else within):
                return await self._receive()
            return None
        if self._waiting is None:
            self._waiting = asyncio.ensure_future(self._receive())
        done, _ = await asyncio.wait({self._waiting}, timeout=within)
        if not done:
            return None
        waited, self._waiting = self._waiting, None
        return waited.result()

    async def _look(self) -> None:
        if seconds() < self._next_check:  # somebody else does
            return
        self._next_check = seconds() + self._every
        try:
            await self._check()
        except CannotValidateError:
            if seconds() - self._checked_at > LONGEST_UNCHECKED:
                await self._end(TRY_AGAIN_LATER)
        except NotLetThroughError:
            await self._end(POLICY_VIOLATION)
        else:
            self._checked_at = seconds()

    async def _end(self, code: int) -> None:
        if not self._over and self._ended is None:
            self._ended = code
            await self._send({"type": "websocket.close", "code": code, "reason": ""})
