"""Refusals say what is wrong, where that helps the one who is refused and nobody else."""

import time
from pathlib import Path

import pytest
import requests

from tests.support.actions import INACTIVE, READ, TIMEOUT, Actions, error_of, tokens
from tests.support.dpop import DpopApp, DpopKey
from tests.support.signing_app import SigningApp
from tests.support.stack import SCOPES, ResourceServerCredentials


def introspect(actions: Actions, token: str, auth: tuple[str, str]) -> requests.Response:
    return requests.post(f"{actions.stack.auth}/introspect", data={"token": token}, auth=auth, timeout=TIMEOUT)


@pytest.mark.clause("RFC 7662 §2.1", line=68)
def test_a_client_that_proves_itself_where_only_resource_servers_may_ask_is_told_so(actions: Actions) -> None:
    app = actions.app()
    granted = app.connect(actions.person())
    assert app.secret is not None
    answer = introspect(actions, granted.access, (app.client_id, app.secret))
    assert error_of(answer) == (403, "unauthorized_client")
    assert "Only a resource server may introspect" in answer.json()["error_description"]
    wrong = introspect(actions, granted.access, (app.client_id, "wrong"))
    unknown = introspect(actions, granted.access, ("nobody", app.secret))
    assert error_of(wrong) == (401, "invalid_client")
    assert wrong.json() == unknown.json()


def test_an_assertion_with_the_token_endpoint_as_its_audience_is_refused_with_the_reason(actions: Actions) -> None:
    app, issuer = SigningApp(actions.stack, "--grant-type", "client_credentials"), actions.stack.auth
    for audience in (f"{issuer}/token", [issuer, f"{issuer}/token"]):
        refused = app.post("/token", {"grant_type": "client_credentials"}, app.sign(app.claims(aud=audience)))
        assert error_of(refused) == (401, "invalid_client")
        assert f"aud must be the issuer alone, {issuer}," in refused.json()["error_description"]
    expired = app.sign(app.claims(exp=int(time.time()) - 3600))
    other = app.post("/token", {"grant_type": "client_credentials"}, expired)
    assert other.json() == {"error": "invalid_client", "error_description": "Client authentication failed."}


@pytest.mark.clause("RFC 6749 §5.2")
def test_a_client_is_told_what_ended_its_own_grant_and_nothing_of_anybody_elses(actions: Actions) -> None:
    app, other, mo, ada = actions.app(), actions.app(), actions.person(), actions.person()
    revoked, cut_off, disabled = app.connect(mo), app.connect(mo), app.connect(ada)
    app.revoke(revoked.refresh)
    mo.disconnect(app.client_id)
    actions.stack.command("account", "disable", ada.username)
    for granted, why in (
        (revoked, "the client revoked it"),
        (cut_off, "the person ended it"),
        (disabled, "the account was disabled"),
    ):
        answer = app.refresh(granted.refresh)
        told = {"error": "invalid_grant", "error_description": f"The grant has ended: {why}."}
        assert (answer.status_code, answer.json()) == (400, told)
        assert why not in other.refresh(granted.refresh).text
    reused = app.connect(mo)
    app.refresh(reused.refresh)
    app.refresh(reused.refresh)
    assert "used twice" in app.refresh(reused.refresh).json()["error_description"]


@pytest.fixture
def unaware(actions: Actions, tmp_path: Path) -> ResourceServerCredentials:
    """A resource server that never said that it checks proofs."""
    resource, secret_file = "https://unaware.example/", tmp_path / "secret"
    register = ["resource-server", "ensure", "unaware", "--resource", resource, "--scope", "unaware:read=See it"]
    actions.stack.command(*register, "--secret-file", str(secret_file))
    return ResourceServerCredentials("unaware", secret_file.read_text(), resource)


@pytest.mark.clause("RFC 9449 §7.2")
def test_no_token_is_bound_for_a_resource_server_that_does_not_check_proofs(
    actions: Actions, unaware: ResourceServerCredentials
) -> None:
    scopes, mo = (READ, "unaware:read"), actions.person()
    app = DpopApp(actions.stack, "--grant-type", "client_credentials", scopes=scopes, key=DpopKey())
    refused = app.client_credentials(resource=unaware.resource)
    assert error_of(refused) == (400, "invalid_target")
    assert refused.json()["error_description"].startswith(f"{unaware.resource} checks no DPoP proofs")
    assert error_of(app.client_credentials()) == (400, "invalid_target")
    assert app.client_credentials(resource=actions.stack.fit_credentials.resource).status_code == 200
    assert app.holding(None).client_credentials(resource=unaware.resource).status_code == 200
    person_app = DpopApp(actions.stack, scopes=scopes, key=DpopKey())
    granted = person_app.holding(None).connect(mo)
    assert error_of(person_app.refresh(granted.refresh)) == (400, "invalid_target")
    fit_only = tokens(person_app.refresh(granted.refresh, scope=READ))  # nothing was spent before
    assert fit_only.answer["token_type"] == "DPoP"


@pytest.mark.clause("RFC 9449 §7.2")
def test_a_bound_token_is_inactive_where_nobody_checks_proofs_any_longer(actions: Actions, tmp_path: Path) -> None:
    fit, secret_file = actions.stack.fit_credentials, tmp_path / "secret"
    secret_file.write_text(fit.secret)
    granted = DpopApp(actions.stack, key=DpopKey()).connect(actions.person())
    other = actions.app().connect(actions.person())
    assert actions.is_active(granted.access)
    described = [part for name, text in SCOPES.items() for part in ("--scope", f"{name}={text}")]
    register = ("resource-server", "ensure", fit.name, "--resource", fit.resource, *described)
    try:
        actions.stack.command(*register, "--secret-file", str(secret_file))
        assert actions.introspect(granted.access) == INACTIVE
        assert actions.is_active(other.access)
    finally:
        actions.stack.command(*register, "--dpop", "--secret-file", str(secret_file))
    assert actions.is_active(granted.access)
