"""`make up`, `make down`, `make logs`: with Docker Compose where an engine answers, else as local processes."""

import os
import sys
from types import ModuleType

from tools import compose_stack, local_stack
from tools.addresses import Addresses
from tools.console import Problem, fail, paint, say
from tools.paths import SECRETS, make_local_folders
from tools.registration import Command
from tools.secrets_store import remembered

_KINDS: dict[str, ModuleType] = {"local": local_stack, "compose": compose_stack}


def up() -> None:
    """Start everything, wait until it is ready, say where it is."""
    make_local_folders()
    addresses, demo = Addresses.wanted(), os.environ.get("DEMO") != "0"
    kind = _wanted_kind()
    chosen = kind.up(addresses, demo=demo)
    say()
    say(f"{paint('Ready', 'green')}, as {chosen}.")
    say()
    say(f"  Strength app          {paint(addresses.app, 'bold')}   begin here: “Connect Moogle Fit”")
    say(f"  Authorization server  {paint(addresses.auth, 'bold')}")
    say(f"  Fit API               {paint(addresses.fit, 'bold')}   {addresses.fit}/docs: read about it and try it")
    if account := remembered(kind.DEMO_ACCOUNT):
        say()
        say(f"  Sign in as {paint(account['username'], 'bold')} with the password {paint(account['password'], 'bold')}")
        say(paint(f"  (kept in {SECRETS / kind.DEMO_ACCOUNT}.json, for you only)", "dim"))
    say()
    say("Next: `make demo` plays the whole story, `make logs` follows the logs, `make down` stops everything.")


def running_stack() -> tuple[Command, Addresses]:
    """The authorization server's command line and the addresses of the stack, started if it isn't running."""
    if _running_kind() is None:
        up()
    kind = _running_kind()
    assert kind is not None
    return kind.auth_command(), Addresses.last()


def down() -> None:
    """Stop what `up` started. Data stay."""
    kind = _running_kind()
    stopped = kind.stop() if kind else False
    say("Stopped. Your data are kept; `make up` continues with them." if stopped else "Nothing was running.")


def logs() -> None:
    """Follow the logs of what is running."""
    (_running_kind() or local_stack).logs()


def _wanted_kind() -> ModuleType:
    wanted = os.environ.get("STACK") or ""
    if wanted not in {"", *_KINDS}:
        raise Problem(f"STACK={wanted} is neither local nor compose")
    kind = (
        _KINDS[wanted] if wanted else _running_kind() or (compose_stack if compose_stack.available() else local_stack)
    )
    other = _running_kind()
    if other is not None and other is not kind:
        raise Problem("it is already running in the other way: `make down` first")
    return kind


def _running_kind() -> ModuleType | None:
    return next((kind for kind in _KINDS.values() if kind.running()), None)


def main() -> None:
    """Run one of the commands."""
    commands = {"up": up, "down": down, "logs": logs}
    with fail():
        if len(sys.argv) != 2 or sys.argv[1] not in commands:
            raise Problem(f"usage: python3 -m tools.stack {'|'.join(commands)}")
        commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
