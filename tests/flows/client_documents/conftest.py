"""A stack that takes documents of this machine, and a host that has some."""

import html
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auth_service.models.base import now
from auth_service.protocol.client_documents import known_clients
from tests.support.actions import Actions, Verifier
from tests.support.certificates import self_signed
from tests.support.document_host import DescribedApp, DocumentHost, document_host
from tests.support.stack import Stack, run_stack

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Of `localhost`; services that start while it is there trust it."""
    file = self_signed(tmp_path_factory.mktemp("tls"), "localhost")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(file))
        yield file


@pytest.fixture(scope="package")
def host(certificate: Path) -> Iterator[DocumentHost]:
    with document_host(certificate) as running:
        yield running


@pytest.fixture(scope="package")
def documents_stack(certificate: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with run_stack(
        tmp_path_factory.mktemp("documents"),
        redis_url,
        client_id_metadata_documents="open",
        client_documents_on_loopback=True,
        registered_client_retry="until-used",
    ) as running:
        yield running


@pytest.fixture
def actions(documents_stack: Stack) -> Actions:
    documents_stack.forget_failures()
    return Actions(documents_stack)


@pytest.fixture
def described(actions: Actions, host: DocumentHost) -> Callable[..., DescribedApp]:
    """Makes apps, each with a document of its own that differs so from an ordinary one."""

    def make(path: str = "", **changes: Any) -> DescribedApp:
        return DescribedApp(actions.stack, host, path or f"/app-{next(_numbers)}/client.json", **changes)

    return make


@pytest.fixture
def refused(actions: Actions) -> Callable[[DescribedApp], str]:
    """Has somebody bring an app's request, and gives what the page says on which that ends."""

    def bring(app: DescribedApp) -> str:
        person = actions.person()
        person.sign_in()
        page = person.browser.follow(app.authorize_url(Verifier()))
        assert (page.status_code, "Location" in page.headers) == (400, False), page.text
        return html.unescape(page.text)

    return bring


class Clock:
    """The time at which documents are looked at. It stands still until it is moved."""

    def __init__(self, actions: Actions) -> None:
        self.now = now()
        self._redis = actions.stack.parts.redis.reads

    def move(self, *, forget: bool = True, **by: float) -> None:
        """Go on, far enough that no attempt of before is remembered, unless it shall be."""
        self.now += timedelta(**by)
        for attempt in self._redis.scan_iter("client-document:*") if forget else ():
            self._redis.delete(attempt)


@pytest.fixture
def clock(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(actions)
    monkeypatch.setattr(known_clients, "now", lambda: clock.now)
    return clock
