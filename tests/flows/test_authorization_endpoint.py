"""What /authorize demands of a request, and where it sends the browser: never to an address that wasn't registered."""

import html
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.support.actions import (
    CALLBACK,
    READ,
    TIMEOUT,
    WRITE,
    Actions,
    App,
    Browser,
    Verifier,
    redirect_parameters,
)


def authorize(actions: Actions, app: App, **parameters: object) -> requests.Response:
    address = app.authorize_url(Verifier(), **parameters)  # type: ignore[arg-type]
    return requests.get(address, headers={"Accept": "text/html"}, timeout=TIMEOUT, allow_redirects=False)


def refusal(actions: Actions, app: App, **parameters: object) -> dict[str, str]:
    return actions.person().refused(app.authorize_url(Verifier(), **parameters))  # type: ignore[arg-type]


@pytest.mark.clause("RFC 9700 §2.1", line=114)
@pytest.mark.clause("RFC 6749 §4.1.2.1", line=30)
@pytest.mark.parametrize(
    "redirect_uri",
    [
        "https://attacker.example/callback",
        CALLBACK + "/",
        CALLBACK + "?x=1",
        CALLBACK + "#fragment",
        CALLBACK + "/../other",
        CALLBACK + "%2F..",
        CALLBACK.upper(),
        CALLBACK.replace("http:", "https:"),
        CALLBACK.replace("8002", "8003"),
        CALLBACK.replace("127.0.0.1", "127.0.0.1.attacker.example"),
        CALLBACK.replace("127.0.0.1", "user@127.0.0.1"),
        CALLBACK.replace("127.0.0.1", "localhost"),
        CALLBACK.replace("127.0.0.1", "2130706433"),
        "//127.0.0.1:8002/callback",
        "/callback",
        "javascript:alert(1)",
        "data:text/html,x",
        CALLBACK + "\r\nSet-Cookie: x=y",
        CALLBACK + "\\@attacker.example",
        "http://[::1",
        " " + CALLBACK,
    ],
)
def test_an_address_that_differs_in_any_byte_gets_a_page_and_no_redirect(actions: Actions, redirect_uri: str) -> None:
    answer = authorize(actions, actions.app(), redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "<h1>" in answer.text


@pytest.mark.clause("RFC 6749 §4.1.2.1", line=30)
@pytest.mark.parametrize("client_id", [None, "", "nobody", "client_\u00e9", "x" * 5000])
def test_an_unknown_client_gets_a_page_and_no_redirect(actions: Actions, client_id: str | None) -> None:
    answer = authorize(actions, actions.app(), client_id=client_id)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


@pytest.mark.clause("RFC 8252 §7.3", line=114)
def test_a_native_app_may_choose_its_port_on_this_machine(actions: Actions) -> None:
    answer = authorize(actions, actions.app(public=True), redirect_uri=CALLBACK.replace("8002", "49152"))
    assert answer.headers["Location"].startswith("/consent?request=")


@pytest.mark.clause("RFC 9700 §2.1.1", lines=(73, 74, 75, 77, 80))
@pytest.mark.clause("draft-ietf-oauth-v2-1 §4.1.1", line=122)
@pytest.mark.parametrize("public", [True, False])
@pytest.mark.parametrize(
    "parameters",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "s256"},
        {"code_challenge": "too-short"},
        {"code_challenge": "x" * 42 + "!"},
        {"code_challenge": "x" * 44},
    ],
)
def test_pkce_with_s256_is_demanded_of_every_client(
    actions: Actions, public: bool, parameters: dict[str, str | None]
) -> None:
    assert refusal(actions, actions.app(public=public), **parameters)["error"] == "invalid_request"


