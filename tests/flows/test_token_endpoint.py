"""What `POST /token` demands of every request and promises in every answer."""

from typing import Any

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, Actions, error_of

ALLOWED_IN_DESCRIPTIONS = {chr(code) for code in (0x20, 0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))}


@pytest.mark.clause("RFC 6749 §5.1", lines=(1, 2))
@pytest.mark.clause("RFC 9700 §2.2.2", line=142)
def test_a_successful_answer_has_its_members_and_is_never_stored(actions: Actions) -> None:
    granted = actions.app().connect(actions.person())
    answer = granted.answer
    assert set(answer) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    assert answer["token_type"] == "Bearer"
    assert answer["expires_in"] == 600


@pytest.mark.clause("RFC 6749 §5.1", line=1)
def test_answers_are_json_that_no_cache_keeps(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials")
    for answer in (app.client_credentials(), app.token_request({"grant_type": "nonsense"})):
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Pragma"] == "no-cache"


@pytest.mark.clause("RFC 6749 §3.2", line=3)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_answered(actions: Actions, method: str) -> None:
    answer = requests.request(method, f"{actions.stack.auth}/token", timeout=TIMEOUT)
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


@pytest.mark.clause("RFC 6749 §5.2", lines=(4, 16))
@pytest.mark.clause("RFC 9700 §2.4", line=41)
@pytest.mark.clause("draft-ietf-oauth-v2-1 §10", line=124)
@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password", "username": "mo", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": 'a"b\\cé'}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "nonsense"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "nonsense"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "a\0b"}, "invalid_request"),
    ],
)
def test_a_request_that_cannot_be_answered_gets_the_registered_error(
    actions: Actions, form: dict[str, str], error: str
) -> None:
    answer = actions.app().token_request(form)
    assert error_of(answer) == (400, error)
    assert set(answer.json()) <= {"error", "error_description"}
    assert set(answer.json().get("error_description", "")) <= ALLOWED_IN_DESCRIPTIONS


@pytest.mark.clause("RFC 6749 §3.2 (erratum 5708)", line=5)
@pytest.mark.parametrize("name", ["grant_type", "scope", "client_id", "refresh_token", "code", "redirect_uri"])
def test_a_parameter_of_oauth_must_not_be_repeated(actions: Actions, name: str) -> None:
    app = actions.app("--grant-type", "client_credentials")
    form: list[tuple[str, str]] = [("grant_type", "client_credentials"), (name, READ), (name, READ)]
    answer = requests.post(f"{actions.stack.auth}/token", data=form, auth=(app.client_id, app.secret), timeout=TIMEOUT)
    assert error_of(answer) == (400, "invalid_request")


@pytest.mark.clause("RFC 6749 §3.2", lines=(5, 6))
def test_unknown_parameters_are_ignored_also_when_repeated(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials")
    assert app.client_credentials(colour=["red", "blue"]).status_code == 200


@pytest.mark.clause("RFC 6749 §3.2", line=6)
def test_an_empty_parameter_is_an_omitted_one(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials", scopes=[READ])
    answer = app.client_credentials(scope="")
    assert answer.json()["scope"] == READ


@pytest.mark.clause("RFC 6749 §2.3.1", line=7)
@pytest.mark.parametrize("names", [("grant_type",), ("client_id", "client_secret"), ("client_id",), ("scope",), ("x",)])
def test_parameters_in_the_address_are_refused(actions: Actions, names: tuple[str, ...]) -> None:
    app = actions.app("--grant-type", "client_credentials")
    every = {"grant_type": "client_credentials", "client_id": app.client_id, "client_secret": app.secret, "scope": READ}
    address = {name: every.get(name, "x") for name in names}
    body = {name: value for name, value in every.items() if name not in names}
    answer = requests.post(f"{actions.stack.auth}/token", params=address, data=body, timeout=TIMEOUT)
    assert error_of(answer) == (400, "invalid_request")


@pytest.mark.clause("RFC 6749 §3.2", line=28)
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/par"])
@pytest.mark.parametrize(
    "body",
    [
        {"json": {"grant_type": "client_credentials"}},
        {"files": {"grant_type": (None, "client_credentials")}},
        {"data": b"grant_type=client_credentials"},
        {"data": b"\xff\xfe", "headers": {"Content-Type": "text/plain; charset=utf-16"}},
    ],
)
def test_only_forms_are_read(actions: Actions, path: str, body: dict[str, Any]) -> None:
    app = actions.app("--grant-type", "client_credentials")
    answer = requests.post(actions.stack.auth + path, auth=(app.client_id, app.secret), timeout=TIMEOUT, **body)
    assert error_of(answer) == (400, "invalid_request")


@pytest.mark.clause("RFC 9110 §15.5.14")
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/par"])
def test_a_body_that_no_request_needs_is_refused(actions: Actions, path: str) -> None:
    answer = requests.post(actions.stack.auth + path, data={"token": "x" * 70_000}, timeout=TIMEOUT)
    assert error_of(answer) == (413, "invalid_request")


@pytest.mark.clause("RFC 6749 §5.2", line=15)
def test_a_client_may_only_use_the_grants_it_was_registered_for(actions: Actions) -> None:
    only_codes = actions.app("--grant-type", "authorization_code")
    granted = only_codes.connect(actions.person())
    assert granted.refresh == ""
    assert error_of(only_codes.client_credentials()) == (400, "unauthorized_client")
    assert error_of(only_codes.refresh("mrt_whatever")) == (400, "unauthorized_client")


@pytest.mark.clause("RFC 6749 §10.10", line=26)
def test_tokens_are_long_and_never_repeat(actions: Actions) -> None:
    app = actions.app("--grant-type", "client_credentials")
    tokens = {app.client_credentials().json()["access_token"] for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {100}
