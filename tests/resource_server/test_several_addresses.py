"""A name may lead to several addresses, some of them dead: another answers in time, and is tried first after that."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from shared.resource_server import CannotValidateError, connect
from shared.resource_server.back_channel import channel
from tests.support.kept_connections import ISSUER, RESOURCE, KeptConnections


@pytest.fixture
def dead() -> Iterator[int]:
    """A port at which connections are neither accepted nor refused: its queue is full."""
    with ExitStack() as held, socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ports, in the order in which this test's thread began connections to them."""
    ports: list[int] = []
    ours = threading.current_thread()

    class Recorded(socket.socket):
        def connect(self, address: Any) -> None:
            if threading.current_thread() is ours:  # other stacks of this process follow their stores meanwhile
                ports.append(address[1])
            super().connect(address)

    monkeypatch.setattr(socket, "socket", Recorded)
    monkeypatch.setattr(channel, "_LONGEST_LIFE", 0.0)  # a new connection for each call
    return ports


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the name, and no other, lead to these ports."""
    really = socket.getaddrinfo

    def resolve_to(*ports: int) -> None:
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]

        def resolved(host: str, *args: Any, **kwargs: Any) -> Any:
            return found if host == "auth.example" else really(host, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", resolved)

    return resolve_to


@pytest.fixture
def caller() -> Iterator[Callable[..., Callable[[], bool]]]:
    with ExitStack() as running:

        def start(deadline: float = 30.0) -> Callable[[], bool]:
            validator = connect(
                resource=RESOURCE,
                issuer=ISSUER,
                client_id="plans",
                client_secret="a secret",
                auth_url="http://auth.example",
                follow_revocations=False,
                deadline=deadline,
            )
            running.callback(validator.close)

            def is_served() -> bool:
                try:
                    validator.validate("Bearer a")
                except CannotValidateError:
                    return False
                return True

            return is_served

        yield start


Caller = Callable[..., Callable[[], bool]]


def test_dead_addresses_leave_time_for_the_one_that_answers_which_is_tried_first_from_then_on(
    dead: int, tried: list[int], resolve: Callable[..., None], caller: Caller
) -> None:
    with KeptConnections.running() as server:
        resolve(dead, dead, server.port)
        is_served = caller(deadline=6.0)
        assert [is_served() for _ in range(3)] == [True] * 3
        assert tried == [dead, dead, server.port, server.port, server.port]


def test_when_the_address_that_answered_dies_another_takes_its_place(
    dead: int, tried: list[int], resolve: Callable[..., None], caller: Caller
) -> None:
    is_served = caller()
    with KeptConnections.running() as first, KeptConnections.running() as second:
        resolve(second.port, first.port)
        assert is_served()
        second.stop()
        assert is_served()
        assert is_served()
        assert tried == [second.port, second.port, first.port, first.port]


def test_an_address_that_the_name_no_longer_leads_to_is_not_tried(
    tried: list[int], resolve: Callable[..., None], caller: Caller
) -> None:
    is_served = caller()
    with KeptConnections.running() as before, KeptConnections.running() as now:
        resolve(before.port)
        assert is_served()
        resolve(now.port)
        assert is_served()
        assert tried == [before.port, now.port]


def test_where_all_addresses_are_dead_the_deadline_ends_the_wait(
    dead: int, resolve: Callable[..., None], caller: Caller
) -> None:
    resolve(*[dead] * 8)
    assert not caller(deadline=0.5)()
