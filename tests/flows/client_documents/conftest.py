"""A stack that takes documents of this machine, and a host that has some."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.actions import Actions
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
