"""The worker on a Unix socket, where nobody has an address."""

from pathlib import Path

import pytest

from buffering_worker.tests.served import served


@pytest.mark.parametrize("worker", ["Worker", "gthread"])
def test_many_clients_on_a_unix_socket_are_answered_by_one_worker(worker: str, tmp_path: Path) -> None:
    with served(tmp_path, worker, unix=True) as process:
        workers = process.workers()
        request = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        for _ in range(5):
            assert process.ask(request) == (200, b"POST /a abc")
        assert process.workers() == workers
