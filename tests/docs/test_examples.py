"""The scripts in examples/ that are apps: each does what it says, and a page quotes it."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from flask import Flask, request
from flask.typing import ResponseReturnValue

from tests.docs.examples import EXAMPLES, run, sh
from tests.support.actions import CALLBACK, DEVICE_CODE, READ, Actions, App, query_of, redirect_parameters
from tests.support.servers import free_port, serve
from tests.support.signing_app import SigningApp
from tests.support.stack import Stack

SCRIPTS = sorted(path.name for path in EXAMPLES.glob("[a-z]*.*") if path.suffix in {".py", ".sh"})
LIST = (EXAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_list_names_every_script_and_the_page_that_quotes_it(script: str) -> None:
    [row] = [line for line in LIST.splitlines() if f"[{script}]({script})" in line]
    page = EXAMPLES / row.rstrip(" |").rpartition("](")[2].removesuffix(")")
    program, language = (EXAMPLES / script).read_text(encoding="utf-8"), "python"
    if script.endswith(".sh"):
        program, language = re.sub(r"\A(#.*\n)+", "", program), "sh"
    else:
        program = program.partition('"""\n')[2]
    assert len(program.strip().splitlines()) <= 40
    assert f"```{language}\n{program.strip()}\n```" in page.read_text(encoding="utf-8")


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


