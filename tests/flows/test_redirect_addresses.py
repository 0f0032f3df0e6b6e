"""Redirect addresses: which may be registered, and that nothing but a registered one, byte for byte, is led to."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, Actions, Verifier, query_of, redirect_parameters
from tests.support.registration import PUBLIC, register
from tests.support.stack import Stack

REGISTERED = "https://client.example/cb"
APPENDED = [
    "/FAKEPATH",
    "%2FFAKEPATH",
    "/..%2FFAKEPATH",
    "/%2e%2e%2FFAKEPATH",
    "/..%252FFAKEPATH",
    "/FAKEPATH/..",
    "/;/../../FAKEPATH",
    "%3B%2F..%2F",
    "%0A%0D/../../FAKEPATH",
    "?x",
    "#f",
    "%3Fcode%3Dx",
    " ",
    "\0",
    "\r",
    "\n",
    "\r\nLocation: https://evil.example/",
]
OTHERS = [
    "https://client.example@evil.example/cb",
    "https://evil.example\\@client.example/cb",
    "https://client.example.evil.example/cb",
    "https://CLIENT.example/CB",
    "https://CLIENT.example/cb",
    "HTTPS://client.example/cb",
    "http://client.example/cb",
    "https://client.example:443/cb",
    "https://client.example:99999/cb",
    "https://client.example./cb",
    "https:client.example/cb",
    "https:///client.example/cb",
    "https://[client.example/cb",
    "//evil.example",
    "/\\evil.example",
    "/cb",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://ｃlient.example/cb",
    "https://clıent.example/cb",
    "https://сlient.example/cb",  # the first letter is Cyrillic
    "https://client。example/cb",
    "https://client.example/c\0b",
    "https://client.example/c\rb",
    "https://client.example/c\nb",
    'https://client.example/"><script>',
]


def visit(address: str, accept: str = "text/html") -> requests.Response:
    """As a browser, but with the bytes of the address as they are written."""
    with requests.Session() as session:
        request = session.prepare_request(requests.Request("GET", "http://x", headers={"Accept": accept}))
        request.url = address
        return session.send(request, timeout=TIMEOUT, allow_redirects=False)


def is_refused(answer: requests.Response) -> bool:
    assert "evil" not in answer.text
    assert "<script>" not in answer.text
    return answer.status_code == 400 and "Location" not in answer.headers


@pytest.mark.clause("RFC 6749 §4.1.2.1", line=30)
@pytest.mark.clause("RFC 9700 §2.1", line=114)
@pytest.mark.parametrize(
    "address", [*(REGISTERED + end for end in APPENDED), *OTHERS, [REGISTERED, REGISTERED]], ids=ascii
)
@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_no_other_address_is_led_to_whether_it_is_pushed_or_not(actions: Actions, address: Any, public: bool) -> None:
    app = actions.app(redirect_uri=REGISTERED, public=public)
    url = app.authorize_url(Verifier(), redirect_uri=address)
    for accept in ("text/html", "application/json"):
        assert is_refused(visit(url, accept))
    pushed = app.push(Verifier(), redirect_uri=address)
    assert is_refused(pushed)
    assert pushed.json()["error"] == "invalid_request"


@pytest.mark.clause("RFC 6749 §4.1.2.1", line=30)
@pytest.mark.parametrize("encoded", ["%FF%FE", "https%3A%2F%2Fclient.example%2Fcb%ED%A0%80", "%C0%AF", "%", "%zz"])
def test_bytes_that_are_no_text_are_no_address(actions: Actions, encoded: str) -> None:
    app = actions.app(redirect_uri=REGISTERED)
    assert is_refused(visit(f"{app.authorize_url(Verifier(), redirect_uri=None)}&redirect_uri={encoded}"))


@pytest.mark.clause("RFC 8252 §7.3", line=114)
@pytest.mark.parametrize(
    ("registered", "requested", "accepted"),
    [
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", True),
        ("http://[::1]:7/cb", "http://[::1]:49152/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb/", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152/cb?x", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:99999/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:x/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:80\r\nX-Injected: yes/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:8\n0/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:\\evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:８０/cb", False),
        ("http://127.0.0.1/cb", "HTTP://127.0.0.1:49152/cb", False),
        ("http://127.0.0.1/cb", "http://127.0.0.1:49152@evil.example/cb", False),
        ("http://127.0.0.1/cb", "http://[::1]:49152/cb", False),
        ("http://127.0.0.1/cb", "https://127.0.0.1:49152/cb", False),
        ("http://localhost/cb", "http://localhost:49152/cb", True),
        ("http://localhost/cb", "http://localhost.example:49152/cb", False),
        ("http://localhost/cb", "http://127.0.0.1:49152/cb", False),
        ("https://client.example/cb", "https://client.example:8443/cb", False),
    ],
    ids=ascii,
)
def test_only_the_port_on_this_machine_is_free(
    actions: Actions, registered: str, requested: str, accepted: bool
) -> None:
    app = actions.app(public=True, redirect_uri=registered)
    url = app.authorize_url(Verifier(), redirect_uri=requested)
    assert is_refused(visit(url)) != accepted
    if accepted:
        back = actions.person().decide(url, [READ])
        assert back.headers["Location"].startswith(f"{requested}?code=")


@pytest.mark.clause("RFC 6749 §3.1.2", line=34)
@pytest.mark.parametrize("query", ["?tenant=a%20b+c&tenant=2&x=%2f", "?code=theirs", "?", "?x="])
def test_the_query_of_an_address_is_kept_byte_for_byte(actions: Actions, query: str) -> None:
    app, mo = actions.app(redirect_uri=REGISTERED + query), actions.person()
    for scope, member in ((READ, "code"), ("nobody:has", "error")):
        back = mo.decide(app.authorize_url(Verifier(), scope=scope), [READ])
        kept, _, added = back.headers["Location"].rpartition(f"{member}=")
        assert kept.removesuffix("&") == REGISTERED + query
        assert "state=a+state" in added
        assert query_of(back.headers["Location"])["iss"] == [actions.stack.auth]


@pytest.mark.clause("RFC 6749 §3.1.2.3", line=36)
def test_with_several_addresses_the_request_must_say_which(actions: Actions) -> None:
    second = f"{REGISTERED}/second"
    app, mo = actions.app("--redirect-uri", second, redirect_uri=REGISTERED), actions.person()
    assert is_refused(visit(app.authorize_url(Verifier(), redirect_uri=None)))
    assert is_refused(app.push(Verifier(), redirect_uri=None))
    said = mo.decide(app.authorize_url(Verifier(), redirect_uri=second), [READ])
    assert said.headers["Location"].startswith(f"{second}?code=")
    assert set(redirect_parameters(said)) == {"code", "state", "iss"}


@pytest.mark.clause("RFC 9700 §2.6", line=114)
@pytest.mark.clause("RFC 6749 §3.1.2", line=34)
@pytest.mark.parametrize(
    "address",
    [
        f"{REGISTERED}#fragment",
        f"{REGISTERED}#",
        "http://client.example/cb",
        "http://127.0.0.1.client.example/cb",
        "https://user@client.example/cb",
        "http://client.example@127.0.0.1/cb",
        "https:///cb",
        "https://client.example/a b",
        "https://client.example/\\evil",
        "https://clıent.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "com.example.app:/cb",
        "//client.example/cb",
        "/cb",
        "",
    ],
    ids=ascii,
)
def test_an_address_that_is_not_safe_is_not_registered(actions: Actions, address: str) -> None:
    command = ["client", "create", "Unsafe", "--redirect-uri", address, "--scope", READ]
    refused = actions.stack.auth_app.test_cli_runner().invoke(args=command)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "at least one redirect_uri"),
        (["--redirect-uri", "https://a.example/cb"], "a client needs a scope; there are: body_weight:read"),
        (["--redirect-uri", "https://a.example/cb", "--scope", "x"], "the scope x; there are: body_weight:read"),
    ],
)
def test_who_registers_a_client_is_told_what_is_missing(actions: Actions, arguments: list[str], told: str) -> None:
    refused = actions.stack.auth_app.test_cli_runner().invoke(args=["client", "create", "Unfinished", *arguments])
    assert (refused.exit_code, told in refused.stderr) == (2, True), refused.stderr


@pytest.mark.clause("RFC 8252 §7.1")
@pytest.mark.parametrize("address", ["com.example.app:/cb", "com.example.app://cb"])
def test_a_native_app_may_have_a_scheme_of_its_own(actions: Actions, address: str) -> None:
    app, mo = actions.app(redirect_uri=address, public=True), actions.person()
    back = mo.decide(app.authorize_url(Verifier()), [READ])
    assert back.headers["Location"].startswith(f"{address}?code=")


@pytest.mark.clause("RFC 8252 §8.4")
@pytest.mark.parametrize(
    ("settings", "status"),
    [({"registration": "open"}, 400), ({"registration": "open", "registered_private_schemes": True}, 201)],
)
def test_where_anybody_may_register_a_setting_says_whether_apps_have_schemes_of_their_own(
    start_stack: Callable[..., Stack], settings: dict[str, Any], status: int
) -> None:
    stack = start_stack(**settings)
    assert register(stack, {**PUBLIC, "redirect_uris": ["com.example.app:/cb"]}).status_code == status
    for address in ("nodot:/cb", "javascript:alert(1)", "com.example.app:/cb#x"):
        assert register(stack, {**PUBLIC, "redirect_uris": [address]}).status_code == 400


@pytest.mark.clause("RFC 8252 §8.4")
def test_who_has_an_initial_access_token_may_register_a_scheme_of_its_own(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(registration="token")
    token = stack.command("initial-access-token", "create")["initial_access_token"]
    metadata = {**PUBLIC, "redirect_uris": ["com.example.app:/cb"]}
    assert register(stack, {**metadata, "token_endpoint_auth_method": "client_secret_basic"}, token).status_code == 400
    fragment = register(stack, {**metadata, "redirect_uris": [REGISTERED, "com.example.app:/cb#x"]}, token)
    assert (fragment.status_code, "fragment" in fragment.json()["error_description"]) == (400, True), "not left out"
    assert register(stack, metadata, token).status_code == 201
