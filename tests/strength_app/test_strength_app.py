"""The client of the story: what its person sees, and that it keeps to the rules that clients have."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, Actions, Person
from tests.support.polling import eventually
from tests.support.strength_app import StrengthApp


def stored_tokens(folder: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(folder / "app.sqlite")) as database:
        return database.execute("SELECT access_token, refresh_token FROM connections").fetchall()


def open_at_once(person: Person, addresses: list[str]) -> list[requests.Response]:
    cookies = person.browser.session.cookies.get_dict()
    with ThreadPoolExecutor(len(addresses)) as pool:
        return list(pool.map(lambda address: requests.get(address, cookies=cookies, timeout=TIMEOUT), addresses))


def test_a_person_connects_adds_weights_and_sees_them_in_a_chart(app: StrengthApp, actions: Actions) -> None:
    mo = actions.person()
    assert "Nothing here yet" in app.connect(mo)

    assert "<polyline" in app.add(mo, "82.5").text
    page = app.add(mo, "180", "lbs").text

    assert page.count("<circle") == 2
    assert 'value="180 lbs"' in page
    assert 'value="181.881 lbs"' in page
    assert 'value="82.5 kg"' in app.home(mo, unit="kg").text


def test_what_the_fit_api_refuses_is_said_to_the_person(app: StrengthApp, actions: Actions) -> None:
    mo = actions.person()
    app.connect(mo)
    answer = app.add(mo, "9000")
    assert (answer.status_code, "A weight is between 1 and 700 kg." in answer.text) == (422, True)


def test_an_address_that_is_no_page_gets_a_page_that_leads_back(app: StrengthApp) -> None:
    answer = requests.get(f"{app.url}/no/such/page", timeout=TIMEOUT)
    assert answer.status_code == 404
    assert "Back to Strength" in answer.text


def test_with_read_access_only_there_is_no_form_to_add(app: StrengthApp, actions: Actions) -> None:
    mo = actions.person()
    page = app.connect(mo, scopes=(READ,))
    assert "You allowed this app to see your weight, not to change it." in page
    assert 'name="body_weight"' not in page


def test_a_person_who_says_no_is_told_that_nothing_was_connected(app: StrengthApp, actions: Actions) -> None:
    assert "nothing was connected" in app.connect(actions.person(), decision="deny")


@pytest.mark.clause("RFC 9700 §4.7.1")
def test_an_answer_with_a_state_that_this_browser_did_not_send_is_refused(app: StrengthApp, actions: Actions) -> None:
    mo, stranger = actions.person(), requests.Session()
    leaving = mo.browser.session.get(f"{app.url}/connect", timeout=TIMEOUT, allow_redirects=False)
    back = mo.decide(leaving.headers["Location"], [READ])
    assert stranger.get(back.headers["Location"], timeout=TIMEOUT).status_code == 400


@pytest.mark.clause("RFC 9207 §2.4")
@pytest.mark.parametrize("issuer", ["", "&iss=https%3A%2F%2Fattacker.example"])
def test_an_answer_of_another_issuer_is_refused(app: StrengthApp, actions: Actions, issuer: str) -> None:
    mo = actions.person()
    leaving = mo.browser.session.get(f"{app.url}/connect", timeout=TIMEOUT, allow_redirects=False)
    back = mo.decide(leaving.headers["Location"], [READ]).headers["Location"]
    without = back.partition("&iss=")[0]
    assert mo.browser.session.get(without + issuer, timeout=TIMEOUT).status_code == 400


@pytest.mark.clause("RFC 7636 §4.3")
def test_the_app_asks_with_a_challenge_and_keeps_the_verifier_out_of_the_browser(
    app: StrengthApp, actions: Actions
) -> None:
    mo = actions.person()
    leaving = mo.browser.session.get(f"{app.url}/connect", timeout=TIMEOUT, allow_redirects=False)
    asked = parse_qs(urlsplit(leaving.headers["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 20
    assert "verifier" not in str(leaving.headers)


def test_an_expired_access_token_is_refreshed_without_the_person_noticing(
    app: StrengthApp, actions: Actions, tmp_path: Path
) -> None:
    mo = actions.person()
    app.connect(mo)
    before = stored_tokens(tmp_path)
    app.expire(before[0][0])

    assert app.home(mo).status_code == 200

    after = stored_tokens(tmp_path)
    assert len(after) == 1
    assert set(after[0]).isdisjoint(before[0])


def test_parallel_requests_in_two_processes_end_with_one_new_pair(
    app: StrengthApp, actions: Actions, tmp_path: Path
) -> None:
    mo = actions.person()
    app.connect(mo)
    for _ in range(3):
        [(access_token, _)] = stored_tokens(tmp_path)
        app.expire(access_token)
        answers = open_at_once(mo, [app.url, app.twin] * 4)
        assert [answer.status_code for answer in answers] == [200] * 8
        assert all("Disconnect" in answer.text for answer in answers)
        [(access_token, _)] = stored_tokens(tmp_path)
        assert actions.is_active(access_token)


def test_disconnecting_ends_the_grant_and_forgets_the_tokens(
    app: StrengthApp, actions: Actions, tmp_path: Path
) -> None:
    mo = actions.person()
    app.connect(mo)
    [(access_token, _)] = stored_tokens(tmp_path)

    assert "Disconnected." in app.disconnect(mo).text

    assert stored_tokens(tmp_path) == []
    assert not actions.is_active(access_token)


def test_when_the_person_has_cut_the_app_off_it_says_reconnect(
    app: StrengthApp, actions: Actions, tmp_path: Path
) -> None:
    mo = actions.person()
    app.connect(mo)
    [(access_token, _)] = stored_tokens(tmp_path)
    mo.disconnect(actions.introspect(access_token)["client_id"])
    app.wait_until_refused(access_token)

    eventually(lambda: "Connect again to go on." in app.home(mo).text)  # the Fit API hears of it within moments
    assert stored_tokens(tmp_path) == []


def test_connecting_again_hands_the_former_tokens_back(app: StrengthApp, actions: Actions, tmp_path: Path) -> None:
    mo = actions.person()
    app.connect(mo, scopes=(READ,))
    [(former, _)] = stored_tokens(tmp_path)
    app.connect(mo)
    assert len(stored_tokens(tmp_path)) == 1
    assert not actions.is_active(former)


def test_no_token_and_no_secret_reaches_the_browser(app: StrengthApp, actions: Actions) -> None:
    mo = actions.person()
    seen = app.connect(mo) + app.add(mo, "80").text + str(mo.browser.session.cookies.get_dict())
    assert not any(prefix in seen for prefix in ("mat_", "mrt_", "mac_"))


def test_a_form_without_its_csrf_token_changes_nothing(app: StrengthApp, actions: Actions) -> None:
    mo = actions.person()
    app.connect(mo)
    for path in ("/weights", "/disconnect"):
        assert mo.browser.session.post(app.url + path, timeout=TIMEOUT).status_code == 400
    assert "Nothing here yet" in app.home(mo).text
