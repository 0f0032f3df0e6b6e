"""The revocation feed, `GET /revocations`: what it tells whom."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.actions import TIMEOUT, Actions, Person, Verifier, error_of, tokens
from tests.support.feed_reader import Reader, jti
from tests.support.servers import fake_redis
from tests.support.stack import Stack

# What it tells


def test_a_revoked_access_token_is_named_by_its_jti(anywhere: Actions) -> None:
    app = anywhere.app()
    granted = app.connect(anywhere.person())
    reader, introspected = Reader(anywhere.stack), anywhere.introspect(granted.access)

    app.revoke(granted.access)

    assert reader.news() == [{"jti": jti(granted.access)}] == [{"jti": introspected["jti"]}]
    assert reader.news() == []


def test_a_revoked_refresh_token_names_its_grant(anywhere: Actions) -> None:
    app = anywhere.app()
    granted = app.connect(anywhere.person())
    reader, introspected = Reader(anywhere.stack), anywhere.introspect(granted.access)

    app.revoke(granted.refresh)

    assert reader.news() == [{"grant_id": introspected["grant_id"]}]


def _reuse_a_refresh_token(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    app.refresh(granted.refresh)
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def _disconnect(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    person.disconnect(app.client_id)


def _disable_the_account(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    actions.stack.command("account", "disable", person.username)


def _delete_the_client(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    actions.stack.command("client", "delete", app.client_id)


def _revoke_as_operator(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    actions.stack.command("grant", "revoke", actions.introspect(granted.access)["grant_id"])


def _change_the_password(actions: Actions, app: Any, person: Person, granted: Any) -> None:
    person.browser.get("/account")
    fields = {"current": person.password, "new": "a fresh long password 7"}
    assert person.browser.submit("/account/password", fields).status_code == 200


@pytest.mark.parametrize(
    "end",
    [
        _reuse_a_refresh_token,
        _disconnect,
        _disable_the_account,
        _delete_the_client,
        _revoke_as_operator,
        _change_the_password,
    ],
)
def test_whatever_ends_a_grant_names_it(actions: Actions, end: Callable[..., None]) -> None:
    app, person = actions.app(), actions.person()
    granted = app.connect(person)
    reader, grant_id = Reader(actions.stack), actions.introspect(granted.access)["grant_id"]

    end(actions, app, person, granted)

    assert {"grant_id": grant_id} in reader.news()


def test_a_code_that_is_used_again_names_the_grant(actions: Actions, reader: Reader) -> None:
    app, verifier = actions.app(), Verifier()
    code = app.get_code(actions.person(), verifier)
    grant_id = actions.introspect(tokens(app.exchange(code, verifier)).access)["grant_id"]

    assert error_of(app.exchange(code, verifier)) == (400, "invalid_grant")

    assert {"grant_id": grant_id} in reader.news()


def test_deleting_a_client_names_the_grant_of_its_own_tokens(actions: Actions, reader: Reader) -> None:
    app = actions.app("--grant-type", "client_credentials")
    introspected = actions.introspect(app.client_credentials().json()["access_token"])

    actions.stack.command("client", "delete", app.client_id)

    assert {"grant_id": introspected["grant_id"]} in reader.news()


def test_every_grant_of_an_account_is_named_when_it_is_disabled(actions: Actions, reader: Reader) -> None:
    person = actions.person()
    grant_ids = {actions.introspect(actions.app().connect(person).access)["grant_id"] for _ in range(3)}

    actions.stack.command("account", "disable", person.username)

    assert {event["grant_id"] for event in reader.news()} == grant_ids


def test_what_ends_nothing_is_not_told(actions: Actions, reader: Reader) -> None:
    app, person = actions.app(), actions.person()
    granted = app.connect(person)
    app.refresh(granted.refresh)
    app.revoke("mat_nonsense")
    actions.app().revoke(granted.access)
    person.browser.get("/account")
    person.browser.submit("/account/sign-out-everywhere", {})

    assert reader.news() == []


def test_tokens_for_others_are_not_told_and_yet_passed(actions: Actions) -> None:
    mine, others = Reader(actions.stack), Reader(actions.stack, actions.stack.other_credentials)
    before = others.cursor
    app = actions.app()
    app.revoke(app.connect(actions.person()).access)

    assert (len(mine.news()), others.news()) == (1, [])
    assert others.cursor == mine.cursor != before


# What it demands


@pytest.mark.parametrize("wait", ["x", "-1", "1s", "nan", "inf", "1e3", "٣", " 1", "1."])
def test_a_malformed_wait_is_refused(reader: Reader, wait: str) -> None:
    assert error_of(reader.request(after=reader.cursor, wait=wait)) == (400, "invalid_request")


def test_repeated_parameters_are_refused(reader: Reader) -> None:
    assert error_of(reader.request(after=[reader.cursor, reader.cursor])) == (400, "invalid_request")
    assert error_of(reader.request(wait=["0", "0"])) == (400, "invalid_request")


def test_the_answer_is_json_that_no_cache_keeps(reader: Reader) -> None:
    answer = reader.request(after=reader.cursor)
    assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == ("application/json", "no-store")


def test_only_resource_servers_are_told_anything(actions: Actions) -> None:
    app, fit, url = actions.app(), actions.stack.fit_credentials, f"{actions.stack.auth}/revocations"
    in_the_address = {"client_id": fit.name, "client_secret": fit.secret}
    for options in (
        {},
        {"auth": (fit.name, "wrong")},
        {"auth": (app.client_id, app.secret)},
        {"params": in_the_address},
        {"params": {"client_id": fit.name}},
    ):
        answer = requests.get(url, timeout=TIMEOUT, **options)  # type: ignore[arg-type]
        assert error_of(answer) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_guessing_secrets_here_is_throttled_as_elsewhere_and_a_right_secret_still_works(actions: Actions) -> None:
    fit, url = actions.stack.fit_credentials, f"{actions.stack.auth}/revocations"
    statuses = [requests.get(url, auth=(fit.name, "wrong"), timeout=TIMEOUT).status_code for _ in range(31)]
    assert set(statuses) == {401, 429}
    assert statuses[-1] == 429
    assert requests.get(url, auth=(fit.name, fit.secret), timeout=TIMEOUT).status_code == 200
    actions.stack.forget_failures()


def test_an_outage_of_redis_is_a_503_with_a_time_to_come_back(start_stack: Callable[..., Stack]) -> None:
    with fake_redis() as url:
        reader = Reader(start_stack(redis=url))
    answer = reader.request(after=reader.cursor, wait=1)
    assert error_of(answer) == (503, "temporarily_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
