"""Validates tokens in an event loop, asyncio's or Trio's, without a thread for each who waits.

Known tokens take microseconds and are validated in place; only questions to the authorization server go to threads, one
for all who wait for the same answer.
"""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from ..access_rules import OPTIONAL, Optional
from ..errors import NoTokenError
from ..introspection.response import ActiveToken
from ..memory.single_flight import Flight
from ..needs import Need
from ..presented_token import PresentedProof
from ..process.clock import seconds
from ..process.fork import reset_after_fork
from ..token_validator import TokenValidator

T = TypeVar("T")

_QUESTIONS = 32
"""So many may be on their way at once."""


class AsyncValidation:
    """Every adapter for an event loop has one."""

    def __init__(self, validator: TokenValidator) -> None:
        self.validator = validator
        self.reset()
        reset_after_fork(self)

    def reset(self) -> None:
        """Begin with threads of this process."""
        self._threads = ThreadPoolExecutor(_QUESTIONS, thread_name_prefix="introspection")

    async def validate(
        self, authorization: str | None, required: Collection[Need] | Optional, proof: PresentedProof | None
    ) -> ActiveToken | None:
        """Return the token of the header; None if it is optional and none came. Raises a NotLetThroughError."""
        if required is OPTIONAL:
            try:
                return await self.validate(authorization, (), proof)
            except NoTokenError:
                return None
        if token := self.validator.remembered(authorization, *required):
            return token
        validation = self.validator.begin(authorization)
        if validation.must_fly:
            self._in_thread(validation.flight.fly)
        await _done(validation.flight.answer, validation.deadline)
        finish = partial(self.validator.finish, validation, required, proof)
        if proof is None:
            return finish()
        finishing = Flight(finish)
        self._in_thread(finishing.fly)
        await _done(finishing.answer, validation.deadline)
        return finishing.wait(validation.deadline)

    def _in_thread(self, action: Callable[[], None]) -> None:
        self._threads.submit(copy_context().run, action)


def is_asyncio() -> bool:
    """Return whether the caller's event loop is asyncio's; else it is Trio's."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _done(answer: Future[ActiveToken], deadline: float) -> None:
    """Wait without a thread, and without taking the answer from others when this task is cancelled."""
    if answer.done():
        return
    timeout = max(0.0, deadline - seconds())
    if is_asyncio():
        waiting = asyncio.wrap_future(answer)
        waiting.add_done_callback(lambda done: done.cancelled() or done.exception())  # whoever calls `wait` is told
        await asyncio.wait([waiting], timeout=timeout)
    else:
        await _done_in_trio(answer, timeout)


async def _done_in_trio(answer: Future[T], timeout: float) -> None:
    import trio  # noqa: PLC0415 — where it runs, it is installed

    landed, loop = trio.Event(), trio.lowlevel.current_trio_token()

    def tell(_: Future[T]) -> None:
        with suppress(trio.RunFinishedError):
            loop.run_sync_soon(landed.set)

    answer.add_done_callback(tell)
    with trio.move_on_after(timeout):
        await landed.wait()
