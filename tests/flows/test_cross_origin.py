"""What scripts in browsers may read, of the authorization server and of the Fit API, and from where (CORS)."""

import json
from collections.abc import Callable, Iterator
from itertools import product

import pytest
import requests

import fit_service.settings
from tests.support.actions import READ, TIMEOUT, Actions, App, Verifier
from tests.support.addresses import addresses
from tests.support.polling import eventually
from tests.support.servers import free_port
from tests.support.stack import Stack, run_stack

ORIGIN = "https://charts.example"
SENT = "Authorization, Content-Type, DPoP, Idempotency-Key"
SHOWN = "DPoP-Nonce, Retry-After, WWW-Authenticate"
READABLE = {
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/jwks",
    "/par",
    "/revoke",
    "/token",
    "/userinfo",
}


@pytest.fixture
def app(actions: Actions) -> App:
    """An app whose scripts come from ORIGIN."""
    app = actions.app("--origin", ORIGIN, public=True)
    eventually(lambda: "Access-Control-Allow-Origin" in preflight(actions.stack, "/token", ORIGIN).headers)
    return app


def preflight(stack: Stack, path: str, origin: str, method: str = "POST") -> requests.Response:
    asked = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": "dpop"}
    return requests.options(stack.auth + path, headers=asked, timeout=TIMEOUT)


def cross_origin_headers(answer: requests.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("Access-Control-")}


@pytest.mark.clause("RFC 9700 §2.6")
def test_a_script_of_the_app_asks_first_then_exchanges_its_code_and_reads_the_answer(
    actions: Actions, app: App
) -> None:
    asked = preflight(actions.stack, "/token", ORIGIN)
    assert (asked.status_code, asked.content) == (200, b"")
    assert cross_origin_headers(asked) == {
        "Access-Control-Allow-Methods": "GET, POST, PUT, PATCH, DELETE",
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Allow-Headers": SENT,
        "Access-Control-Max-Age": "600",
    }
    verifier = Verifier()
    form = {
        "grant_type": "authorization_code",
        "client_id": app.client_id,
        "code": app.get_code(actions.person(), verifier),
        "redirect_uri": "http://127.0.0.1:8002/callback",
        "code_verifier": verifier.verifier,
    }
    answer = requests.post(f"{actions.stack.auth}/token", data=form, headers={"Origin": ORIGIN}, timeout=TIMEOUT)
    assert answer.status_code == 200
    assert cross_origin_headers(answer) == {
        "Access-Control-Allow-Origin": ORIGIN,
        "Access-Control-Expose-Headers": SHOWN,
    }
    assert "Origin" in answer.headers["Vary"]


def test_so_it_can_a_refusal_and_what_userinfo_tells(actions: Actions, app: App) -> None:
    for method, path, status in (("POST", "/token", 400), ("GET", "/userinfo", 401), ("POST", "/revoke", 400)):
        answer = requests.request(method, actions.stack.auth + path, headers={"Origin": ORIGIN}, timeout=TIMEOUT)
        assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, ORIGIN)


@pytest.mark.parametrize(
    "origin",
    [
        "https://other.example",
        "http://charts.example",
        "https://charts.example:8443",
        "https://charts.example.attacker.example",
        "https://CHARTS.example",
        f"{ORIGIN}/",
        f"{ORIGIN}, {ORIGIN}",
        "null",
        "*",
        "",
    ],
)
def test_no_other_origin_may(actions: Actions, app: App, origin: str) -> None:
    for answer in (
        preflight(actions.stack, "/token", origin),
        requests.post(f"{actions.stack.auth}/token", headers={"Origin": origin}, timeout=TIMEOUT),
    ):
        assert cross_origin_headers(answer) == {}
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.clause("RFC 9700 §2.6", line=120)
def test_nothing_but_what_clients_read_is_readable_above_all_not_authorize_or_a_page(
    actions: Actions, app: App
) -> None:
    mo = actions.person()
    mo.sign_in()
    cookies, readable = mo.browser.session.cookies.get_dict(), set()
    for path, method in product(paths(actions.stack), ("GET", "POST", "OPTIONS")):
        headers = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST", "Accept": "text/html"}
        answer = requests.request(
            method,
            actions.stack.auth + path,
            headers=headers,
            cookies=cookies,
            timeout=TIMEOUT,
            allow_redirects=False,
        )
        assert "Access-Control-Allow-Credentials" not in answer.headers
        if cross_origin_headers(answer):
            readable.add(path)
    assert "/authorize" in paths(actions.stack)
    assert readable == READABLE


def paths(stack: Stack) -> list[str]:
    return [path for path, _ in addresses(stack.auth_app) if "<" not in path]


def test_an_origin_says_nothing_about_who_asks(actions: Actions, app: App) -> None:
    """A program that is no browser writes there what it likes, and an app of another origin is served all the same."""
    other = actions.app(public=True)
    for origin in (ORIGIN, "https://other.example"):
        verifier = Verifier()
        code = other.get_code(actions.person(), verifier, [READ])
        form = {
            "grant_type": "authorization_code",
            "client_id": other.client_id,
            "code": code,
            "redirect_uri": "http://127.0.0.1:8002/callback",
            "code_verifier": verifier.verifier,
        }
        answer = requests.post(f"{actions.stack.auth}/token", data=form, headers={"Origin": origin}, timeout=TIMEOUT)
        assert answer.status_code == 200


