"""WebSockets: who may open one, what refusals look like, and that one is closed when its token ends."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
import wsproto
from wsproto.events import AcceptConnection, CloseConnection, RejectConnection, RejectData, Request, TextMessage

from shared.resource_server import Needs, TokenValidator, connect, needed_authentication, token_validator
from shared.resource_server.asgi_middleware import WEBSOCKET, TokenMiddleware
from shared.resource_server.event_loop import watched_socket
from tests.resource_server.asgi_servers import served_by_hypercorn, served_by_hypercorn_on_trio, served_by_uvicorn
from tests.support.polling import eventually
from tests.support.small_authorization_server import ISSUER, SmallAuthorizationServer, small_authorization_server

RESOURCE = "https://plans.example/"
SERVERS: dict[str, Callable[[Any], AbstractContextManager[int]]] = {
    "uvicorn": served_by_uvicorn,
    "hypercorn": served_by_hypercorn,
    "hypercorn on Trio": served_by_hypercorn_on_trio,
}


def rule(method: str, _path: str) -> Needs:
    return {"plans:read"} if method == WEBSOCKET else None


@dataclass
class Socket:
    """A client's end."""

    connection: socket.socket
    protocol: wsproto.WSConnection
    status: int = 101
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def events(self) -> Iterator[Any]:
        while True:
            yield from self.protocol.events()
            received = self.connection.recv(65_536)
            self.protocol.receive_data(received or None)

    def say(self, text: str) -> str:
        self.connection.sendall(self.protocol.send(TextMessage(data=text)))
        event = next(event for event in self.events() if isinstance(event, TextMessage | CloseConnection))
        return event.data if isinstance(event, TextMessage) else f"closed with {event.code}"

    def closed_with(self) -> int:
        return next(int(event.code) for event in self.events() if isinstance(event, CloseConnection))


@contextmanager
def opened(port: int, token: str | None) -> Iterator[Socket]:
    protocol = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
    headers = [(b"Authorization", f"Bearer {token}".encode())] if token else []
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(protocol.send(Request(host="plans.example", target="/plans", extra_headers=headers)))
        client = Socket(connection, protocol)
        for event in client.events():
            if isinstance(event, AcceptConnection):
                break
            if isinstance(event, RejectConnection):
                client.status = event.status_code
                client.headers = {name.decode().lower(): value.decode() for name, value in event.headers}
                if not event.has_body:
                    break
            if isinstance(event, RejectData):
                client.body += event.data
                if event.body_finished:
                    break
        yield client


class Echo:
    """An application that answers each message with the same, and notes how it learns that a client is gone."""

    def __init__(self) -> None:
        self.gone: list[int] = []

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        while True:
            message = await receive()
            if message["type"] == "websocket.connect":
                await send({"type": "websocket.accept"})
            elif message["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": message["text"]})
            else:
                self.gone.append(message["code"])
                return


@pytest.fixture
def server() -> Iterator[SmallAuthorizationServer]:
    with small_authorization_server(RESOURCE) as running:
        yield running


@pytest.fixture
def validator(server: SmallAuthorizationServer) -> Iterator[TokenValidator]:
    validator = connect(
        resource=RESOURCE,
        issuer=ISSUER,
        client_id="plans",
        client_secret="a secret",
        auth_url=server.address,
        deadline=30.0,
    )
    yield validator
    server.let_polls_go()
    validator.close()


@pytest.fixture(params=SERVERS.values(), ids=SERVERS.keys())
def serve(request: pytest.FixtureRequest) -> Callable[[Any], AbstractContextManager[int]]:
    return request.param


@pytest.mark.clause("RFC 6750 §3")
def test_a_socket_is_refused_as_a_request_would_be(
    server: SmallAuthorizationServer, validator: TokenValidator, serve: Any
) -> None:
    good, other = server.issue("good"), server.issue("other", scope="other")
    with serve(TokenMiddleware(Echo(), validator, rule)) as port:
        with opened(port, good) as client:
            assert (client.status, client.say("hello")) == (101, "hello")
        for token, status, error in ((None, 401, ""), ("unknown", 401, "invalid_token"), (other, 403, "insufficient")):
            with opened(port, token) as client:
                assert (client.status, error in client.headers["www-authenticate"]) == (status, True)
                assert client.headers["content-type"] == "application/problem+json"
                assert b'"status": %d' % status in client.body
        server.down = True
        with opened(port, server.issue("new")) as client:
            assert (client.status, client.headers["retry-after"]) == (503, "1")


