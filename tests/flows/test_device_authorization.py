"""RFC 8628: a device without a browser shows a code, a person decides elsewhere, the device gets tokens once."""

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests

from tests.support.actions import (
    DEVICE_CODE,
    READ,
    TIMEOUT,
    WRITE,
    Actions,
    App,
    Verifier,
    error_of,
    tokens,
)
from tests.support.servers import fake_redis
from tests.support.stack import Stack

DEVICE = ("--grant-type", DEVICE_CODE, "--grant-type", "refresh_token")
PENDING, SLOW_DOWN = (400, "authorization_pending"), (400, "slow_down")
INVALID_GRANT = (400, "invalid_grant")
PLANS = "plans:read"
KEY = "one-and-the-same-key"


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(*DEVICE)


def keys_of(actions: Actions, user_code: str) -> list[str]:
    """The Redis keys of a device that waits."""
    device = actions.stack.parts.server.parts.devices.find(user_code.replace("-", ""))
    assert device is not None
    redis = actions.stack.parts.redis.reads
    user_codes = [key for key in redis.scan_iter("user-code:*") if redis.get(key) == device.grant_id]
    return [f"device:{device.grant_id}", *user_codes]


def as_if_waited(actions: Actions, user_code: str, seconds: float) -> None:
    """Move the device's last poll into the past."""
    actions.stack.parts.redis.scripts.hincrby(keys_of(actions, user_code)[0], "polled_at", -int(seconds * 1000))


def as_if_expired(actions: Actions, user_code: str) -> None:
    for key in keys_of(actions, user_code):
        actions.stack.parts.redis.scripts.pexpire(key, 0)


# What a device gets


@pytest.mark.clause("RFC 8628 §3.2", line=91)
def test_a_device_gets_two_codes_and_is_told_where_and_how_long(actions: Actions, app: App) -> None:
    answer = app.device_authorization()
    body = answer.json()
    page = f"{actions.stack.auth}/device"
    assert body == {
        "device_code": body["device_code"],
        "user_code": body["user_code"],
        "verification_uri": page,
        "verification_uri_complete": f"{page}?user_code={body['user_code']}",
        "expires_in": 600,
        "interval": 5,
    }
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.headers["Content-Type"] == "application/json"
    assert re.fullmatch("mdc_[A-Za-z0-9_-]{96}", body["device_code"])


@pytest.mark.clause("RFC 8628 §6.1")
def test_user_codes_have_no_vowels_and_nothing_that_looks_like_something_else(app: App) -> None:
    codes = {app.begin_device()["user_code"] for _ in range(20)}
    assert len(codes) == 20
    assert all(re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code) for code in codes)


@pytest.mark.clause("RFC 8628 §3.4")
@pytest.mark.parametrize("public", [False, True])
def test_the_whole_story_of_a_device(actions: Actions, public: bool) -> None:
    app, mo = actions.app(*DEVICE, public=public), actions.person()
    codes = app.begin_device()
    assert error_of(app.poll(codes["device_code"])) == PENDING

    done = mo.answer_device(codes["user_code"], [READ])
    assert (done.status_code, f"<strong>{app.name}</strong> is connected" in done.text) == (200, True)

    granted = tokens(app.poll(codes["device_code"]))
    assert granted.answer == {
        "access_token": granted.access,
        "token_type": "Bearer",
        "expires_in": 600,
        "refresh_token": granted.refresh,
        "scope": READ,
    }
    introspected = actions.introspect(granted.access)
    assert (introspected["sub"], introspected["client_id"]) == (mo.subject, app.client_id)
    assert actions.fit("GET", token=granted.access).status_code == 200
    assert app.refresh(granted.refresh).status_code == 200
    assert app.name in mo.browser.get("/connected-apps").text


