"""Whom the services take a request for that came through proxies, and what they say where that can't be known."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.actions import TIMEOUT
from tests.support.stack import Stack


@pytest.fixture
def logged(capfd: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, Any]]]:
    return lambda: [json.loads(line) for line in capfd.readouterr().err.splitlines() if line.startswith("{")]


@pytest.fixture
def stack(start_stack: Callable[..., Stack]) -> Stack:
    """Both services behind two proxies each."""
    return start_stack(trusted_proxies=2, log_level="INFO", fit_trusted_proxies=2, fit_log_level="INFO")


def ask(stack: Stack, forwarded_for: str | None, path: str = "/.well-known/") -> None:
    headers = {} if forwarded_for is None else {"X-Forwarded-For": forwarded_for}
    for service in (stack.auth, stack.fit):
        requests.get(service + path, headers=headers, timeout=TIMEOUT)


@pytest.mark.parametrize("values", [None, "192.0.2.1"])
def test_fewer_proxies_than_were_counted_are_one_warning(
    stack: Stack, logged: Callable[[], list[dict[str, Any]]], values: str | None
) -> None:
    ask(stack, None, "/health/live")
    ask(stack, "192.0.2.1, 192.0.2.2")
    assert [line for line in logged() if line["level"] == "WARNING"] == []
    for _ in range(3):
        ask(stack, values)
    warnings = [line["message"] for line in logged() if line["level"] == "WARNING"]
    assert [text.partition(" is 2")[0] for text in warnings] == ["AUTH_TRUSTED_PROXIES", "FIT_TRUSTED_PROXIES"]


def test_each_line_about_a_request_names_its_clients_network(
    stack: Stack, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    ask(stack, "203.0.113.9, 192.0.2.1, 192.0.2.2")
    ask(stack, "2001:db8::1:2:3:4, 192.0.2.2")
    networks = [line["network"] for line in logged() if line["logger"] == "request"]
    assert networks == ["192.0.2.1"] * 2 + ["2001:db8::/64"] * 2
