"""Consent that shrinks: scopes are taken from a grant, and from then on nobody gets them without asking the person."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from auth_service.models.tokens import RevokedBecause
from tests.flows.test_consent import ASSURED, is_asked
from tests.support.actions import PLANS, READ, WRITE, Actions, Tokens, Verifier, error_of, tokens
from tests.support.feed_reader import Reader
from tests.support.polling import eventually
from tests.support.stack import Stack

BOTH = f"{READ} {WRITE}"


def grant_of(actions: Actions, granted: Tokens) -> str:
    grant_id: str = actions.introspect(granted.access)["grant_id"]
    return grant_id


def narrow(actions: Actions, grant_id: str, *scopes: str) -> dict[str, Any]:
    options = [part for scope in scopes for part in ("--scope", scope)]
    narrowed: dict[str, Any] = actions.stack.command("grant", "narrow", grant_id, *options)
    return narrowed


def refused(actions: Actions, *arguments: str) -> str:
    result = actions.stack.auth_app.test_cli_runner().invoke(args=["grant", "narrow", *arguments])
    assert (result.exit_code, result.stdout) == (2, "")
    return result.stderr


@pytest.mark.clause("RFC 7662 §2.2")
def test_the_next_introspection_shows_what_is_left(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted, other = app.connect(mo), app.connect(mo)
    before = actions.introspect(granted.access)
    told = narrow(actions, before["grant_id"], READ)
    assert (told["scopes"], told["audience"]) == ([READ], [actions.stack.fit_credentials.resource])
    assert actions.introspect(granted.access) == {**before, "scope": READ}
    assert actions.introspect(other.access)["scope"] == BOTH


@pytest.mark.clause("RFC 6749 §6")
def test_a_refresh_gives_what_is_left_and_where_that_is_nothing_spends_nothing(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    narrow(actions, grant_of(actions, granted), READ)
    assert error_of(app.refresh(granted.refresh, scope=WRITE)) == (400, "invalid_scope")
    refreshed = tokens(app.refresh(granted.refresh, scope=BOTH))
    assert (refreshed.answer["scope"], actions.introspect(refreshed.access)["scope"]) == (READ, READ)
    assert tokens(app.refresh(refreshed.refresh, scope=READ)).answer["scope"] == READ


@pytest.mark.clause("RFC 6750 §3.1")
def test_the_fit_api_learns_of_it_though_it_knew_the_token(actions: Actions) -> None:
    granted = actions.app().connect(actions.person())
    entry = {"body_weight": "80", "unit": "kg"}
    assert actions.fit("POST", token=granted.access, json=entry).status_code == 201
    narrow(actions, grant_of(actions, granted), READ)
    eventually(lambda: actions.fit("POST", token=granted.access, json=entry).status_code == 403)
    assert actions.fit("GET", token=granted.access).status_code == 200


@pytest.mark.clause("RFC 7662 §2.2")
def test_a_token_of_whose_scope_nothing_is_left_is_dead_and_the_grant_lives(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    writing = tokens(app.refresh(granted.refresh, scope=WRITE))
    narrow(actions, grant_of(actions, granted), READ)
    assert actions.introspect(writing.access) == {"active": False}
    assert actions.introspect(granted.access)["scope"] == READ
    assert tokens(app.refresh(writing.refresh)).answer["scope"] == READ


@pytest.mark.clause("RFC 7662 §4")
def test_an_api_of_whose_scopes_none_is_left_learns_nothing_any_more_and_the_others_see_it_leave(
    actions: Actions,
) -> None:
    fit, plans = actions.stack.fit_credentials, actions.stack.other_credentials
    app = actions.app(scopes=[READ, WRITE, PLANS])
    granted = app.connect(actions.person())
    assert set(actions.introspect(granted.access, plans)["aud"]) == {fit.resource, plans.resource}
    narrow(actions, grant_of(actions, granted), READ, WRITE)
    assert actions.introspect(granted.access, plans) == {"active": False}
    assert actions.introspect(granted.access)["aud"] == [fit.resource]
    assert error_of(app.refresh(granted.refresh, resource=plans.resource)) == (400, "invalid_target")
    assert actions.introspect(tokens(app.refresh(granted.refresh)).access)["aud"] == [fit.resource]


def test_the_feed_tells_every_api_that_could_have_known_of_it_what_is_left(actions: Actions) -> None:
    app = actions.app(scopes=[READ, WRITE, PLANS])
    granted = app.connect(actions.person())
    readers = [Reader(actions.stack), Reader(actions.stack, actions.stack.other_credentials)]
    grant_id = grant_of(actions, granted)
    narrow(actions, grant_id, READ, WRITE)
    assert [reader.news() for reader in readers] == [[{"grant_id": grant_id, "scope": BOTH}]] * 2
    narrow(actions, grant_id, READ)
    assert [reader.news() for reader in readers] == [[{"grant_id": grant_id, "scope": READ}], []]
    narrow(actions, grant_id, READ)
    assert [reader.news() for reader in readers] == [[], []]


def test_an_unspent_code_gives_what_is_left(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    code = app.get_code(mo, verifier)
    (grant,) = actions.stack.command("grant", "list", "--username", mo.username)
    narrow(actions, grant["grant_id"], WRITE)
    assert tokens(app.exchange(code, verifier)).answer["scope"] == WRITE


def test_what_is_recorded_and_shown_shrinks_too(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    narrow(actions, grant_of(actions, granted), READ)
    page = mo.browser.get("/connected-apps").text
    assert ("See your body weight" in page, "Change your body weight" in page) == (True, False)
    (listed,) = actions.stack.command("grant", "list", "--username", mo.username)
    assert listed["scopes"] == [READ]


def test_to_leave_nothing_is_to_end_the_grant(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    grant_id, reader = grant_of(actions, granted), Reader(actions.stack)
    record = actions.stack.parts.revocation.narrow_grant(grant_id, [PLANS], RevokedBecause.PERSON)
    assert record is not None
    assert (record.revoked_because, record.scopes) == ("person", (READ, WRITE))
    assert not actions.is_active(granted.access)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    assert reader.news() == [{"grant_id": grant_id}]


def test_of_two_that_take_something_at_once_both_do_on_either_database(each_stack: Stack) -> None:
    actions, kept = Actions(each_stack), [[READ, PLANS], [WRITE, PLANS]]
    app, mo = actions.app(scopes=[READ, WRITE, PLANS]), actions.person()
    with ThreadPoolExecutor(2) as threads:
        for _ in range(8):
            granted = app.connect(mo)
            narrow_at_once = partial(each_stack.parts.revocation.narrow_grant, grant_of(actions, granted))
            list(threads.map(lambda scopes, do=narrow_at_once: do(scopes, RevokedBecause.PERSON), kept))
            seen = actions.introspect(granted.access, each_stack.other_credentials)
            assert (seen["scope"], seen["aud"]) == (PLANS, [each_stack.other_credentials.resource])
    assert {tuple(grant["scopes"]) for grant in each_stack.command("grant", "list", "--username", mo.username)} == {
        (PLANS,)
    }


def test_who_asks_for_what_cannot_be_is_told_so_and_changes_nothing(actions: Actions) -> None:
    app, machine = actions.app(), actions.app("--grant-type", "client_credentials")
    granted, ended = app.connect(actions.person()), app.connect(actions.person())
    own, gone = tokens(machine.client_credentials()), grant_of(actions, ended)
    app.revoke(ended.refresh)
    grant_id = grant_of(actions, granted)
    assert PLANS in refused(actions, grant_id, "--scope", READ, "--scope", PLANS)
    assert "Missing option" in refused(actions, grant_id)
    for nobodys in ("nonsense", gone, grant_of(actions, own)):
        assert nobodys in refused(actions, nobodys, "--scope", READ)
    assert actions.stack.parts.revocation.narrow_grant(grant_of(actions, own), [], RevokedBecause.PERSON) is None
    assert actions.introspect(granted.access)["scope"] == BOTH
    assert actions.introspect(own.access)["scope"] == BOTH


# Remembered consent


@pytest.mark.clause("RFC 6749 §10.2")
def test_what_was_taken_is_not_remembered_as_allowed(actions: Actions) -> None:
    app, mo = actions.app(redirect_uri=ASSURED), actions.person()
    mo.decide(app.authorize_url(Verifier()), [READ, WRITE])
    assert not is_asked(app, mo, BOTH)
    (_, grant) = actions.stack.command("grant", "list", "--username", mo.username)
    narrow(actions, grant["grant_id"], READ)
    assert [is_asked(app, mo, scope) for scope in (BOTH, WRITE, READ)] == [True, True, False]


@pytest.mark.clause("RFC 6749 §10.2")
def test_to_leave_nothing_forgets_that_it_was_allowed(actions: Actions) -> None:
    app, mo, ada = actions.app(redirect_uri=ASSURED), actions.person(), actions.person()
    for person in (mo, ada):
        person.decide(app.authorize_url(Verifier()), [READ, WRITE])
    (grant,) = actions.stack.command("grant", "list", "--username", mo.username)
    actions.stack.parts.revocation.narrow_grant(grant["grant_id"], [], RevokedBecause.PERSON)
    assert [is_asked(app, person, READ) for person in (mo, ada)] == [True, False]
