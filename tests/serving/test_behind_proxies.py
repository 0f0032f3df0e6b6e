"""What reaches an application on a Unix socket behind each proxy that `deploy/proxy` configures, and what doesn't."""

import json
import ssl
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from tests.support.gunicorn_process import GunicornProcess
from tests.support.polling import eventually
from tests.support.reverse_proxies import (
    HAPROXY,
    KINDS,
    NAMES,
    NGINX,
    SERVERS,
    Kind,
    ReverseProxy,
    open_folder,
    reverse_proxy,
)
from tests.support.servers import free_port, serve

SETTINGS = {
    "APP_URL": "https://app.moogle.test",
    "APP_ISSUER": "https://id.moogle.test",
    "APP_FIT_API": "https://fit.moogle.test/api/",
    "APP_CLIENT_ID": "strength",
    "APP_CLIENT_SECRET": "a secret",
    "APP_SECRET_KEY": "a key of thirty-two bytes or more",
    "APP_DATABASE": "unused",
}
"""Without which the configuration would refuse to start."""


@dataclass(frozen=True)
class Served:
    """The echo service, its folder, and the path of its socket."""

    folder: Path
    path: str

    @property
    def deaths(self) -> Path:
        return self.folder / "deaths"


@pytest.fixture(scope="module", params=["buffering_worker.worker.BufferingWorker", "gthread"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """With a configuration that all three services have in common."""
    with open_folder() as folder:
        served = Served(folder, str(folder / "socket"))
        options = (
            "-c",
            "examples/strength_app/gunicorn.conf.py",
            "-k",
            request.param,
            "-b",
            f"unix:{served.path}",
            "--graceful-timeout",
            "1",
        )
        app, environment = "tests.support.echo_service:app", {**SETTINGS, "TEST_DEATHS": str(served.deaths)}
        log = served.folder / "log"
        with GunicornProcess.running(app, free_port(), environment, *options, log=log) as process:
            process.wait_until_ready("/")
            yield served


@pytest.fixture(scope="module", params=KINDS)
def proxy(request: pytest.FixtureRequest, served: Served) -> Iterator[ReverseProxy]:
    kind = KINDS[request.param]
    if kind.path is None:
        pytest.skip(f"needs {kind.program}")
    with reverse_proxy(kind, dict.fromkeys(SERVERS, served.path)) as proxy:
        yield proxy


def test_an_application_hears_from_the_proxy_and_not_from_the_client_who_asked(proxy: ReverseProxy) -> None:
    claims = {
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Host": "other.example",
        "X-Forwarded-Proto": "http",
        "Forwarded": "for=192.0.2.1;host=other.example",
        "SCRIPT_NAME": "/b",
        "X-Request-Id": "of-the-client",
    }
    status, _, body = proxy.ask("POST", "/b/c?d=e", claims, b"text")
    told, host = json.loads(body), f"{NAMES[0]}:{proxy.port}"
    assert (status, told["body"], told["HTTP_X_REQUEST_ID"]) == (200, "text", "of-the-client")
    assert (told["SCRIPT_NAME"], told["PATH_INFO"], told["QUERY_STRING"]) == ("", "/b/c", "d=e")
    assert (told["HTTP_HOST"], told["HTTP_X_FORWARDED_HOST"]) == (host, host)
    assert (told["HTTP_X_FORWARDED_FOR"], told["HTTP_X_FORWARDED_PROTO"]) == ("127.0.0.1", "https")
    assert (told["wsgi.url_scheme"], told["REMOTE_ADDR"]) == ("http", "")  # those who count proxies look further
    assert "HTTP_FORWARDED" not in told


@pytest.mark.parametrize("path", ["/metrics", "/health/ready", "/%6Detrics", "/health%2Fready", "/metrics?a=b"])
def test_numbers_and_states_are_for_the_inside(proxy: ReverseProxy, path: str) -> None:
    assert proxy.ask("GET", path)[0] == 404


def test_another_name_is_not_served(proxy: ReverseProxy) -> None:
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    try:
        with ReverseProxy(proxy.port, tls).connection("other.example") as connection:
            connection.request("GET", "/b")
            assert connection.getresponse().status == 421
    except ssl.SSLError:
        pass


def test_a_post_that_was_not_answered_is_not_sent_again(proxy: ReverseProxy, served: Served) -> None:
    served.deaths.unlink(missing_ok=True)
    status, _, _ = proxy.ask("POST", "/die", {}, b"refresh_token=once")
    assert status in {502, 504}
    assert served.deaths.read_text() == "POST\n"
    eventually(lambda: proxy.ask("GET", "/b")[0] == 200)


@pytest.mark.parametrize("kind", [NGINX, HAPROXY], ids=lambda kind: kind.program)  # not Caddy before 2.11
def test_a_post_that_one_replica_refuses_is_for_the_other(kind: Kind, served: Served) -> None:
    if kind.path is None:
        pytest.skip(f"needs {kind.program}")
    port = free_port()
    servers = {**dict.fromkeys(SERVERS, served.path), "AUTH_1": f"127.0.0.1:{port}"}
    with ExitStack() as replica:
        replica.enter_context(serve(always_200(), port))
        with reverse_proxy(kind, servers) as proxy:
            replica.close()  # which the proxy notices after a second at the earliest, if at all
            statuses = Counter(proxy.ask("POST", "/b", {}, b"refresh_token=once")[0] for _ in range(20))
    assert statuses == {200: 20}


def always_200() -> Flask:
    app = Flask("replica")
    app.add_url_rule("/<path:_>", view_func=lambda _: "", methods=["GET", "POST"])
    return app
