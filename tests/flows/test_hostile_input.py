"""Whatever is sent in whichever field, the answer is a refusal or an answer, on either database: never our mistake."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import requests
from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.unreader import IterUnreader

from tests.support.actions import CALLBACK, READ, TIMEOUT, Actions, App
from tests.support.stack import Stack

MARKUP = "<script>alert(1)</script>"
TEXTS = [
    "\0",
    "a\0b",
    "é🐿\u202e",
    "x" * 5_000,
    "' OR 1=1 --",
    "1e999",
    "\r\nX-Injected: yes",
    "../../etc/passwd",
    '{"$ne": []}',
    MARKUP,
]
ENCODED = [quote(text, safe="") for text in TEXTS] + ["%FF%FE", "%ED%A0%80", "%C0%80", "%", "%zz", "%u0000"]
"""As a form or a query carries them; the last ones are no UTF-8, or no encoding at all."""

FEW = [quote(text, safe="") for text in ("\0", "é🐿", MARKUP)] + ["%FF%FE"]
"""For forms whose passwords are hashed, which takes long on purpose, and for SQLite, which takes any text."""

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def actions(stricter_stack: Stack) -> Actions:
    stricter_stack.forget_failures()
    return Actions(stricter_stack)


@pytest.fixture
def encoded(stricter_stack: Stack) -> list[str]:
    return encoded_for(stricter_stack)


@pytest.fixture
def of_no_database(stack: Stack) -> Actions:
    """For what is decided before a database is asked."""
    return Actions(stack)


def encoded_for(stack: Stack) -> list[str]:
    """All of them on PostgreSQL, which is the stricter one."""
    return ENCODED if str(stack.parts.settings.database_url).startswith("postgresql") else FEW


def encoded_forms(fields: dict[str, str], values: list[str]) -> Iterator[str]:
    """The form with each field in turn replaced by each bad value, then with each field twice."""
    for name in fields:
        others = urlencode({other: value for other, value in fields.items() if other != name})
        for value in values:
            yield f"{others}&{name}={value}"
        yield f"{urlencode(fields)}&{name}=again"
        yield f"{others}&{name}[]=x&{name}"


def assert_no_mistake(answer: requests.Response) -> None:
    sent = (answer.request.method, answer.request.path_url[:200], str(answer.request.body)[:200])
    assert answer.status_code < 500, (sent, answer.text)
    assert "X-Injected" not in answer.headers, sent
    assert "Traceback" not in answer.text, sent
    if answer.headers["Content-Type"].startswith("text/html"):
        assert MARKUP not in answer.text, sent


PROGRAMS = {
    "/token": {
        "grant_type": "authorization_code",
        "code": "mac_x",
        "redirect_uri": CALLBACK,
        "code_verifier": "v" * 43,
        "refresh_token": "mrt_x",
        "scope": READ,
        "resource": "https://x.example/",
        "client_id": "x",
        "client_secret": "x",
    },
    "/introspect": {"token": "mat_x", "token_type_hint": "access_token", "client_id": "x", "client_secret": "x"},
    "/revoke": {"token": "mat_x", "token_type_hint": "access_token", "client_id": "x", "client_secret": "x"},
}


@pytest.mark.parametrize("path", PROGRAMS)
@pytest.mark.parametrize("proven", [True, False], ids=["with credentials", "without"])
def test_a_program_is_refused(actions: Actions, encoded: list[str], path: str, proven: bool) -> None:
    caller = actions.stack.fit_credentials
    name, secret = (caller.name, caller.secret) if path == "/introspect" else client_credentials(actions.app())
    fields = PROGRAMS[path]
    if proven:
        fields = {field: value for field, value in fields.items() if not field.startswith("client_")}
    with requests.Session() as session:
        session.auth = (name, secret) if proven else None
        for body in encoded_forms(fields, encoded):
            answer = session.post(actions.stack.auth + path, data=body, headers=FORM, timeout=TIMEOUT)
            assert_no_mistake(answer)
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Content-Type"] == "application/json"


def client_credentials(app: App) -> tuple[str, str]:
    assert app.secret is not None
    return app.client_id, app.secret


def test_an_authorization_request_is_refused(actions: Actions, encoded: list[str]) -> None:
    fields = {
        "response_type": "code",
        "client_id": actions.app().client_id,
        "redirect_uri": CALLBACK,
        "scope": READ,
        "state": "s",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
        "resource": "https://x.example/",
        "response_mode": "query",
        "nonce": "n",
        "prompt": "login",
        "max_age": "60",
        "login_hint": "mo",
        "id_token_hint": "x",
    }
    with requests.Session() as session:
        session.headers["Accept"] = "text/html"
        for query in encoded_forms(fields, encoded):
            address = f"{actions.stack.auth}/authorize?{query}"
            answer = session.get(address, timeout=TIMEOUT, allow_redirects=False)
            assert_no_mistake(answer)
            assert answer.headers.get("Location", CALLBACK).startswith((f"{CALLBACK}?", CALLBACK, "/consent?request="))


def test_a_request_to_sign_somebody_out_is_refused(actions: Actions, encoded: list[str]) -> None:
    goodbye = "https://app.example/goodbye"
    app, mo = actions.app("--post-logout-redirect-uri", goodbye, scopes=["openid"]), actions.person()
    mo.sign_in()
    fields = {"client_id": app.client_id, "post_logout_redirect_uri": goodbye, "state": "s", "id_token_hint": "x"}
    for query in encoded_forms(fields, encoded):
        answer = mo.browser.get(f"/logout?{query}", allow_redirects=False)
        assert_no_mistake(answer)
        assert answer.headers.get("Location", "/logout/confirm?").startswith("/logout/confirm?")
    assert mo.browser.get("/connected-apps", allow_redirects=False).status_code == 200


PAGES = {
    "/sign-in": {"username": "x", "password": "x"},
    "/consent": {"request": "x", "decision": "allow", "scope": READ},
    "/connected-apps/disconnect": {"client_id": "x"},
    "/logout/confirm": {"request": "x", "decision": "sign_out"},
    "/account/password": {"current": "x", "new": "x"},
}


@pytest.mark.parametrize("path", PAGES)
def test_a_form_of_a_page_is_refused(actions: Actions, encoded: list[str], path: str) -> None:
    person = actions.person()
    if path != "/sign-in":
        person.sign_in()
    browser = person.browser
    page = browser.get("/account").text
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    assert token
    for body in encoded_forms(PAGES[path], FEW if "password" in str(PAGES[path]) + path else encoded):
        actions.stack.forget_failures()
        answer = browser.session.post(
            actions.stack.auth + path,
            data=f"csrf_token={token}&{body}",
            headers=FORM,
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        assert_no_mistake(answer)
        assert answer.headers.get("Location", "/").startswith("/")


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
@pytest.mark.parametrize(
    ("service", "method", "path"),
    [
        *(("auth", "GET", path) for path in ("/authorize", "/sign-in", "/userinfo", "/register/x", "/static/x", "/x")),
        *(("auth", "POST", path) for path in ("/token", "/introspect", "/par", "/revoke")),
        ("fit", "GET", "/api/body_weight/"),
        ("fit", "GET", "/"),
    ],
)
def test_an_address_with_bytes_that_are_no_text_is_refused(
    of_no_database: Actions, service: str, method: str, path: str, accept: str
) -> None:
    """As gunicorn hands them over; the server of these tests would take them for Latin-1."""
    app = of_no_database.stack.auth_app if service == "auth" else of_no_database.stack.fit_app
    form = {"data": {"x": "y"}} if method == "POST" else {}
    answer = app.test_client().open(
        path,
        method=method,
        base_url=getattr(of_no_database.stack, service),
        headers={"Accept": accept},
        environ_overrides={"QUERY_STRING": "state=\xff\xfe"},
        **form,
    )
    assert answer.status_code == 400
    assert "no UTF-8" in answer.text


@pytest.mark.clause("RFC 9112 §8")
def test_a_form_that_ends_early_is_refused_and_spends_nothing(actions: Actions) -> None:
    """As gunicorn hands it over when the connection breaks; what is missing might have been a `scope`."""
    app = actions.app()
    granted = app.connect(actions.person())
    form = urlencode({"grant_type": "refresh_token", "refresh_token": granted.refresh})
    answer = actions.stack.auth_app.test_client().post(
        "/token",
        base_url=actions.stack.auth,
        data=form,
        headers=FORM,
        auth=(app.client_id, app.secret),
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": str(len(form) + 40)},
    )
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_request")
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 9112 §7.1")
@pytest.mark.parametrize("chunks", [b"zz\r\nx\r\n0\r\n\r\n", b"5\r\ntoken\r\n0\r\n", b"5\r\ntok", b""])
def test_malformed_chunks_are_refused(actions: Actions, chunks: bytes) -> None:
    """As gunicorn reads them."""
    for app, address, path in (
        (actions.stack.auth_app, actions.stack.auth, "/introspect"),
        (actions.stack.fit_app, actions.stack.fit, "/api/body_weight/"),
    ):
        token = actions.app().connect(actions.person()).access
        answer = app.test_client().post(
            path,
            base_url=address,
            headers={**FORM, "Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"},
            environ_overrides={
                "wsgi.input": Body(ChunkedReader(SimpleNamespace(trailers=[]), IterUnreader([chunks]))),
                "wsgi.input_terminated": True,
            },
        )
        assert answer.status_code in {400, 415}, answer.text


def test_an_address_is_refused(each_stack: Stack) -> None:
    actions, encoded = Actions(each_stack), encoded_for(each_stack)
    auth, fit = each_stack.auth, each_stack.fit
    token = actions.app().connect(actions.person()).access
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        for value in encoded:
            for address in (
                f"{auth}/sign-in?next=%2F{value}",
                f"{auth}/consent?request={value}",
                f"{auth}/logout/confirm?request={value}",
                f"{auth}/userinfo?{value}={value}",
                f"{auth}/static/{value}",
                f"{auth}/{value}",
                f"{fit}/{value}",
                f"{fit}/api/body_weight/{value}",
                f"{fit}/api/body_weight/?{value}={value}",
            ):
                assert_no_mistake(session.get(address, timeout=TIMEOUT, allow_redirects=False))
        for name in ("limit", "cursor", "start", "end", "unit", "order"):
            for value in encoded:
                address = f"{fit}/api/body_weight/?{name}={value}"
                assert_no_mistake(session.get(address, timeout=TIMEOUT))


@pytest.mark.parametrize("name", ["body_weight", "unit", "created_at", "\0", "anything else"])
def test_an_entry_is_refused(actions: Actions, name: str) -> None:
    values: list[Any] = [*TEXTS, None, True, [], {}, -1, 1e308, 10**400, [[]] * 100, "\ud800"]
    token = actions.app().connect(actions.person()).access
    for value in values:
        entry = {"body_weight": "80", "unit": "kg", name: value}
        body = json.dumps(entry).encode()
        for method, path in (("POST", "/api/body_weight/"), ("PATCH", "/api/body_weight/" + "0" * 24)):
            answer = actions.fit(method, path, token, data=body, headers={"Content-Type": "application/json"})
            assert_no_mistake(answer)


@pytest.mark.parametrize(
    "header",
    ["Cookie", "Accept", "Content-Type", "X-Request-Id", "Idempotency-Key", "If-Match", "If-None-Match", "Range"],
)
def test_a_header_is_refused(of_no_database: Actions, header: str) -> None:
    auth, fit = of_no_database.stack.auth, of_no_database.stack.fit
    for value in ("", ",", ";;=", '"', "x" * 5_000, "\xff\xfe", "moogle_auth=x", "*/*;q=x", "a" * 300 + "/b"):
        for address in (f"{auth}/sign-in", f"{auth}/token", f"{fit}/x"):
            for method in ("GET", "POST"):
                headers = {header: value.encode("latin-1")}
                assert_no_mistake(requests.request(method, address, headers=headers, timeout=TIMEOUT))
