"""The stack as processes of this machine: gunicorn for the services, SQLite, and the best Redis there is."""

import functools
import json
import os
import random
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from tools import supervisor
from tools.addresses import NO_DOTENV, Addresses, is_free, service_environment
from tools.console import Problem, say, working
from tools.environment import PYTHON, ensure_environment
from tools.paths import LOCAL, LOGS, ROOT
from tools.readiness import wait_until_ready
from tools.registration import APP, DOCS, FIT, make_demo_account, register
from tools.secrets_store import secret, secret_file
from tools.supervisor import ProcessSpecification

DEMO_ACCOUNT = "demo-account"
"""The name under which its password is kept."""
_PORTS_OF_REDIS = range(21_000, 32_000)
_SETTINGS = LOCAL / "auth-settings.json"
_READY_WITHIN = 120
"""Seconds, on a slow and busy machine. A process that ends is told at once."""


def up(addresses: Addresses, *, demo: bool) -> str:
    """Start what isn't running and wait until it is ready; returns what was chosen, in words. Raises Problem."""
    if addresses.tls:
        raise Problem("https needs the proxy of Docker Compose: `make up STACK=compose TLS=1`, or here `make up TLS=0`")
    if os.environ.get("REPLICAS", "1") not in {"", "1"}:
        raise Problem("a second replica needs the proxy of Docker Compose: `make up STACK=compose REPLICAS=2`")
    if os.environ.get("MAIL", "0") not in {"", "0"}:
        raise Problem("the mail server is a container: `make up STACK=compose MAIL=1`")
    redis_server = shutil.which("redis-server") or shutil.which("valkey-server")
    chosen = f"local processes with SQLite and {_redis_in_words(redis_server)}"
    if supervisor.running() is not None:
        if Addresses.last() != addresses:
            raise Problem("it is already running at other addresses: `make down` first")
        ensure_environment("local")
        say("Already running.")
        _wait_until_ready(addresses)
        if demo:
            make_demo_account(auth_command(), fit_command(), DEMO_ACCOUNT)
        return chosen
    if supervisor.left_behind() is not None:
        with working("Ending what is left of the last start, whose supervisor was killed"):
            supervisor.stop()
    addresses.check_free()
    ensure_environment("local")
    redis_port = _any_free_port()
    redis_url = f"redis://:{secret('redis-password')}@127.0.0.1:{redis_port}/0"
    if redis_server is None:
        redis_url = f"redis://127.0.0.1:{redis_port}/0"
    auth, fit = _auth_settings(addresses, redis_url), _fit_settings(addresses, redis_url)
    app = _app_settings(addresses)
    with working("Preparing the databases"):
        _flask("auth_service", auth, "database", "upgrade")
        _flask("fit_service", fit, "database", "upgrade")
        _keep_settings(auth, fit, addresses)
    supervisor.start([_redis(redis_server, redis_port)])
    try:
        _wait_until_it_listens(redis_port)
        with working("Registering the Fit API and the app"):  # which may end grants, so it needs Redis
            register(auth_command(), addresses)
        if demo:
            make_demo_account(auth_command(), fit_command(), DEMO_ACCOUNT)
    except (Problem, KeyboardInterrupt):
        supervisor.stop()
        raise
    addresses.keep()
    say("Starting the services")
    supervisor.add(
        [
            _gunicorn("auth", "auth_service", addresses.auth_port, auth),
            _gunicorn("fit", "fit_service", addresses.fit_port, fit),
            ProcessSpecification("webhooks", [*_module("flask"), "--app", "fit_service", "webhooks", "deliver"], fit),
            _gunicorn("app", "examples/strength_app", addresses.app_port, app),
        ]
    )
    _wait_until_ready(addresses)
    return chosen


def auth_command() -> Any:
    """Runs commands of the authorization server's command line."""
    return functools.partial(_flask, "auth_service", _kept_settings("auth"))


def fit_command() -> Any:
    """Runs commands of the Fit API's command line."""
    return functools.partial(_flask, "fit_service", _kept_settings("fit"))


def _keep_settings(auth: dict[str, str], fit: dict[str, str], addresses: Addresses) -> None:
    """For `make demo`, and for people who use the command lines in a shell of their own."""
    exports = {**NO_DOTENV, **auth, **fit, "AUTH": addresses.auth, "FIT": addresses.fit}
    kept = {
        "auth-settings.json": json.dumps(auth),
        "fit-settings.json": json.dumps(fit),
        "environment": "".join(f"export {name}={shlex.quote(value)}\n" for name, value in exports.items()),
    }
    for name, text in kept.items():
        (LOCAL / name).touch(mode=0o600)
        (LOCAL / name).write_text(text, encoding="utf-8")


def _kept_settings(service: str) -> dict[str, str]:
    kept: dict[str, str] = json.loads((LOCAL / f"{service}-settings.json").read_text(encoding="utf-8"))
    return kept


def running() -> bool:
    """Whether the supervisor is alive, or anything that it has started."""
    return supervisor.running() is not None or supervisor.left_behind() is not None


