"""RFC 9126: the request goes to the server directly, and the browser carries a name that works once."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import (
    CALLBACK,
    READ,
    TIMEOUT,
    WRITE,
    Actions,
    App,
    Verifier,
    error_of,
    query_of,
    redirect_parameters,
    tokens,
)
from tests.support.servers import fake_redis
from tests.support.stack import Stack

NAME = "urn:ietf:params:oauth:request_uri:"


def visit(address: str) -> requests.Response:
    """A browser that belongs to nobody."""
    return requests.get(address, headers={"Accept": "text/html"}, timeout=TIMEOUT, allow_redirects=False)


def is_accepted(answer: requests.Response) -> bool:
    return answer.status_code == 303 and answer.headers["Location"].startswith("/consent?request=")


def is_shown_as_refused(answer: requests.Response) -> bool:
    return (answer.status_code, "Location" in answer.headers, "<h1>" in answer.text) == (400, False, True)


def kept_keys(actions: Actions) -> list[str]:
    return list(actions.stack.parts.redis.reads.scan_iter("pushed-request:*"))


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app()


@pytest.mark.clause("RFC 9126 §2.2", line=96)
def test_the_answer_names_the_request_and_says_how_long_the_name_works(app: App) -> None:
    answer = app.push(Verifier())
    body = answer.json()
    assert (answer.status_code, body) == (201, {"request_uri": body["request_uri"], "expires_in": 60})
    assert body["request_uri"].startswith(NAME)
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/json", "no-store")


@pytest.mark.clause("RFC 9126 §7.1", line=96)
def test_names_are_long_and_never_repeat(app: App) -> None:
    names = {app.push(Verifier()).json()["request_uri"] for _ in range(20)}
    assert len(names) == 20
    assert min(map(len, names)) >= len(NAME) + 43


@pytest.mark.clause("RFC 9126 §4")
@pytest.mark.parametrize("public", [False, True])
def test_the_whole_story_with_a_pushed_request(actions: Actions, public: bool) -> None:
    app, mo, verifier = actions.app(public=public), actions.person(), Verifier()
    answer = mo.decide(app.pushed_url(verifier, scope=READ), [READ])
    assert redirect_parameters(answer) == {
        "code": redirect_parameters(answer)["code"],
        "state": "a state",
        "iss": actions.stack.auth,
    }
    granted = tokens(app.exchange(redirect_parameters(answer)["code"], verifier))
    assert actions.introspect(granted.access)["scope"] == READ


@pytest.mark.clause("RFC 9126 §4")
def test_signing_in_and_reloading_do_not_use_the_name_again(actions: Actions, app: App) -> None:
    mo, verifier = actions.person(), Verifier()
    sign_in = mo.browser.get(app.pushed_url(verifier))
    assert mo.browser.get(sign_in.url).status_code == 200
    asked = mo.sign_in(address=sign_in.url)
    assert mo.browser.get(asked.url).text.count(app.name) == asked.text.count(app.name) > 0
    answer = mo.browser.submit("/consent", {"scope": [READ], "decision": "allow"})
    assert app.exchange(redirect_parameters(answer)["code"], verifier).status_code == 200


@pytest.mark.clause("RFC 9126 §4")
def test_reloading_or_going_back_goes_on_in_the_same_browser_until_it_is_answered(actions: Actions, app: App) -> None:
    mo, stranger, verifier = actions.person(), actions.person(), Verifier()
    address = app.pushed_url(verifier)
    sign_in = mo.browser.get(address)
    assert mo.browser.get(address).url == sign_in.url
    mo.sign_in(address=sign_in.url)
    asked = mo.browser.get(address)
    assert (asked.status_code, urlsplit(asked.url).path) == (200, "/consent")

    stranger.sign_in()
    assert is_shown_as_refused(stranger.browser.get(address, allow_redirects=False))
    other = address.replace(app.client_id, actions.app().client_id)
    assert is_shown_as_refused(mo.browser.get(other, allow_redirects=False))
    mo.browser.page = asked
    answer = mo.browser.submit("/consent", {"scope": [READ], "decision": "allow"})
    assert app.exchange(redirect_parameters(answer)["code"], verifier).status_code == 200
    assert is_shown_as_refused(mo.browser.get(address, allow_redirects=False))


@pytest.mark.clause("RFC 9126 §4", line=98)
def test_a_name_works_once(app: App) -> None:
    address = app.pushed_url(Verifier())
    assert is_accepted(visit(address))
    assert is_shown_as_refused(visit(address))


@pytest.mark.clause("RFC 9126 §4", line=98)
def test_of_parallel_uses_of_a_name_exactly_one_is_accepted(app: App) -> None:
    barrier, at_once = Barrier(6), 6

    def use(address: str) -> bool:
        barrier.wait(TIMEOUT)
        return is_accepted(visit(address))

    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(3):
            accepted = list(pool.map(use, [app.pushed_url(Verifier())] * at_once))
            assert accepted.count(True) == 1


@pytest.mark.clause("RFC 9126 §2.2", lines=(96, 98))
def test_a_name_works_for_its_client_only_and_another_does_not_use_it_up(actions: Actions, app: App) -> None:
    other, name = actions.app(), app.push(Verifier()).json()["request_uri"]
    assert is_shown_as_refused(visit(other.url_naming(name)))
    assert is_shown_as_refused(visit(app.url_naming(name, client_id=None)))
    for twice in ([other.client_id, app.client_id], [app.client_id, other.client_id]):
        assert is_shown_as_refused(visit(app.url_naming(name, client_id=twice)))
    assert is_accepted(visit(app.url_naming(name)))


@pytest.mark.clause("RFC 9126 §4", line=98)
def test_an_expired_name_is_refused(actions: Actions, app: App) -> None:
    before = set(kept_keys(actions))
    address = app.pushed_url(Verifier())
    (key,) = set(kept_keys(actions)) - before
    assert 0 < actions.stack.parts.redis.reads.ttl(key) <= 60
    actions.stack.parts.redis.scripts.pexpire(key, 0)  # as if a minute had passed
    assert is_shown_as_refused(visit(address))


@pytest.mark.clause("RFC 9101 §7")
@pytest.mark.parametrize("rest", ["", "x", "x" * 3_000, "a:b", "%00", "é", "../", "*"])
def test_a_name_that_was_never_given_is_refused(app: App, rest: str) -> None:
    answer = requests.get(app.url_naming(NAME + rest), timeout=TIMEOUT, allow_redirects=False)
    assert error_of(answer) == (400, "invalid_request_uri")


@pytest.mark.clause("RFC 9101 §5", line=130)
def test_whatever_else_stands_in_the_address_is_ignored(actions: Actions, app: App) -> None:
    mo, verifier = actions.person(), Verifier()
    name = app.push(verifier, scope=READ, state="of the client").json()["request_uri"]
    address = app.url_naming(
        name,
        scope=[WRITE, "nobody:has"],
        state="of an attacker",
        redirect_uri="https://attacker.example/",
        response_type="token",
        code_challenge=Verifier().challenge,
        resource="https://unknown.example/",
    )
    answer = mo.decide(address, [READ, WRITE])
    assert answer.headers["Location"].startswith(f"{CALLBACK}?")
    assert redirect_parameters(answer)["state"] == "of the client"
    granted = tokens(app.exchange(redirect_parameters(answer)["code"], verifier))
    assert granted.answer["scope"] == READ


@pytest.mark.clause("RFC 9126 §2.1", line=95)
def test_request_uri_itself_must_not_be_pushed(app: App) -> None:
    for request_uri in (app.push(Verifier()).json()["request_uri"], "https://client.example/request"):
        assert error_of(app.push(Verifier(), request_uri=request_uri)) == (400, "invalid_request")


@pytest.mark.clause("RFC 9126 §2.3", line=97)
@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"redirect_uri": "https://attacker.example/"}, "invalid_request"),
        ({"redirect_uri": f"{CALLBACK}/"}, "invalid_request"),
        ({"redirect_uri": f"{CALLBACK}\r\nX: y"}, "invalid_request"),
        ({"redirect_uri": [CALLBACK, CALLBACK]}, "invalid_request"),
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "nobody:has"}, "invalid_scope"),
        ({"scope": [READ, WRITE]}, "invalid_request"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"client_id": "somebody-else"}, "invalid_request"),
        ({"state": "a\0b"}, "invalid_request"),
    ],
)
def test_what_authorize_would_refuse_is_refused_to_the_client_itself(
    actions: Actions, app: App, parameters: dict[str, Any], error: str
) -> None:
    before = set(kept_keys(actions))
    answer = app.push(Verifier(), **parameters)
    assert error_of(answer) == (400, error)
    assert set(answer.json()) <= {"error", "error_description"}
    assert "Location" not in answer.headers
    assert set(kept_keys(actions)) <= before


@pytest.mark.clause("RFC 6749 §3.1")
def test_an_id_that_is_sent_twice_is_refused_also_when_it_is_the_same(app: App) -> None:
    assert error_of(app.push(Verifier(), client_id=[app.client_id] * 2)) == (400, "invalid_request")
    two_names = [app.push(Verifier()).json()["request_uri"] for _ in range(2)]
    assert is_shown_as_refused(visit(app.url_naming(two_names)))


@pytest.mark.clause("RFC 9126 §2.1")
def test_the_client_may_leave_its_id_to_its_authentication(app: App) -> None:
    name = app.push(Verifier(), client_id=None).json()["request_uri"]
    assert is_accepted(visit(app.url_naming(name)))


@pytest.mark.clause("RFC 9126 §2", line=95)
def test_a_client_proves_itself_as_at_the_token_endpoint(actions: Actions, app: App) -> None:
    url = f"{actions.stack.auth}/par"
    request = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": CALLBACK,
        "code_challenge": Verifier().challenge,
        "code_challenge_method": "S256",
    }
    in_the_body = requests.post(url, data={**request, "client_secret": app.secret}, timeout=TIMEOUT)
    assert in_the_body.status_code == 201
    for options in ({}, {"auth": (app.client_id, "wrong")}, {"auth": ("nobody", "x")}):
        answer = requests.post(url, data={**request, "client_id": None}, timeout=TIMEOUT, **options)  # type: ignore[arg-type]
        assert error_of(answer) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    unproven = requests.post(url, data=request, timeout=TIMEOUT)
    assert error_of(unproven) == (401, "invalid_client")


def test_the_secret_of_the_client_is_not_kept(actions: Actions, app: App) -> None:
    redis, before = actions.stack.parts.redis.reads, set(kept_keys(actions))
    form = {**query_of(app.authorize_url(Verifier())), "client_secret": app.secret}
    assert requests.post(f"{actions.stack.auth}/par", data=form, timeout=TIMEOUT).status_code == 201
    (key,) = set(kept_keys(actions)) - before
    kept = json.loads(redis.get(key) or "")["parameters"]
    assert (kept["client_id"], kept["scope"]) == ([app.client_id], [f"{READ} {WRITE}"])
    assert "client_secret" not in kept


def test_a_client_without_the_code_grant_pushes_nothing(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials")
    assert error_of(app.push(Verifier())) == (400, "unauthorized_client")


@pytest.mark.clause("RFC 9126 §2.3", line=97)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_answered(actions: Actions, method: str) -> None:
    answer = requests.request(method, f"{actions.stack.auth}/par", timeout=TIMEOUT)
    assert error_of(answer) == (405, "invalid_request")
    assert "POST" in answer.headers["Allow"]


@pytest.mark.clause("RFC 9126 §2.3", line=97)
def test_a_request_that_is_too_big_is_refused(app: App) -> None:
    assert error_of(app.push(Verifier(), state="x" * 70_000)) == (413, "invalid_request")


@pytest.mark.clause("RFC 9126 §2.3", line=97)
def test_too_many_requests_that_nobody_proved_are_refused_and_proven_ones_are_not(actions: Actions) -> None:
    public, confidential = actions.app(public=True), actions.app()
    answers = [public.push(Verifier()) for _ in range(122)]
    assert error_of(answers[-1]) == (429, "temporarily_unavailable")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert confidential.push(Verifier()).status_code == 201


@pytest.mark.clause("RFC 9126 §6", lines=(98, 129))
def test_a_client_that_must_push_is_refused_when_it_does_not(actions: Actions) -> None:
    app, mo, verifier = actions.app("--require-pushed-authorization-requests"), actions.person(), Verifier()
    refused = mo.refused(app.authorize_url(verifier))
    assert (refused["error"], refused["state"]) == ("invalid_request", "a state")
    code = redirect_parameters(mo.decide(app.pushed_url(verifier), [READ]))["code"]
    assert app.exchange(code, verifier).status_code == 200


@pytest.mark.clause("RFC 9126 §4")
def test_what_changed_since_the_push_counts(actions: Actions, app: App) -> None:
    address = app.pushed_url(Verifier())
    actions.stack.command("client", "delete", app.client_id)
    assert is_shown_as_refused(visit(address))


def test_an_outage_is_a_503_with_a_time_to_come_back(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        app = Actions(start_stack(redis=url)).app()
        name = app.push(Verifier()).json()["request_uri"]
    for answer in (app.push(Verifier()), requests.get(app.url_naming(name), timeout=TIMEOUT, allow_redirects=False)):
        assert error_of(answer) == (503, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1


@pytest.mark.clause("RFC 9126 §5")
def test_the_metadata_tell_of_it(actions: Actions) -> None:
    said = requests.get(f"{actions.stack.auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
    assert said["pushed_authorization_request_endpoint"] == f"{actions.stack.auth}/par"
    assert said["require_pushed_authorization_requests"] is False
