"""RFC 8628: a person decides elsewhere what a device gets."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from tests.support.actions import DEVICE, DEVICE_CODE, READ, TIMEOUT, WRITE, Actions, App, error_of, tokens
from tests.support.waiting_devices import PENDING, as_if_waited

INVALID_GRANT = (400, "invalid_grant")
KEY = "one-and-the-same-key"


# What happens when it is allowed


@pytest.mark.clause("RFC 8628 §3.4", line=93)
def test_a_device_code_is_redeemed_once_and_its_second_use_ends_the_grant(actions: Actions, app: App) -> None:
    codes = app.begin_device()
    actions.person().answer_device(codes["user_code"], [READ])
    granted = tokens(app.poll(codes["device_code"]))
    assert error_of(app.poll(codes["device_code"])) == INVALID_GRANT
    assert not actions.is_active(granted.access)
    assert error_of(app.refresh(granted.refresh)) == INVALID_GRANT
    assert error_of(app.poll(codes["device_code"])) == INVALID_GRANT


@pytest.mark.clause("RFC 8628 §3.4", line=93)
def test_of_parallel_polls_exactly_one_gets_tokens(actions: Actions, app: App) -> None:
    mo, statuses, at_once = actions.person(), Counter[int](), 6
    for _ in range(5):
        codes, barrier = app.begin_device(), Barrier(at_once)
        mo.answer_device(codes["user_code"], [READ])

        def poll(_: int, codes: dict[str, Any] = codes, barrier: Barrier = barrier) -> int:
            barrier.wait(TIMEOUT)
            return app.poll(codes["device_code"]).status_code

        with ThreadPoolExecutor(at_once) as pool:
            statuses.update(pool.map(poll, range(at_once)))
    assert statuses == {200: 5, 400: 5 * (at_once - 1)}


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
def test_an_answer_that_was_lost_can_be_repeated(actions: Actions, app: App) -> None:
    codes = app.begin_device()
    assert error_of(app.poll(codes["device_code"], key=KEY)) == PENDING
    actions.person().answer_device(codes["user_code"], [READ])
    answers = [app.poll(codes["device_code"], key=KEY).json() for _ in range(2)]
    assert answers[0]["access_token"] == answers[1]["access_token"]
    assert answers[0]["refresh_token"] == answers[1]["refresh_token"]
    assert actions.is_active(answers[0]["access_token"])


def test_an_account_or_a_client_that_was_ended_in_between_gets_nothing(actions: Actions) -> None:
    app, mo, ada = actions.app(*DEVICE), actions.person(), actions.person()
    of_mo, of_ada = app.begin_device(), app.begin_device()
    mo.answer_device(of_mo["user_code"], [READ])
    actions.stack.command("account", "disable", mo.username)
    assert error_of(app.poll(of_mo["device_code"])) == INVALID_GRANT
    actions.stack.command("client", "delete", app.client_id)
    assert ada.open_device_page(of_ada["user_code"]).status_code == 422
    assert error_of(app.poll(of_ada["device_code"])) == (401, "invalid_client")


def test_cutting_the_app_off_before_the_device_asked_again_leaves_it_with_nothing(actions: Actions, app: App) -> None:
    mo, codes = actions.person(), app.begin_device()
    mo.answer_device(codes["user_code"], [READ])
    (grant,) = [each for each in actions.stack.command("grant", "list") if each["sub"] == mo.subject]
    actions.stack.command("grant", "revoke", grant["grant_id"])
    assert error_of(app.poll(codes["device_code"])) == INVALID_GRANT


# What the person sees


@pytest.mark.clause("RFC 8628 §3.3.1", line=94)
def test_the_complete_address_asks_too_and_shows_code_client_scopes_and_account(actions: Actions, app: App) -> None:
    mo = actions.person()
    codes = app.begin_device()
    mo.browser.get(codes["verification_uri_complete"])
    page = mo.sign_in(address=mo.browser.page.url if mo.browser.page else "").text
    for text in (
        codes["user_code"],
        app.name,
        "See your body weight",
        "Change your body weight",
        mo.username,
        "180 days",
        "device in front of you",
        "use another account",
    ):
        assert text in page
    assert error_of(app.poll(codes["device_code"])) == PENDING
    mo.browser.get(codes["verification_uri_complete"])
    as_if_waited(actions, codes["user_code"], 6)
    assert error_of(app.poll(codes["device_code"])) == PENDING
    mo.browser.submit("/device", {"scope": [READ], "decision": "allow"})
    assert app.poll(codes["device_code"]).status_code == 200


@pytest.mark.clause("RFC 8628 §3.3")
def test_without_a_code_the_page_asks_for_one(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    page = mo.browser.get("/device")
    assert (page.status_code, 'name="user_code"' in page.text) == (200, True)


@pytest.mark.clause("RFC 8628 §6.1")
def test_a_code_is_understood_however_it_is_typed(actions: Actions, app: App) -> None:
    mo = actions.person()
    code = app.begin_device()["user_code"]
    plain = code.replace("-", "")
    for written in (code.lower(), plain, f" {plain[:2]} {plain[2:]} ", f"{plain[:4]}–{plain[4:]}", f"{code}."):
        assert app.name in mo.open_device_page(written).text


@pytest.mark.parametrize("written", ["x", "AAAA-AAAA", "BCDF-GHJ", "BCDF-GHJKL", "0" * 20, "ß" * 8, "'\"<script>", "é"])
def test_what_is_no_code_gets_the_form_again(actions: Actions, written: str) -> None:
    page = actions.person().open_device_page(written)
    assert page.status_code == 422
    assert "No device waits under this code" in page.text
    assert "<script>" not in page.text


def test_nobody_is_connected_without_a_form_of_ours(actions: Actions, app: App) -> None:
    mo = actions.person()
    mo.sign_in()
    codes = app.begin_device()
    form = {"user_code": codes["user_code"], "scope": READ, "decision": "allow"}
    forged = mo.browser.session.post(f"{actions.stack.auth}/device", data=form, timeout=TIMEOUT)
    assert forged.status_code == 400
    assert error_of(app.poll(codes["device_code"])) == PENDING


def test_who_is_not_signed_in_learns_nothing_and_decides_nothing(actions: Actions, app: App) -> None:
    codes, stranger = app.begin_device(), actions.person()
    page = stranger.browser.get("/device", params={"user_code": codes["user_code"]})
    assert app.name not in page.text
    stranger.browser.submit("/device", {"user_code": codes["user_code"], "scope": [READ], "decision": "allow"})
    assert error_of(app.poll(codes["device_code"])) == PENDING


def test_of_several_decisions_the_first_counts(actions: Actions, app: App) -> None:
    mo, ada, codes = actions.person(), actions.person(), app.begin_device()
    for person in (mo, ada):
        assert person.open_device_page(codes["user_code"]).status_code == 200
    allowed = mo.browser.submit("/device", {"scope": [READ], "decision": "allow"})
    too_late = ada.browser.submit("/device", {"scope": [READ], "decision": "deny"})
    assert (allowed.status_code, too_late.status_code) == (200, 422)
    granted = tokens(app.poll(codes["device_code"]))
    assert actions.introspect(granted.access)["sub"] == mo.subject


def test_of_parallel_decisions_exactly_one_counts(actions: Actions, app: App) -> None:
    people = [actions.person() for _ in range(4)]
    codes, barrier = app.begin_device(), Barrier(len(people))
    for person in people:
        person.open_device_page(codes["user_code"])

    def decide(number: int) -> int:
        barrier.wait(TIMEOUT)
        decision = {"scope": [READ], "decision": "allow" if number % 2 else "deny"}
        return people[number].browser.submit("/device", decision).status_code

    with ThreadPoolExecutor(len(people)) as pool:
        assert Counter(pool.map(decide, range(len(people)))) == {200: 1, 422: len(people) - 1}
    assert app.poll(codes["device_code"]).json().get("error") in {None, "access_denied"}


@pytest.mark.clause("RFC 8628 §5.1", line=94)
def test_guessing_codes_is_slowed_down_and_a_right_one_does_not_count(actions: Actions, app: App) -> None:
    mo, ada = actions.person(), actions.person()
    codes = app.begin_device()
    for _ in range(12):
        assert mo.open_device_page(codes["user_code"]).status_code == 200
    statuses = [mo.open_device_page("BBBB-BBBB").status_code for _ in range(9)]
    mo.open_device_page(codes["user_code"])
    guess = {"user_code": "BBBB-BBBC", "scope": [READ], "decision": "allow"}
    statuses.append(mo.browser.submit("/device", guess).status_code)
    assert statuses == [422] * 10
    throttled = mo.open_device_page(codes["user_code"])
    assert (throttled.status_code, 1 <= int(throttled.headers["Retry-After"]) <= 900) == (429, True)
    assert ada.open_device_page(codes["user_code"]).status_code == 200


@pytest.mark.clause("RFC 8628 §5.1")
def test_guessing_with_many_accounts_from_one_address_is_slowed_down_too(actions: Actions) -> None:
    statuses = []
    for _ in range(6):
        person = actions.person()
        statuses += [person.open_device_page("BBBB-BBBB").status_code for _ in range(9)]
    assert statuses[:50] == [422] * 50
    assert set(statuses[50:]) == {429}


@pytest.mark.clause("RFC 8628 §4")
def test_the_metadata_tell_of_it(actions: Actions) -> None:
    said = requests.get(f"{actions.stack.auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
    assert said["device_authorization_endpoint"] == f"{actions.stack.auth}/device_authorization"
    assert DEVICE_CODE in said["grant_types_supported"]


@pytest.mark.parametrize("scopes", [[READ], [READ, WRITE]])
def test_the_ticked_scopes_are_granted(actions: Actions, app: App, scopes: list[str]) -> None:
    codes = app.begin_device()
    actions.person().answer_device(codes["user_code"], scopes)
    assert tokens(app.poll(codes["device_code"])).answer["scope"] == " ".join(scopes)
