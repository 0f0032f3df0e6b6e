"""What operators see of commands: tables and aligned lines at a terminal, JSON everywhere else."""

import json
import re
import sys
from typing import Any

import pytest
from sqlalchemy import update

from auth_service.models.client import Client
from tests.support.actions import Actions
from tests.support.stack import Stack
from tests.support.terminal import on_terminal

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


def words(line: str) -> list[str]:
    return _STYLE.sub("", line).split()


def piped(stack: Stack, *arguments: str) -> str:
    result = stack.auth_app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_list_is_a_table_at_a_terminal(actions: Actions) -> None:
    mo = actions.person()
    header, rule, row = on_terminal(
        actions.stack.auth_app, "account", "list", "--name-contains", mo.username
    ).splitlines()
    assert words(header) == ["username", "sub", "enabled", "email", "created_at", "deleted_at"]
    assert set(words(rule)[0]) == {"─"}
    told = words(row)
    assert told[:4] == [mo.username, mo.subject, "yes", "-"]
    assert (told[6], told[7]) == ("UTC", "-")


def test_what_is_shown_alone_is_aligned_lines_at_a_terminal(actions: Actions) -> None:
    mo = actions.person()
    lines = on_terminal(actions.stack.auth_app, "account", "show", mo.username).splitlines()
    assert lines[:5] == [
        f"username:       {mo.username}",
        f"sub:            {mo.subject}",
        "enabled:        yes",
        "email:          -",
        "email_verified: no",
    ]


def test_members_of_members_are_lines_below_theirs(actions: Actions) -> None:
    name = actions.stack.fit_credentials.name
    mo = actions.person()
    mo.sign_in()
    shown = on_terminal(actions.stack.auth_app, "resource-server", "show", name)
    assert "scopes:\n  body_weight:read:  See your body weight\n  body_weight:write: Change your body weight\n" in shown
    session = on_terminal(actions.stack.auth_app, "account", "sessions", mo.username)
    assert re.search(r"^sessions:\n  name: +\S+\n  program: +python-requests", session, re.MULTILINE)


def test_an_event_is_a_line_at_a_terminal(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    line = on_terminal(actions.stack.auth_app, "event", "list", "--username", mo.username, "--limit", "1")
    assert line[19:].split() == ["signed_in", "person", "127.0.0.1", "python-requests", mo.subject]


def test_an_empty_list_says_so_at_a_terminal_and_is_nothing_elsewhere(stack: Stack) -> None:
    command = ("account", "list", "--name-contains", "nobody at all")
    assert on_terminal(stack.auth_app, *command) == "There are none.\n"
    assert piped(stack, *command) == ""


@pytest.mark.parametrize("command", [("account", "show"), ("account", "list", "--name-contains")])
def test_with_json_a_terminal_gets_what_a_pipe_gets_to_the_byte(actions: Actions, command: tuple[str, ...]) -> None:
    mo = actions.person()
    answer = piped(actions.stack, *command, mo.username)
    assert on_terminal(actions.stack.auth_app, *command, mo.username, "--json") == answer
    assert piped(actions.stack, *command, mo.username, "--json") == answer
    shown: dict[str, Any] = json.loads(answer)
    assert shown["sub"] == mo.subject
    lines = 1 if command[1] == "list" else len(shown) + 2
    assert len(answer.splitlines()) == lines


def test_no_name_that_a_stranger_chose_commands_a_terminal(actions: Actions) -> None:
    hostile, stack = "Diary\x1b[2J\x1b]0;owned\x07\u202e\x9bm\r\n", actions.stack
    client_id = stack.command(
        "client", "create", "Diary", "--redirect-uri", "https://diary.example/cb", "--scope", "plans:read"
    )["client_id"]
    with stack.parts.database.writing() as session:  # as if it had been let in
        session.execute(update(Client).where(Client.client_id == client_id).values(name=hostile))
    table = _STYLE.sub("", on_terminal(stack.auth_app, "client", "list", "--name-contains", "owned"))
    shown = on_terminal(stack.auth_app, "client", "show", client_id)
    for seen in (table, shown):
        assert r"Diary\x1b[2J\x1b]0;owned\x07\u202e\x9bm\r\n" in seen
        assert all(each.isprintable() or each == "\n" for each in seen)
    stack.command("client", "delete", client_id)


def test_no_error_commands_a_terminal_either(stack: Stack) -> None:
    refused = stack.auth_app.test_cli_runner().invoke(args=["client", "show", "\x1b[2Jdiary"])
    assert refused.stderr == "error: there is no client \\x1b[2Jdiary: client list says which there are\n"


def test_the_other_service_answers_alike(stack: Stack) -> None:
    assert on_terminal(stack.fit_app, "database", "upgrade") == "schema: current\n"
    assert on_terminal(stack.fit_app, "database", "upgrade", "--json") == '{"schema": "current"}\n'


def test_programs_do_not_wait_for_what_draws_tables(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich", None)  # to import it would fail
    assert piped(stack, "resource-server", "list")
    with pytest.raises(ImportError):
        on_terminal(stack.auth_app, "resource-server", "list")


def test_without_colour_there_is_none(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    mo = actions.person()
    monkeypatch.setenv("NO_COLOR", "1")
    table = on_terminal(actions.stack.auth_app, "account", "list", "--name-contains", mo.username)
    assert set(re.findall(r"\x1b\[([0-9;]*)m", table)) <= {"1", "0"}


def test_lists_go_on_behind_the_last_of_a_page(actions: Actions) -> None:
    stack, name = actions.stack, actions.person().username
    wanted = ("account", "list", "--name-contains")
    people = [stack.command("account", "create", f"{name}-{n}", "--password-stdin", stdin=f"{name}! 7 birds\n")["sub"]
              for n in range(3)]  # fmt: skip
    whole = [each["sub"] for each in stack.command(*wanted, f"{name.upper()}-")]
    assert sorted(people) == whole
    page = stack.command(*wanted, f"{name}-", "--limit", "2")
    rest = stack.command(*wanted, f"{name}-", "--after", page[-1]["sub"])
    assert [each["sub"] for each in (*page, *rest)] == whole
    stack.command("account", "disable", f"{name}-1")
    assert [each["username"] for each in stack.command(*wanted, name, "--disabled")] == [f"{name}-1"]
    assert stack.command(*wanted, "_%_") == []
    servers = [each["client_id"] for each in stack.command("resource-server", "list")]
    assert [each["client_id"] for each in stack.command("resource-server", "list", "--after", servers[0])] == servers[
        1:
    ]
