"""The headers of every answer, whatever the route, the method and the status; and what strangers' headers can't do."""

from collections.abc import Callable, Iterator
from itertools import product

import pytest
import requests
from flask import Flask

from tests.support.actions import TIMEOUT, Actions
from tests.support.addresses import addresses, of_nothing
from tests.support.servers import free_port
from tests.support.stack import Stack

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
USUAL = ("GET", "POST", "DELETE")
AGAIN = pytest.mark.parametrize(
    "again", [USUAL, pytest.param(METHODS, marks=pytest.mark.torture)], ids=["usual methods", "all methods"]
)
"""What is asked once more in other circumstances: whether a route has a method doesn't depend on them."""
LETS_CODE_RUN = ("script-src", "unsafe-inline", "unsafe-eval", " *")
STATIC_FILES = {"auth_service": "moogle.css", "fit_service": "docs.js"}
MAY_BE_KEPT = ("/static/", "/jwks")


def paths(app: Flask) -> Iterator[str]:
    """One of every route, with something in the place of each variable; and of none."""
    for path, _ in addresses(app):
        yield of_nothing(path.replace("<path:filename>", STATIC_FILES[app.name]))
    yield from ("/no/such/page", "/static/no-such-file")


def crawl(address: str, app: Flask, methods: tuple[str, ...], **options: object) -> Iterator[requests.Response]:
    with requests.Session() as session:
        for path, method, accept in product(paths(app), methods, ("text/html", "application/json")):
            headers = {"Accept": accept}
            yield session.request(
                method, address + path, headers=headers, timeout=TIMEOUT, allow_redirects=False, **options
            )


def assert_safe(answer: requests.Response) -> None:
    what = (answer.request.method, answer.request.path_url, answer.status_code, dict(answer.headers))
    assert answer.headers.items() >= EVERYWHERE.items(), what
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'"), what
    assert "frame-ancestors 'none'" in policy, what
    has_scripts = "<script " in answer.text or answer.request.method == "HEAD"
    if has_scripts and answer.status_code == 200:  # of our own origin
        policy = policy.replace("script-src 'self';", "", 1)
    assert not any(word in policy for word in LETS_CODE_RUN), what
    assert "Access-Control-Allow-Origin" not in answer.headers, what
    assert answer.headers.get("X-Request-Id"), what
    if "Content-Type" in answer.headers and answer.content:
        kind = answer.headers["Content-Type"]
        assert kind in {
            "application/json",
            "application/problem+json",
            "text/html; charset=utf-8",
            "text/css; charset=utf-8",
            "text/javascript; charset=utf-8",
        }, what
        assert ("sandbox" in policy) == (kind != "text/html; charset=utf-8"), what
    if answer.status_code == 405:
        assert answer.headers["Allow"], what


def assert_safe_page(answer: requests.Response) -> None:
    assert_safe(answer)
    if answer.status_code != 200 or not answer.request.path_url.startswith(MAY_BE_KEPT):
        assert answer.headers["Cache-Control"] in {"no-store", "no-cache"}, answer.request.path_url


@pytest.mark.clause("ASVS 3.4")
@pytest.mark.clause("RFC 9700 §4.16", line=38)
@pytest.mark.clause("RFC 9700 §4.2.4", line=39)
@AGAIN
def test_every_answer_of_the_authorization_server_carries_them(actions: Actions, again: tuple[str, ...]) -> None:
    stack, seen = actions.stack, set()
    mo = actions.person()
    mo.sign_in()
    cookies = mo.browser.session.cookies.get_dict()
    large: dict[str, object] = {"data": b"x" * 70_000}
    for methods, options in ((METHODS, {}), (again, large), (again, {"cookies": cookies})):
        for answer in crawl(stack.auth, stack.auth_app, methods, **options):
            assert_safe_page(answer)
            assert answer.status_code < 500
            seen.add(answer.status_code)
    assert seen >= {200, 303, 400, 401, 404, 405, 413}


@pytest.mark.clause("ASVS 16.5")
@AGAIN
def test_so_does_every_answer_during_an_outage_which_is_a_503(
    start_stack: Callable[..., Stack], again: tuple[str, ...]
) -> None:
    stack = start_stack(redis=f"redis://127.0.0.1:{free_port()}/0")
    seen = set()
    for answer in crawl(stack.auth, stack.auth_app, again):
        assert_safe_page(answer)
        seen.add(answer.status_code)
        if answer.status_code >= 500:
            assert answer.status_code == 503
            assert answer.request.path_url == "/health/ready" or answer.headers["Retry-After"] == "1"
    assert 503 in seen


@pytest.mark.clause("ASVS 16.5.1")
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_so_does_the_answer_to_our_own_mistake_which_tells_nothing(
    start_stack: Callable[..., Stack], accept: str
) -> None:
    stack = start_stack()

    def mistake() -> str:
        raise LookupError("the innermost secret")

    stack.auth_app.view_functions["health.live"] = mistake
    answer = requests.get(f"{stack.auth}/health/live", headers={"Accept": accept}, timeout=TIMEOUT)
    assert_safe_page(answer)
    assert answer.status_code == 500
    assert "innermost" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.clause("ASVS 3.4")
