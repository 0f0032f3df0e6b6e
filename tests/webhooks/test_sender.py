"""One attempt: signed, to the address that was checked, within its deadline, whatever the receiver does."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from fit_service.rules.webhooks.outcome import Outcome
from fit_service.rules.webhooks.signature import new_secret, signature_headers
from fit_service.workers.webhook_sender import Sender
from tests.support.certificates import self_signed
from tests.support.receiver import Receiver, receiver
from tests.support.stub_authorization_server import StubAuthorizationServer, drip, flood, reply

SECRET = new_secret()
BODY = '{"type":"webhook.test","data":{"text":"é"}}'
DEADLINE = 0.5
DELIVERED, NO_ANSWER = Outcome(), Outcome("no answer")


def send(url: str, *, allow_private: bool = True, tls: ssl.SSLContext | None = None) -> Outcome:
    with Sender(allow_private=allow_private, deadline=DEADLINE, tls=tls).connection_to(url) as connection:
        return connection.send(SECRET, "msg_1", BODY)


# Signed


@pytest.mark.clause("Standard Webhooks 1.0.0, Signature scheme")
def test_a_receiver_verifies_a_message_with_a_library_that_is_not_ours() -> None:
    with receiver() as inbox:
        assert send(inbox.url) == DELIVERED
    [message] = inbox.messages
    assert message.verified(SECRET) == {"type": "webhook.test", "data": {"text": "é"}}
    assert (message.path, message.id) == ("/hook?of=mo", "msg_1")
    assert abs(int(message.headers["webhook-timestamp"]) - time.time()) < 60
    assert message.headers["content-type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        message.verified(new_secret())


@pytest.mark.clause("Standard Webhooks 1.0.0, Signature scheme")
def test_the_signature_covers_id_moment_and_body() -> None:
    now = int(time.time())
    headers = signature_headers(SECRET, "msg_1", now, BODY.encode())
    assert Webhook(SECRET).verify(BODY, headers)
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(now + 1)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(SECRET).verify(BODY, headers | changed)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + " ", headers)


@pytest.mark.clause("Standard Webhooks 1.0.0, Signature scheme")
def test_secrets_are_fresh_and_256_bits_long_in_the_form_that_libraries_expect() -> None:
    first, second = new_secret(), new_secret()
    assert first != second
    assert first.startswith("whsec_")
    assert len(Webhook(first)._whsecret) == 32


# What counts as delivered


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_a_success(status: int) -> None:
    with receiver() as inbox:
        inbox.answer = lambda _: status
        assert send(inbox.url) == DELIVERED


@pytest.mark.parametrize("status", [300, 304, 400, 401, 403, 404, 405, 413, 429, 500, 502, 503, 504])
def test_any_other_status_is_a_failure(status: int) -> None:
    with receiver() as inbox:
        inbox.answer = lambda _: status
        assert send(inbox.url) == Outcome(f"it answered {status}")


def test_410_says_that_the_receiver_is_gone() -> None:
    with receiver() as inbox:
        inbox.answer = lambda _: 410
        assert send(inbox.url) == Outcome("it answered 410", gone=True)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("120", 120), ("0", 0), ("-1", 0), ("1.5", 0), ("Fri, 31 Dec 1999 23:59:59 GMT", 0), ("9" * 30, 0)],
)
def test_retry_after_is_heard_in_seconds(value: str, seconds: int) -> None:
    with receiver() as inbox:
        inbox.answer = lambda _: (503, {"Retry-After": value}, b"")
        assert send(inbox.url) == Outcome("it answered 503", retry_after=seconds)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_not_followed(status: int) -> None:
    with receiver() as inbox, receiver() as elsewhere:
        inbox.answer = lambda _: (status, {"Location": elsewhere.url}, b"")
        assert send(inbox.url) == Outcome(f"it answered {status}")
    assert (len(inbox.messages), elsewhere.connections) == (1, 0)


# Manners


MANNERS: dict[str, tuple[Callable[[socket.socket], Any], Outcome]] = {
    "closes at once": (lambda connection: connection.close(), NO_ANSWER),
    "says nothing": (lambda connection: connection.recv(1), Outcome("no answer in time")),
    "no HTTP": (lambda connection: connection.sendall(b"220 mail.example ESMTP\r\n\r\n"), NO_ANSWER),
    "a status that is none": (lambda connection: connection.sendall(b"HTTP/1.1 2xx OK\r\n\r\n"), NO_ANSWER),
    "half a head": (lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-"), DELIVERED),
    "a dripping head": (lambda connection: drip(connection, reply() * 3), Outcome("no answer in time")),
    "endless headers": (lambda connection: flood(connection, b"HTTP/1.1 200 OK\r\nX: "), NO_ANSWER),
    "an endless body": (lambda connection: flood(connection, b"HTTP/1.1 200 OK\r\n\r\n"), DELIVERED),
    "a body that never comes": (lambda connection: connection.sendall(reply(length="100")), DELIVERED),
    "a dripping body": (
        lambda connection: (connection.sendall(reply(length="500")), drip(connection, b"x" * 100)),
        DELIVERED,
    ),
    "a huge length": (lambda connection: connection.sendall(reply(length="9" * 20)), DELIVERED),
    "an unusable length": (lambda connection: connection.sendall(reply(length="-5")), DELIVERED),
    "a bomb": (
        lambda connection: connection.sendall(reply(body=b"\x1f\x8b\x08", more="Content-Encoding: gzip\r\n")),
        DELIVERED,
    ),
    "an interim answer": (lambda connection: connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + reply()), DELIVERED),
}


@pytest.mark.parametrize("case", MANNERS)
def test_whatever_a_receiver_does_the_attempt_ends_in_time(case: str) -> None:
    behaviour, outcome = MANNERS[case]
    with StubAuthorizationServer.running() as stub:
        stub.behaviour = lambda connection, _: behaviour(connection)
        began = time.monotonic()
        assert send(f"{stub.address}/") == outcome
        assert time.monotonic() - began < 3 * DEADLINE + 1


def test_nobody_listening_is_a_failure() -> None:
    with receiver() as inbox:
        pass
    assert send(inbox.url) == NO_ANSWER


def test_several_messages_share_a_connection() -> None:
    with receiver() as inbox, Sender(allow_private=True).connection_to(inbox.url) as connection:
        inbox.answer = lambda _: (200, {}, b"thanks")
        for number in range(5):
            assert connection.send(SECRET, f"msg_{number}", BODY) == DELIVERED
        assert (len(inbox.messages), inbox.connections) == (5, 1)


def test_a_connection_that_was_closed_meanwhile_is_no_failure() -> None:
    with (
        StubAuthorizationServer.running() as stub,
        Sender(allow_private=True).connection_to(stub.address) as connection,
    ):
        stub.behaviour = lambda connection, _: connection.sendall(reply())  # and closes, without saying so
        for number in range(3):
            assert connection.send(SECRET, f"msg_{number}", BODY) == DELIVERED
            time.sleep(0.05)
        assert len(stub.requests) == 3


# To the address that was checked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_without_permission_no_connection_is_made_to_a_private_address(host: str) -> None:
    with receiver() as inbox:
        outcome = send(inbox.url.replace("127.0.0.1", host), allow_private=False)
    assert outcome == NO_ANSWER
    assert inbox.connections == 0


def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[tuple[str, int]]) -> list[str]:
    """Have names resolve, for this thread and its look-ups, to these answers in turn; the names that were asked for."""
    asked: list[str] = []
    here, others = threading.get_ident(), socket.getaddrinfo

    def getaddrinfo(host: str, *where: Any, **options: Any) -> list[Any]:
        if threading.get_ident() != here and threading.current_thread().name != "look-up":
            return others(host, *where, **options)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def connecting(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The addresses to which this thread connects."""
    connected: list[Any] = []
    here, connect = threading.get_ident(), socket.socket.connect

    def note(self: socket.socket, address: Any) -> None:
        if threading.get_ident() == here:
            connected.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", note)
    return connected


