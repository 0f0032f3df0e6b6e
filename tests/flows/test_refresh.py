"""The refresh grant: one use each, what may be narrowed, what ends it, and how a lost answer is repeated."""

import time
from collections.abc import Callable

import pytest
from sqlalchemy import text

from auth_service.storage import grants
from tests.support.actions import READ, WRITE, Actions, Tokens, Verifier, error_of, tokens
from tests.support.polling import eventually
from tests.support.stack import Stack

pytestmark = pytest.mark.core

KEY = "one-and-the-same-key"
OTHER_KEY = "another-key-of-the-client"


@pytest.mark.clause("RFC 6749 §6", line=24)
def test_the_scope_may_be_narrowed_for_one_access_token_and_is_whole_again_at_the_next(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    narrow = tokens(app.refresh(granted.refresh, scope=READ))
    assert (narrow.answer["scope"], actions.introspect(narrow.access)["scope"]) == (READ, READ)
    whole = tokens(app.refresh(narrow.refresh))
    assert whole.answer["scope"] == f"{READ} {WRITE}"


@pytest.mark.clause("RFC 6749 §6", line=23)
@pytest.mark.clause("RFC 9700 §4.14.2", line=116)
def test_of_the_scopes_that_are_asked_for_it_gives_what_was_granted_and_spends_nothing_where_that_is_none(
    actions: Actions,
) -> None:
    app = actions.app()
    granted = app.connect(actions.person(), scopes=[READ])
    for scope in (WRITE, "nobody:has", f"{WRITE} nobody:has"):
        assert error_of(app.refresh(granted.refresh, scope=scope)) == (400, "invalid_scope")
    for scope in (f"{READ} {WRITE}", f"nobody:has {READ}"):  # as libraries do that repeat what they asked for first
        granted = tokens(app.refresh(granted.refresh, scope=scope))
        assert (granted.answer["scope"], actions.introspect(granted.access)["scope"]) == (READ, READ)


@pytest.mark.clause("RFC 6749 §10.4", line=25)
def test_another_client_can_neither_use_nor_end_it(actions: Actions) -> None:
    app, other = actions.app(), actions.app()
    granted = app.connect(actions.person())
    refused, unknown = other.refresh(granted.refresh), other.refresh("x")
    assert error_of(refused) == (400, "invalid_grant")
    assert "invalid, expired, revoked or not this client's" in refused.json()["error_description"]
    assert error_of(unknown) == (400, "invalid_grant")
    assert unknown.json()["error_description"] == "This is no refresh token of ours."
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "mrt_" + "A" * 96, "é" * 100])
def test_what_is_no_refresh_token_is_refused(actions: Actions, token: str) -> None:
    status, error = error_of(actions.app().refresh(token))
    assert (status, error) in {(400, "invalid_grant"), (400, "invalid_request")}


