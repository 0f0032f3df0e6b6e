"""A client that still speaks HTTP/1.0, as simple checks of a balancer do, before an API that the kit protects."""

import json
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from shared.resource_server import connect
from shared.resource_server.asgi_middleware import TokenMiddleware
from tests.resource_server.asgi_servers import served_by_hypercorn, served_by_uvicorn


async def journal(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("reached without a token")


@pytest.mark.parametrize("served", [served_by_uvicorn, served_by_hypercorn])
def test_its_refusal_is_json_without_the_sizes_of_chunks(served: Callable[[Any], AbstractContextManager[int]]) -> None:
    # uvicorn sends chunks to it too where httptools is installed, unless it is told a length (findings)
    validator = connect(
        resource="https://plans.example/", issuer="https://auth.example", client_id="plans", client_secret="a secret"
    )
    with (
        served(TokenMiddleware(journal, validator)) as port,
        socket.create_connection(("127.0.0.1", port), timeout=120) as connection,
    ):
        connection.sendall(b"GET /journal HTTP/1.0\r\n\r\n")
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.split()[1] == b"401"
    assert json.loads(body)["status"] == 401
