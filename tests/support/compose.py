"""docker-compose.yml as Compose reads it, and its proxy in front of a stack of this test."""

import getpass
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.gunicorn_process import ROOT
from tests.support.polling import eventually
from tests.support.reverse_proxies import HAPROXY
from tests.support.servers import answers, free_port
from tests.support.stack import Stack, run_stack
from tests.support.strength_app import StrengthApp, run_strength_app
from tools import local_certificate

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))[
    "services"
]
TLS = {
    "PUBLIC_SCHEME": "https",
    "PROXY_BIND": ":8080 ssl crt /etc/moogle/site.pem alpn h2,http/1.1",
    "CA_FILE": "/etc/moogle/ca.crt",
}
"""What `make up TLS=1` writes into `.env`."""
TWO = {
    "COMPOSE_PROFILES": "replicas",
    "AUTH_2": "auth-2:8000",
    "FIT_2": "fit-2:8001",
    "DRAIN_TIME": "5",
    "REDIS_PAIR": "a0b1c2d3",
    "REDIS_START": "sh /usr/local/bin/start_with_own_file.sh a0b1c2d3",
    "REDIS_SCHEME": "redis+sentinel",
    "REDIS_PLACES": "sentinel-1:26379,sentinel-2:26379,sentinel-3:26379/moogle",
}
"""What `make up REPLICAS=2` writes into `.env`."""


def interpolated(text: object, values: Mapping[str, str]) -> str:
    """As Compose does it: `${NAME}`, `${NAME:-default}`, `${NAME:?}`."""
    return re.sub(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}", lambda found: values.get(found[1], found[2] or ""), str(text))


def environment_of(service: str, values: Mapping[str, str]) -> dict[str, str]:
    """The environment of a container."""
    return {name: interpolated(text, values) for name, text in SERVICES[service]["environment"].items()}


@dataclass(frozen=True)
class PublishedStack:
    """A stack, as it is reached through the proxy, and the app beside it."""

    stack: Stack
    app: StrengthApp
    inside: Stack
    """Past the proxy."""


@contextmanager
def published_stack(folder: Path, redis_url: str, patch: pytest.MonkeyPatch, *, tls: bool) -> Iterator[PublishedStack]:
    """Both services and the app behind HAProxy, with the configuration and the environment of Compose's proxy."""
    if HAPROXY.path is None:
        pytest.skip(f"needs {HAPROXY.program}")
    scheme, ports = "https" if tls else "http", [free_port() for _ in range(3)]
    if tls:
        trust_certificate(folder, patch)
    auth, fit = (f"{scheme}://localhost:{port}" for port in ports[:2])
    behind = {"trusted_proxies": 1, "fit_trusted_proxies": 1}
    names = {"issuer": auth, "fit_issuer": auth, "fit_resource": f"{fit}/api/"}
    with ExitStack() as running:
        inside = running.enter_context(run_stack(folder, redis_url, **names, **behind))
        stack = replace(inside, auth=auth, fit=fit)
        url = f"{scheme}://127.0.0.1:{ports[2]}"
        app = running.enter_context(run_strength_app(stack, folder, url))
        servers = {"AUTH": inside.auth, "FIT": inside.fit, "APP": app.inside}
        running.enter_context(compose_proxy(folder, ports, servers, TLS if tls else {}))
        running.callback(inside.fit_app.extensions["fit_service"].validator.close)  # it polls through the proxy
        yield PublishedStack(stack, app, inside)


@contextmanager
def compose_proxy(
    folder: Path, ports: list[int], servers: Mapping[str, str], values: Mapping[str, str]
) -> Iterator[None]:
    """HAProxy in front of these addresses, with one replica of each, on ports of this machine."""
    with (folder / "haproxy.log").open("w") as log:
        process = subprocess.Popen(
            command(), env=proxy_environment(folder, ports, servers, values), stdout=log, stderr=log
        )
    try:
        eventually(lambda: all(map(answers, ports)))
        yield
    finally:
        process.terminate()
        process.wait(60)


def command(*options: str) -> list[str]:
    """HAProxy with the file that Compose gives it."""
    [file] = [volume.split(":")[0] for volume in SERVICES["proxy"]["volumes"] if "haproxy.cfg" in volume]
    return [str(HAPROXY.path), *options, "-f", str(ROOT / file)]


def proxy_environment(
    folder: Path, ports: list[int], servers: Mapping[str, str], values: Mapping[str, str]
) -> dict[str, str]:
    """Compose's, but with ports, servers and files of this machine."""
    named = {name: str(port) for name, port in zip(("AUTH_PORT", "FIT_PORT", "APP_PORT"), ports, strict=True)}
    environment = environment_of("proxy", {**values, **named})
    listening = ",".join(f"127.0.0.1:{port}" for port in ports)
    environment["BIND"] = environment["BIND"].replace(":8080", listening).replace("/etc/moogle", str(folder))
    environment["INSIDE"] += " 127.0.0.1"  # here nobody comes through a container's network
    for name in ("AUTH_1", "AUTH_2", "FIT_1", "FIT_2", "APP"):
        environment[name] = servers[name.partition("_")[0]].removeprefix("http://").replace("localhost", "127.0.0.1")
    return {**os.environ, **environment, "RUN_AS": getpass.getuser()}


def trust_certificate(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Make the certificate of `make up TLS=1` in this folder, and let clients in Python trust it by their settings."""
    authority = folder / "ca.crt"
    patch.setattr(local_certificate, "CERTIFICATE_FILE", folder / "site.pem")
    patch.setattr(local_certificate, "CA_FILE", authority)
    assert local_certificate.ensure_certificate()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        patch.setenv(name, str(authority))
    return authority
