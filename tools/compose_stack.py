"""The stack in containers: Docker Compose, 1.29 or 2, with PostgreSQL and Redis. What runs is docker-compose.yml."""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tools import compose_environment
from tools.addresses import Addresses, service_environment
from tools.console import Problem, working
from tools.environment import ensure_environment, was_without_network
from tools.paths import ROOT
from tools.readiness import wait_until_ready
from tools.redis_pair import PAIR, SENTINELS, SERVICE
from tools.registration import make_demo_account, register

DEMO_ACCOUNT = "demo-account-in-containers"
"""The name under which its password is kept: these have a database of their own."""
_READY_WITHIN = 120
"""Seconds, once the images are built."""


def available() -> bool:
    """Whether an engine answers and there is a Compose to talk to it."""
    return _compose_command() is not None and _succeeds(["docker", "info"])


def up(addresses: Addresses, *, demo: bool) -> str:
    """Build, start and wait until everything is ready; returns what was chosen, in words. Raises Problem."""
    replicas = int(os.environ.get("REPLICAS") or compose_environment.replicas())
    if _compose_command() is None:
        raise Problem("Docker Compose is not installed: install it, or use `make up STACK=local`")
    if not _succeeds(["docker", "info"]):
        raise Problem("no Docker engine answers: start it; `make up STACK=local` needs none, and has data of its own")
    if running() and Addresses.last() != addresses:
        raise Problem("it is already running at other addresses: `make down` first")
    if running() and compose_environment.replicas() != replicas:
        raise Problem(f"it is already running with REPLICAS={compose_environment.replicas()}: `make down` first")
    if not running():
        addresses.check_free()
        if addresses.tls:
            _ensure_certificate()
    _check_that_containers_are_ours()
    if compose_environment.replicas() > replicas:
        with working("Bringing Redis' data together"):
            _let_first_redis_have_everything()
    compose_environment.write(addresses, replicas)
    addresses.keep()
    with working("Building the images (the first time takes some minutes)"):
        _run("build")
    with working("Starting the authorization server"):
        _run("up", "--detach", "--remove-orphans", "auth", *(SENTINELS if replicas == 2 else ()))
        wait_until_ready({"auth": "http://localhost:8000"}, _READY_WITHIN, ask=functools.partial(_ready_inside, "auth"))
    with working("Registering the Fit API and the app"):
        register(auth_command(), addresses)
    with working("Starting everything else"):
        _run("up", "--detach")
        wait_until_ready(addresses.services, _READY_WITHIN)
    compose_environment.note_update()
    if demo:
        make_demo_account(auth_command(), fit_command(), DEMO_ACCOUNT)
    twice = ", two of each service and Sentinel" if replicas == 2 else ""
    return f"containers of Docker Compose, with PostgreSQL and Redis{twice}"


def _let_first_redis_have_everything() -> None:
    """Start the pair that ran last, until the one that will be alone has what the other took. Raises Problem."""
    _run("up", "--detach", *SENTINELS)
    wait_until_ready({PAIR[0]: PAIR[0]}, _READY_WITHIN, ask=_has_everything)
    _run("down")


def _has_everything(redis: str) -> bool:
    """Whether it is the master, or follows the one that is, by the word of each Sentinel."""
    try:
        for sentinel in SENTINELS:
            ask = ("exec", "-T", sentinel, "redis-cli", "-p", "26379", "sentinel")
            master = _run(*ask, "get-master-addr-by-name", SERVICE).split()[0]
            told = _run(*ask, "replicas", SERVICE).split("\n")
            replica = dict(zip(told[::2], told[1::2], strict=False))
            follows = (replica.get("role-reported"), replica.get("master-link-status")) == ("slave", "ok")
            if master != redis and not (replica.get("ip") == redis and follows):
                return False
    except Problem:
        return False
    return True


def running() -> bool:
    """Whether any container of this checkout is up."""
    if not compose_environment.FILE.exists() or _compose_command() is None or not _succeeds(["docker", "info"]):
        return False
    return _owner() is None and bool(_run("ps", "--quiet").strip())


def last_used() -> float:
    """When this stack was started last, in seconds since 1970; 0: never."""
    return compose_environment.FILE.stat().st_mtime if compose_environment.FILE.exists() else 0.0


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
        raise Problem(
            f"the containers of the project {compose_environment.project()} belong to {owner}: `make down` there first"
        )


def _owner() -> str | None:
    """The other checkout, if there is one, whose containers have the name of our project: this one is its copy."""
    label = "com.docker.compose.project"
    command = ["docker", "ps", "--all", "--filter", f"label={label}={compose_environment.project()}"]
    command += ["--format", f'{{{{.Label "{label}.working_dir"}}}}']
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    folders = {Path(folder) for folder in found.stdout.splitlines() if folder}
    return next((str(folder) for folder in folders if folder != ROOT and folder.exists()), None)


def _succeeds(command: list[str]) -> bool:
    try:
        environment = service_environment({})
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=20, check=False)
        return done.returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _ensure_certificate() -> None:
    """Before anything runs that would go on with the old one."""
    command = [str(ensure_environment("local")), "-m", "tools.local_certificate"]
    subprocess.run(command, cwd=ROOT, check=True)
