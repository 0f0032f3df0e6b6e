"""`/health/*`: for probes, which name a host in any way or not at all, and which must never wait for a store."""

import json
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests
from sqlalchemy import text

import fit_service
from fit_service.settings import Settings
from tests.support.actions import TIMEOUT, Actions
from tests.support.servers import free_port, serve
from tests.support.stack import Stack

PATHS = ("/health/live", "/health/ready")


def addresses(stack: Stack) -> tuple[str, str]:
    return stack.auth, stack.fit


def status_of(address: str, *lines: str) -> int:
    """What a request with exactly these lines is answered."""
    port = urlsplit(address).port
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(connection.recv(12)[9:])


@pytest.mark.parametrize("host", ["10.42.0.7:8000", "[fd00::7]:8000", "pod_7", "LOCALHOST", "evil.example", ""])
@pytest.mark.parametrize("path", PATHS)
def test_a_probe_may_call_the_service_as_it_likes(stack: Stack, path: str, host: str) -> None:
    for address in addresses(stack):
        assert status_of(address, f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close") == 200


@pytest.mark.parametrize("path", PATHS)
def test_a_probe_may_name_no_host(stack: Stack, path: str) -> None:
    for address in addresses(stack):
        assert status_of(address, f"GET {path} HTTP/1.0") == 200


def test_nothing_else_is_answered_under_a_foreign_name(stack: Stack) -> None:
    for address, path in ((stack.auth, "/sign-in"), (stack.fit, "/api/body_weight/"), (stack.fit, "/health/../docs")):
        assert status_of(address, f"GET {path} HTTP/1.1", "Host: evil.example", "Connection: close") == 400


def test_host_names_compare_without_case(stack: Stack) -> None:
    for address, path in ((stack.auth, "/jwks"), (stack.auth, "/sign-in"), (stack.fit, "/openapi.json")):
        answer = requests.get(f"{address}{path}", headers={"Host": "LocalHost"}, timeout=TIMEOUT)
        assert answer.status_code == 200
        assert "LocalHost" not in answer.text


def test_a_process_of_the_release_before_is_ready_on_a_later_schema_that_lacks_nothing_that_it_uses(
    start_stack: Callable[..., Stack],
) -> None:
    stack = start_stack()
    databases = (stack.parts.database, stack.fit_app.extensions["fit_service"].database)
    for address, database in zip(addresses(stack), databases, strict=True):
        assert status_of(address, "GET /health/ready HTTP/1.0") == 200
        with database.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        assert [status_of(address, f"GET {path} HTTP/1.0") for path in PATHS] == [200, 200]
        with database.writing() as session:
            session.execute(text(f"ALTER TABLE {database.tables.sorted_tables[-1].name} RENAME TO taken_away"))
        assert [status_of(address, f"GET {path} HTTP/1.0") for path in PATHS] == [200, 503]


@pytest.mark.parametrize(
    ("setting", "value"),
    [("fit_issuer", "http://127.0.0.1:{auth_port}"), ("fit_resource", "http://127.0.0.1:{fit_port}/api/")],
)
def test_a_service_that_goes_by_another_name_is_not_ready_and_blames_no_token(
    start_stack: Callable[..., Stack], capfd: pytest.CaptureFixture[str], setting: str, value: str
) -> None:
    """Tokens are for the registered name: the service can't be asked with them, and that is not their fault."""
    stack = start_stack()
    ports = {"auth_port": urlsplit(stack.auth).port, "fit_port": urlsplit(stack.fit).port}
    settings = stack.fit_app.extensions["fit_service"].settings.model_dump()
    settings |= {setting.removeprefix("fit_"): value.format(**ports), "auth_url": stack.auth}
    misnamed, port = fit_service.create_app(Settings.model_validate(settings)), free_port()
    actions = Actions(stack)
    token = actions.app().connect(actions.person()).access
    capfd.readouterr()
    with serve(misnamed, port):
        address = f"http://127.0.0.1:{port}"
        ready = requests.get(f"{address}/health/ready", timeout=TIMEOUT)
        host = urlsplit(settings["resource"]).netloc
        headers = {"Authorization": f"Bearer {token}", "Host": host}
        calls = [requests.get(f"{address}/api/body_weight/", headers=headers, timeout=TIMEOUT) for _ in range(3)]
    misnamed.extensions["fit_service"].validator.close()
    assert (ready.status_code, ready.json()["checks"]) == (503, {"database": "ok", "names": "failing"})
    assert [answer.status_code for answer in calls] == [503] * 3
    messages = [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()]
    assert len([message for message in messages if "calls itself" in message]) == 2, messages
