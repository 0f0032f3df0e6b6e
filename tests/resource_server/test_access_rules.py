"""Whatever a path is made to look like, nobody reaches behind it what its plain form would not let them reach: the same
table under each adapter, framework and server.
"""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.resource_server import OPEN, Needs, any_of, asgi_middleware, needed_authentication, needed_scopes
from tests.resource_server.asgi_servers import (
    answers,
    served_by_hypercorn,
    served_by_hypercorn_on_trio,
    served_by_uvicorn,
)
from tests.resource_server.reached_applications import (
    FRAMEWORKS,
    MOUNTED_AT,
    RESOURCE,
    asgi_applications,
    asgi_by_host,
    rule,
    validator_at,
)
from tests.support.polling import eventually
from tests.support.servers import free_port
from tests.support.small_authorization_server import SmallAuthorizationServer, small_authorization_server

ROOT = Path(__file__).resolve().parents[2]
READER = "reader"

PLAIN = {
    "/open": (200, 200),
    "/diary/secret": (401, 200),
    "/changes": (401, 403),
    "/unnamed": (401, 403),
    "/": (401, 403),
}
"""The status without a token, and with one that may read."""
DISGUISED = {
    "//diary/secret": True,
    "/diary//secret": True,
    "/diary/./secret": True,
    "/open/../diary/secret": True,
    "/diary/secret/../../open": True,
    "/open/%2e%2e/diary/secret": True,
    "/diary%2fsecret": True,
    "/%64iary/secret": True,
    "/diary%5csecret": True,
    "/%c3%bcbung": True,
    "/diary/secret;.css": True,
    "/diary/secret%3f.css": True,
    "/diary/secret%23.css": True,
    "/diary/secret%0a.css": True,
    "//changes": False,
    "/diary/secret/../../changes": False,
    "/changes/../diary/secret": False,
    "/changes/.": False,
    "/changes;/../diary/secret": False,
}
"""Whether a token that may read may reach it. Without a token nobody may."""


@dataclass(frozen=True)
class Place:
    """Where an application is called."""

    port: int
    host: str
    prefix: str
    """What stands before the paths of its own."""

    def status(self, target: str, token: str | None) -> int:
        """Of a target, sent as it stands."""
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        request = f"GET {target} HTTP/1.1\r\nHost: {self.host}\r\nConnection: close\r\n{authorization}\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=120) as connection:
            connection.sendall(request.encode())
            return int(connection.makefile("rb").readline().split()[1])

    def targets(self, path: str) -> tuple[str, ...]:
        """A path in origin form and in absolute form."""
        return f"{self.prefix}{path}", f"http://{self.host}{self.prefix}{path}", f"HTTP://x:80{self.prefix}{path}"

    def faults(self) -> list[str]:
        """What is let through and shouldn't be, or the other way round."""
        found = []
        for path, (without, reading) in PLAIN.items():
            seen = self.status(self.prefix + path, None), self.status(self.prefix + path, READER)
            found += [f"{path} {seen}"] if seen != (without, reading) else []
        for path, may_read in [*DISGUISED.items(), *((path, read != 403) for path, (_, read) in PLAIN.items())]:
            for target in self.targets(path):
                if self.status(target, None) == 200 and path != "/open":
                    found.append(f"{target} without a token")
                if not may_read and self.status(target, READER) == 200:
                    found.append(f"{target} with a token that may only read")
        return found


@pytest.fixture(scope="module")
def server() -> Iterator[SmallAuthorizationServer]:
    with small_authorization_server(RESOURCE) as running:
        running.issue(READER)
        yield running
        running.let_polls_go()


