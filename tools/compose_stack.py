"""The stack in containers: Docker Compose, 1.29 or 2, with PostgreSQL and Redis. What runs is docker-compose.yml."""

import functools
import json
import os
import shutil
import subprocess
from typing import Any

from tools.addresses import Addresses, service_environment
from tools.console import Problem, say
from tools.environment import ensure_environment
from tools.paths import LOCAL, ROOT
from tools.readiness import wait_until_ready
from tools.redis_users import users_file
from tools.registration import make_demo_account, register
from tools.secrets_store import secret

DEMO_ACCOUNT = "demo-account-in-containers"
"""The name under which its password is kept: these have a database of their own."""
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
    "APP_CLIENT_SECRET": "app-client-secret",
    "APP_SECRET_KEY": "app-secret-key",
}


def available() -> bool:
    """Whether an engine answers and there is a Compose to talk to it."""
    return _compose_command() is not None and _succeeds(["docker", "info"])


def up(addresses: Addresses, *, demo: bool) -> str:
    """Build, start and wait until everything is ready; returns what was chosen, in words. Raises Problem."""
    if _compose_command() is None:
        raise Problem("Docker Compose is not installed: install it, or use `make up STACK=local`")
    ensure_environment("runtime")
    if running() and Addresses.last() != addresses:
        raise Problem("it is already running on other ports: `make down` first")
    if not running():
        addresses.check_free()
    _write_environment(addresses)
    addresses.keep()
    say("Building and starting the containers (the first time takes some minutes)")
    _run("up", "--build", "--detach", "--remove-orphans")
    wait_until_ready(addresses, _READY_WITHIN)
    register(auth_command(), addresses)
    if demo:
        make_demo_account(auth_command(), fit_command(), DEMO_ACCOUNT)
    return "containers of Docker Compose, with PostgreSQL and Redis"


def running() -> bool:
    """Whether any container of ours is up."""
    if not (ROOT / ".env").exists() or _compose_command() is None:
        return False
    return bool(_run("ps", "--quiet").strip()) if _succeeds(["docker", "info"]) else False


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


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _write_environment(addresses: Addresses) -> None:
    """`.env` for Compose, readable by its owner only, and Redis' users, who are known by digests."""
    values = {name: secret(kept) for name, kept in _SECRETS.items()}
    values |= {
        "AUTH_PORT": str(addresses.auth_port),
        "FIT_PORT": str(addresses.fit_port),
        "APP_PORT": str(addresses.app_port),
    }
    environment = ROOT / ".env"
    environment.touch(mode=0o600)
    environment.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    folder = LOCAL / "compose"
    folder.mkdir(exist_ok=True)
    users = users_file(values["AUTH_REDIS_PASSWORD"], values["FIT_REDIS_PASSWORD"])
    (folder / "users.acl").write_text(users, encoding="utf-8")
    (folder / "users.acl").chmod(0o644)  # Redis' own user reads it; the folder above is the owner's only
