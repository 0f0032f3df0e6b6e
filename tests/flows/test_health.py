"""`/health/*`: for probes, which name a host in any way or not at all, and which must never wait for a store."""

import socket
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import TIMEOUT
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
