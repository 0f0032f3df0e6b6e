"""The `doctor` command of both services: a table of checks, bounded in time, and what to do about what they find."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass

import click
from flask.cli import with_appcontext

from shared.operations.command_output import harmless

_HELP = """Look for what is wrong with this service, its stores and its surroundings.

For example: doctor --json
"""
_WITHIN = 10.0
"""Seconds for all checks together, which run at the same time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong, or will be."""

    problem: str
    remedy: str
    """It says what the operator does next."""


Check = Callable[[], Iterable[Finding]]
"""It may raise whatever a store raises that can't be asked: that is a finding too."""


def doctor_command(
    checks: Callable[[], Mapping[str, Check]], explain: Callable[[Exception], Finding | None]
) -> click.Command:
    """Make the command. `explain` says what an outage is called here, or None of what is none."""

    @click.command("doctor", help=_HELP)
    @click.option("--json", "as_json", is_flag=True, help="Print one object: the findings of each check by its name.")
    @with_appcontext
    def examine_service(*, as_json: bool) -> None:
        found = examine(checks(), explain)
        count = sum(map(len, found.values()))
        if as_json:
            click.echo(json.dumps({name: [asdict(each) for each in findings] for name, findings in found.items()}))
        else:
            for name, findings in found.items():
                for each in findings:
                    click.echo(harmless(f"{name}: {each.problem}. {each.remedy}."))
            click.echo(f"{len(found)} checks, {count} finding{'' if count == 1 else 's'}")
        raise SystemExit(1 if count else 0)

    return examine_service


def examine(checks: Mapping[str, Check], explain: Callable[[Exception], Finding | None]) -> dict[str, list[Finding]]:
    """Run all checks beside each other; what each found, by its name."""
    found: dict[str, list[Finding]] = {}

    def run(name: str, check: Check) -> None:
        try:
            findings = list(check())
        except Exception as error:
            unforeseen = Finding(
                f"it could not be examined ({type(error).__name__}: {error})",
                "This is a fault of the doctor: report it",
            )
            findings = [explain(error) or unforeseen]
        found[name] = findings

    threads = [threading.Thread(target=run, args=each, daemon=True) for each in checks.items()]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _WITHIN
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = Finding(f"it did not answer within {_WITHIN:.0f} s", "See whether what it asks is overloaded, then repeat")
    return {name: found.get(name, [late]) for name in checks}