def test_when_the_client_is_deleted_its_origin_goes_too(actions: Actions) -> None:
    stack, origin = actions.stack, "https://short-lived.example"
    app = actions.app("--origin", origin, public=True)
    eventually(lambda: cross_origin_headers(preflight(stack, "/token", origin)))
    stack.command("client", "delete", app.client_id)
    eventually(lambda: not cross_origin_headers(preflight(stack, "/token", origin)))


def test_an_outage_can_be_read_too(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Else a script could not tell it from being refused, and would not know when to come back."""
    with run_stack(tmp_path_factory.mktemp("outage"), f"redis://127.0.0.1:{free_port()}/0") as stack:
        stack.command("client", "create", "Charts", "--public", "--scope", READ, "--origin", ORIGIN, *REDIRECT)
        form = {"grant_type": "refresh_token", "client_id": "nobody", "refresh_token": "x"}
        answer = requests.post(f"{stack.auth}/token", data=form, headers={"Origin": ORIGIN}, timeout=TIMEOUT)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


REDIRECT = ("--redirect-uri", f"{ORIGIN}/callback")


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "charts.example",
        "https://*.example",
        "http://charts.example",
        "https://charts.example/",
        "https://charts.example/page",
        "https://charts.example?",
        "https://Charts.example",
        "https://charts.example:443",
        "https://charts.example:",
        "http://localhost:80",
        "https://user@charts.example",
        "https://",
        "https://[::1",
        "com.example.charts:/",
    ],
)
def test_what_no_browser_would_write_as_an_origin_is_not_registered(actions: Actions, origin: str) -> None:
    options = ["client", "create", "Charts", "--public", "--scope", READ, "--origin", origin, *REDIRECT]
    refused = actions.stack.auth_app.test_cli_runner().invoke(args=options)
    assert (refused.exit_code, "origin" in refused.stderr) == (2, True)


@pytest.mark.parametrize(("setting", "from_anywhere"), [(ORIGIN, False), ("*", True)])
def test_scripts_read_the_fit_api_from_where_the_operator_says(
    start_stack: Callable[..., Stack], setting: str, from_anywhere: bool
) -> None:
    actions = Actions(start_stack(fit_cors_origins=setting))
    token = actions.app().connect(actions.person()).access
    for path in ("/api/body_weight", "/api/body_weight/latest", f"/api/body_weight/{'0' * 24}"):
        asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}
        permission = requests.options(actions.stack.fit + path, headers=asked, timeout=TIMEOUT).headers
        assert permission["Access-Control-Allow-Origin"] == ORIGIN
        assert "PATCH" in permission["Access-Control-Allow-Methods"]
        assert {"Authorization", "DPoP", "Idempotency-Key", "If-Match"} <= set(
            permission["Access-Control-Allow-Headers"].split(", ")
        )
    answer = actions.fit("GET", token=token, headers={"Origin": ORIGIN})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, ORIGIN)
    assert {"ETag", "Link", "Updated-Since", "RateLimit", "Retry-After", "X-Request-Id"} <= set(
        answer.headers["Access-Control-Expose-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in answer.headers
    elsewhere = actions.fit("GET", token=token, headers={"Origin": "https://other.example"})
    assert ("Access-Control-Allow-Origin" in elsewhere.headers) == from_anywhere
    assert "Origin" in elsewhere.headers["Vary"]


def test_unless_he_says_so_none_may(actions: Actions) -> None:
    """What the kit says of readable headers allows nobody anything by itself."""
    said = cross_origin_headers(actions.fit("GET", headers={"Origin": ORIGIN}))
    assert set(said) <= {"Access-Control-Expose-Headers"}


@pytest.mark.parametrize("setting", ["https://charts.example/", "charts.example", "https://Charts.example", "null"])
def test_what_is_no_origin_is_not_accepted_as_a_setting(actions: Actions, setting: str) -> None:
    given = actions.stack.fit_app.extensions["fit_service"].settings.model_dump() | {"cors_origins": setting}
    with pytest.raises(ValueError, match="scheme://host"):
        fit_service.settings.Settings.model_validate(given)


def clients(stack: Stack) -> Iterator[dict[str, object]]:
    yield from stack.command("client", "list")


def test_ensure_makes_a_public_client_and_brings_it_to_the_same_state_again(actions: Actions) -> None:
    def ensure(*options: str) -> dict[str, object]:
        command = ["client", "ensure", "Docs", "--client-id", "the-docs", "--scope", READ, *REDIRECT, *options]
        runner = actions.stack.auth_app.test_cli_runner()
        result = runner.invoke(args=command)
        return json.loads(result.stdout) if result.exit_code == 0 else {"refused": result.stderr}

    first = ensure("--public", "--origin", ORIGIN)
    assert (first["public"], first["origins"]) == (True, [ORIGIN])
    assert ensure("--public", "--origin", ORIGIN) == first
    assert ensure("--public")["origins"] == []
    assert "either" in str(ensure()["refused"])
    assert [each for each in clients(actions.stack) if each["client_id"] == "the-docs"] == [{**first, "origins": []}]
