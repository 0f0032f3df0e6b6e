"""Who may call: every way to prove it, and every way to fail."""

import base64
import http.client
import time
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

import pytest
import requests

from tests.support.actions import CALLBACK, TIMEOUT, Actions, App, Verifier, error_of
from tests.support.polling import eventually

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app("--grant-type", "client_credentials")


def request_token(actions: Actions, authorization: str | bytes | None, form: dict[str, str]) -> requests.Response:
    headers = {"Authorization": authorization} if authorization is not None else {}
    return requests.post(f"{actions.stack.auth}/token", data=form, headers=headers, timeout=TIMEOUT)


def basic(client_id: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


@pytest.mark.clause("RFC 6749 §2.3.1", line=9)
def test_basic_is_understood_form_encoded_and_raw(actions: Actions, app: App) -> None:
    def percent(text: str) -> str:
        return "".join(f"%{ord(character):02X}" for character in text)

    raw = basic(app.client_id, app.secret)
    encoded = basic(quote_plus(app.client_id), quote_plus(app.secret))
    every_character = basic(percent(app.client_id), percent(app.secret))
    lower_case = "basic " + raw.removeprefix("Basic ")
    for authorization in (raw, encoded, every_character, lower_case):
        assert request_token(actions, authorization, GRANT).status_code == 200


@pytest.mark.clause("RFC 6749 §2.3.1")
@pytest.mark.clause("draft-ietf-oauth-v2-1 §2.4.1", line=122)
def test_the_secret_may_stand_in_the_body(actions: Actions, app: App) -> None:
    form = {**GRANT, "client_id": app.client_id, "client_secret": app.secret}
    assert request_token(actions, None, form).status_code == 200


@pytest.mark.clause("RFC 6749 §2.3.1")
def test_a_replaced_secret_stops_at_once_or_after_its_overlap(actions: Actions, app: App) -> None:
    def status(secret: str) -> int:
        return request_token(actions, basic(app.client_id, secret), GRANT).status_code

    def rotate(*options: str) -> str:
        return str(actions.stack.command("client", "rotate-secret", app.client_id, *options)["client_secret"])

    second = rotate("--overlap", "60")
    assert [status(app.secret), status(second)] == [200, 200]
    third = rotate("--overlap", "60")
    assert [status(app.secret), status(second), status(third)] == [401, 200, 200]
    fourth = rotate("--overlap", "1")
    time.sleep(1.1)
    assert [status(second), status(third), status(fourth)] == [401, 401, 200]
    fifth = rotate()
    assert [status(fourth), status(fifth)] == [401, 200]


def test_the_secret_of_a_resource_server_is_replaced_in_the_same_way(actions: Actions, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    register = ["resource-server", "ensure", "rotating", "--resource", "https://rotating.example/"]
    register += ["--scope", "rotating:read=Rotate", "--secret-file", str(file)]
    first, second = "first" * 10, "second" * 10

    def status(secret: str) -> int:
        introspection = f"{actions.stack.auth}/introspect"
        return requests.post(introspection, data={"token": "x"}, auth=("rotating", secret), timeout=TIMEOUT).status_code

    file.write_text(first)
    actions.stack.command(*register)
    file.write_text(second)
    actions.stack.command(*register, "--overlap", "60")
    assert [status(first), status(second), status("wrong")] == [200, 200, 401]
    rotated = actions.stack.command("resource-server", "rotate-secret", "rotating")["client_secret"]
    eventually(lambda: status(second) == 401)
    assert [status(first), status(rotated)] == [401, 200]


@pytest.mark.clause("RFC 6749 §2.3", line=8)
def test_two_ways_at_once_are_refused(actions: Actions, app: App) -> None:
    form = {**GRANT, "client_id": app.client_id, "client_secret": app.secret}
    assert error_of(request_token(actions, basic(app.client_id, app.secret), form)) == (400, "invalid_request")


@pytest.mark.clause("RFC 6749 §2.3", line=8)
def test_a_client_id_in_the_body_must_be_the_authenticated_one(actions: Actions, app: App) -> None:
    authorization = basic(app.client_id, app.secret)
    assert request_token(actions, authorization, {**GRANT, "client_id": app.client_id}).status_code == 200
    assert error_of(request_token(actions, authorization, {**GRANT, "client_id": "x"})) == (400, "invalid_request")


@pytest.mark.clause("RFC 6749 §5.2", lines=(11, 13))
def test_an_unknown_client_a_wrong_secret_and_none_get_the_same_answer(actions: Actions, app: App) -> None:
    failures = [
        request_token(actions, basic(app.client_id, "wrong"), GRANT),
        request_token(actions, basic("nobody", app.secret), GRANT),
        request_token(actions, basic(app.client_id, ""), GRANT),
        request_token(actions, None, {**GRANT, "client_id": app.client_id, "client_secret": "wrong"}),
        request_token(actions, None, {**GRANT, "client_id": "nobody", "client_secret": "wrong"}),
        request_token(actions, None, {**GRANT, "client_id": app.client_id}),
        request_token(actions, None, GRANT),
        request_token(actions, "Bearer something", GRANT),
    ]
    assert {error_of(answer) for answer in failures} == {(401, "invalid_client")}
    assert len({answer.text for answer in failures}) == 1


@pytest.mark.clause("RFC 7617 §2", line=10)
def test_a_failure_is_challenged_with_a_realm(actions: Actions, app: App) -> None:
    answer = request_token(actions, basic(app.client_id, "wrong"), GRANT)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="Moogle", charset="UTF-8"'


MALFORMED = [
    "Basic",
    "Basic ",
    "Basic !!!",
    "Basic //46eA==",
    "Basic " + base64.b64encode(b"no-colon").decode(),
    "Basic " + base64.b64encode(b":").decode(),
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
    "Basic " + base64.b64encode(b"id\0:secret").decode(),
    "Basic " + base64.b64encode("ключ:секрет".encode()).decode(),
    "Basic " + base64.b64encode(b"%FF%00:%ZZ").decode(),
    "Basic " + base64.b64encode(b"x" * 20_000).decode(),
    "Basic YTpi YTpi",
    "Basic YTpi, Basic YTpi",
    "Digest username=x",
    "=",
    ",",
]


@pytest.mark.clause("RFC 6749 §5.2", line=12)
@pytest.mark.parametrize("authorization", MALFORMED)
@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/par"])
def test_a_malformed_header_is_a_failed_authentication(actions: Actions, authorization: str, path: str) -> None:
    answer = requests.post(
        actions.stack.auth + path,
        data={**GRANT, "token": "x"},
        headers={"Authorization": authorization},
        timeout=TIMEOUT,
    )
    assert answer.status_code in {401, 429}
    assert answer.json()["error"] in {"invalid_client", "temporarily_unavailable"}


@pytest.mark.clause("RFC 6749 §5.2", line=12)
def test_bytes_outside_ascii_in_the_header_are_a_failed_authentication(actions: Actions) -> None:
    host = urlsplit(actions.stack.auth)
    connection = http.client.HTTPConnection(str(host.hostname), host.port, timeout=TIMEOUT)
    connection.putrequest("POST", "/token")
    connection.putheader("Authorization", b"Basic \xff\xfe\xe9")
    connection.putheader("Content-Type", "application/x-www-form-urlencoded")
    connection.putheader("Content-Length", "29")
    connection.endheaders(b"grant_type=client_credentials")
    assert connection.getresponse().status in {401, 429}
    connection.close()


@pytest.mark.clause("RFC 6749 §3.2.1", line=13)
@pytest.mark.clause("RFC 7009 §2.1", line=54)
def test_a_confidential_client_must_prove_itself_everywhere(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    granted = app.connect(mo)
    for form in (
        {"grant_type": "refresh_token", "refresh_token": granted.refresh},
        {"grant_type": "authorization_code", "code": "mac_x"},
    ):
        assert error_of(request_token(actions, None, {**form, "client_id": app.client_id})) == (401, "invalid_client")
    revocation = {"token": granted.refresh, "client_id": app.client_id}
    answer = requests.post(f"{actions.stack.auth}/revoke", data=revocation, timeout=TIMEOUT)
    assert error_of(answer) == (401, "invalid_client")
    assert actions.is_active(granted.access)


@pytest.mark.clause("RFC 6749 §3.2.1", line=14)
def test_a_public_client_names_itself_and_brings_no_secret(actions: Actions) -> None:
    app = actions.app(public=True)
    granted = app.connect(actions.person())
    verifier = Verifier()
    code = app.get_code(actions.person(), verifier)
    exchange = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": verifier.verifier,
    }
    for nameless in (exchange, {"grant_type": "refresh_token", "refresh_token": granted.refresh}):
        assert error_of(request_token(actions, None, nameless)) == (401, "invalid_client")
    assert app.exchange(code, verifier).status_code == 200
    pretending = {"grant_type": "refresh_token", "refresh_token": granted.refresh}
    assert error_of(request_token(actions, basic(app.client_id, "x"), pretending)) == (401, "invalid_client")
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 6749 §10.10", line=27)
def test_guessing_is_throttled_and_a_right_secret_still_works(actions: Actions, app: App) -> None:
    statuses = [request_token(actions, basic(app.client_id, f"guess-{n}"), GRANT).status_code for n in range(40)]
    assert statuses[0] in {401, 429}
    assert statuses[-1] == 429
    last = request_token(actions, basic(app.client_id, "guess"), GRANT)
    assert 1 <= int(last.headers["Retry-After"]) <= 60
    assert last.json()["error"] == "temporarily_unavailable"
    assert app.client_credentials().status_code == 200


@pytest.mark.clause("RFC 7662 §4", line=68)
def test_a_resource_server_is_no_client_and_a_client_is_no_resource_server(actions: Actions, app: App) -> None:
    fit = actions.stack.fit_credentials
    assert request_token(actions, basic(fit.name, fit.secret), GRANT).status_code in {401, 429}
    answer = requests.post(
        f"{actions.stack.auth}/introspect", data={"token": "x"}, auth=(app.client_id, app.secret), timeout=TIMEOUT
    )
    assert answer.status_code in {403, 429}
    assert "active" not in answer.json()
