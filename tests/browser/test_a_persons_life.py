"""A person's life here, from the first mail to the last click, in one browser. `--screenshots` keeps pictures of it."""

from collections.abc import Callable, Iterator

import pytest
import requests
from selenium.webdriver.common.by import By

from auth_service.web import browser_session
from tests.browser.album import Album
from tests.browser.window import Window
from tests.support.actions import (
    INACTIVE,
    TIMEOUT,
    WRITE,
    Actions,
    App,
    Tokens,
    Verifier,
    error_of,
    query_of,
    tokens,
)
from tests.support.mail import SENDER, MailServer, deliver, mail_server
from tests.support.polling import eventually
from tests.support.stack import Stack

NAME, ADDRESS, PASSWORD = "mo", "mo@example.org", "a fresh long password 7"
REFUSED = (400, "invalid_grant")
BESIDE = {
    "authenticator-app": "/account/authenticator/add",
    "connect-a-device": "/device",
    "forgotten-password": "/forgot-password",
}
"""Pages that this life has no use for, but that have pictures too."""
ENTRY = {"body_weight": "80.5", "unit": "kg"}


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as server:
        yield server


@pytest.fixture
def actions(start_stack: Callable[..., Stack], mails: MailServer) -> Actions:
    """Where anybody may make an account."""
    stack = start_stack(smtp_url=mails.url, mail_sender=SENDER, sign_up=True)
    stack.forget_failures()
    return Actions(stack)


@pytest.mark.timeout(300)
def test_a_person_comes_uses_apps_is_robbed_ends_it_and_leaves(
    window: Window, album: Album, actions: Actions, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth, returns_to = actions.stack.auth, f"{actions.stack.fit}/callback".replace("localhost", "127.0.0.1")
    said = ("--publisher", "Strength Ltd", "--home-page", "https://strength.example/")
    strength = actions.app(*said, name="Strength", redirect_uri=returns_to)
    diary = actions.app(name="Weight Diary", redirect_uri=returns_to)

    sign_up(window, album, actions, mails)
    add_a_passkey(window, album, actions)
    window.press(f"Sign out {NAME}")

    first = connect(window, album, strength, "Sign in with a passkey")
    robbed = connect(window, None, diary)
    assert actions.fit("POST", token=first.access, json=ENTRY).status_code == 201
    window.open(f"{auth}/connected-apps")
    album.take("connected-apps")
    section = window.find("section.app", strength.name)
    section.find_element(By.CSS_SELECTOR, f"[type=checkbox][value='{WRITE}']").click()
    section.find_element(By.XPATH, ".//button[normalize-space()='Save']").click()
    window.find("[role=status]", f"{strength.name} may do less now.")
    eventually(lambda: actions.fit("POST", token=first.access, json=ENTRY).status_code == 403)
    assert actions.fit("GET", token=first.access).status_code == 200

    robbed = steal(actions, diary, robbed)
    eventually(lambda: actions.fit("GET", token=robbed.access).status_code == 401)
    deliver(actions.stack.parts)
    assert f"{auth}/activity/reuse/" in mails.to(ADDRESS)[-1]
    window.open(f"{auth}/account")
    album.take("notice-of-a-theft")
    window.press("See what happened, and say whether it was you")
    window.find("svg.life")
    album.take("story-of-a-theft")
    window.press("That wasn’t me")
    assert "Now choose a new password" in window.text
    album.take("security")
    assert actions.introspect(first.access) == INACTIVE
    assert error_of(strength.refresh(first.refresh)) == REFUSED
    window.open(f"{auth}/activity")
    album.take("activity")

    for page, place in BESIDE.items():
        window.open(auth + place)
        album.take(page)

    again = connect(window, None, strength)
    assert actions.fit("GET", token=again.access).status_code == 200
    delete_the_account(window, album, actions, monkeypatch)

    eventually(lambda: actions.fit("GET", token=again.access).status_code == 401)
    assert error_of(strength.refresh(again.refresh)) == REFUSED
    window.open(strength.authorize_url(Verifier()))
    window.press("Sign in with a passkey")
    assert "That passkey can’t be used here." in window.text
    window.fill("username", NAME)
    window.fill("password", PASSWORD)
    window.press("Sign in")
    assert "That user name and password don’t match." in window.text
    told = len(mails.mails)
    window.press("Forgot your password?")
    window.fill("typed", NAME)
    window.press("Send the link")
    deliver(actions.stack.parts)
    assert len(mails.mails) == told


def sign_up(window: Window, album: Album, actions: Actions, mails: MailServer) -> None:
    """By mail; then in with the password, for the only time."""
    window.open(f"{actions.stack.auth}/sign-up")
    album.take("sign-up")
    window.fill("username", NAME)
    window.fill("email", ADDRESS)
    window.press("Send the link")
    assert "A message is on its way" in window.text
    album.take("look-into-your-mail")
    deliver(actions.stack.parts)
    window.open(mails.link_for(ADDRESS))
    album.take("choose-a-password")
    window.fill("new", PASSWORD)
    window.press("Set password")
    window.press("Sign in with it")
    window.fill("username", NAME)
    window.fill("password", PASSWORD)
    window.press("Sign in")
    assert f"You are signed in as {NAME}." in window.text
    album.take("overview")


def add_a_passkey(window: Window, album: Album, actions: Actions) -> None:
    window.have_authenticator()
    window.offer_no_autofill()
    window.open(f"{actions.stack.auth}/account/security")
    window.press("Add a passkey")
    album.take("add-a-passkey")
    window.fill("name", "My laptop")
    window.find("form[data-passkey] button").click()
    window.find("#passkeys", "My laptop")


def connect(window: Window, album: Album | None, app: App, sign_in: str = "") -> Tokens:
    """Follow the app's link, press that button if one has to sign in, and allow all."""
    verifier = Verifier()
    window.open(app.authorize_url(verifier))
    if sign_in:
        assert f"Sign in to continue to {app.name}" in window.text
        if album:
            album.take("sign-in")
        window.press(sign_in)
    assert f"Allow {app.name} to use your Moogle account?" in window.text
    if album:
        album.take("consent")
    window.press("Allow")
    return tokens(app.exchange(query_of(window.address)["code"][0], verifier))


def steal(actions: Actions, app: App, granted: Tokens) -> Tokens:
    """The app uses its keys, then a thief brings one of them again; what the app had at last."""
    newest = granted
    for _ in range(3):
        newest = tokens(app.refresh(newest.refresh))
    thief = requests.post(
        f"{actions.stack.auth}/token",
        data={"grant_type": "refresh_token", "refresh_token": granted.refresh},
        auth=(app.client_id, str(app.secret)),
        headers={"User-Agent": "curl/8.9.1"},
        timeout=TIMEOUT,
    )
    assert error_of(thief) == REFUSED
    assert error_of(app.refresh(newest.refresh)) == REFUSED
    return newest


def delete_the_account(window: Window, album: Album, actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which needs a sign-in that is fresh."""
    window.open(f"{actions.stack.auth}/account/data")
    album.take("your-data")
    with monkeypatch.context() as patch:
        patch.setattr(browser_session, "FRESH", 0)
        window.press("Delete your account")
    assert "For this, first show once more that it is you" in window.text
    window.press("Sign in with a passkey")
    album.take("delete-the-account")
    window.fill("username", NAME)
    window.press("Delete my account")
    assert window.place == "/account/deleted"
    album.take("account-deleted")
