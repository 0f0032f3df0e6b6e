"""Every page there is, looked at with axe-core, whose every finding is a failure."""

import re
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug.test import Client

import auth_service
from examples import strength_app
from examples.strength_app.connections import Connection
from examples.strength_app.moogle_fit import MoogleFit, UnavailableError
from shared.gunicorn.worker_setup import setup_of
from tests.browser.inspector import Inspector
from tests.browser.window import Window
from tests.support.actions import DEVICE, READ, Actions, Browser, Person, Verifier, tokens
from tests.support.authenticator import Authenticator, add_passkey
from tests.support.authenticator_app import begin_set_up, give_code
from tests.support.imported_files import WITHINGS
from tests.support.mail import SENDER, MailServer, deliver, mail_server
from tests.support.registration import RegisteredApp
from tests.support.stack import Stack
from tests.support.strength_app import run_strength_app

ADDRESS = "mo@example.org"


@pytest.mark.timeout(300)
def test_axe_finds_nothing_on_any_page(
    window: Window, start_stack: Callable[..., Stack], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inspector = Inspector(window)
    with mail_server() as mails:
        stack = start_stack(smtp_url=mails.url, mail_sender=SENDER, sign_up=True, registration="open")
        stack.forget_failures()
        actions = Actions(stack)
        is_not_blind(window, inspector, actions)
        before_signing_in(inspector, actions, mails)
        overload(inspector, window, stack)
        mo = actions.person()
        of_apps(inspector, actions, mo)
        in_the_account(inspector, actions, mails, mo)
    in_the_strength_app(window, inspector, actions, tmp_path, monkeypatch)
    assert inspector.findings == []
    assert inspector.unseen("auth_service", Path(auth_service.__file__).parent / "pages" / "templates") == []
    assert inspector.unseen("examples.strength_app", Path(strength_app.__file__).parent / "templates") == []


def is_not_blind(window: Window, inspector: Inspector, actions: Actions) -> None:
    """It finds what is wrong anywhere, and in the colours of the night."""
    window.open(f"{actions.stack.auth}/sign-in")
    inspector.look("sign-in as scripts leave it")
    assert inspector.findings == []
    window.run("document.querySelector('label').remove()")
    window.run("document.querySelector('h1').style.color = '#1b1e2b'")
    inspector.look("spoiled")
    assert inspector.findings == [
        "spoiled, 1280 light: label: #username",
        "spoiled, 390 dark: color-contrast: h1",
        "spoiled, 390 dark: label: #username",
    ]
    inspector.findings.clear()


def before_signing_in(inspector: Inspector, actions: Actions, mails: MailServer) -> None:
    browser, app, stranger = Browser(actions.stack), actions.app(), RegisteredApp(actions.stack)
    pages = {
        "home": "/",
        "no such page": "/no/such/page",
        "sign-in for a stranger": stranger.authorize_url(Verifier()),
        "on to a stranger": stranger.authorize_url(Verifier(), prompt="none"),
        "mistaken request": app.authorize_url(Verifier(), code_challenge=None),
        "account deleted": "/account/deleted",
        "signed out": "/logout/done",
        "forgotten password": "/forgot-password",
        "sign-up": "/sign-up",
        "sign-in": app.authorize_url(Verifier()),
    }
    for page, address in pages.items():
        inspector.look(page, browser.follow(address).text)

    def submit(page: str, action: str, **fields: str) -> None:
        inspector.look(page, browser.submit(action, fields).text)

    submit("sign-in refused", "/sign-in", username="nobody", password="wrong")
    browser.get("/forgot-password")
    submit("mail sent", "/forgot-password", typed="nobody")
    browser.get("/sign-up")
    submit("sign-up sent", "/sign-up", username="mia", email="mia@example.org")
    deliver(actions.stack.parts)
    link = mails.link_for("mia@example.org")
    inspector.look("new password", browser.follow(link).text)
    submit("new password refused", "/new-password", new="password")
    submit("password chosen", "/new-password", new="a fresh long password 7")
    inspector.look("unusable link", browser.follow(link).text)


def overload(inspector: Inspector, window: Window, stack: Stack) -> None:
    setup = setup_of(stack.auth_app)
    assert setup is not None
    inspector.look("overload", Client(setup.unavailable).get("/account", headers={"Accept": "text/html"}).text)
    assert "More is asked than we can answer" in window.text


def of_apps(inspector: Inspector, actions: Actions, mo: Person) -> None:
    app, device = actions.app(), actions.app(*DEVICE)
    page = mo.browser.follow(app.authorize_url(Verifier(), acr_values="phr"))
    inspector.look("sign-in with a passkey wanted", page.text)
    inspector.look("stronger sign-in", mo.sign_in(address=page.url).text)
    pages = {
        "no connected apps": "/connected-apps",
        "consent": app.authorize_url(Verifier()),
        "consent to sign in": actions.app("--scope", "openid").authorize_url(Verifier(), scope="openid"),
        "consent for a stranger": RegisteredApp(actions.stack).authorize_url(Verifier()),
        "device": "/device",
        "device refused": "/device?user_code=WRONG-CODE",
        "device's question": f"/device?user_code={device.begin_device()['user_code']}",
    }
    for page_name, address in pages.items():
        inspector.look(page_name, mo.browser.follow(address).text)
    answered = mo.browser.submit("/device", {"scope": [READ], "decision": "allow"})
    inspector.look("device connected", answered.text)
    robbed = app.connect(mo)
    newest = tokens(app.refresh(robbed.refresh))
    app.refresh(robbed.refresh)
    app.refresh(newest.refresh)
    overview = mo.browser.get("/account").text
    inspector.look("notice of a theft", overview)
    inspector.look("connected apps", mo.browser.get("/connected-apps").text)
    [story] = re.findall(r'href="(/activity/reuse/[^"]+)"', overview)
    inspector.look("story of a theft", mo.browser.get(story).text.replace("<details", "<details open"))


def in_the_account(inspector: Inspector, actions: Actions, mails: MailServer, mo: Person) -> None:
    for path in ("", "/data", "/data/delete", "/passkeys/add", "/authenticator/add", "/security"):
        inspector.look(f"account{path}", mo.browser.get(f"/account{path}").text)
    inspector.look("activity", mo.browser.get("/activity").text)
    inspector.look("sign out?", mo.browser.follow("/logout").text)
    add_passkey(mo, Authenticator(actions.stack.auth))
    mo.browser.get("/account/security")
    mo.browser.submit("/account/email", {"email": ADDRESS, "current_for_email": mo.password})
    deliver(actions.stack.parts)
    inspector.look("new address", mo.browser.follow(mails.link_for(ADDRESS)).text)
    inspector.look("address confirmed", mo.browser.submit("/new-address", {}).text)
    app = begin_set_up(mo)
    refused = mo.browser.submit("/account/authenticator/add", {"code": "no code"})
    inspector.look("authenticator app refused", refused.text)
    codes = mo.browser.submit("/account/authenticator/add", {"code": app.code()})
    inspector.look("recovery codes", codes.text)
    inspector.look("security with all of it", mo.browser.get("/account/security").text)
    inspector.look("second step", mo.sign_in().text)
    inspector.look("second step refused", give_code(mo, "no code").text)


def in_the_strength_app(
    window: Window, inspector: Inspector, actions: Actions, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mo = actions.person()
    with run_strength_app(actions.stack, folder) as app:
        window.open(app.url)
        inspector.look("app: welcome")
        inspector.look("app: no such page", app.open(mo, "/no/such/page").text)
        inspector.look("app: nothing yet", app.connect(mo))
        inspector.look("app: refused", app.add(mo, "a lot").text)
        app.add(mo, "80.5")
        home = app.add(mo, "81.5").text
        inspector.look("app: chart", home)
        inspector.look("app: change", app.open(mo, re.findall(r'href="(/weights/[^"]+)"', home)[0]).text)
        inspector.look("app: all weighings", app.open(mo, "/weights").text)
        inspector.look("app: import", app.open(mo, "/import").text)
        asked = app.upload(mo, WITHINGS.read_bytes(), WITHINGS.name)
        inspector.look("app: questions of an import", asked.text)
        path = asked.url.removeprefix(app.url)
        chosen = {"tz": "Europe/Berlin", "clock_changes": "skip"}
        inspector.look("app: preview of an import", app.post(mo, f"{path}/choices", **chosen).text)
        with monkeypatch.context() as patched:
            patched.setattr("examples.strength_app.import_work._REPEATED_AFTER", ())
            patched.setattr(MoogleFit, "call", deaf_to({"POST"}))
            inspector.look("app: interrupted import", app.post(mo, f"{path}/yes").text)
        with monkeypatch.context() as patched:
            patched.setattr(MoogleFit, "call", deaf_to({"GET"}))
            inspector.look("app: nobody answers", app.home(mo).text)
        inspector.look("app: imported", app.post(mo, f"{path}/yes").text)


def deaf_to(methods: Container[str]) -> Callable[..., requests.Response]:
    """The client of a Fit API that doesn't answer these."""
    call = MoogleFit.call

    def called(fit: MoogleFit, connection: Connection, method: str, *path: str, **options: Any) -> requests.Response:
        if method in methods:
            raise UnavailableError
        return call(fit, connection, method, *path, **options)

    return called
