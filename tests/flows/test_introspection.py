"""RFC 7662: who may ask, and what they learn."""

import time

import pytest
import requests

from tests.support.actions import INACTIVE, READ, TIMEOUT, Actions, Verifier, error_of


def introspect(actions: Actions, auth: tuple[str, str] | None, **form: str) -> requests.Response:
    return requests.post(f"{actions.stack.auth}/introspect", data=form, auth=auth, timeout=TIMEOUT)


@pytest.mark.clause("RFC 7662 §2.2", line=65)
def test_an_active_answer_says_whom_and_what_the_token_stands_for(actions: Actions) -> None:
    app, mo = actions.app("--access-token-lifetime", "300"), actions.person()
    granted = app.connect(mo, scopes=[READ])
    answer = actions.introspect(granted.access)

    assert answer["exp"] - answer["iat"] == 300
    assert {type(answer["exp"]), type(answer["iat"])} == {int}
    assert granted.access not in str(answer)
    assert len(answer["jti"]) == 43
    assert len(answer["grant_id"]) == 32
    assert answer == {
        "active": True,
        "scope": READ,
        "client_id": app.client_id,
        "username": mo.username,
        "sub": mo.subject,
        "aud": [actions.stack.fit_credentials.resource],
        "iss": actions.stack.auth,
        "exp": answer["exp"],
        "iat": answer["iat"],
        "token_type": "Bearer",
        "jti": answer["jti"],
        "grant_id": answer["grant_id"],
        "auth_time": answer["auth_time"],
    }


@pytest.mark.clause("RFC 7662 §2.2")
def test_a_clients_own_token_carries_no_username(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials")
    answer = actions.introspect(app.client_credentials().json()["access_token"])
    assert (answer["sub"], "username" in answer) == (app.client_id, False)


@pytest.mark.clause("RFC 7662 §2.2", line=64)
@pytest.mark.clause("RFC 7662 §4", line=70)
@pytest.mark.parametrize("token", ["x", "mat_" + "A" * 96, "mat_é", " ", "mat_", "A" * 20_000])
def test_of_what_is_no_token_only_active_false_is_said(actions: Actions, token: str) -> None:
    assert actions.introspect(token) == INACTIVE


@pytest.mark.clause("RFC 7662 §2.2", line=64)
@pytest.mark.clause("RFC 7662 §2.1", line=71)
def test_what_was_revoked_or_has_expired_is_inactive_from_that_second_on(actions: Actions) -> None:
    app, brief = actions.app(), actions.app("--access-token-lifetime", "1")
    revoked, expired = app.connect(actions.person()), brief.connect(actions.person())
    expires_at = actions.introspect(expired.access).get("exp", 0)
    app.revoke(revoked.access)
    assert actions.introspect(revoked.access) == INACTIVE
    time.sleep(max(0, expires_at - time.time()))
    assert actions.introspect(expired.access) == INACTIVE


@pytest.mark.clause("RFC 7662 §4", line=72)
def test_codes_and_refresh_tokens_are_never_active(actions: Actions) -> None:
    app, mo, verifier = actions.app(), actions.person(), Verifier()
    assert actions.introspect(app.get_code(mo, verifier)) == INACTIVE
    granted = app.connect(mo)
    assert actions.introspect(granted.refresh) == INACTIVE


@pytest.mark.clause("RFC 7662 §4", line=69)
@pytest.mark.clause("RFC 7662 §2.2", line=64)
def test_a_resource_server_learns_nothing_of_tokens_that_are_not_meant_for_it(actions: Actions) -> None:
    granted = actions.app().connect(actions.person())
    assert actions.introspect(granted.access, actions.stack.other_credentials) == INACTIVE
    assert actions.is_active(granted.access)


@pytest.mark.clause("RFC 7662 §2.1", lines=(62, 68))
def test_without_good_credentials_nothing_is_said(actions: Actions) -> None:
    app, fit = actions.app(), actions.stack.fit_credentials
    granted = app.connect(actions.person())
    for auth in (None, (fit.name, "wrong"), (fit.name, ""), ("nobody", "x"), (app.client_id, "wrong")):
        answer = introspect(actions, auth, token=granted.access)
        assert error_of(answer) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.clause("RFC 7662 §2.1")
@pytest.mark.clause("RFC 8414 §2", line=83)
def test_the_credentials_may_come_in_the_body(actions: Actions) -> None:
    fit, granted = actions.stack.fit_credentials, actions.app().connect(actions.person())
    answer = introspect(actions, None, token=granted.access, client_id=fit.name, client_secret=fit.secret)
    assert answer.json()["active"] is True


@pytest.mark.clause("RFC 7662 §2.1", line=63)
def test_a_request_without_a_token_or_with_two_is_malformed(actions: Actions) -> None:
    fit = actions.stack.fit_credentials
    assert error_of(introspect(actions, (fit.name, fit.secret))) == (400, "invalid_request")
    twice = requests.post(
        f"{actions.stack.auth}/introspect",
        data=[("token", "a"), ("token", "b")],
        auth=(fit.name, fit.secret),
        timeout=60,
    )
    assert error_of(twice) == (400, "invalid_request")


@pytest.mark.clause("RFC 7662 §2.1", line=66)
@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense"])
def test_the_hint_changes_nothing(actions: Actions, hint: str) -> None:
    fit, granted = actions.stack.fit_credentials, actions.app().connect(actions.person())
    answer = introspect(actions, (fit.name, fit.secret), token=granted.access, token_type_hint=hint)
    assert answer.json()["active"] is True


@pytest.mark.clause("RFC 7662 §4", lines=(63, 70))
def test_answers_are_never_cached_and_get_is_refused(actions: Actions) -> None:
    fit = actions.stack.fit_credentials
    assert introspect(actions, (fit.name, fit.secret), token="x").headers["Cache-Control"] == "no-store"
    get = requests.get(
        f"{actions.stack.auth}/introspect", params={"token": "x"}, auth=(fit.name, fit.secret), timeout=60
    )
    assert get.status_code == 405