def last_used() -> float:
    """When this stack was started last, in seconds since 1970; 0: never."""
    return _SETTINGS.stat().st_mtime if _SETTINGS.exists() else 0.0


def stop() -> bool:
    """End all processes. False if there was none. Raises Problem."""
    return supervisor.stop()


def logs() -> None:
    """Follow all logs until interrupted."""
    files = sorted(map(str, LOGS.glob("*.log")))
    if not files:
        raise Problem("there are no logs yet: `make up` first")
    os.execvp("tail", ["tail", "-n", "20", "-F", *files])


def _flask(package: str, settings: Mapping[str, str], *arguments: str, stdin: str = "") -> Any:
    done = subprocess.run(
        [*_module("flask"), "--app", package, *arguments],
        cwd=ROOT,
        env=service_environment(settings),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Problem(f"flask --app {package} {' '.join(arguments)}: {done.stderr.strip()[-2000:]}")
    return json.loads(done.stdout)


def _auth_settings(addresses: Addresses, redis_url: str) -> dict[str, str]:
    return {
        "AUTH_ISSUER": addresses.auth,
        "AUTH_DATABASE_URL": f"sqlite:///{LOCAL / 'auth.sqlite'}",
        "AUTH_REDIS_URL": redis_url,
        "AUTH_COMPACT_GRANTS": "true",
        "AUTH_TOKEN_KEYS_FILE": str(secret_file("token-key")),
    }


def _fit_settings(addresses: Addresses, redis_url: str) -> dict[str, str]:
    return {
        "FIT_RESOURCE": addresses.resource,
        "FIT_ISSUER": addresses.auth,
        "FIT_CLIENT_ID": FIT,
        "FIT_CLIENT_SECRET_FILE": str(secret_file("fit-client-secret")),
        "FIT_DATABASE_URL": f"sqlite:///{LOCAL / 'fit.sqlite'}",
        "FIT_REDIS_URL": redis_url,
        "FIT_DOCS_CLIENT_ID": DOCS,
        "FIT_WEBHOOK_KEYS_FILE": str(secret_file("fit-webhook-key")),
        "FIT_WEBHOOK_ALLOW_PRIVATE": "true",
    }


def _app_settings(addresses: Addresses) -> dict[str, str]:
    return {
        "APP_URL": addresses.app,
        "APP_ISSUER": addresses.auth,
        "APP_FIT_API": addresses.resource,
        "APP_CLIENT_ID": APP,
        "APP_CLIENT_SECRET_FILE": str(secret_file("app-client-secret")),
        "APP_SECRET_KEY_FILE": str(secret_file("app-secret-key")),
        "APP_DATABASE": str(LOCAL / "app.sqlite"),
    }


def _gunicorn(name: str, folder: str, port: int, settings: dict[str, str]) -> ProcessSpecification:
    command = [*_module("gunicorn"), "-c", f"{folder}/gunicorn.conf.py", "-b", f"127.0.0.1:{port}"]
    return ProcessSpecification(name, command, settings)


def _module(name: str) -> list[str]:
    """Runs a module, and not the script of its name in `.venv/bin`, whose first line can't hold every folder's name."""
    return [str(PYTHON), "-m", name]


def _redis(server: str | None, port: int) -> ProcessSpecification:
    if server is None:
        return ProcessSpecification("redis", [*_module("tools.embedded_redis"), str(port)], {})
    data = LOCAL / "redis"
    data.mkdir(mode=0o700, exist_ok=True)
    configuration = LOCAL / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        f"bind 127.0.0.1\nport {port}\nrequirepass {secret('redis-password')}\ndir {_quoted(str(data))}\n"
        'appendonly yes\nappendfsync always\nmaxmemory-policy noeviction\nsave ""\n',
        encoding="utf-8",
    )
    return ProcessSpecification("redis", [server, str(configuration)], {})


def _quoted(text: str) -> str:
    """As Redis reads it in its configuration, whatever a folder's name holds."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _redis_in_words(server: str | None) -> str:
    if server is None:
        return "the embedded Redis (fakeredis: a restart ends every session and token; accounts and weights stay)"
    return os.path.basename(server)  # noqa: PTH119 - a name, not a file


def _wait_until_ready(addresses: Addresses) -> None:
    wait_until_ready(addresses.services, _READY_WITHIN, _check_that_all_live)


def _check_that_all_live() -> None:
    for name, code in supervisor.ended_processes().items():
        how = f"exit code {code}" if code >= 0 else f"signal {-code}"
        raise Problem(f"{name} has ended ({how}); {LOGS / name}.log may say why. Then `make down` and `make up`")


def _wait_until_it_listens(port: int) -> None:
    deadline = time.monotonic() + _READY_WITHIN
    while True:
        _check_that_all_live()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > deadline:
            raise Problem(f"Redis does not answer after {_READY_WITHIN} s; {LOGS / 'redis.log'} may say why")
        time.sleep(0.05)


def _any_free_port() -> int:
    """Return one of those that no kernel gives to outgoing connections, which might take it before Redis does."""
    return next(port for port in random.sample(_PORTS_OF_REDIS, len(_PORTS_OF_REDIS)) if is_free(port))