@pytest.mark.clause("RFC 8628 §3.1", line=90)
@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"scope": "nobody:has"}, "invalid_scope"),
        ({"scope": [READ, READ]}, "invalid_request"),
        ({"client_id": "somebody-else"}, "invalid_request"),
        ({"resource": "https://unknown.example/"}, "invalid_target"),
        ({"scope": "a\0b"}, "invalid_request"),
    ],
)
def test_what_nobody_may_ask_for_a_device_may_not_either(app: App, parameters: dict[str, Any], error: str) -> None:
    assert error_of(app.device_authorization(**parameters)) == (400, error)


@pytest.mark.clause("RFC 8628 §3.1", line=90)
def test_a_client_proves_itself_at_both_endpoints_as_anywhere(actions: Actions, app: App) -> None:
    codes = app.begin_device()
    for path, form in (
        ("/device_authorization", {"scope": READ}),
        ("/token", {"grant_type": DEVICE_CODE, "device_code": codes["device_code"]}),
    ):
        for options in ({}, {"auth": (app.client_id, "wrong")}):
            answer = requests.post(actions.stack.auth + path, data=form, timeout=TIMEOUT, **options)  # type: ignore[arg-type]
            assert error_of(answer) == (401, "invalid_client")
        unproven = requests.post(actions.stack.auth + path, data={**form, "client_id": app.client_id}, timeout=TIMEOUT)
        assert error_of(unproven) == (401, "invalid_client")
    assert error_of(app.poll(codes["device_code"])) == PENDING


@pytest.mark.clause("RFC 6749 §5.2", line=15)
def test_a_client_needs_the_grant_type(actions: Actions, app: App) -> None:
    other, codes = actions.app(), app.begin_device()
    assert error_of(other.device_authorization()) == (400, "unauthorized_client")
    assert error_of(other.poll(codes["device_code"])) == (400, "unauthorized_client")


@pytest.mark.clause("RFC 8707 §2")
def test_a_device_may_name_the_resource_its_token_is_for(actions: Actions) -> None:
    app, mo, plans = actions.app(*DEVICE, scopes=[READ, PLANS]), actions.person(), actions.stack.other_credentials
    codes = app.begin_device(scope=None, resource=plans.resource)
    mo.answer_device(codes["user_code"], [READ, PLANS])
    granted = tokens(app.poll(codes["device_code"]))
    assert granted.answer["scope"] == PLANS
    assert actions.introspect(granted.access, plans)["aud"] == [plans.resource]
    assert not actions.is_active(granted.access)


@pytest.mark.clause("RFC 8628 §3.1")
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_answered(actions: Actions, method: str) -> None:
    answer = requests.request(method, f"{actions.stack.auth}/device_authorization", timeout=TIMEOUT)
    assert error_of(answer) == (405, "invalid_request")


def test_too_many_devices_that_nobody_proved_are_refused_and_proven_ones_are_not(actions: Actions, app: App) -> None:
    public = actions.app(*DEVICE, public=True)
    answers = [public.device_authorization() for _ in range(122)]
    assert error_of(answers[-1]) == (429, "temporarily_unavailable")
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert app.device_authorization().status_code == 200


def test_everything_that_waits_has_an_end(actions: Actions, app: App) -> None:
    codes = app.begin_device()
    app.poll(codes["device_code"])
    redis, keys = actions.stack.parts.redis.reads, keys_of(actions, codes["user_code"])
    assert [0 < redis.ttl(key) <= 600 for key in keys] == [True, True]
    actions.person().answer_device(codes["user_code"], [READ])
    (grant_key,) = redis.scan_iter(f"grant:*:{keys[0].removeprefix('device:')}")
    assert 0 < redis.ttl(grant_key) <= 600
    assert redis.exists(*keys) == 0


# What it is told while it waits


@pytest.mark.clause("RFC 8628 §3.5", line=92)
def test_who_asks_too_soon_has_to_wait_five_seconds_longer_each_later_time(actions: Actions, app: App) -> None:
    codes = app.begin_device()
    for waited, told in (
        (None, PENDING),
        (0, SLOW_DOWN),  # ten seconds from now on
        (8, SLOW_DOWN),  # fifteen
        (16, PENDING),
        (12, SLOW_DOWN),  # twenty
        (21, PENDING),
        (21, PENDING),
    ):
        if waited:
            as_if_waited(actions, codes["user_code"], waited)
        assert error_of(app.poll(codes["device_code"])) == told


