"""The scripts in examples/, run as the pages that quote them say."""

import runpy
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.actions import CALLBACK, DEVICE_CODE, READ, Actions, redirect_parameters

ROOT = Path(__file__).resolve().parents[2]
QUOTED_BY = {
    "bound_token.py": "dpop.md",
    "device_login.py": "device_authorization.md",
    "pushed_request.py": "authorization_requests.md",
    "one_token_per_api.py": "authorization_requests.md",
}


@pytest.mark.parametrize(("script", "page"), QUOTED_BY.items())
def test_the_pages_quote_what_the_scripts_say(script: str, page: str) -> None:
    program = (ROOT / "examples" / script).read_text(encoding="utf-8").partition('"""\n')[2].strip()
    assert f"```python\n{program}\n```" in (ROOT / "docs" / page).read_text(encoding="utf-8")


def run(script: str, monkeypatch: pytest.MonkeyPatch, *arguments: str, **environment: str | None) -> None:
    for name, value in environment.items():
        assert value is not None
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", [script, *arguments])
    runpy.run_path(str(ROOT / "examples" / script))


def instead_of_sleeping(monkeypatch: pytest.MonkeyPatch, act: Callable[[float], object]) -> None:
    """In this thread only: services run in others, and pause as they like."""
    sleep, here = time.sleep, threading.current_thread()

    def pause(seconds: float) -> None:
        if threading.current_thread() is here:
            act(seconds)
        else:
            sleep(seconds)

    monkeypatch.setattr(time, "sleep", pause)


@pytest.mark.clause("RFC 8628 §3.4")
def test_a_device_connects(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app, mo, said = actions.app("--grant-type", DEVICE_CODE, public=True), actions.person(), []

    def decide(seconds: float) -> None:
        said.append(capsys.readouterr().out)
        assert seconds == 5
        mo.answer_device(said[0].split()[-1], [READ])

    instead_of_sleeping(monkeypatch, decide)
    run("device_login.py", monkeypatch, AUTH=actions.stack.auth, CLIENT_ID=app.client_id)
    assert said[0].startswith(f"Open {actions.stack.auth}/device and type ")
    assert capsys.readouterr().out.startswith(f"Connected for {READ}")
    assert len(said) == 1


def test_a_device_that_is_refused_says_so(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    app = actions.app("--grant-type", DEVICE_CODE, public=True)

    def expire(_seconds: float) -> None:
        redis = actions.stack.parts.redis.scripts
        redis.delete(*redis.scan_iter("device:*"))

    instead_of_sleeping(monkeypatch, expire)
    with pytest.raises(SystemExit, match="not connected: expired_token"):
        run("device_login.py", monkeypatch, AUTH=actions.stack.auth, CLIENT_ID=app.client_id)


@pytest.mark.clause("RFC 9126 §4")
def test_a_pushed_request_becomes_a_link(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app, mo = actions.app("--require-pushed-authorization-requests"), actions.person()
    client = {"CLIENT_ID": app.client_id, "CLIENT_SECRET": app.secret}
    run("pushed_request.py", monkeypatch, AUTH=actions.stack.auth, REDIRECT_URI=CALLBACK, **client)
    link = capsys.readouterr().out.strip()
    assert "code" in redirect_parameters(mo.decide(link, [READ]))


@pytest.mark.clause("RFC 8707 §2.2")
def test_each_api_gets_its_own_token(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = actions.app("--grant-type", "client_credentials", scopes=[READ, "plans:read"])
    fit, plans = actions.stack.fit_credentials.resource, actions.stack.other_credentials.resource
    client = {"CLIENT_ID": app.client_id, "CLIENT_SECRET": app.secret}
    resources = (fit, plans, "https://unknown.example/")
    run("one_token_per_api.py", monkeypatch, *resources, AUTH=actions.stack.auth, **client)
    told = capsys.readouterr().out.splitlines()
    assert told == [f"{fit} {READ}", f"{plans} plans:read", "https://unknown.example/ invalid_target"]
