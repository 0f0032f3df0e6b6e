"""Initial access tokens (RFC 7591 §1.2): who may register clients where not everybody may."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.actions import TIMEOUT, error_of
from tests.support.polling import eventually
from tests.support.registration import PUBLIC, register
from tests.support.stack import Stack

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def initial_access_token(stack: Stack, *options: str) -> dict[str, Any]:
    token: dict[str, Any] = stack.command("initial-access-token", "create", *options)
    return token


@pytest.mark.clause("RFC 7591 §3")
def test_an_initial_access_token_is_good_for_so_many_registrations(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(registration="token")
    stack.forget_failures()
    token = initial_access_token(stack, "--uses", "2")["initial_access_token"]
    assert error_of(register(stack, {**PUBLIC, "scope": "nobody:has"}, token)) == (400, "invalid_client_metadata")
    assert [register(stack, PUBLIC, token).status_code for _ in range(3)] == [201, 201, 401]
    assert "registration_endpoint" in requests.get(stack.auth + WELL_KNOWN, timeout=TIMEOUT).json()


@pytest.mark.clause("RFC 6750 §3.1")
def test_without_a_good_initial_access_token_nothing_is_registered(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(registration="token")
    stack.forget_failures()
    short, revoked = initial_access_token(stack, "--lifetime", "1"), initial_access_token(stack)
    stack.command("initial-access-token", "revoke", revoked["id"])
    eventually(lambda: short["id"] not in [token["id"] for token in stack.command("initial-access-token", "list")])
    nothing = register(stack, PUBLIC)
    assert error_of(nothing) == (401, "invalid_token")
    assert nothing.headers["WWW-Authenticate"] == 'Bearer realm="Moogle"'
    for token in ("x", short["initial_access_token"], revoked["initial_access_token"], "é"):
        answer = register(stack, PUBLIC, token.encode().decode("latin-1"))
        assert error_of(answer) == (401, "invalid_token")
    assert answer.json() == nothing.json()
    assert register(stack, PUBLIC, "x").headers["WWW-Authenticate"] == 'Bearer realm="Moogle", error="invalid_token"'
    assert stack.command("client", "list") == []


def test_of_parallel_uses_of_one_initial_access_token_as_many_succeed_as_it_is_good_for(
    start_stack: Callable[..., Stack],
) -> None:
    stack = start_stack(registration="token")
    stack.forget_failures()
    token = initial_access_token(stack, "--uses", "3")["initial_access_token"]
    statuses, start = Counter[int](), threading.Barrier(8)

    def use() -> None:
        start.wait()
        statuses[register(stack, PUBLIC, token).status_code] += 1

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {201: 3, 401: 5}
