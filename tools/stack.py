"""`make up`, `make down`, `make restart`, `make logs`, `make demo`: in the way that was used last, which has the data.

The first time that is Docker Compose where an engine answers, else local processes.
"""

import os
import subprocess
import sys
from types import ModuleType

from tools import compose_environment, compose_stack, local_stack
from tools.addresses import Addresses
from tools.console import Problem, fail, paint, say, working
from tools.environment import ensure_environment
from tools.paths import CA_FILE, LOGS, ROOT, SECRETS, make_local_folders
from tools.registration import Command
from tools.secrets_store import remembered

_KINDS: dict[str, ModuleType] = {"local": local_stack, "compose": compose_stack}
_IN_WORDS = {local_stack: "local processes", compose_stack: "containers"}


def up() -> None:
    """Start everything, wait until it is ready, say where it is."""
    make_local_folders()
    addresses, demo = Addresses.wanted(), _wants_demo()
    if (replicas := os.environ.get("REPLICAS") or "1") not in {"1", "2"}:
        raise Problem(f"REPLICAS={replicas} is neither 1 nor 2")
    if (mail := os.environ.get("MAIL") or "0") not in {"0", "1"}:
        raise Problem(f"MAIL={mail} is neither 0 nor 1")
    kind = _wanted_kind()
    _say_where_data_are(kind)
    _say_what_changes(addresses)
    chosen = kind.up(addresses, demo=demo)
    say()
    say(f"{paint('Ready', 'green')}, as {chosen}.")
    say()
    say(f"  Strength app          {paint(addresses.app, 'bold')}   begin here: “Connect Moogle Fit”")
    say(f"  Authorization server  {paint(addresses.auth, 'bold')}")
    say(f"  Fit API               {paint(addresses.fit, 'bold')}   {addresses.fit}/docs: read about it and try it")
    if kind is compose_stack and compose_environment.mail():
        say(f"  What is mailed        {paint('http://localhost:8025', 'bold')}   anybody may make an account")
    if addresses.tls:
        say(f"  Your browser has to trust {CA_FILE}, once: docs/operations.md, “https on your machine”")
    if account := remembered(kind.DEMO_ACCOUNT):
        say()
        say(f"  Sign in as {paint(account['username'], 'bold')} with the password {paint(account['password'], 'bold')}")
        say(paint(f"  (kept in {SECRETS / kind.DEMO_ACCOUNT}.json, for you only)", "dim"))
    say()
    say("Next: `make demo` plays the whole story, `make logs` follows the logs, `make down` stops everything.")


def running_stack() -> tuple[Command, Addresses]:
    """The authorization server's command line and the addresses of the running stack. Raises Problem if none runs."""
    kind = _running_kind()
    if kind is None:
        raise Problem("nothing is running: `make up` first")
    return kind.auth_command(), Addresses.last()


def demo() -> None:
    """Play the story on the running stack; where none runs, start one and stop it again. Raises Problem."""
    started = _running_kind() is None
    if started:
        say("Nothing is running: starting it for the demo, and stopping it again afterwards.")
        say()
        up()
    try:
        code = _run_with_requests("tools.demo")
    finally:
        if started:
            say()
            down()
    sys.exit(code)


def restart() -> None:
    """Restart one replica after the other while requests go on, and say how they ended. Raises Problem."""
    if _running_kind() is not compose_stack or compose_environment.replicas() != 2:
        raise Problem("a rolling restart needs two of each service: `make up STACK=compose REPLICAS=2` first")
    sys.exit(_run_with_requests("tools.rolling_restart"))


def _run_with_requests(module: str) -> int:
    """Run what calls the services, which it trusts by a setting; its exit code."""
    trusted = {"REQUESTS_CA_BUNDLE": str(CA_FILE)} if Addresses.last().tls else {}
    command = [str(ensure_environment("local")), "-m", module]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **trusted}, check=False).returncode


def down() -> None:
    """Stop what `up` started. Data stay."""
    kind = _running_kind()
    if kind is None:
        say("Nothing was running.")
        return
    with working(f"Stopping the {_IN_WORDS[kind]}"):
        kind.stop()
    say("Stopped. Your data are kept; `make up` continues with them.")


def logs() -> None:
    """Follow the logs of what is running; where nothing is, of what ran last."""
    kind = _running_kind()
    if kind is None and any(LOGS.glob("*.log")):
        say("Nothing is running: these are old logs (Ctrl-C to leave).")
    (kind or local_stack).logs()


def _wants_demo() -> bool:
    wanted = os.environ.get("DEMO") or "1"
    if wanted not in {"0", "1"}:
        raise Problem(f"DEMO={wanted} is neither 1 (make a demo account) nor 0")
    return wanted == "1"


def _wanted_kind() -> ModuleType:
    wanted = os.environ.get("STACK") or ""
    if wanted not in {"", *_KINDS}:
        raise Problem(f"STACK={wanted} is neither local nor compose")
    running = _running_kind()
    kind = _KINDS[wanted] if wanted else running or _last_kind()
    if running is not None and running is not kind:
        raise Problem("it is already running in the other way: `make down` first")
    return kind or (compose_stack if compose_stack.available() else local_stack)


def _last_kind() -> ModuleType | None:
    """The one that was started last, and so has the data that people expect to find."""
    last = max(_KINDS.values(), key=lambda kind: kind.last_used())
    return last if last.last_used() else None


def _say_where_data_are(kind: ModuleType) -> None:
    last = _last_kind()
    if last is not None and last is not kind:
        say(f"The {_IN_WORDS[kind]} have data of their own; those of the {_IN_WORDS[last]} stay where they are.")
    elif last is local_stack and os.environ.get("STACK") != "local" and compose_stack.available():
        say("Continuing with local processes, which have your data; `make up STACK=compose` has data of its own.")


def _say_what_changes(addresses: Addresses) -> None:
    last = Addresses.last()
    if _last_kind() is not None and _running_kind() is None and addresses.auth != last.auth:
        say(f"The issuer changes from {last.auth} to {addresses.auth}: accounts and weights stay, apps connect again.")


def _running_kind() -> ModuleType | None:
    return next((kind for kind in _KINDS.values() if kind.running()), None)


def main() -> None:
    """Run one of the commands."""
    commands = {"up": up, "down": down, "logs": logs, "demo": demo, "restart": restart}
    with fail():
        if len(sys.argv) != 2 or sys.argv[1] not in commands:
            raise Problem(f"usage: python3 -m tools.stack {'|'.join(commands)}")
        commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
