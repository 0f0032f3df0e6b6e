"""An app, or the API behind it, may ask how surely and how lately somebody signed in (RFC 9470)."""

import json
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from joserfc import jws

from auth_service.models.authentication import ACR_VALUES, MULTI_FACTOR, PHISHING_RESISTANT
from auth_service.storage.grant_keys import GrantKeys
from tests.support.actions import READ, TIMEOUT, Actions, App, Browser, Person, Tokens, Verifier, tokens
from tests.support.actions import redirect_parameters as parameters_of
from tests.support.authenticator import Authenticator, add_passkey, passkey_sign_in
from tests.support.authenticator_app import give_code, set_up_app
from tests.support.grants_in_redis import grant_fields

OPENID = "openid"


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(scopes=[OPENID, READ])


def by_passkey(actions: Actions) -> tuple[Person, Authenticator]:
    mo, authenticator = actions.person(), Authenticator(actions.stack.auth)
    mo.sign_in()
    add_passkey(mo, authenticator)
    mo.browser = Browser(actions.stack)
    passkey_sign_in(mo.browser, authenticator)
    return mo, authenticator


def id_token(granted: Tokens) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(jws.extract_compact(granted.answer["id_token"].encode()).payload)
    return claims


def said(actions: Actions, granted: Tokens) -> dict[str, Any]:
    answer = actions.introspect(granted.access)
    return {name: answer[name] for name in ("acr", "amr", "auth_time") if name in answer}


@pytest.mark.clause("RFC 8176 §2", line=150)
@pytest.mark.clause("RFC 9470 §6.2", line=148)
def test_of_a_passkey_the_id_token_and_introspection_say_so_also_after_a_refresh(actions: Actions, app: App) -> None:
    mo, _ = by_passkey(actions)
    granted = app.connect(mo, acr_values=PHISHING_RESISTANT)
    claims = id_token(granted)
    assert (claims["acr"], claims["amr"]) == ("phr", ["hwk", "user", "mfa"])
    expected = {"acr": "phr", "amr": ["hwk", "user", "mfa"], "auth_time": claims["auth_time"]}
    assert said(actions, granted) == expected
    assert said(actions, tokens(app.refresh(granted.refresh))) == expected


@pytest.mark.clause("RFC 8176 §2", line=150)
def test_of_a_code_after_a_password_they_say_so(actions: Actions, app: App) -> None:
    mo = actions.person()
    mo.sign_in()
    authenticator_app = set_up_app(mo)
    granted = app.connect(mo)
    assert said(actions, granted)["amr"] == ["pwd", "otp", "mfa"], "setting one up takes a code of it"
    mo.browser = Browser(actions.stack)
    mo.sign_in()
    give_code(mo, authenticator_app.recovery_codes[0])
    granted = app.connect(mo)
    assert (id_token(granted)["acr"], id_token(granted)["amr"]) == (MULTI_FACTOR, ["pwd", "mfa"])
    assert said(actions, granted)["acr"] == MULTI_FACTOR


def test_a_client_is_told_the_class_that_it_asked_for_first_of_those_that_are_met(actions: Actions, app: App) -> None:
    """Else an API that takes one class only would send its app back and back again."""
    mo, _ = by_passkey(actions)
    granted = app.connect(mo, acr_values=f"urn:example:unknown {MULTI_FACTOR} phr")
    assert (id_token(granted)["acr"], said(actions, granted)["acr"]) == (MULTI_FACTOR, MULTI_FACTOR)
    assert said(actions, tokens(app.refresh(granted.refresh)))["acr"] == MULTI_FACTOR


