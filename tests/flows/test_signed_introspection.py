"""RFC 9701: an introspection answer that its reader can keep as a proof."""

import time

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.actions import TIMEOUT, Actions, error_of
from tests.support.stack import ResourceServerCredentials

JSON, SIGNED = "application/json", "application/token-introspection+jwt"


def ask(
    actions: Actions, token: str, accept: str = SIGNED, caller: ResourceServerCredentials | None = None
) -> requests.Response:
    caller = caller or actions.stack.fit_credentials
    return requests.post(
        f"{actions.stack.auth}/introspect",
        data={"token": token},
        auth=(caller.name, caller.secret),
        headers={"Accept": accept},
        timeout=TIMEOUT,
    )


def read(actions: Actions, answer: requests.Response) -> jwt.Token:
    """Verified with the published keys, as a stranger would."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, SIGNED)
    published = requests.get(f"{actions.stack.auth}/jwks", timeout=TIMEOUT).json()
    return jwt.decode(answer.text, KeySet.import_key_set(published), algorithms=["ES256"])


@pytest.mark.clause("RFC 9701 §5", line=113)
def test_it_says_what_the_plain_answer_says_to_the_one_who_asked(actions: Actions) -> None:
    granted = actions.app().connect(actions.person())
    answer = ask(actions, granted.access)
    signed = read(actions, answer)
    kid = signed.header["kid"]
    assert signed.header == {"typ": "token-introspection+jwt", "alg": "ES256", "kid": kid}
    assert abs(signed.claims["iat"] - time.time()) < TIMEOUT
    assert signed.claims == {
        "iss": actions.stack.auth,
        "aud": actions.stack.fit_credentials.name,
        "iat": signed.claims["iat"],
        "token_introspection": actions.introspect(granted.access),
    }
    assert signed.claims["token_introspection"]["active"] is True
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.clause("RFC 9701 §5", line=113)
def test_of_a_token_that_is_not_good_for_the_caller_only_active_false_is_said(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    foreign = read(actions, ask(actions, granted.access, caller=actions.stack.other_credentials))
    assert foreign.claims["aud"] == actions.stack.other_credentials.name
    app.revoke(granted.access)
    for signed in (foreign, *(read(actions, ask(actions, token)) for token in (granted.access, granted.refresh, "x"))):
        assert signed.claims["token_introspection"] == {"active": False}
        assert set(signed.claims) == {"iss", "aud", "iat", "token_introspection"}


@pytest.mark.clause("RFC 9701 §4", line=113)
@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (SIGNED, SIGNED),
        (f"{SIGNED}, {JSON};q=0.5", SIGNED),
        (f"{SIGNED.upper()}, */*;q=0.1", SIGNED),
        (f"{JSON};q=0.2, text/html, {SIGNED};q=0.3", SIGNED),
        (f"{JSON}, {SIGNED};q=0.5", JSON),
        (f"{SIGNED}, {JSON}", JSON),
        (f"{SIGNED};q=0", JSON),
        (f"{SIGNED};q=nonsense", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        ("text/html", JSON),
        ("", JSON),
        (";;,q=1", JSON),
    ],
)
def test_the_caller_chooses_by_its_accept_header(actions: Actions, accept: str, answered: str) -> None:
    answer = ask(actions, "x", accept)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, answered)
    if answered == JSON:
        assert answer.content == ask(actions, "x", JSON).content


@pytest.mark.clause("RFC 9701 §5")
def test_without_good_credentials_nothing_is_signed(actions: Actions) -> None:
    fit = actions.stack.fit_credentials
    stranger = ResourceServerCredentials(fit.name, "wrong", fit.resource)
    answer = ask(actions, "x", caller=stranger)
    assert (error_of(answer), answer.headers["Content-Type"]) == ((401, "invalid_client"), JSON)


@pytest.mark.clause("RFC 9701 §8.1", line=113)
def test_it_is_no_token_of_any_kind(actions: Actions) -> None:
    granted = actions.app().connect(actions.person())
    signed = ask(actions, granted.access).text
    assert actions.introspect(signed) == {"active": False}
    assert actions.fit("GET", token=signed).status_code == 401
    assert actions.stack.parts.signing_keys.claims_of(signed) is None
