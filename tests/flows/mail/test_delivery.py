"""The worker hands mail to a server that speaks SMTP, with TLS and without, and outlives whatever that server does."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email import message_from_bytes, policy
from email.headerregistry import Address
from pathlib import Path

import pytest
from sqlalchemy import delete

from auth_service.models.base import now
from auth_service.models.language import LANGUAGES
from auth_service.models.queued_mail import MailKind, QueuedMail
from auth_service.models.smtp_server import smtp_server
from auth_service.storage.mail_queue import Claim, MailQueue
from auth_service.workers.mail_connection import MailConnection, NotHandedOverError
from auth_service.workers.mail_message import message
from auth_service.workers.mail_texts import TEXTS
from auth_service.workers.mail_worker import MailWorker
from tests.support.actions import Actions
from tests.support.certificates import self_signed
from tests.support.mail import MailServer, mail_server
from tests.support.polling import eventually
from tests.support.servers import free_port

ISSUER, SENDER = "https://id.example.org", Address("Moogle", addr_spec="no-reply@id.example.org")
EVERYTHING = {
    "username": "mo",
    "token": "mol_" + "A" * 43,
    "at": "2026-11-30T08:05+00:00",
    "until": "2026-12-01T08:05+00:00",
    "who": "person",
    "network": "192.0.2.1",
    "program": "Firefox on Linux",
    "grant_id": "a-grant",
    "left": "9",
}


def claim(kind: MailKind, address: str = "mo@example.org", language: str = "en", **particulars: str) -> Claim:
    return Claim(7, "lease", kind, address, {**EVERYTHING, **particulars}, language, "acct_mo", now())


@pytest.fixture
def queue(actions: Actions) -> MailQueue:
    """That of the stack, which is empty."""
    with actions.stack.parts.database.writing() as session:
        session.execute(delete(QueuedMail))
    return actions.stack.parts.mail


@pytest.fixture
def put(actions: Actions, queue: MailQueue) -> Callable[..., None]:
    def add(*addresses: str) -> None:
        for address in addresses:
            with actions.stack.parts.database.writing() as session:
                queue.add(session, MailKind.NEW_PASSWORD, address, EVERYTHING, timedelta(hours=1))

    return add


def worker(queue: MailQueue, url: str, deadline: float = 60.0) -> MailWorker:
    server = smtp_server(url)
    return MailWorker(queue, lambda: MailConnection(server, "id.example.org", deadline), ISSUER, SENDER)


def send(worker: MailWorker) -> None:
    worker.send_what_is_due(threading.Event())


def test_several_messages_go_over_one_connection_as_plain_text_from_the_sender(
    queue: MailQueue, put: Callable[..., None], mails: MailServer
) -> None:
    put("mo@example.org", "li@example.org")
    send(worker(queue, mails.url))
    assert mails.recipients == ["mo@example.org", "li@example.org"]
    mail = mails.mails[0]
    expected = {
        "From": "Moogle <no-reply@id.example.org>",
        "To": "mo@example.org",
        "Subject": "Choose a new password",
        "Content-Language": "en",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
    }
    assert {name: mail[name] for name in expected} == expected
    assert mails.to("mo@example.org") == [
        f"""Hello mo,

Somebody, probably you, asked for a new password for your account at {ISSUER}.
To choose one, open this address within 20 minutes:

{ISSUER}/new-password?link=mol_{"A" * 43}