@pytest.mark.clause("RFC 9470 §6.2", line=148)
def test_of_a_password_alone_no_more_is_kept_than_ever_and_only_the_time_is_said(actions: Actions, app: App) -> None:
    before = int(time.time())
    granted = app.connect(actions.person())
    assert id_token(granted)["amr"] == ["pwd"]
    assert "acr" not in id_token(granted)
    assert [*said(actions, granted)] == ["auth_time"]
    assert before <= said(actions, granted)["auth_time"] <= time.time()
    grant_id = actions.introspect(granted.access)["grant_id"]
    parts = actions.stack.parts
    kept = grant_fields(parts.redis, GrantKeys(parts.settings.redis_shards).grant(grant_id))
    assert kept["auth_time"]
    assert not {"amr", "acr"} & kept.keys()


@pytest.mark.clause("RFC 9470 §5", line=147)
def test_who_gave_a_password_is_asked_to_sign_in_more_surely_and_then_goes_on(actions: Actions, app: App) -> None:
    mo, authenticator = by_passkey(actions)
    mo.browser, verifier = Browser(actions.stack), Verifier()
    mo.sign_in()
    page = mo.browser.follow(app.authorize_url(verifier, acr_values="phr"))
    assert urlsplit(page.url).path == "/sign-in"
    assert "asks you to sign in with a passkey. Your" in page.text
    page = passkey_sign_in(mo.browser, authenticator, page.url)
    answer = mo.browser.submit("/consent", {"scope": [OPENID, READ], "decision": "allow"})
    granted = tokens(app.exchange(parameters_of(answer)["code"], verifier))
    assert said(actions, granted)["acr"] == "phr"


@pytest.mark.clause("RFC 9470 §5", line=147)
@pytest.mark.parametrize("decision", ["deny", "allow"])
def test_who_can_do_no_more_is_told_what_it_takes_and_the_app_that_it_was_not_met(
    actions: Actions, app: App, decision: str
) -> None:
    mo = actions.person()
    page = mo.browser.follow(app.authorize_url(Verifier(), acr_values=f"{MULTI_FACTOR} phr"))
    assert "with a passkey, or with your password and a code" in page.text
    page = mo.sign_in(address=page.url)
    assert "asks for a stronger sign-in" in page.text
    answer = mo.browser.submit("/consent", {"decision": decision, "scope": [READ, OPENID]})
    assert parameters_of(answer) == {
        "error": "unmet_authentication_requirements",
        "error_description": "The sign-in is of none of the classes in acr_values.",
        "state": "a state",
        "iss": actions.stack.auth,
    }


@pytest.mark.clause("RFC 9470 §5", line=147)
def test_classes_that_nobody_here_knows_are_met_by_nobody(actions: Actions, app: App) -> None:
    mo, _ = by_passkey(actions)
    answer = mo.decide(app.authorize_url(Verifier(), acr_values="urn:example:gold"), [])
    assert parameters_of(answer)["error"] == "unmet_authentication_requirements"
    pushed = app.push(Verifier(), acr_values="urn:example:gold")
    assert (pushed.status_code, pushed.json()["error"]) == (400, "unmet_authentication_requirements")


def test_without_a_page_a_sign_in_of_another_class_is_none(actions: Actions, app: App) -> None:
    mo = actions.person()
    app.connect(mo)
    answer = mo.decide(app.authorize_url(Verifier(), acr_values="phr", prompt="none"), [])
    assert parameters_of(answer)["error"] == "login_required"


def test_max_age_is_honoured_with_a_passkey_too(actions: Actions, app: App) -> None:
    mo, authenticator = by_passkey(actions)
    page = mo.browser.follow(app.authorize_url(Verifier(), acr_values="phr", max_age="0"))
    assert urlsplit(page.url).path == "/sign-in"
    assert passkey_sign_in(mo.browser, authenticator, page.url).status_code == 200
    assert urlsplit(mo.browser.page.url if mo.browser.page else "").path == "/consent"


@pytest.mark.clause("RFC 9470 §7", line=149)
def test_the_metadata_name_the_classes(actions: Actions) -> None:
    for name in ("oauth-authorization-server", "openid-configuration"):
        metadata = requests.get(f"{actions.stack.auth}/.well-known/{name}", timeout=TIMEOUT).json()
        assert metadata["acr_values_supported"] == list(ACR_VALUES)