@pytest.mark.clause("RFC 6749 §4.1.2.1", lines=(31, 32))
@pytest.mark.clause("RFC 6749 §3.1", line=35)
@pytest.mark.clause("RFC 9700 §2.1.2", line=41)
@pytest.mark.clause("draft-ietf-oauth-v2-1 §10", line=124)
@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unsupported_response_type"),
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": "c\u00f6d\u00e9"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "nobody:has"}, "invalid_scope"),
        ({"scope": "plans:read nobody:has"}, "invalid_scope"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"request_uri": "https://attacker.example/r"}, "request_uri_not_supported"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
        ({"resource": "not an address"}, "invalid_target"),
        ({"state": ["one", "two"]}, "invalid_request"),
        ({"scope": [READ, READ]}, "invalid_request"),
        ({"code_challenge": ["x" * 43, "y" * 43]}, "invalid_request"),
    ],
)
def test_other_faults_are_told_to_the_client(actions: Actions, parameters: dict[str, object], error: str) -> None:
    assert refusal(actions, actions.app(), **parameters)["error"] == error


@pytest.mark.clause("RFC 6749 §3.3")
def test_of_the_scopes_that_are_asked_for_a_person_is_asked_about_those_that_the_client_may_have(
    actions: Actions,
) -> None:
    app, mo = actions.app(scopes=[READ]), actions.person()
    granted = app.connect(mo, scope=f"nobody:has {READ} {WRITE}")
    assert granted.answer["scope"] == READ


@pytest.mark.clause("RFC 6749 §4.1.2.1", line=31)
def test_a_client_that_may_not_exchange_codes_gets_none(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials")
    assert refusal(actions, app)["error"] == "unauthorized_client"


@pytest.mark.clause("RFC 9700 §4.11.2", line=117)
@pytest.mark.clause("RFC 7636 §4.4.1", line=74)
@pytest.mark.parametrize(
    ("wrong", "error", "told"),
    [
        ({"code_challenge": None}, "invalid_request", "code_challenge is required."),
        ({"response_type": "token"}, "unsupported_response_type", "Only response_type=code is supported."),
        ({"scope": "nobody:has"}, "invalid_scope", "There is nothing among the requested scopes"),
        ({"request": "eyJ"}, "request_not_supported", "request is not supported here."),
    ],
)
def test_who_has_not_signed_in_sees_what_is_wrong_and_decides_whether_to_go_back_with_it(
    actions: Actions, wrong: dict[str, str | None], error: str, told: str
) -> None:
    app = actions.app()
    page = authorize(actions, app, **wrong)
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert f"<code>{error}</code>: {told}" in page.text
    assert f"<bdi>{app.name}</bdi> made a mistake" in page.text
    [back] = re.findall(rf'href="({re.escape(CALLBACK)}[^"]*)"', page.text)
    answer = dict(parse_qsl(urlsplit(html.unescape(back)).query))
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "a state", actions.stack.auth)


@pytest.mark.clause("RFC 9126 §6")
def test_a_client_that_must_push_its_requests_and_does_not_is_told_so(actions: Actions) -> None:
    app = actions.app("--require-pushed-authorization-requests")
    assert "must push its authorization requests" in authorize(actions, app).text
    assert refusal(actions, app)["error"] == "invalid_request"


@pytest.mark.clause("RFC 9700 §4.11.2", line=117)
def test_who_has_signed_in_is_sent_back_with_the_error_once(actions: Actions) -> None:
    mo, url = actions.person(), actions.app().authorize_url(Verifier(), scope="nobody:has")
    mo.sign_in()
    kept = mo.browser.get(url, allow_redirects=False).headers["Location"]
    assert redirect_parameters(mo.browser.follow(kept))["error"] == "invalid_scope"
    assert mo.browser.get(kept).status_code == 400  # answered once


@pytest.mark.clause("RFC 9700 §4.11.2", line=117)
@pytest.mark.parametrize("prompt", ["none", "none login", ["login", "none"]])
def test_a_request_that_may_show_no_page_is_answered_also_when_it_is_wrong(actions: Actions, prompt: Any) -> None:
    url = actions.app().authorize_url(Verifier(), scope="nobody:has", prompt=prompt)
    assert redirect_parameters(Browser(actions.stack).follow(url))["error"] in {"invalid_scope", "invalid_request"}


