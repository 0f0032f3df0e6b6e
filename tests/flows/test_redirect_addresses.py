"""Redirect addresses: which may be registered, and that nothing but a registered one, byte for byte, is led to."""

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, Actions, App, Verifier, query_of, redirect_parameters

REGISTERED = "https://client.example/cb"


def app_at(actions: Actions, *addresses: str, public: bool = False) -> App:
    options = [part for address in addresses for part in ("--redirect-uri", address)]
    app = actions.app()
    client = actions.stack.command(
        "client", "create", "Elsewhere", *options, "--scope", READ, *(["--public"] if public else [])
    )
    app.client_id, app.secret, app.scopes = client["client_id"], client["client_secret"], (READ,)
    return app


@pytest.mark.clause("RFC 9700 §4.1.3")
@pytest.mark.parametrize(
    "address",
    [
        *(
            REGISTERED + appended
            for appended in (
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
            )
        ),
        "https://client.example@evil.example/cb",
        "https://evil.example\\@client.example/cb",
        "https://client.example.evil.example/cb",
        "https://CLIENT.example/CB",
        "https://CLIENT.example/cb",
        "HTTPS://client.example/cb",
        "http://client.example/cb",
        "https://client.example:443/cb",
        "https://client.example./cb",
        "https:client.example/cb",
        "https:///client.example/cb",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://ｃlient.example/cb",
        "https://clıent.example/cb",
        "https://client。example/cb",
    ],
)
@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_no_other_address_is_led_to(actions: Actions, address: str, public: bool) -> None:
    url = app_at(actions, REGISTERED, public=public).authorize_url(Verifier(), redirect_uri=address)
    for accept in ("text/html", "application/json"):
        answer = requests.get(url, headers={"Accept": accept}, timeout=TIMEOUT, allow_redirects=False)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
        assert "evil" not in answer.text


@pytest.mark.clause("RFC 6749 §3.1.2")
def test_the_query_of_an_address_is_kept_byte_for_byte(actions: Actions) -> None:
    with_query = f"{REGISTERED}?tenant=a%20b&x=%2f"
    app, mo = app_at(actions, with_query), actions.person()
    back = mo.decide(app.authorize_url(Verifier(), redirect_uri=with_query), [READ])
    assert back.headers["Location"].startswith(f"{with_query}&code=")
    assert query_of(back.headers["Location"])["tenant"] == ["a b"]


@pytest.mark.clause("RFC 6749 §3.1.2.3")
def test_with_several_addresses_the_request_must_say_which(actions: Actions) -> None:
    app, mo = app_at(actions, REGISTERED, f"{REGISTERED}/second"), actions.person()
    silent = requests.get(app.authorize_url(Verifier(), redirect_uri=None), timeout=TIMEOUT, allow_redirects=False)
    assert (silent.status_code, "Location" in silent.headers) == (400, False)
    said = mo.decide(app.authorize_url(Verifier(), redirect_uri=f"{REGISTERED}/second"), [READ])
    assert said.headers["Location"].startswith(f"{REGISTERED}/second?code=")
    assert set(redirect_parameters(said)) == {"code", "state", "iss"}


@pytest.mark.clause("RFC 9700 §2.1")
@pytest.mark.parametrize(
    "address",
    [
        f"{REGISTERED}#fragment",
        "http://client.example/cb",
        "https://user@client.example/cb",
        "https:///cb",
        "https://client.example/a b",
        "https://client.example/\\evil",
        "https://clıent.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "com.example.app:/cb",
        "/cb",
        "",
    ],
)
def test_an_address_that_is_not_safe_is_not_registered(actions: Actions, address: str) -> None:
    command = ["client", "create", "Unsafe", "--redirect-uri", address, "--scope", READ]
    refused = actions.stack.auth_app.test_cli_runner().invoke(args=command)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: ")


@pytest.mark.clause("RFC 8252 §7.1")
def test_a_native_app_may_have_a_scheme_of_its_own(actions: Actions) -> None:
    address = "com.example.app:/cb"
    app, mo = app_at(actions, address, public=True), actions.person()
    back = mo.decide(app.authorize_url(Verifier(), redirect_uri=address), [READ])
    assert back.headers["Location"].startswith(f"{address}?code=")