def connecting(app: App, kept: Path) -> subprocess.Popen[str]:
    """The script that connects an app, which runs until the browser has come back to it."""
    environment = {**os.environ, "AUTH": app._stack.auth, "CLIENT_ID": app.client_id}
    command = [sys.executable, str(EXAMPLES / "authorization_code.py"), str(kept)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def link_of(script: subprocess.Popen[str]) -> str:
    assert script.stdout is not None
    return script.stdout.readline().removeprefix("Open ").strip()


@pytest.mark.clause("RFC 8252 §7.3")
def test_an_app_on_somebodys_computer_connects(actions: Actions, tmp_path: Path) -> None:
    app, kept = actions.app(public=True, redirect_uri="http://127.0.0.1/callback"), tmp_path / "tokens.json"
    with connecting(app, kept) as script:
        leads_back = actions.person().decide(link_of(script), app.scopes).headers["Location"]
        assert requests.get(leads_back, timeout=60).text == "You can close this window."
        assert script.wait(60) == 0
    assert actions.is_active(json.loads(kept.read_text())["access_token"])
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "answer", ["error=access_denied&state={state}&iss={iss}", "code=x&state=y&iss={iss}", "code=x&state={state}&iss=x"]
)
def test_an_app_that_gets_another_answer_stays_unconnected(actions: Actions, tmp_path: Path, answer: str) -> None:
    with connecting(actions.app(public=True), tmp_path / "tokens.json") as script:
        asked = query_of(link_of(script))
        query = answer.format(state=asked["state"][0], iss=actions.stack.auth)
        requests.get(f"{asked['redirect_uri'][0]}?{query}", timeout=60)
        _, said = script.communicate(timeout=120)
    assert (script.returncode, said.splitlines()[-1].startswith("not connected: ")) == (1, True)
    assert not (tmp_path / "tokens.json").exists()


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_a_refresh_survives_a_lost_answer(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app, kept, port, given = actions.app(public=True), tmp_path / "tokens.json", free_port(), []
    kept.write_text(json.dumps(app.connect(actions.person()).answer))
    gateway = Flask(__name__)

    @gateway.post("/token")
    def forward() -> ResponseReturnValue:
        key = {"Idempotency-Key": request.headers["Idempotency-Key"]}
        given.append(requests.post(f"{actions.stack.auth}/token", request.form, headers=key, timeout=60).json())
        return (given[-1], 200) if len(given) == 3 else ("too late", 503)

    instead_of_sleeping(monkeypatch, lambda _: None)
    with serve(gateway, port):
        run("refresh.py", monkeypatch, str(kept), AUTH=f"http://127.0.0.1:{port}", CLIENT_ID=app.client_id)
    assert capsys.readouterr().out.startswith("refreshed, for ")
    assert len({answer["refresh_token"] for answer in given}) == 1
    assert json.loads(kept.read_text()) == given[2]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert actions.is_active(given[2]["access_token"])

    app.revoke(given[2]["refresh_token"])
    with pytest.raises(SystemExit, match="connect again: invalid_grant"):
        run("refresh.py", monkeypatch, str(kept), AUTH=actions.stack.auth)


@pytest.mark.clause("RFC 7662 §2.1")
def test_a_token_is_got_looked_at_and_handed_back(actions: Actions, tmp_path: Path) -> None:
    app, fit = actions.app("--grant-type", "client_credentials"), actions.stack.fit_credentials
    client = f"{app.client_id}:{app.secret}"
    got = json.loads(sh("client_credentials.sh", tmp_path, AUTH=actions.stack.auth, CLIENT=client, SCOPE=READ))
    asking = {"AUTH": actions.stack.auth, "API": f"{fit.name}:{fit.secret}", "TOKEN": got["access_token"]}
    assert json.loads(sh("introspect.sh", tmp_path, **asking))["scope"] == READ
    sh("revoke.sh", tmp_path, AUTH=actions.stack.auth, CLIENT=client, TOKEN=got["access_token"])
    assert json.loads(sh("introspect.sh", tmp_path, **asking)) == {"active": False}


@pytest.mark.clause("RFC 7523 §3")
def test_a_client_makes_keys_and_proves_itself_with_them(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    with pytest.raises(SystemExit):
        run("private_key_jwt.py", monkeypatch, str(keys), AUTH=actions.stack.auth)
    app = SigningApp(actions.stack, "--grant-type", "client_credentials")
    public = capsys.readouterr().out
    assert '"d"' not in public
    actions.stack.command("client", "set-keys", app.client_id, "-", stdin=public)
    for _ in range(2):
        run("private_key_jwt.py", monkeypatch, str(keys), CLIENT_ID=app.client_id)
        assert actions.is_active(json.loads(capsys.readouterr().out)["access_token"])
    assert oct(keys.stat().st_mode)[-3:] == "600"


@pytest.mark.clause("RFC 7592 §2.2")
def test_a_client_registers_itself_changes_and_goes(open_stack: Stack, tmp_path: Path) -> None:
    open_stack.forget_failures()
    (tmp_path / ".local").mkdir()
    said = sh("register_client.sh", tmp_path, AUTH=open_stack.auth, INITIAL_ACCESS_TOKEN="none is needed here")
    assert said == "Lifting diary\n"
    gone = json.loads((tmp_path / ".local" / "client.json").read_text())
    token = {"Authorization": f"Bearer {gone['registration_access_token']}"}
    assert requests.get(gone["registration_client_uri"], headers=token, timeout=60).status_code == 401


@pytest.mark.clause("OpenID Connect Core §3.1")
def test_a_person_signs_in(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = "http://127.0.0.1:8003"
    app, mo = actions.app(redirect_uri=f"{origin}/callback", scopes=["openid", "profile"]), actions.person()
    names = run("sign_in.py", monkeypatch, AUTH=actions.stack.auth, CLIENT_ID=app.client_id, CLIENT_SECRET=app.secret)
    with names["app"].test_client() as browser:
        assert browser.get("/", base_url=origin).location == "/sign-in"
        leads_back = mo.decide(browser.get("/sign-in", base_url=origin).location, app.scopes).headers["Location"]
        assert browser.get(leads_back.removeprefix(origin), base_url=origin).location == "/"
        assert browser.get("/", base_url=origin).text == mo.username


@pytest.mark.clause("RFC 8693 §2.1")
def test_a_service_gets_a_token_for_another_one(
    actions: Actions, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fit, plans = actions.stack.fit_credentials.resource, actions.stack.other_credentials.resource
    service = actions.exchanger(fit, scopes=["plans:read"])
    granted = actions.app(scopes=[READ, "plans:read"]).connect(actions.person())
    client = {"CLIENT_ID": service.client_id, "CLIENT_SECRET": service.secret, "TOKEN": granted.access}
    run("token_exchange.py", monkeypatch, plans, AUTH=actions.stack.auth, **client)
    assert capsys.readouterr().out.startswith("Good for plans:read for ")
    with pytest.raises(SystemExit, match="nothing to call it with: invalid_target"):
        run("token_exchange.py", monkeypatch, fit, AUTH=actions.stack.auth, **client)
