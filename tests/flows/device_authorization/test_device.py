"""RFC 8628: a device without a browser shows a code, waits, and gets tokens once."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import redis
import requests

from auth_service.protocol.device import short_outage
from auth_service.storage.device_authorizations import DeviceAuthorizationStore
from shared.resource_server.process import seconds
from tests.support.actions import DEVICE, DEVICE_CODE, PLANS, READ, TIMEOUT, Actions, App, Verifier, error_of, tokens
from tests.support.servers import fake_redis
from tests.support.stack import Stack
from tests.support.waiting_devices import PENDING, SLOW_DOWN, as_if_expired, as_if_just_polled, as_if_waited, keys_of

INVALID_GRANT = (400, "invalid_grant")
UNAVAILABLE = (503, "temporarily_unavailable")


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
    assert (done.status_code, f"<strong><bdi>{app.name}</bdi></strong> is connected" in done.text) == (200, True)

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
        (2, SLOW_DOWN),  # ten seconds from now on
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
def test_the_second_of_two_polls_within_a_second_does_not_count_and_the_third_does(actions: Actions, app: App) -> None:
    codes = app.begin_device()
    for told in ([PENDING, PENDING, SLOW_DOWN], [PENDING, PENDING], [PENDING, PENDING, SLOW_DOWN]):
        as_if_waited(actions, codes["user_code"], 30)
        for each in told:
            assert error_of(app.poll(codes["device_code"])) == each
            as_if_just_polled(actions, codes["user_code"])  # however slow this machine is


def test_in_a_short_outage_a_poll_is_told_to_slow_down_and_nobody_else_is(
    actions: Actions, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = app.begin_device()

    def lost(*_: object) -> None:
        raise redis.ConnectionError

    with monkeypatch.context() as outage:
        outage.setattr(DeviceAuthorizationStore, "poll", lost)
        outage.setattr(DeviceAuthorizationStore, "add", lost)
        assert error_of(app.poll(codes["device_code"])) == SLOW_DOWN
        assert error_of(app.device_authorization()) == (503, "temporarily_unavailable")
        began = seconds()
        for later, told in ((10, SLOW_DOWN), (20, SLOW_DOWN), (40, UNAVAILABLE), (60, UNAVAILABLE)):
            outage.setattr(short_outage, "seconds", lambda now=began + later: now)
            assert error_of(app.poll(codes["device_code"])) == told
            assert error_of(app.poll("x")) == INVALID_GRANT  # no store is asked about that, so it says nothing of them
    assert error_of(app.poll(codes["device_code"])) == PENDING
    with monkeypatch.context() as outage:  # the next outage is short again
        outage.setattr(DeviceAuthorizationStore, "poll", lost)
        assert error_of(app.poll(codes["device_code"])) == SLOW_DOWN


@pytest.mark.clause("RFC 8628 §3.5", line=92)
@pytest.mark.parametrize(("scopes", "decision"), [([READ], "deny"), ([PLANS], "allow"), ([READ], "x")])
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
    answer = app.device_authorization()
    assert error_of(answer) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert error_of(app.poll(codes["device_code"])) == SLOW_DOWN  # true as well, and no client ends its flow at that
