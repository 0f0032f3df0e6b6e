"""ASGI servers in threads of the tests, each on a free port."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import hypercorn.asyncio
import hypercorn.config
import hypercorn.trio
import trio
import uvicorn

from tests.support.polling import eventually
from tests.support.servers import free_port


@contextmanager
def served_by_uvicorn(app: Any, root_path: str = "") -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, root_path=root_path, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    eventually(lambda: server.started)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)


@contextmanager
def served_by_hypercorn(app: Any, root_path: str = "") -> Iterator[int]:
    config, port, stop = hypercorn.config.Config(), free_port(), threading.Event()
    config.bind, config.root_path, config.loglevel = [f"127.0.0.1:{port}"], root_path, "CRITICAL"

    async def stopped() -> None:
        while not stop.is_set():
            await asyncio.sleep(0.02)

    serving = hypercorn.asyncio.serve(app, config, shutdown_trigger=stopped, mode="asgi")
    thread = threading.Thread(target=lambda: asyncio.run(serving), daemon=True)
    thread.start()
    eventually(lambda: answers(port))
    yield port
    stop.set()
    thread.join(10)


@contextmanager
def served_by_hypercorn_on_trio(app: Any, root_path: str = "") -> Iterator[int]:
    config, port, stop = hypercorn.config.Config(), free_port(), threading.Event()
    config.bind, config.root_path, config.loglevel = [f"127.0.0.1:{port}"], root_path, "CRITICAL"

    async def stopped() -> None:
        while not stop.is_set():
            await trio.sleep(0.02)

    async def serve() -> None:
        await hypercorn.trio.serve(app, config, shutdown_trigger=stopped, mode="asgi")

    thread = threading.Thread(target=lambda: trio.run(serve), daemon=True)
    thread.start()
    eventually(lambda: answers(port))
    yield port
    stop.set()
    thread.join(10)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
