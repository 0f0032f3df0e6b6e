"""Runs the application for one request, and pauses where its client has to take something first."""

from collections.abc import Callable, Generator, Iterable
from contextvars import copy_context
from typing import Any

from buffering_worker.answer import Answer
from buffering_worker.outgoing import Outgoing


class Answering:
    """An application's answering of one request. Threads take turns at it, so it has context variables of its own."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        environ: dict[str, Any],
        answer: Answer,
        outgoing: Outgoing,
        ends_connection: Callable[[], bool],
    ) -> None:
        self.environ = environ
        self.answer = answer
        self._application = application
        self._outgoing = outgoing
        self._ends_connection = ends_connection
        self._steps = self._take_steps()
        self._context = copy_context()

    def go_on(self) -> bool:
        """Answer as far as the client takes it. Whether that was all. Raises ClientLostError, and what it raises."""
        return self._context.run(next, self._steps, True)

    def give_up(self) -> None:
        """Tell the application that nobody wants the rest. Raises what it raises."""
        self._context.run(self._steps.close)

    def _take_steps(self) -> Generator[bool, None, None]:
        parts = self._application(self.environ, self.answer.start_response)
        if self._ends_connection():
            self.answer.force_close()
        try:
            for part in parts:
                self.answer.write(part)
                if self._outgoing.unsent:
                    yield False
            self.answer.close()
            if self._outgoing.unsent:
                yield False
        finally:
            if hasattr(parts, "close"):
                parts.close()
