"""The line that each request leaves in the log, and the request's id in its answer."""

import logging
import time
from functools import lru_cache

from flask import Flask, Response, g, request

from shared.operations.log_config import line_members, without_secrets, write_line
from shared.operations.request_id import HEADER, begin_request, current_request_id
from shared.service.client_network import client_network

_LONGEST_PATH, _LONGEST_NETWORK = 120, 48
"""Of longer ones, which mean nothing here, the beginning is told. So a line has less than 4,096 bytes, though a
character may take twelve and the path stands there twice: so many a pipe takes in one piece, whoever else is writing.
"""

_log = logging.getLogger("request")


def log_answer(
    method: str, path: str, status: int, began: float, address: str | None, level: int = logging.INFO
) -> None:
    """Write the line of one request; `began` is by `time.perf_counter()`. Of the client's address it names the network.

    It doesn't pass through `logging`, which would cost more than many an answer, but keeps to its levels.
    """
    if _log.isEnabledFor(level):
        place, network = without_secrets(path)[:_LONGEST_PATH], client_network(address)[:_LONGEST_NETWORK]
        members = _members(level, method, place, status, network)
        write_line(f'{members}, "milliseconds": {(time.perf_counter() - began) * 1000:.1f}', time.time())


@lru_cache(256)
def _members(level: int, method: str, path: str, status: int, network: str) -> str:
    """Return what many lines have in common: to write it as JSON takes longer than all the rest.

    It is remembered, so no secret may be given to it.
    """
    more = {"method": method, "path": path, "status": status, "network": network}
    return line_members(logging.getLevelName(level), "request", f"{method} {path} {status}", more)


def follow_requests(app: Flask) -> None:
    """Take over the caller's id or make one, send it back, and log each request without its query string."""

    @app.before_request
    def begin() -> None:
        begin_request(request.headers.get(HEADER, ""))
        g.request_began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        response.headers[HEADER] = current_request_id() or ""
        if not request.path.startswith("/health/"):
            began = g.get("request_began", time.perf_counter())
            log_answer(request.method, request.path, response.status_code, began, request.remote_addr)
        return response
