"""`make up`, `make down`, `make logs`: with Docker Compose where an engine answers, else as local processes."""

import os
import sys

from tools import local_stack, supervisor
from tools.addresses import Addresses
from tools.console import Problem, fail, paint, say
from tools.paths import SECRETS, make_local_folders
from tools.registration import AuthCommand
from tools.secrets_store import remembered


def up() -> None:
    """Start everything, wait until it is ready, say where it is."""
    make_local_folders()
    addresses, demo = Addresses.wanted(), os.environ.get("DEMO", "1") != "0"
    chosen = local_stack.up(addresses, demo=demo)
    say()
    say(f"{paint('Ready', 'green')}, as {chosen}.")
    say()
    say(f"  Strength app          {paint(addresses.app, 'bold')}   begin here: “Connect Moogle Fit”")
    say(f"  Authorization server  {paint(addresses.auth, 'bold')}")
    say(f"  Fit API               {paint(addresses.fit, 'bold')}")
    if account := remembered("demo-account"):
        say()
        say(f"  Sign in as {paint(account['username'], 'bold')} with the password {paint(account['password'], 'bold')}")
        say(paint(f"  (kept in {SECRETS / 'demo-account.json'}, for you only)", "dim"))
    say()
    say("Next: `make demo` plays the whole story, `make logs` follows the logs, `make down` stops everything.")


def running_stack() -> tuple[AuthCommand, Addresses]:
    """The authorization server's command line and the addresses of the stack, started if it isn't running."""
    if supervisor.running() is None:
        up()
    return local_stack.auth_command(), Addresses.last()


def down() -> None:
    """Stop what `up` started. Data stay."""
    say("Stopped. Your data are kept; `make up` continues with them." if supervisor.stop() else "Nothing was running.")


def main() -> None:
    """Run one of the commands."""
    commands = {"up": up, "down": down, "logs": local_stack.logs}
    with fail():
        if len(sys.argv) != 2 or sys.argv[1] not in commands:
            raise Problem(f"usage: python3 -m tools.stack {'|'.join(commands)}")
        commands[sys.argv[1]]()


if __name__ == "__main__":
    main()
