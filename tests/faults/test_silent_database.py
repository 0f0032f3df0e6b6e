"""A PostgreSQL that falls silent under load: who needs it is told so at once, who does not need it notices nothing."""

import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.support.gunicorn_stack import run_gunicorn_stack
from tests.support.polling import eventually
from tests.support.postgresql import postgresql, postgresql_programs
from tests.support.silence import silenced

CLIENTS, SILENT_FOR = 24, 8.0


@pytest.mark.torture
@pytest.mark.timeout(180)
def test_a_silent_database_keeps_nobody_waiting(real_redis_url: str, tmp_path: Path) -> None:
    if postgresql_programs() is None:
        pytest.skip("needs PostgreSQL")
    with (
        postgresql() as url,
        run_gunicorn_stack(tmp_path, real_redis_url, "-w", "1", AUTH_DATABASE_URL=url) as stack,
    ):
        access, over, seen = stack.tokens()["access_token"], threading.Event(), list[tuple[str, int, float]]()

        def ask(path: str) -> None:
            with stack.connection() as connection:
                while not over.is_set():
                    began = time.monotonic()
                    if path == "/introspect":
                        status = stack.ask(connection, path, {"token": access}).status
                    else:
                        connection.request("GET", path)
                        answer = connection.getresponse()
                        answer.read()
                        status = answer.status
                    seen.append((path, status, time.monotonic() - began))
                    time.sleep(0.02)

        callers = [threading.Thread(target=ask, args=("/introspect",)) for _ in range(CLIENTS)]
        callers += [threading.Thread(target=ask, args=(path,)) for path in ("/health/live", "/health/ready")]
        with silenced(url):
            for caller in callers:
                caller.start()
            time.sleep(SILENT_FOR)
            over.set()
            for caller in callers:
                caller.join(60)
        for path in ("/introspect", "/health/live", "/health/ready"):
            taken = sorted(seconds for each, _, seconds in seen if each == path)
            statuses = Counter(status for each, status, _ in seen if each == path)
            print(f"{path}: {dict(statuses)}, median {taken[len(taken) // 2]:.3f} s, slowest {taken[-1]:.3f} s")
        assert {status for path, status, _ in seen if path == "/health/live"} == {200}
        assert {status for path, status, _ in seen} <= {200, 503}
        assert max(seconds for _, _, seconds in seen) < 2.0
        with stack.connection() as connection:
            eventually(lambda: stack.ask(connection, "/introspect", {"token": access}).status == 200)