def test_a_name_that_leads_inside_the_second_time_it_is_asked_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: a check that resolves by itself would see the public address and connect to the other."""
    with receiver() as inbox:
        port = int(inbox.url.rpartition(":")[2].partition("/")[0])
        asked = resolving(monkeypatch, [("192.0.2.1", port)], [("127.0.0.1", port)])
        outcome = send(f"https://app.example:{port}/", allow_private=False)
    assert outcome == NO_ANSWER
    assert asked == ["app.example"]
    assert inbox.connections == 0


def test_of_several_addresses_only_the_allowed_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as inbox:
        port = int(inbox.url.rpartition(":")[2].partition("/")[0])
        resolving(monkeypatch, [("169.254.169.254", port), ("127.0.0.1", port)])
        assert send(f"http://app.localhost:{port}/") == DELIVERED
        monkeypatch.undo()
        resolving(monkeypatch, [("169.254.169.254", port), ("0.0.0.0", port)])
        connected = connecting(monkeypatch)
        assert send(f"http://app.localhost:{port}/") == NO_ANSWER
    assert connected == []


def test_a_name_that_nobody_knows_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert send("https://app.example/") == NO_ANSWER
    resolving(monkeypatch, [])
    assert send("https://app.example/") == NO_ANSWER


def test_a_name_server_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    over, ended, others = threading.Event(), threading.Event(), socket.getaddrinfo

    def getaddrinfo(host: str, *where: Any, **options: Any) -> Any:
        if host == "app.example":
            over.wait(60)
            ended.set()
        return others("localhost", *where, **options)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    try:
        assert send("https://app.example/") == Outcome("no answer in time")
        assert not ended.is_set()
    finally:
        over.set()


# Over TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificate and key of `app.example`, signed by itself."""
    return self_signed(tmp_path_factory.mktemp("tls"), "app.example")


def tls_receiver(certificate: Path, names: list[str | None]) -> Any:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    return receiver(context)


def test_the_name_stays_in_tls_and_in_host_while_the_checked_address_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    names: list[str | None] = []
    with tls_receiver(certificate, names) as inbox:
        port = inbox.url.rpartition(":")[2].partition("/")[0]
        asked = resolving(monkeypatch, [("127.0.0.1", int(port))])
        trusting = ssl.create_default_context(cafile=str(certificate))
        assert send(f"https://app.example:{port}/", tls=trusting) == DELIVERED
    assert (names, asked) == (["app.example"], ["app.example"])
    assert inbox.messages[0].headers["host"] == f"app.example:{port}"
    assert inbox.messages[0].verified(SECRET)


@pytest.mark.parametrize("trusted", [True, False])
def test_a_certificate_for_another_name_or_of_a_stranger_is_refused(
    monkeypatch: pytest.MonkeyPatch, certificate: Path, trusted: bool
) -> None:
    inbox: Receiver
    with tls_receiver(certificate, []) as inbox:
        port = inbox.url.rpartition(":")[2].partition("/")[0]
        resolving(monkeypatch, [("127.0.0.1", int(port))])
        host = "other.example" if trusted else "app.example"
        tls = ssl.create_default_context(cafile=str(certificate)) if trusted else None
        outcome = send(f"https://{host}:{port}/", tls=tls)
    assert outcome == Outcome("no TLS connection that can be trusted")
    assert inbox.messages == []