@pytest.mark.parametrize(("down", "sent"), [(False, [1008]), (True, ["accept", 1013])])
def test_without_denial_responses_an_outage_does_not_look_like_a_refusal(
    server: SmallAuthorizationServer, validator: TokenValidator, *, down: bool, sent: list[Any]
) -> None:
    server.down = down
    token, seen = server.issue("a", scope="other"), []

    async def send(message: Any) -> None:
        seen.append(message.get("code", message["type"].partition(".")[2]))

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    headers = [(b"authorization", f"Bearer {token}".encode())]
    scope = {"type": "websocket", "path": "/plans", "headers": headers, "query_string": b""}
    asyncio.run(TokenMiddleware(Echo(), validator, rule)(scope, receive, send))
    assert seen == sent


def test_an_open_socket_is_closed_when_its_token_ends_or_loses_the_scope(
    server: SmallAuthorizationServer, validator: TokenValidator, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_validator, "_SOON", 0.05)
    app = Echo()
    ended, narrowed, kept = (server.issue(name, grant=name * 32) for name in ("a", "b", "c"))
    with (
        serve(TokenMiddleware(app, validator, rule)) as port,
        opened(port, ended) as first,
        opened(port, narrowed) as second,
        opened(port, kept) as third,
    ):
        assert [client.say("1") for client in (first, second, third)] == ["1", "1", "1"]
        server.revoke(ended)
        assert first.closed_with() == 1008
        server.narrow_grant("b" * 32, "plans:write")
        assert second.closed_with() == 1008
        eventually(lambda: app.gone == [1008, 1008])
        assert third.say("2") == "2"


@pytest.mark.clause("RFC 9470 §3", line=146)
def test_a_socket_may_need_a_sign_in_of_some_class_and_is_closed_when_that_is_no_longer_said(
    server: SmallAuthorizationServer, validator: TokenValidator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_validator, "_SOON", 0.05)
    stronger = needed_authentication(acr="phr")
    token, other = server.issue("a", grant="a" * 32, acr="phr"), server.issue("b")
    with served_by_uvicorn(TokenMiddleware(Echo(), validator, lambda *_: {"plans:read", stronger})) as port:
        with opened(port, other) as client:
            assert client.status == 401
            assert client.headers["www-authenticate"].endswith(', acr_values="phr"')
        with opened(port, token) as client:
            assert client.say("1") == "1"
            server.issue("a", grant="a" * 32)
            server.narrow_grant("a" * 32, "plans:read")
            assert client.closed_with() == 1008


def test_a_socket_on_which_only_the_application_speaks_is_closed_too(
    server: SmallAuthorizationServer, validator: TokenValidator, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_validator, "_SOON", 0.05)
    token, done = server.issue("a"), threading.Event()

    async def ticker(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while not done.is_set():
            await send({"type": "websocket.send", "text": "tick"})
            await anyio.sleep(0.01)

    with serve(TokenMiddleware(ticker, validator, rule)) as port, opened(port, token) as client:
        assert next(event.data for event in client.events() if isinstance(event, TextMessage)) == "tick"
        server.revoke(token)
        assert client.closed_with() == 1008
        done.set()


def test_an_outage_closes_a_socket_only_after_a_while(
    server: SmallAuthorizationServer, validator: TokenValidator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_validator, "_SOON", 0.05)
    token = server.issue("a")
    with served_by_uvicorn(TokenMiddleware(Echo(), validator, rule)) as port, opened(port, token) as client:
        eventually(lambda: validator.knows(f"Bearer {token}"))
        server.down = server.feed_down = True
        asked = len(server.introspections)
        eventually(lambda: len(server.introspections) > asked + 3)
        assert client.say("1") == "1"
        monkeypatch.setattr(watched_socket, "LONGEST_UNCHECKED", 0.0)
        assert client.closed_with() == 1013