@pytest.mark.clause("RFC 6749 §3.1", line=35)
@pytest.mark.clause("RFC 6749 §4.1.2.1", line=30)
@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_client_and_address_sent_twice_get_a_page(actions: Actions, name: str) -> None:
    app = actions.app()
    twice = {"client_id": [app.client_id] * 2, "redirect_uri": [CALLBACK] * 2}[name]
    answer = authorize(actions, app, **{name: twice})
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.clause("RFC 6749 §4.1.2", line=33)
@pytest.mark.parametrize("state", ["a b&c=d%20/?#+ü", "'\"<script>", "x" * 2048, "%00", "🐿"])
def test_state_comes_back_byte_for_byte(actions: Actions, state: str) -> None:
    app = actions.app()
    assert refusal(actions, app, state=state, response_type="token")["state"] == state
    assert "state" not in refusal(actions, app, state=None, response_type="token")
    granted = actions.person().decide(app.authorize_url(Verifier(), state=state), [READ])
    assert redirect_parameters(granted)["state"] == state


@pytest.mark.clause("RFC 6749 §3.1")
@pytest.mark.clause("RFC 6749 §4.1.2", line=33)
def test_unknown_and_empty_parameters_are_ignored(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    answer = mo.decide(app.authorize_url(Verifier(), state="", unheard_of="x", prompt="consent"), [READ])
    assert set(redirect_parameters(answer)) == {"code", "iss"}


@pytest.mark.clause("RFC 9207 §2", line=85)
def test_every_answer_names_the_issuer(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    url = app.authorize_url(Verifier())
    for answer in (
        redirect_parameters(mo.decide(url, [READ])),
        redirect_parameters(mo.decide(url, [], decision="deny")),
        mo.refused(app.authorize_url(Verifier(), response_type="token")),
    ):
        assert answer["iss"] == actions.stack.auth


@pytest.mark.clause("RFC 6749 §4.1.2.1", line=32)
def test_who_says_no_or_ticks_nothing_that_was_asked_grants_nothing(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    url = app.authorize_url(Verifier())
    for answer in (mo.decide(url, [READ], decision="deny"), mo.decide(url, ["plans:read"])):
        assert redirect_parameters(answer) == {
            "error": "access_denied",
            "state": "a state",
            "iss": actions.stack.auth,
            **{name: text for name, text in redirect_parameters(answer).items() if name == "error_description"},
        }


@pytest.mark.clause("RFC 9700 §4.12", line=40)
def test_every_answer_to_a_form_leads_on_by_get(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    page = mo.browser.follow(app.authorize_url(Verifier()))
    token = page.text.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    form = {"csrf_token": token, "username": mo.username, "password": mo.password}
    signed_in = mo.browser.session.post(page.url, data=form, timeout=TIMEOUT, allow_redirects=False)
    assert (signed_in.status_code, signed_in.headers["Location"].startswith("/consent?")) == (303, True)
    mo.browser.get(signed_in.headers["Location"])
    for decision in ("allow", "deny"):
        mo.browser.follow(app.authorize_url(Verifier()))
        assert mo.browser.submit("/consent", {"scope": [READ], "decision": decision}).status_code == 303


@pytest.mark.clause("RFC 6749 §3.1", line=29)
def test_get_is_answered_and_other_methods_are_refused(actions: Actions) -> None:
    assert authorize(actions, actions.app()).status_code == 303
    for method in ("PUT", "DELETE", "PATCH"):
        assert requests.request(method, f"{actions.stack.auth}/authorize", timeout=TIMEOUT).status_code == 405


@pytest.mark.clause("RFC 6749 §3.1.2.3")
def test_a_client_with_one_address_may_leave_it_out_and_then_must_at_the_exchange(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    answer = mo.decide(app.authorize_url(verifier, redirect_uri=None), [READ])
    code = redirect_parameters(answer)["code"]
    assert answer.headers["Location"].startswith(CALLBACK)
    assert app.exchange(code, verifier, redirect_uri=None).status_code == 200