@pytest.mark.clause("RFC 6749 §10.4", line=25)
def test_an_access_token_is_no_refresh_token_and_the_other_way_round(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    assert error_of(app.refresh(granted.access)) == (400, "invalid_grant")
    refused = actions.fit("GET", token=granted.refresh)
    assert (refused.status_code, 'error="invalid_token"' in refused.headers["WWW-Authenticate"]) == (401, True)
    assert actions.is_active(granted.access)
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 9700 §4.14.2", line=115)
@pytest.mark.clause("draft-ietf-oauth-v2-1 §4.3.1", line=124)
def test_reuse_of_any_earlier_generation_ends_the_grant(actions: Actions) -> None:
    app = actions.app()
    generations = [app.connect(actions.person())]
    for _ in range(5):
        generations.append(tokens(app.refresh(generations[-1].refresh)))
    assert error_of(app.refresh(generations[1].refresh)) == (400, "invalid_grant")
    assert [actions.is_active(each.access) for each in generations] == [False] * 6
    assert error_of(app.refresh(generations[-1].refresh)) == (400, "invalid_grant")


@pytest.mark.clause("RFC 9700 §4.14.2", line=115)
def test_unused_for_its_idle_lifetime_a_grant_ends(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(refresh_token_idle_lifetime=1_000))
    app = actions.app()
    granted = app.connect(actions.person())
    for _ in range(3):  # used in time, it lives on
        assert 900_000 < milliseconds_left(actions, granted, then=500_000) <= 1_000_000
        granted = tokens(app.refresh(granted.refresh))
    assert 900_000 < milliseconds_left(actions, granted, then=1) <= 1_000_000
    eventually(lambda: not actions.is_active(granted.access))
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def milliseconds_left(actions: Actions, granted: Tokens, then: int) -> int:
    """Until Redis forgets the grant; instead of waiting, let so many be left from here on."""
    database = actions.stack.parts.redis.scripts
    (grant,) = database.scan_iter(f"grant:*:{actions.introspect(granted.access)['grant_id']}")
    left = database.pttl(grant)
    database.pexpire(grant, then)
    return int(left)


def test_however_much_it_is_used_a_grant_ends_at_its_absolute_lifetime(start_stack: Callable[..., Stack]) -> None:
    lifetimes = {"access_token_lifetime": 2_000, "refresh_token_idle_lifetime": 1_000, "grant_lifetime": 1_000}
    actions = Actions(start_stack(**lifetimes))
    app = actions.app()
    granted = app.connect(actions.person())
    ends = actions.introspect(granted.access)["exp"]
    assert granted.answer["expires_in"] <= 1_000
    for _ in range(3):
        milliseconds_left(actions, granted, then=500_000)
        granted = tokens(app.refresh(granted.refresh))
        assert actions.introspect(granted.access)["exp"] <= ends
        left = milliseconds_left(actions, granted, then=1_000_000)
        assert time.time() + left / 1_000 <= ends + 1
    milliseconds_left(actions, granted, then=1)
    eventually(lambda: not actions.is_active(granted.access))
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def test_a_disabled_account_and_a_deleted_client_refresh_nothing(actions: Actions) -> None:
    app, mo, ada = actions.app(), actions.person(), actions.person()
    of_mo, of_ada = app.connect(mo), app.connect(ada)
    actions.stack.command("account", "disable", mo.username)
    assert error_of(app.refresh(of_mo.refresh)) == (400, "invalid_grant")
    assert not actions.is_active(of_mo.access)
    assert actions.is_active(of_ada.access)
    actions.stack.command("client", "delete", app.client_id)
    assert error_of(app.refresh(of_ada.refresh)) == (401, "invalid_client")
    assert not actions.is_active(of_ada.access)


@pytest.mark.parametrize(
    "ended",
    [
        "UPDATE accounts SET disabled_at = CURRENT_TIMESTAMP WHERE id = :sub",
        "UPDATE grants SET revoked_at = CURRENT_TIMESTAMP WHERE account_id = :sub",
    ],
)
def test_whatever_redis_still_holds_nothing_is_issued_for_what_sql_says_has_ended(actions: Actions, ended: str) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    granted, code = app.connect(mo), app.get_code(mo, verifier)
    with actions.stack.parts.database.writing() as session:
        session.execute(text(ended), {"sub": mo.subject})
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    assert error_of(app.exchange(code, verifier)) == (400, "invalid_grant")


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6", line=134)
def test_a_key_with_changed_parameters_is_refused_and_spends_nothing(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    pair = tokens(app.refresh(granted.refresh, key=KEY))
    assert error_of(app.refresh(granted.refresh, key=KEY, scope=READ)) == (400, "invalid_request")
    assert app.refresh(granted.refresh, key=KEY).json()["refresh_token"] == pair.refresh
    assert actions.is_active(pair.access)


def test_the_key_of_the_previous_rotation_does_not_stand_for_the_next(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    pair = tokens(app.refresh(granted.refresh, key=KEY))
    assert error_of(app.refresh(pair.refresh, key=KEY)) == (400, "invalid_request")
    assert app.refresh(pair.refresh, key=OTHER_KEY).status_code == 200


def test_once_the_successor_was_used_a_repetition_is_reuse(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    second = tokens(app.refresh(granted.refresh, key=KEY))
    third = tokens(app.refresh(second.refresh, key=OTHER_KEY))
    assert error_of(app.refresh(granted.refresh, key=KEY)) == (400, "invalid_grant")
    assert not actions.is_active(third.access)


def test_another_key_or_none_is_reuse(actions: Actions) -> None:
    app = actions.app()
    for key in (OTHER_KEY, None):
        granted = app.connect(actions.person())
        pair = tokens(app.refresh(granted.refresh, key=KEY))
        assert error_of(app.refresh(granted.refresh, key=key)) == (400, "invalid_grant")
        assert not actions.is_active(pair.access)


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6", line=134)
def test_a_lost_answer_is_repeated_when_its_access_token_has_run_out(actions: Actions) -> None:
    app = actions.app("--access-token-lifetime", "1")
    granted = app.connect(actions.person())
    lost = tokens(app.refresh(granted.refresh, key=KEY))
    time.sleep(1.1)
    assert not actions.is_active(lost.access)
    assert tokens(app.refresh(granted.refresh, key=KEY)).refresh == lost.refresh
    assert app.refresh(lost.refresh, key=OTHER_KEY).status_code == 200


def test_after_the_window_a_repetition_is_reuse(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    app.refresh(granted.refresh, key=KEY)
    monkeypatch.setattr(grants, "REPLAY_WINDOW", 0)
    assert error_of(app.refresh(granted.refresh, key=KEY)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "key", ["short", "x" * 256, "with space in the key", "ünï" * 6, '"' * 20, f'"{KEY}', f"{KEY}\\\\"]
)
def test_a_malformed_key_is_refused_and_spends_nothing(actions: Actions, key: str) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    assert error_of(app.refresh(granted.refresh, key=key.encode().decode("latin-1"))) == (400, "invalid_request")
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.1")
def test_a_key_is_the_same_however_it_is_written(actions: Actions) -> None:
    app = actions.app()
    for one, other in ((KEY, f'"{KEY}"'), (rf'"{KEY} \"x\" \\"', rf'"{KEY} \"x\" \\" ')):
        granted = app.connect(actions.person())
        assert tokens(app.refresh(granted.refresh, key=one)) == tokens(app.refresh(granted.refresh, key=other))


def test_a_code_exchange_may_be_repeated_in_the_same_way(actions: Actions) -> None:
    app, verifier = actions.app(), Verifier()
    code = app.get_code(actions.person(), verifier)
    answers = [app.exchange(code, verifier, key=KEY).json() for _ in range(2)]
    assert answers[0]["access_token"] == answers[1]["access_token"]
    assert answers[0]["refresh_token"] == answers[1]["refresh_token"]
    assert error_of(app.exchange(code, verifier)) == (400, "invalid_grant")
    assert not actions.is_active(answers[0]["access_token"])