If it wasn’t you, do nothing: your password stays as it is, and nobody but you has this link.
"""
    ]
    assert queue.figures() == (0, None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", MailKind)
def test_every_message_has_its_text_and_names_all_that_the_text_wants(kind: MailKind, language: str) -> None:
    made = message(claim(kind, language=language), ISSUER, SENDER)
    assert (made["Subject"] == TEXTS[kind].subject) is (language == "en")
    assert message_from_bytes(made.as_bytes(), policy=policy.default)["Subject"] == made["Subject"]
    assert "%(" not in made.get_content()
    assert len(made.get_content().splitlines()) == len(TEXTS[kind].body.splitlines())
    assert max(len(line) for line in made.as_bytes().splitlines()) <= 78


def test_nothing_that_a_person_chose_makes_a_header_or_a_line_of_its_own() -> None:
    """RFC 5322 §2.1: a header is what stands before the first empty line."""
    made = message(claim(MailKind.PASSWORD_CHANGED, username="mo\r\nBcc: all@example.org\r\n\r\nBuy"), ISSUER, SENDER)
    assert made["Bcc"] is None
    assert "Hello mo  Bcc: all@example.org    Buy," in made.get_content()
    names = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}
    assert set(made.keys()) == {*names, "Content-Language", "Content-Transfer-Encoding"}


@pytest.mark.parametrize("address", ["mo@example.org\r\nBcc: all@example.org", "mo@example.org, li@example.org", "mo"])
def test_an_address_that_is_more_than_one_is_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        message(claim(MailKind.NEW_PASSWORD, address), ISSUER, SENDER)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("smtp"), "localhost")


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_connection_with_tls_is_believed_by_its_certificate_and_carries_the_password(
    queue: MailQueue,
    put: Callable[..., None],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    # aiosmtpd doesn't know of its own implicit TLS, and would offer no AUTH there
    how = {"ssl_context": context, "auth_require_tls": False} if scheme == "smtps" else {"tls_context": context}
    with mail_server(password="p@ss:word", hostname="0.0.0.0", **how) as server:
        put("mo@example.org")
        good = f"{scheme}://moogle:p%40ss%3Aword@localhost:{server.port}"
        with pytest.raises(NotHandedOverError, match=r"SSLCertVerificationError"):
            send(worker(queue, good))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        for bad, why in (
            (good.replace("word", "guess"), "SMTPAuthenticationError 535"),
            (good.replace("@localhost", "@127.0.0.2"), "SSLCertVerificationError"),
        ):
            assert why in str(worker(queue, bad).check())
        assert worker(queue, good).check() is None
        assert server.mails == []
        with monkeypatch.context() as patch:
            patch.setattr("auth_service.storage.mail_queue.PAUSES", (0,))
            put("li@example.org")
        send(worker(queue, good))
        assert server.recipients == ["li@example.org"], "the other one is not due yet"


@pytest.mark.parametrize("user", ["", "moogle:secret@"])
def test_a_server_that_offers_no_tls_gets_neither_password_nor_mail(
    queue: MailQueue, put: Callable[..., None], mails: MailServer, user: str
) -> None:
    put("mo@example.org")
    with pytest.raises(NotHandedOverError, match="SMTPNotSupportedError"):
        send(worker(queue, f"smtp://{user}127.0.0.1:{mails.port}"))
    assert mails.mails == []


def test_a_recipient_that_is_refused_for_good_is_given_up_and_one_that_is_not_is_tried_later(
    queue: MailQueue, put: Callable[..., None], mails: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mails.refuse = {"mo@example.org": "550 no such user", "li@example.org": "450 not now"}
    put("mo@example.org", "li@example.org", "jo@example.org")
    send(worker(queue, mails.url))
    assert mails.recipients == ["jo@example.org"], "nobody waits for the others"
    assert queue.figures()[0] == 1
    assert "a message is given up: refused" in caplog.text
    assert "mo@example.org" not in caplog.text
    mails.refuse = {}
    later = queue.claim(now() + timedelta(minutes=1))
    assert later is not None
    assert later.address == "li@example.org"


def test_a_server_that_is_away_costs_nothing_but_time(
    queue: MailQueue, put: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    put("mo@example.org")
    with pytest.raises(NotHandedOverError, match="ConnectionRefusedError"):
        send(worker(queue, f"smtp+plain://127.0.0.1:{free_port()}"))
    assert queue.figures()[0] == 1


def test_a_server_that_never_finishes_a_sentence_is_left_at_the_deadline(
    queue: MailQueue, put: Callable[..., None]
) -> None:
    """The library's time-out is for each read, and something always comes."""
    put("mo@example.org")
    stop = threading.Event()

    def drip(listener: socket.socket) -> None:
        with suppress(OSError), listener.accept()[0] as connection:
            connection.sendall(b"220 hello\r\n")
            while True:
                connection.sendall(b"2")
                time.sleep(0.05)
        stop.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=drip, args=[listener], daemon=True).start()
        with pytest.raises(NotHandedOverError):
            send(worker(queue, f"smtp+plain://127.0.0.1:{listener.getsockname()[1]}", deadline=1.0))
        eventually(stop.is_set)
    assert queue.figures()[0] == 1


def test_the_worker_goes_on_after_an_outage_and_stops_when_it_is_told(
    queue: MailQueue,
    put: Callable[..., None],
    mails: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("auth_service.workers.mail_worker._PAUSE", 0.01)
    monkeypatch.setattr("auth_service.workers.mail_worker._PAUSE_AFTER_FAILURE", 0.01)
    monkeypatch.setattr("auth_service.storage.mail_queue.PAUSES", (0,))
    mails.refuse = {"mo@example.org": "421 going down"}
    put("mo@example.org")
    stop, caplog_level = threading.Event(), logging.ERROR
    with caplog.at_level(caplog_level):
        running = threading.Thread(target=worker(queue, mails.url).run, args=[stop])
        running.start()
        mails.refuse = {}
        eventually(lambda: "mo@example.org" in mails.recipients)
        stop.set()
        running.join(30)
    assert not running.is_alive()
    assert queue.figures() == (0, None)
