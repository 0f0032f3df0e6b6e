"""Runs the application for one request, and pauses where its client has to take something first."""

from collections.abc import Callable, Generator, Iterable
from contextvars import copy_context
from typing import Any

from buffering_worker.response import Response
from buffering_worker.send_buffer import SendBuffer


class ApplicationCall:
    """One call of a WSGI application. Different threads may resume it, so it has context variables of its own."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        environ: dict[str, Any],
        response: Response,
        send_buffer: SendBuffer,
        ends_connection: Callable[[], bool],
    ) -> None:
        self.environ = environ
        self.response = response
        self._application = application
        self._send_buffer = send_buffer
        self._ends_connection = ends_connection
        self._steps = self._take_steps()
        self._context = copy_context()

    def resume(self) -> bool:
        """Have it answer as far as the client takes it, and say whether that was all.

        Raises ClientLostError, and what the application raises.
        """
        return self._context.run(next, self._steps, True)

    def give_up(self) -> None:
        """Tell the application that nobody wants the rest. Raises what the application raises."""
        self._context.run(self._steps.close)

    def _take_steps(self) -> Generator[bool, None, None]:
        parts = self._application(self.environ, self.response.start_response)
        if self._ends_connection():
            self.response.force_close()
        try:
            for part in parts:
                self.response.write(part)
                if self._send_buffer.unsent:
                    yield False
            self.response.close()
            if self._send_buffer.unsent:
                yield False
        finally:
            if hasattr(parts, "close"):
                parts.close()
