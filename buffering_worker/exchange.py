"""Requests and their responses on one connection, step by step: receive, have the application answer, send.

A step never waits for the client. It ends where the client has to send or take something, or where a response is
complete: then it is the other connections' turn.
"""

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus

from gunicorn.glogging import Logger

from buffering_worker.application_call import ApplicationCall
from buffering_worker.connection import Connection
from buffering_worker.connections import Connections
from buffering_worker.refusal import RefusedError
from buffering_worker.send_buffer import ClientLostError
from buffering_worker.settings import ConnectionLimits

LINGERING = 2.0
"""Seconds for a client to read its last response, and for requests that are on their way when the worker stops."""


class Exchange:
    """Steps with any connection of a worker."""

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        connections: Connections,
        limits: ConnectionLimits,
        log: Logger,
        count_request: Callable[[], None],
        ends_connections: Callable[[], bool],
    ) -> None:
        """`ends_connections` says whether connections are to end with the present response."""
        self._application = application
        self._connections = connections
        self._limits = limits
        self._log = log
        self._count_request = count_request
        self._ends_connections = ends_connections

    def advance(self, connection: Connection) -> None:
        """Take one step with a connection, then have it wait for the next or close it."""
        try:
            stays = self._step(connection)
        except OSError as error:
            self._log.debug("A client was lost: %s", error)
            stays = False
        except BaseException:  # a thread that ended would be missed
            self._log.exception("A connection had to be closed")
            stays = False
        if stays:
            self._connections.wait(connection)
        else:
            self._connections.close(connection)

    def _step(self, connection: Connection) -> bool:
        """Receive, answer, or send more of a response. Whether the connection stays open."""
        if connection.call:
            return self._respond(connection, connection.call)
        was_begun = connection.request_begun
        if connection.waits_to_send:
            connection.send_buffer.flush()
        elif not connection.receive():
            if connection.request_begun:
                connection.refuse(HTTPStatus.BAD_REQUEST, "The request ended early.")
            return False
        if connection.lingering:
            return True
        try:
            request = connection.next_request()
        except RefusedError as error:
            self._log.warning("Invalid request from %s: %s", connection.address, error)
            connection.refuse(error.status, str(error))
            connection.linger(LINGERING)
            return True
        if request:
            self._count_request()
            call = ApplicationCall(self._application, *request, connection.send_buffer, self._ends_connections)
            connection.call = call
            return self._respond(connection, call)
        if self._connections.exceeds_memory(connection):
            connection.refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too much is being sent at once.")
            return False
        if not was_begun:
            connection.deadline = self._deadline_of_next_request(connection)
        return True

    def _respond(self, connection: Connection, call: ApplicationCall) -> bool:
        """Send what the client takes of a response, and make more of it. Whether the connection stays open."""
        if not connection.send_buffer.flush() or not self._is_complete(connection, call):
            connection.deadline = time.monotonic() + self._limits.send_timeout
            return not self._connections.exceeds_memory(connection)
        connection.call = None
        connection.deadline = self._deadline_of_next_request(connection)
        if call.response.should_close():
            connection.linger(LINGERING)
        return True

    def _is_complete(self, connection: Connection, call: ApplicationCall) -> bool:
        """Have the application go on. Whether it has said everything, or failed."""
        try:
            return call.resume()
        except ClientLostError:
            raise
        except Exception:
            environ, response = call.environ, call.response
            self._log.exception("The application failed at %s %s", environ["REQUEST_METHOD"], environ["PATH_INFO"])
            if not response.begun:
                connection.refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "The application failed.")
            response.force_close()
            return True

    def _deadline_of_next_request(self, connection: Connection) -> float:
        seconds = self._limits.request_timeout if connection.request_begun else self._limits.keepalive
        return time.monotonic() + seconds