@contextmanager
def served_by_gunicorn(application: str, auth_url: str, *options: str) -> Iterator[int]:
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--no-control-socket", *options]
    environment = {"REACHED_AUTH_URL": auth_url, "PATH": ""}
    with subprocess.Popen(
        [*command, f"tests.resource_server.reached_applications:{application}"],
        env=environment,
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            eventually(lambda: answers(port))
            yield port
        finally:
            process.terminate()


Serve = Callable[[ExitStack, SmallAuthorizationServer, str], int]


def by_uvicorn(running: ExitStack, server: SmallAuthorizationServer, root_path: str) -> int:
    app = asgi_by_host(asgi_applications(validator_for(running, server)))
    return running.enter_context(served_by_uvicorn(app, root_path))


def by_hypercorn(running: ExitStack, server: SmallAuthorizationServer, root_path: str) -> int:
    app = asgi_by_host(asgi_applications(validator_for(running, server)))
    return running.enter_context(served_by_hypercorn(app, root_path))


def by_hypercorn_on_trio(running: ExitStack, server: SmallAuthorizationServer, root_path: str) -> int:
    app = asgi_by_host(asgi_applications(validator_for(running, server)))
    return running.enter_context(served_by_hypercorn_on_trio(app, root_path))


def by_gunicorn(running: ExitStack, server: SmallAuthorizationServer, root_path: str) -> int:
    options = ("-k", "asgi", *(("--root-path", root_path) if root_path else ()))
    return running.enter_context(served_by_gunicorn("asgi_app", server.address, *options))


def validator_for(running: ExitStack, server: SmallAuthorizationServer) -> Any:
    validator = validator_at(server.address)
    running.callback(validator.close)
    return validator


SERVERS: dict[str, Serve] = {
    "uvicorn": by_uvicorn,
    "hypercorn": by_hypercorn,
    "hypercorn on Trio": by_hypercorn_on_trio,
    "gunicorn": by_gunicorn,
}
NOT_ON_TRIO = "quart"


@pytest.mark.clause("RFC 9112 §3.2.2")
@pytest.mark.parametrize("root_path", ["", "/api"])
@pytest.mark.parametrize("name", SERVERS)
def test_no_disguise_of_a_path_reaches_more_than_the_plain_path_under_asgi(
    server: SmallAuthorizationServer, name: str, root_path: str
) -> None:
    # uvicorn takes a proxy to have cut the root path off, and puts it before the path; the others leave paths alone
    before = "" if name == "uvicorn" else root_path
    frameworks = [each for each in FRAMEWORKS if not (name.endswith("Trio") and each == NOT_ON_TRIO)]
    with ExitStack() as running:
        port = SERVERS[name](running, server, root_path)
        places = [Place(port, framework, before) for framework in frameworks]
        places += [Place(port, f"{framework}-mounted", before + MOUNTED_AT) for framework in frameworks]
        assert {place.host: faults for place in places if (faults := place.faults())} == {}


@pytest.mark.clause("RFC 9112 §3.2.2")
def test_no_disguise_of_a_path_reaches_more_than_the_plain_path_under_wsgi(server: SmallAuthorizationServer) -> None:
    with served_by_gunicorn("wsgi_app", server.address, "-k", "gthread", "--threads", "2") as port:
        assert Place(port, "wsgi", "").faults() == []


def test_a_connection_of_an_unknown_kind_is_closed() -> None:
    reached: list[str] = []

    async def app(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        reached.append(scope["type"])

    async def nothing(*_: Any) -> None:
        raise AssertionError

    protected = asgi_middleware.TokenMiddleware(app, validator_at("http://127.0.0.1:1"), lambda *_: OPEN)
    with pytest.raises(NotImplementedError, match="webtransport"):
        asyncio.run(protected({"type": "webtransport", "path": "/open", "headers": []}, nothing, nothing))
    asyncio.run(protected({"type": "lifespan"}, nothing, nothing))
    assert reached == ["lifespan"]


@pytest.mark.parametrize(
    ("path", "root_path"),
    [
        ("/diary/secret", "/api"),
        ("/api/diary/secret", "/api"),
        ("http://x/api/diary/secret", "/api"),
        ("http://[/diary/secret", ""),
    ],
)
def test_a_path_is_decided_on_as_it_is_within_the_application(path: str, root_path: str) -> None:
    assert set(needed_scopes(rule, "GET", path, root_path) or ()) == {"plans:read"}


@pytest.mark.parametrize("path", ["/open/api/changes", "/apichanges"])
def test_where_frameworks_cut_a_root_path_off_differently_each_reading_counts(path: str) -> None:
    assert "plans:write" in (needed_scopes(rule, "GET", path, "/api") or ())


def open_but_for_changes(method: str, path: str) -> Needs:
    return {"plans:write"} if (method, path) == ("POST", "/changes") else OPEN


@pytest.mark.parametrize(("method", "path"), [("POST", "/changes\n"), ("post", "/changes"), ("pOsT", "//changes\n")])
def test_a_rule_that_names_what_is_closed_is_asked_about_the_request_as_a_framework_may_read_it(
    method: str, path: str
) -> None:
    """`$` in a route's pattern passes over a line feed at the end, and WSGI frameworks capitalise methods."""
    assert set(needed_scopes(open_but_for_changes, method, path) or ()) == {"plans:write"}
    assert needed_scopes(open_but_for_changes, "GET", path) is None


@pytest.mark.parametrize("alone", ["plans:read", any_of("plans:read"), needed_authentication(acr="plans:read")])
def test_what_belongs_into_a_collection_is_none(alone: Any) -> None:
    with pytest.raises(TypeError, match="plans:read"):
        needed_scopes(lambda *_: alone, "GET", "/")


@pytest.mark.parametrize("once", [iter(["plans:read"]), map(str, ["plans:read"]), (each for each in ["plans:read"])])
def test_what_can_be_read_only_once_is_no_collection(once: Any) -> None:
    """Whoever looked at it again would find that nothing is needed."""
    with pytest.raises(TypeError, match=r"iterator|map|generator"):
        needed_scopes(lambda *_: once, "GET", "/")
