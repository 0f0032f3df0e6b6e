"""Each command's `--help` shows how it is typed, and so it can be typed."""

import inspect
import re
import shlex
from pathlib import Path

import click
import pytest
from flask import Flask

from auth_service.cli import install_commands as install_auth_commands
from fit_service.cli import install_commands as install_fit_commands
from tests.docs.reference import commands


def commands_of(service: str) -> list[tuple[str, str, click.Command]]:
    app = Flask(service)
    {"auth_service": install_auth_commands, "fit_service": install_fit_commands}[service](app)
    own = {*app.cli.commands} - {*Flask(service).cli.commands}
    return [(service, path, command) for path, command in commands(app) if path.split()[0] in own]


COMMANDS = [*commands_of("auth_service"), *commands_of("fit_service")]


def typed(example: str, service: str) -> list[str]:
    """The words behind `flask --app SERVICE`, without what the shell makes of the rest."""
    words = shlex.split(example)
    begin = max((at + 1 for at, word in enumerate(words) if word == "|"), default=0)
    end = next((at for at, word in enumerate(words) if word in {">", ">>"}), len(words))
    words = words[begin:end]
    flask = ["flask", "--app", service]
    at = next((at for at in range(len(words)) if words[at : at + 3] == flask), None)
    return words if at is None else words[at + 3 :]


@pytest.mark.parametrize(
    ("service", "path", "command"), COMMANDS, ids=lambda each: each if isinstance(each, str) else ""
)
def test_each_command_shows_an_example_that_it_would_take(
    service: str, path: str, command: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("keys.json", "weights.csv"):
        Path(name).write_text("{}")
    examples = re.findall(r"^For example: (.+)\Z", inspect.cleandoc(command.help or ""), re.MULTILINE | re.DOTALL)
    assert len(examples) == 1
    words, names = typed(" ".join(examples[0].split()), service), path.split()
    assert words[: len(names)] == names
    with command.make_context(path, words[len(names) :]) as context:
        assert context.args == []
    assert "For example: " in command.get_help(click.Context(command, info_name=path))


def test_no_command_is_left_out() -> None:
    paths = {(service, path) for service, path, _ in COMMANDS}
    assert {("auth_service", "account list"), ("auth_service", "doctor"), ("fit_service", "import")} <= paths
    assert not {path for _, path in paths} & {"run", "shell", "routes"}
