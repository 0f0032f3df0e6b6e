"""The stack in containers: Docker Compose, 1.29 or 2, with PostgreSQL and Redis. What runs is docker-compose.yml."""

import functools
import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tools.addresses import Addresses, service_environment
from tools.console import Problem, working
from tools.environment import ensure_environment, was_without_network
from tools.paths import CERTIFICATE_FILE, LOCAL, ROOT
from tools.readiness import wait_until_ready
from tools.redis_users import users_file
from tools.registration import make_demo_account, register
from tools.secrets_store import secret

DEMO_ACCOUNT = "demo-account-in-containers"
"""The name under which its password is kept: these have a database of their own."""
_ENVIRONMENT = ROOT / ".env"
_PROJECT = "COMPOSE_PROJECT_NAME"
_PROXY_CONFIGURATION = ROOT / "deploy" / "proxy" / "haproxy.cfg"
_READY_WITHIN = 120
"""Seconds, once the images are built."""
_SECRETS = {
    "POSTGRES_PASSWORD": "postgres-password",
    "AUTH_DATABASE_PASSWORD": "auth-database-password",
    "FIT_DATABASE_PASSWORD": "fit-database-password",
    "AUTH_REDIS_PASSWORD": "redis-password",
    "AUTH_TOKEN_KEYS": "token-key",
    "FIT_REDIS_PASSWORD": "fit-redis-password",
    "FIT_CLIENT_SECRET": "fit-client-secret",
    "FIT_WEBHOOK_KEYS": "fit-webhook-key",
    "APP_CLIENT_SECRET": "app-client-secret",
    "APP_SECRET_KEY": "app-secret-key",
}


def available() -> bool:
    """Whether an engine answers and there is a Compose to talk to it."""
    return _compose_command() is not None and _succeeds(["docker", "info"])


def up(addresses: Addresses, *, demo: bool) -> str:
    """Build, start and wait until everything is ready; returns what was chosen, in words. Raises Problem."""
    replicas = int(os.environ.get("REPLICAS") or kept_replicas())
    if _compose_command() is None:
        raise Problem("Docker Compose is not installed: install it, or use `make up STACK=local`")
    if not _succeeds(["docker", "info"]):
        raise Problem("no Docker engine answers: start it; `make up STACK=local` needs none, and has data of its own")
    if running() and Addresses.last() != addresses:
        raise Problem("it is already running at other addresses: `make down` first")
    if running() and kept_replicas() != replicas:
        raise Problem(f"it is already running with REPLICAS={kept_replicas()}: `make down` first")
    if not running():
        addresses.check_free()
        if addresses.tls:
            _ensure_certificate()
    _check_that_containers_are_ours()
    _write_environment(addresses, replicas)
    addresses.keep()
    with working("Building the images (the first time takes some minutes)"):
        _run("build")
    with working("Starting the authorization server"):
        _run("up", "--detach", "--remove-orphans", "auth")
        wait_until_ready({"auth": "http://localhost:8000"}, _READY_WITHIN, ask=functools.partial(_ready_inside, "auth"))
    with working("Registering the Fit API and the app"):
        register(auth_command(), addresses)
    with working("Starting everything else"):
        _run("up", "--detach")
        wait_until_ready(addresses.services, _READY_WITHIN)
    if demo:
        make_demo_account(auth_command(), fit_command(), DEMO_ACCOUNT)
    twice = ", two of each service" if replicas == 2 else ""
    return f"containers of Docker Compose, with PostgreSQL and Redis{twice}"


def kept_replicas() -> int:
    """How many of each service there were last time: two or one."""
    kept = _ENVIRONMENT.read_text(encoding="utf-8") if _ENVIRONMENT.exists() else ""
    return 2 if "\nAUTH_2=" in kept else 1


def running() -> bool:
    """Whether any container of this checkout is up."""
    if not _ENVIRONMENT.exists() or _compose_command() is None or not _succeeds(["docker", "info"]):
        return False
    return _owner() is None and bool(_run("ps", "--quiet").strip())


def last_used() -> float:
    """When this stack was started last, in seconds since 1970; 0: never."""
    return _ENVIRONMENT.stat().st_mtime if _ENVIRONMENT.exists() else 0.0


def stop() -> bool:
    """Stop the containers and remove them; the volumes stay. False if there was none."""
    was_running = running()
    if was_running:
        _run("down")
    return was_running


def auth_command() -> Any:
    """Runs commands of the authorization server's command line in its container."""
    return functools.partial(_flask, "auth", "auth_service")


def fit_command() -> Any:
    """Runs commands of the Fit API's command line in its container."""
    return functools.partial(_flask, "fit", "fit_service")


def _flask(container: str, package: str, *arguments: str, stdin: str = "") -> Any:
    return json.loads(_run("exec", "-T", container, "flask", "--app", package, *arguments, stdin=stdin))


