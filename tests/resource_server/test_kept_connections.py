"""Connections are kept, and may end without a word: one that dies before the first byte of an answer is no outage."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from shared.resource_server import CannotValidateError, TokenValidator, connect
from shared.resource_server.back_channel import channel
from tests.support.certificates import self_signed
from tests.support.kept_connections import (
    ISSUER,
    RESOURCE,
    Ending,
    KeptConnections,
    in_silence,
    with_farewell,
    with_reset,
    without_a_word,
)

KEPT = 12


class Service:
    def __init__(self, server: KeptConnections, deadline: float) -> None:
        self.server = server
        self.events: list[str] = []
        self._number = 0
        self.validator: TokenValidator = connect(
            resource=RESOURCE,
            issuer=ISSUER,
            client_id="plans",
            client_secret="a secret",
            auth_url=server.address,
            follow_revocations=False,
            deadline=deadline,
            observe=self.events.append,
        )

    def is_served(self, _: object = None) -> bool:
        self._number += 1
        try:
            self.validator.validate(f"Bearer token-{self._number}")
        except CannotValidateError:
            return False
        return True

    def serves_at_once(self) -> list[bool]:
        with ThreadPoolExecutor(KEPT) as pool:
            return list(pool.map(self.is_served, range(KEPT)))

    def keep_connections(self) -> None:
        """As many as may be needed at once."""
        self.server.together = threading.Barrier(KEPT)
        assert all(self.serves_at_once())
        assert self.server.opened == KEPT
        self.server.together = None


@pytest.fixture(params=[False, True], ids=["http", "https"])
def start(
    request: pytest.FixtureRequest, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Service]]:
    with ExitStack() as running:

        def start(deadline: float = 30.0) -> Service:
            tls = None
            if request.param:
                certificate = self_signed(tmp_path, "localhost")
                monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
                tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                tls.load_cert_chain(certificate)
            service = Service(running.enter_context(KeptConnections.running(tls)), deadline)
            running.callback(service.validator.close)
            return service

        yield start


@pytest.mark.parametrize("ending", [without_a_word, with_farewell, with_reset])
def test_kept_connections_that_died_are_replaced_by_new_ones(start: Callable[..., Service], ending: Ending) -> None:
    service = start()
    service.keep_connections()
    service.server.ending = ending
    assert service.serves_at_once() == [True] * KEPT
    assert service.is_served()
    assert "breaker_opened" not in service.events


def test_connections_that_a_firewall_forgot_cost_one_deadline(start: Callable[..., Service]) -> None:
    service = start(deadline=3.0)
    service.keep_connections()
    service.server.ending = in_silence
    assert [service.is_served() for _ in range(2)] == [False, True]
    service.server.ending = None
    assert service.serves_at_once() == [True] * KEPT
    assert "breaker_opened" not in service.events


def test_connections_that_were_forgotten_are_no_outage_for_those_who_come_after(start: Callable[..., Service]) -> None:
    service = start(deadline=3.0)
    service.keep_connections()
    service.server.ending = in_silence
    service.serves_at_once()
    assert service.is_served()
    assert "breaker_opened" not in service.events


def test_a_connection_that_ended_while_it_was_idle_is_not_used(start: Callable[..., Service]) -> None:
    service = start()
    assert service.is_served()
    asked = service.server.requests
    service.server.close_idle()
    assert service.is_served()
    assert service.server.requests == asked + 1


def test_no_connection_is_kept_for_ever(start: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> None:
    service = start()
    assert [service.is_served() for _ in range(3)] == [True] * 3
    assert service.server.opened == 1
    monkeypatch.setattr(channel, "_LONGEST_LIFE", 0.0)
    assert [service.is_served() for _ in range(3)] == [True] * 3
    assert service.server.opened == 4


def test_a_new_connection_that_ends_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with suppress(OSError):  # the listener goes with the test, perhaps before the second one comes
                for _ in range(2):
                    listener.accept()[0].close()

        threading.Thread(target=refuse, daemon=True).start()
        validator = connect(
            resource=RESOURCE,
            issuer=ISSUER,
            client_id="plans",
            client_secret="a secret",
            auth_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
            follow_revocations=False,
        )
        with pytest.raises(CannotValidateError):
            validator.validate("Bearer a")


def test_after_the_end_no_connection_is_kept_also_none_on_which_an_answer_was_under_way(
    start: Callable[..., Service],
) -> None:
    service = start()
    assert service.is_served()
    service.validator.close()
    assert [service.is_served() for _ in range(2)] == [True] * 2
    assert service.server.opened == 3
