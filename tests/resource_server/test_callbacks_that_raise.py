"""What an application lends to the kit may raise. That is told in the log, and changes no answer."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from shared.resource_server import CannotValidateError, PresentedProof, connect
from shared.resource_server.dpop import Dpop
from shared.resource_server.memory.validation_cache import ValidationCache
from tests.resource_server.memory.remembering_service import RememberingService
from tests.support.dpop import DpopKey
from tests.support.polling import eventually
from tests.support.small_authorization_server import ISSUER, SmallAuthorizationServer, small_authorization_server

RESOURCE = "https://plans.example/"


@pytest.fixture
def server() -> Iterator[SmallAuthorizationServer]:
    with small_authorization_server(RESOURCE) as running:
        yield running


def fail(*_: Any) -> Any:
    raise LookupError("on purpose")


@pytest.fixture
def start(server: SmallAuthorizationServer) -> Iterator[Callable[..., RememberingService]]:
    with ExitStack() as running:

        def start_service(**callbacks: Any) -> RememberingService:
            service = RememberingService(server)
            service.validator = connect(
                resource=RESOURCE,
                issuer=ISSUER,
                client_id="plans",
                client_secret="a secret",
                auth_url=server.address,
                deadline=30.0,
                **callbacks,
            )
            running.callback(service.close)
            return service

        yield start_service


@pytest.mark.parametrize("callback", ["observe", "request_id"])
def test_a_callback_that_raises_is_told_in_the_log_once_and_memory_goes_on_serving(
    start: Callable[..., RememberingService], caplog: pytest.LogCaptureFixture, callback: str
) -> None:
    service = start(**{callback: fail})
    token = service.server.issue("a")
    service.warm(token)
    service.server.revoke(token)
    eventually(lambda: not service.accepts(token))
    told = [record for record in caplog.records if callback in record.getMessage()]
    assert [(record.levelname, record.exc_info is not None) for record in told] == [("ERROR", True)]


def test_a_memory_of_proofs_that_raises_is_an_outage(start: Callable[..., RememberingService]) -> None:
    class Broken:
        use_once = fail

    key = DpopKey()
    service = start(dpop=Dpop("https://plans.example", used=Broken()))
    token = service.server.issue("a", token_type="DPoP", cnf={"jkt": key.thumbprint})
    proof = PresentedProof(key.proof("GET", "https://plans.example/plans", token=token), "GET", "/plans")
    with pytest.raises(CannotValidateError):
        service.validator.validate(f"DPoP {token}", proof=proof)


def test_a_reader_of_the_feed_that_fails_is_followed_by_another(
    start: Callable[..., RememberingService], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    prove, failures = ValidationCache.prove, iter([MemoryError, LookupError])

    def fail_twice(cache: ValidationCache, sent_at: float) -> None:
        for failure in failures:
            raise failure
        prove(cache, sent_at)

    monkeypatch.setattr(ValidationCache, "prove", fail_twice)
    events: list[str] = []
    service = start(observe=events.append)
    service.warm(service.server.issue("a"))
    assert [record.levelname for record in caplog.records if record.exc_info] == ["ERROR", "ERROR"]
    assert "unproven" in events


def test_without_a_thread_for_the_feed_every_call_is_introspected_until_there_is_one(
    start: Callable[..., RememberingService], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = start()
    token = service.server.issue("a")
    with monkeypatch.context() as full:
        begin = threading.Thread.start

        def refuse(thread: threading.Thread) -> None:
            if thread.name == "revocation-feed":
                raise RuntimeError("can't start new thread")
            begin(thread)

        full.setattr(threading.Thread, "start", refuse)
        assert [service.accepts(token) for _ in range(3)] == [True] * 3
        assert service.server.introspections == [token] * 3
    service.warm(token)