def restart(container: str, port: int) -> None:
    """Stop one container and start it again, as an update does; return when it is ready. Raises Problem."""
    _run("restart", "--timeout", "30", container)
    address = {container: f"http://localhost:{port}"}
    wait_until_ready(address, _READY_WITHIN, ask=functools.partial(_ready_inside, container))


def _ready_inside(container: str, address: str) -> bool:
    """Whether a service says so in its container, where nobody else is let in yet."""
    program = f"import urllib.request as u; u.urlopen('{address}/health/ready', timeout=2)"
    return _succeeds([*_command(), "exec", "-T", container, "python", "-c", program])


def logs() -> None:
    """Follow all logs until interrupted."""
    os.chdir(ROOT)
    command = [*_command(), "logs", "--follow", "--tail", "20"]
    os.execvpe(command[0], command, service_environment({}))


def _run(*arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [*_command(), *arguments],
        cwd=ROOT,
        env=service_environment({}),
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        everything = done.stdout + done.stderr
        if was_without_network(everything) or "dial tcp" in everything:  # which the engine says of a registry
            raise Problem("images and what they need could not be fetched: is there a network? Then `make up` again")
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise Problem(
            f"{' '.join([*_command(), *arguments])} has failed:\n{said}\n(`make up STACK=local` needs no containers)"
        )
    return done.stdout


def _command() -> list[str]:
    command = _compose_command()
    assert command is not None
    return command


def _compose_command() -> list[str] | None:
    if shutil.which("docker") and _succeeds(["docker", "compose", "version"]):
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def _check_that_containers_are_ours() -> None:
    if owner := _owner():
        raise Problem(f"the containers of the project {_project()} belong to {owner}: `make down` there first")


def _owner() -> str | None:
    """The other checkout, if there is one, whose containers have the name of our project: this one is its copy."""
    label = "com.docker.compose.project"
    command = ["docker", "ps", "--all", "--filter", f"label={label}={_project()}"]
    command += ["--format", f'{{{{.Label "{label}.working_dir"}}}}']
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    folders = {Path(folder) for folder in found.stdout.splitlines() if folder}
    return next((str(folder) for folder in folders if folder != ROOT and folder.exists()), None)


def _project() -> str:
    """Compose's name for this checkout's containers and volumes, kept in `.env` and other than any other checkout's.

    An `.env` without one was written when Compose still named everything after the folder: there the data are.
    """
    if name := os.environ.get(_PROJECT):
        return name
    kept = _ENVIRONMENT.read_text(encoding="utf-8") if _ENVIRONMENT.exists() else None
    folder = re.sub(r"[^-_a-z0-9]", "", ROOT.name.lower()).lstrip("-_")
    if kept is None:
        return f"{folder or 'moogle'}-{secrets.token_hex(4)}"
    named = re.search(rf"^{_PROJECT}=(.+)$", kept, re.MULTILINE)
    return named[1] if named else folder


def _succeeds(command: list[str]) -> bool:
    try:
        environment = service_environment({})
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=20, check=False)
        return done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


def _ensure_certificate() -> None:
    """Before anything runs that would go on with the old one."""
    command = [str(ensure_environment("local")), "-m", "tools.local_certificate"]
    subprocess.run(command, cwd=ROOT, check=True)


def _write_environment(addresses: Addresses, replicas: int) -> None:
    """`.env` for Compose, readable by its owner only, and Redis' users, who are known by digests."""
    values = {_PROJECT: _project()}
    values |= {name: secret(kept) for name, kept in _SECRETS.items()}
    values |= {
        "AUTH_PORT": str(addresses.auth_port),
        "FIT_PORT": str(addresses.fit_port),
        "APP_PORT": str(addresses.app_port),
    }
    values["PROXY_FILES"] = _digest(_PROXY_CONFIGURATION, *([CERTIFICATE_FILE] if addresses.tls else []))
    if addresses.tls:
        values |= {
            "PUBLIC_SCHEME": "https",
            "PROXY_BIND": ":8080 ssl crt /etc/moogle/site.pem alpn h2,http/1.1",
            "CA_FILE": "/etc/moogle/ca.crt",
        }
    if replicas == 2:
        values |= {
            "COMPOSE_PROFILES": "replicas",
            "AUTH_2": "auth-2:8000",
            "FIT_2": "fit-2:8001",
            "DRAIN_TIME": "5",  # seconds, in which the proxy notices: it asks each second
        }
    _ENVIRONMENT.touch(mode=0o600)
    _ENVIRONMENT.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    folder = LOCAL / "compose"
    folder.mkdir(exist_ok=True)
    users = users_file(values["AUTH_REDIS_PASSWORD"], values["FIT_REDIS_PASSWORD"])
    (folder / "users.acl").write_text(users, encoding="utf-8")
    (folder / "users.acl").chmod(0o644)  # Redis' own user reads it; the folder above is the owner's only
