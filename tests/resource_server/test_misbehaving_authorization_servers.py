"""Whatever the authorization server does wrong, a protected service answers 503 in time: never 200, 401 or 500."""

import gzip
import json
import socket
import time
from typing import Any

import pytest

from tests.resource_server.conftest import PATIENCE, Service, active
from tests.support.stub_authorization_server import drip, flood, reply

GOOD = json.dumps(active()).encode()


def claims(**changes: Any) -> bytes:
    return reply(body=json.dumps(active(**changes)).encode())


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


ANSWERS: dict[str, bytes] = {
    "201": reply("201 Created", GOOD),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "206": reply("206 Partial Content", GOOD),
    "a redirect to itself": reply("307 Temporary Redirect", GOOD, more="Location: /introspect\r\n"),
    "a permanent redirect": reply("301 Moved", GOOD, more="Location: http://127.0.0.1:1/\r\n"),
    "304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "400": reply("400 Bad Request", b'{"error": "invalid_request"}'),
    "our credentials refused": reply("401 Unauthorized", b'{"error": "invalid_client"}'),
    "403": reply("403 Forbidden", b'{"active": false}'),
    "404": reply("404 Not Found", b'{"active": false}'),
    "429": reply("429 Too Many Requests", b"{}", more="Retry-After: 5\r\n"),
    "500": reply("500 Internal Server Error", GOOD),
    "503": reply("503 Service Unavailable", b"", more="Retry-After: soon\r\n"),
    "an unknown status": reply("799 Whatever", GOOD),
    "a status that is no number": reply("OK OK", GOOD),
    "HTML": reply(body=b"<p>Welcome</p>", content_type="text/html"),
    "JSON that is called text": reply(body=GOOD, content_type="text/plain"),
    "an empty body": reply(),
    "no JSON": reply(body=b"{active: true}"),
    "an array": reply(body=b"[" + GOOD + b"]"),
    "a string": reply(body=b'"active"'),
    "null": reply(body=b"null"),
    "deep nesting": reply(body=b"[" * 60_000),
    "bytes that are no text": reply(body=b"\xff\xfe\x00"),
    "nothing about active": reply(body=b"{}"),
    "active as a string": claims(active="true"),
    "active as a number": claims(active=1),
    "active as null": reply(body=b'{"active": null}'),
    "an inactive token with an excuse": reply(body=b'{"active": "false"}'),
    "no subject": claims(sub=None),
    "a subject that is a number": claims(sub=1),
    "no scope": claims(scope=None),
    "a scope that is a list": claims(scope=["plans:read"]),
    "no expiry": claims(exp=None),
    "an expiry that is text": claims(exp="tomorrow"),
    "an expiry that is true": claims(exp=True),
    "no audience": claims(aud=None),
    "an audience of numbers": claims(aud=[1]),
    "no issuer": claims(iss=None),
    "no token type": claims(token_type=None),
    "no grant": claims(grant_id=None),
    "an actor that is text": claims(act="svc"),
    "an actor without a name": claims(act={}),
    "an actor behind the actor without a name": claims(act={"sub": "svc", "act": {"sub": 1}}),
    "active, and expired long before by its own clock": claims(exp=int(time.time()) - 600),
    "another token's answer": claims(jti="bm90IHRoaXMgb25l"),
    "more than 64 KiB": reply(body=GOOD + b" " * 65_536),
    "less than promised": reply(body=GOOD, length="2000", more="Connection: close\r\n"),
    "a length that is no number": reply(body=GOOD, length="many"),
    "a negative length": reply(body=GOOD, length="-5"),
    "compressed": reply(body=gzip.compress(GOOD), more="Content-Encoding: gzip\r\n"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "half a status line": b"HTTP/1.1 20",
    "a hundred headers too many": reply(body=GOOD, more="X-More: 1\r\n" * 200),
    "an endless header": b"HTTP/1.1 200 OK\r\nX-More: " + b"x" * 70_000 + b"\r\n\r\n",
    "broken chunks": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n{}",
    "nothing": b"",
}

MANNERS = {
    "silence": lambda connection: connection.recv(1),  # until the client gives up
    "a reset": reset,
    "a good answer, byte by byte": lambda connection: drip(connection, reply(body=GOOD)),
    "an endless body": lambda connection: flood(connection, reply(body=b"{", length="99999999999")),
    "a body without end or length": lambda connection: flood(
        connection, b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{"
    ),
}


def assert_outage(service: Service) -> None:
    began = time.monotonic()
    answer = service.get()
    took = time.monotonic() - began
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json"), answer.text
    assert answer.json["status"] == 503
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert "WWW-Authenticate" not in answer.headers
    assert took < PATIENCE


def test_a_good_answer_lets_the_request_through(service: Service) -> None:
    service.authorization_server.behaviour = lambda connection, _: connection.sendall(reply(body=GOOD))
    answer = service.get()
    assert (answer.status_code, answer.text) == (200, "plans of sub_1")


@pytest.mark.clause("RFC 7662 §2.3", line=51)
@pytest.mark.parametrize("case", ANSWERS)
def test_a_wrong_answer_is_an_outage(service: Service, case: str) -> None:
    service.authorization_server.behaviour = lambda connection, _: connection.sendall(ANSWERS[case])
    assert_outage(service)


@pytest.mark.clause("RFC 7662 §2.3", line=51)
@pytest.mark.parametrize("deadline", [0.5])
@pytest.mark.parametrize("case", MANNERS)
def test_a_wrong_manner_is_an_outage(service: Service, case: str) -> None:
    service.authorization_server.behaviour = lambda connection, _: MANNERS[case](connection)
    assert_outage(service)


@pytest.mark.clause("RFC 7662 §2.3", line=51)
def test_nobody_listening_is_an_outage(service: Service) -> None:
    service.authorization_server.close()
    assert_outage(service)


def test_an_outage_ends_with_the_first_good_answer(service: Service) -> None:
    service.authorization_server.behaviour = lambda connection, _: connection.sendall(ANSWERS["500"])
    assert_outage(service)
    service.authorization_server.behaviour = lambda connection, _: connection.sendall(reply(body=GOOD))
    assert service.get().status_code == 200
