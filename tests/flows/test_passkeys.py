"""Passkeys: what counts as one, what is kept of it, and what doesn't let anybody in."""

import json
from typing import Any

import pytest
from limits import RateLimitItemPerMinute

from auth_service.models.factor import MOST_PASSKEYS, Passkey
from auth_service.storage import throttle
from tests.support.actions import Actions, Browser, Person
from tests.support.authenticator import (
    MAY_BE_SYNCED,
    PRESENT,
    VERIFIED,
    Authenticator,
    add_passkey,
    ask,
    bring,
    passkey_sign_in,
    to_base64url,
)

REFUSED = "again=passkey-refused"


def owner(actions: Actions, **traits: Any) -> tuple[Person, Authenticator]:
    mo, authenticator = actions.person(), Authenticator(actions.stack.auth, **traits)
    mo.sign_in()
    assert "new passkey" in add_passkey(mo, authenticator).text
    return mo, authenticator


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/account", allow_redirects=False).status_code == 200


def events_of(actions: Actions, mo: Person, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = actions.stack.command("event", "list", "--username", mo.username, "--kind", kind)
    return found


@pytest.mark.clause("WebAuthn §7.2")
def test_a_passkey_alone_signs_its_owner_in_under_a_new_session(actions: Actions) -> None:
    mo, authenticator = owner(actions)
    browser = Browser(actions.stack)
    page = passkey_sign_in(browser, authenticator, "/sign-in?next=/activity")
    assert (page.status_code, page.url) == (200, f"{actions.stack.auth}/activity")
    [signed_in, *_] = events_of(actions, mo, "signed_in")
    assert signed_in["detail"] == "hwk user mfa"


@pytest.mark.parametrize("attachment", [None, "cross-platform", "of a later specification"])
def test_how_an_authenticator_is_attached_decides_nothing(actions: Actions, attachment: str | None) -> None:
    """WebAuthn §5.1: what is unknown counts as nothing said."""
    _, authenticator = owner(actions, attachment=attachment)
    browser = Browser(actions.stack)
    passkey_sign_in(browser, authenticator)
    assert is_signed_in(browser)


def test_of_what_may_be_on_several_devices_the_event_says_so(actions: Actions) -> None:
    mo, authenticator = owner(actions, flags=PRESENT | VERIFIED | MAY_BE_SYNCED)
    passkey_sign_in(Browser(actions.stack), authenticator)
    assert events_of(actions, mo, "signed_in")[0]["detail"] == "swk user mfa"


@pytest.mark.clause("WebAuthn §13.4.3")
def test_a_challenge_is_answered_once_by_one_browser_and_for_one_purpose(actions: Actions) -> None:
    mo, authenticator = owner(actions)
    browser, thief = Browser(actions.stack), Browser(actions.stack)
    options = ask(browser, "/sign-in", "/sign-in/passkey/options")
    answer = authenticator.sign(options)
    thief.get("/sign-in")
    assert REFUSED in bring(thief, answer).url
    assert bring(browser, answer).url == f"{actions.stack.auth}/account"
    again = Browser(actions.stack)
    again.session.cookies.update(browser.session.cookies)
    again.get("/sign-in")
    assert REFUSED in bring(again, answer).url
    to_add = ask(mo.browser, "/account/passkeys/add", "/account/passkeys/options")
    mo.browser.get("/sign-in")
    assert REFUSED in bring(mo.browser, authenticator.sign({**to_add, "rpId": "localhost"})).url


@pytest.mark.clause("WebAuthn §7.2")
@pytest.mark.parametrize(
    "spoil",
    [
        {"origin": "https://attacker.example"},
        {"crossOrigin": True},
        {"type": "webauthn.create"},
    ],
    ids=["another site", "in a frame", "made for adding"],
)
def test_what_was_signed_for_another_page_signs_nobody_in(actions: Actions, spoil: dict[str, Any]) -> None:
    _, authenticator = owner(actions)
    browser = Browser(actions.stack)
    answer = authenticator.sign(ask(browser, "/sign-in", "/sign-in/passkey/options"), **spoil)
    assert REFUSED in bring(browser, answer).url
    assert not is_signed_in(browser)


@pytest.mark.clause("WebAuthn §7.2")
@pytest.mark.parametrize("flags", [PRESENT, VERIFIED], ids=["nobody verified", "nobody there"])
def test_a_passkey_whose_user_was_not_verified_signs_nobody_in(actions: Actions, flags: int) -> None:
    _, authenticator = owner(actions)
    authenticator.flags = flags
    browser = Browser(actions.stack)
    assert REFUSED in passkey_sign_in(browser, authenticator).url
    mo = actions.person()
    mo.sign_in()
    assert "again=passkey-not-added" in add_passkey(mo, Authenticator(actions.stack.auth, flags=flags)).url


@pytest.mark.clause("WebAuthn §7.2")
def test_neither_another_key_nor_another_user_nor_another_site_is_good(actions: Actions) -> None:
    _, authenticator = owner(actions)
    _, other = owner(actions)
    stranger = Authenticator(actions.stack.auth, user=authenticator.user)
    forged = Authenticator(actions.stack.auth, credential_id=authenticator.credential_id, user=authenticator.user)
    mixed = Authenticator(
        actions.stack.auth, credential_id=authenticator.credential_id, user=other.user, key=authenticator.key
    )
    for thief in (stranger, forged, mixed):
        assert REFUSED in passkey_sign_in(Browser(actions.stack), thief).url
    browser = Browser(actions.stack)
    options = ask(browser, "/sign-in", "/sign-in/passkey/options")
    assert REFUSED in bring(browser, authenticator.sign({**options, "rpId": "attacker.example"})).url


@pytest.mark.clause("WebAuthn §6.1.1")
def test_a_passkey_whose_count_does_not_rise_is_refused_and_its_owner_told(actions: Actions) -> None:
    mo, authenticator = owner(actions)
    for _ in range(2):
        assert passkey_sign_in(Browser(actions.stack), authenticator).status_code == 200
    authenticator.used = 1
    browser = Browser(actions.stack)
    assert REFUSED in passkey_sign_in(browser, authenticator).url
    assert not is_signed_in(browser)
    [event] = events_of(actions, mo, "passkey_count_fell")
    assert "there may be a copy" in mo.browser.get("/activity").text
    mo.browser.get("/account/security")
    mo.browser.submit("/account/passkeys/remove", {"passkey": event["detail"]})
    assert "A passkey was removed" in mo.browser.get("/activity").text


@pytest.mark.clause("WebAuthn §6.1.1")
def test_a_forged_count_accuses_nobody(actions: Actions) -> None:
    mo, authenticator = owner(actions)
    passkey_sign_in(Browser(actions.stack), authenticator)
    forged = Authenticator(actions.stack.auth, credential_id=authenticator.credential_id, user=authenticator.user)
    assert REFUSED in passkey_sign_in(Browser(actions.stack), forged).url
    assert events_of(actions, mo, "passkey_count_fell") == []


def test_an_authenticator_that_does_not_count_is_let_in_each_time(actions: Actions) -> None:
    _, authenticator = owner(actions, counts=False)
    for _ in range(2):
        browser = Browser(actions.stack)
        assert passkey_sign_in(browser, authenticator).url == f"{actions.stack.auth}/account"


def test_people_rename_and_remove_their_own_passkeys_only(actions: Actions) -> None:
    mo, authenticator = owner(actions)
    kupo, _ = owner(actions)
    [passkey] = actions.stack.parts.passkey_store.of(mo.subject)
    for person, name in ((kupo, "Mine now"), (mo, "ＭＹ phone ")):
        person.browser.get("/account/security")
        person.browser.submit("/account/passkeys/rename", {"passkey": passkey.id, "name": name})
    assert "MY phone" in mo.browser.get("/account/security").text
    kupo.browser.get("/account/security")
    kupo.browser.submit("/account/passkeys/remove", {"passkey": passkey.id})
    assert passkey_sign_in(Browser(actions.stack), authenticator).status_code == 200
    mo.browser.get("/account/security")
    assert "is removed" in mo.browser.submit("/account/passkeys/remove", {"passkey": passkey.id}).text
    assert REFUSED in passkey_sign_in(Browser(actions.stack), authenticator).url


def test_one_passkey_is_added_once_and_an_account_has_at_most_twenty(actions: Actions) -> None:
    mo, authenticator = owner(actions)
    kupo = actions.person()
    kupo.sign_in()
    for person in (mo, kupo):
        assert "again=passkey-not-added" in add_passkey(person, authenticator).url
    account = actions.stack.parts.accounts.find(mo.subject)
    assert account is not None
    for number in range(MOST_PASSKEYS - 1):
        made = Passkey(credential_id=f"{mo.subject}-{number}", public_key="", sign_count=0, synced=False, name="x")
        assert actions.stack.parts.passkey_store.add(account, made)
    assert "as many passkeys as an account may have" in mo.browser.get("/account/passkeys/add").text
    one_more = Passkey(credential_id=f"{mo.subject}-more", public_key="", sign_count=0, synced=False, name="x")
    assert not actions.stack.parts.passkey_store.add(account, one_more)


def test_to_add_or_remove_one_takes_a_fresh_sign_in(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    mo, _ = owner(actions)
    [passkey] = actions.stack.parts.passkey_store.of(mo.subject)
    monkeypatch.setattr("auth_service.web.browser_session.FRESH", -1)
    assert "again=sign-in-anew" in mo.browser.follow("/account/passkeys/add").url
    mo.browser.get("/account/security")
    for action in ("add", "options", "remove"):
        page = mo.browser.submit(f"/account/passkeys/{action}", {"name": "x", "answer": "{}", "passkey": passkey.id})
        assert "again=sign-in-anew" in page.url
    assert len(actions.stack.parts.passkey_store.of(mo.subject)) == 1


def test_a_disabled_account_stays_out(actions: Actions) -> None:
    mo, authenticator = owner(actions)
    actions.stack.command("account", "disable", mo.username)
    assert REFUSED in passkey_sign_in(Browser(actions.stack), authenticator).url


@pytest.mark.parametrize(
    "answer",
    ["", "{", "[]", "[" * 9_000, "x" * 20_000, '{"id": "\\ud800", "rawId": "AA", "type": "public-key"}'],
    ids=["nothing", "no JSON", "no object", "deep", "long", "no text"],
)
def test_what_no_authenticator_says_is_refused(actions: Actions, answer: str) -> None:
    browser = Browser(actions.stack)
    browser.get("/sign-in")
    assert REFUSED in bring(browser, answer).url


def test_an_answer_whose_parts_are_spoiled_is_refused(actions: Actions) -> None:
    _, authenticator = owner(actions)
    for part in ("clientDataJSON", "authenticatorData", "signature", "userHandle"):
        for spoiled in ("", "AA", to_base64url(b"{}"), "\ud800", None, 1, []):
            browser = Browser(actions.stack)
            answer = json.loads(authenticator.sign(ask(browser, "/sign-in", "/sign-in/passkey/options")))
            answer["response"][part] = spoiled
            assert REFUSED in bring(browser, json.dumps(answer)).url, (part, spoiled)


def test_challenges_that_are_kept_are_counted(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "PASSKEY_CHALLENGES_IN_NETWORK", RateLimitItemPerMinute(1, 15))
    browser = Browser(actions.stack)
    ask(browser, "/sign-in", "/sign-in/passkey/options")
    with pytest.raises(AssertionError, match="Too many attempts"):
        ask(browser, "/sign-in", "/sign-in/passkey/options")
    actions.stack.forget_failures()
