"""Both services with a mail server, where anybody may make an account."""

from collections.abc import Iterator

import pytest

from tests.support.actions import Actions
from tests.support.mail import SENDER, MailServer, deliver, mail_server
from tests.support.stack import Stack, run_stack

METRICS_TOKEN = "a-token-of-prometheus"


@pytest.fixture(scope="session")
def _mail_server() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="session")
def mailing_stack(
    _mail_server: MailServer, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("mailing-stack")
    with run_stack(
        folder, redis_url, smtp_url=_mail_server.url, mail_sender=SENDER, sign_up=True, metrics_token=METRICS_TOKEN
    ) as stack:
        yield stack


@pytest.fixture
def mails(_mail_server: MailServer, mailing_stack: Stack) -> Iterator[MailServer]:
    """The server, which has no mail yet and refuses nothing."""
    deliver(mailing_stack.parts)
    _mail_server.mails.clear()
    _mail_server.recipients.clear()
    yield _mail_server
    _mail_server.refuse.clear()


@pytest.fixture
def actions(mailing_stack: Stack) -> Actions:
    mailing_stack.forget_failures()
    return Actions(mailing_stack)