@pytest.mark.clause("RFC 8628 §3.5", line=92)
@pytest.mark.parametrize(("scopes", "decision"), [([READ], "deny"), ([], "allow"), ([PLANS], "allow"), ([READ], "x")])
def test_a_device_that_got_nothing_is_told_so_each_time(
    actions: Actions, app: App, scopes: list[str], decision: str
) -> None:
    codes = app.begin_device()
    done = actions.person().answer_device(codes["user_code"], scopes, decision=decision)
    assert "got no access" in done.text
    for _ in range(3):
        assert error_of(app.poll(codes["device_code"])) == (400, "access_denied")


@pytest.mark.clause("RFC 8628 §3.5", line=92)
def test_after_its_time_a_device_code_is_expired_and_its_user_code_unknown(actions: Actions, app: App) -> None:
    codes = app.begin_device()
    as_if_expired(actions, codes["user_code"])
    assert error_of(app.poll(codes["device_code"])) == (400, "expired_token")
    assert actions.person().open_device_page(codes["user_code"]).status_code == 422


@pytest.mark.clause("RFC 6749 §5.2", line=93)
def test_what_is_no_device_code_of_the_client_is_an_invalid_grant(actions: Actions, app: App) -> None:
    other, mo = actions.app(*DEVICE), actions.person()
    codes = app.begin_device()
    assert error_of(other.poll(codes["device_code"])) == INVALID_GRANT
    web = actions.app()
    verifier = Verifier()
    code = web.get_code(mo, verifier)
    for text in ("x", "mdc_" + "A" * 96, codes["device_code"][:-1] + "!", codes["user_code"], code):
        assert error_of(app.poll(text)) == INVALID_GRANT
    assert error_of(app.poll("")) == (400, "invalid_request")
    assert error_of(app.token_request({"grant_type": DEVICE_CODE, "device_code": [codes["device_code"]] * 2})) == (
        400,
        "invalid_request",
    )
    assert web.exchange(code, verifier).status_code == 200
    assert error_of(app.poll(codes["device_code"])) == PENDING  # nothing of that counted as a poll
    mo.answer_device(codes["user_code"], [READ])
    assert error_of(other.poll(codes["device_code"])) == INVALID_GRANT
    assert app.poll(codes["device_code"]).status_code == 200


@pytest.mark.clause("RFC 7636 §4.6", line=78)
@pytest.mark.clause("RFC 6749 §6", line=25)
def test_no_credential_passes_for_one_of_another_grant(actions: Actions) -> None:
    app, mo, verifier = actions.app("--grant-type", "authorization_code", *DEVICE), actions.person(), Verifier()
    codes, code = app.begin_device(), app.get_code(mo, verifier)
    mo.answer_device(codes["user_code"], [READ])
    assert error_of(app.exchange(codes["device_code"], verifier)) == INVALID_GRANT
    assert error_of(app.refresh(codes["device_code"])) == INVALID_GRANT
    assert error_of(app.poll(code)) == INVALID_GRANT  # else a stolen code would need no verifier
    granted = tokens(app.exchange(code, verifier))
    for token in (granted.access, granted.refresh):
        assert error_of(app.poll(token)) == INVALID_GRANT
    assert app.revoke(codes["device_code"]).status_code == 200
    assert [app.poll(codes["device_code"]).status_code, app.refresh(granted.refresh).status_code] == [200, 200]


def test_an_outage_is_no_refusal(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        app = Actions(start_stack(redis=url)).app(*DEVICE)
        codes = app.begin_device()
    for answer in (app.device_authorization(), app.poll(codes["device_code"])):
        assert error_of(answer) == (503, "temporarily_unavailable")
        assert int(answer.headers["Retry-After"]) >= 1


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