def test_every_answer_of_the_fit_api_carries_them(actions: Actions) -> None:
    stack, seen = actions.stack, set()
    token = actions.app().connect(actions.person()).access
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        for path, method in product(paths(stack.fit_app), METHODS):
            answer = requests.request(method, stack.fit + path, headers=headers, timeout=TIMEOUT)
            assert_safe(answer)
            assert answer.status_code < 500
            seen.add(answer.status_code)
    assert seen >= {200, 401, 404, 405, 415}


@pytest.mark.clause("RFC 9700 §2.6", line=120)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_no_page_of_another_site_reads_an_answer(actions: Actions, method: str) -> None:
    stack = actions.stack
    headers = {"Origin": "https://app.example", "Access-Control-Request-Method": method}
    headers["Access-Control-Request-Headers"] = "authorization"
    for address, app in ((stack.auth, stack.auth_app), (stack.fit, stack.fit_app)):
        for path in paths(app):
            answer = requests.request(method, address + path, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            allowed = [name for name in answer.headers if name.startswith("Access-Control-Allow")]
            assert allowed == [], path  # what a refusal exposes nobody reads without them


@pytest.mark.clause("RFC 9700 §4.13", line=141)
def test_a_call_over_the_back_channel_is_answered_as_any_other(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(issuer="https://auth.example", trusted_hosts="auth")
    http, inside = stack.auth_app.test_client(), "http://auth:5000"
    form = {"grant_type": "client_credentials", "client_id": "nobody", "client_secret": "x", "token": "x"}
    for path in ("/token", "/introspect", "/revoke", "/par", "/device_authorization"):
        assert http.post(path, data=form, base_url=inside).status_code == 401
    metadata = http.get("/.well-known/oauth-authorization-server", base_url=inside)
    assert metadata.get_json()["token_endpoint"] == "https://auth.example/token"
    caller = stack.fit_credentials
    answer = http.post("/introspect", data={"token": "x"}, auth=(caller.name, caller.secret), base_url=inside)
    assert (answer.status_code, answer.get_json()) == (200, {"active": False})


@pytest.mark.clause("ASVS 3.3")
@pytest.mark.clause("ASVS 3.4.1")
def test_over_tls_cookies_and_answers_are_bound_to_it(start_stack: Callable[..., Stack]) -> None:
    app = start_stack(issuer="https://auth.example").auth_app
    page = app.test_client().get("/sign-in", base_url="https://auth.example")
    name, _, rest = page.headers["Set-Cookie"].partition("=")
    assert name == "__Host-moogle_auth"
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} == set(rest.split("; ")[1:])
    assert len(rest) < 4096
    assert page.headers["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"


@pytest.mark.clause("ASVS 3.4.1")
@pytest.mark.parametrize(
    ("issuer", "lasts"),
    [("https://auth.example", True), ("https://localhost:8000", False), ("https://a.localhost", False)],
)
def test_browsers_are_held_to_tls_at_names_that_are_one_sites_own(
    start_stack: Callable[..., Stack], issuer: str, lasts: bool
) -> None:
    stack = start_stack(issuer=issuer, fit_resource=f"{issuer}/api/", fit_auth_url="http://127.0.0.1:9")
    for app, path in ((stack.auth_app, "/sign-in"), (stack.auth_app, "/jwks"), (stack.fit_app, "/openapi.json")):
        answer = app.test_client().get(path, base_url=issuer)
        assert answer.status_code == 200
        assert ("Strict-Transport-Security" in answer.headers) == lasts, "browsers apply it to every port of localhost"


@pytest.mark.clause("RFC 9700 §4.13", line=119)
@pytest.mark.parametrize("host", ["attacker.example", "localhost.attacker.example", "", "[::1", "localhost@attacker"])
def test_a_request_for_another_host_is_refused(actions: Actions, host: str) -> None:
    for address in (f"{actions.stack.auth}/sign-in", f"{actions.stack.fit}/api/body_weight/"):
        for accepted in ("application/json", "text/html"):
            headers = {"Host": host, "Accept": accepted}
            answer = requests.get(address, headers=headers, timeout=TIMEOUT, allow_redirects=False)
            assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.clause("RFC 9700 §4.13", line=119)
def test_what_a_proxy_would_say_is_believed_of_nobody_unless_there_is_one(
    start_stack: Callable[..., Stack], actions: Actions
) -> None:
    said = {
        "X-Forwarded-Host": "attacker.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Prefix": "/attacker",
        "Forwarded": "for=192.0.2.1;host=attacker.example",
        "X-Remote-User": "mo",
        "X-Original-URL": "/account",
    }
    answer = requests.get(f"{actions.stack.auth}/account", headers=said, timeout=TIMEOUT, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/account")
    assert "attacker" not in str(answer.headers)
    behind_proxy = start_stack(trusted_proxies=1, trusted_hosts="auth.example")
    said["X-Forwarded-Host"] = "auth.example"
    assert requests.get(f"{behind_proxy.auth}/sign-in", headers=said, timeout=TIMEOUT).status_code == 200
    said["X-Forwarded-Host"] = "attacker.example"
    assert requests.get(f"{behind_proxy.auth}/sign-in", headers=said, timeout=TIMEOUT).status_code == 400


@pytest.mark.clause("ASVS 6.3.1")
def test_guesses_from_addresses_that_were_made_up_count_as_one_guessers(actions: Actions) -> None:
    mo = actions.person()
    statuses = []
    for number in range(12):
        mo.browser.session.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        statuses.append(mo.sign_in(f"guess number {number}").status_code)
    assert statuses == [401] * 10 + [429] * 2
