"""From a document to tokens: nothing is registered, and nothing is read before somebody has signed in."""

import base64
import json
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import CALLBACK, READ, TIMEOUT, Actions, Verifier, error_of, tokens
from tests.support.document_host import DescribedApp
from tests.support.signing_app import ec_key, jwks

Described = Callable[..., DescribedApp]


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §5", line=154)
def test_an_app_that_nobody_registered_is_read_about_allowed_and_introspected(
    actions: Actions, described: Described
) -> None:
    app, person = described(), actions.person()
    granted = app.connect(person, [READ])
    introspected = actions.introspect(granted.access)
    assert {name: introspected[name] for name in ("active", "client_id", "scope", "sub")} == {
        "active": True,
        "client_id": app.client_id,
        "scope": READ,
        "sub": person.subject,
    }
    refreshed = tokens(app.refresh(granted.refresh))
    assert actions.introspect(refreshed.access)["client_id"] == app.client_id
    assert app.revoke(refreshed.refresh).status_code == 200
    assert not actions.is_active(refreshed.access)
    assert app.times_read == 1


def test_nothing_is_read_before_somebody_has_signed_in(actions: Actions, described: Described) -> None:
    app, person = described(), actions.person()
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert urlsplit(page.url).path == "/sign-in"
    assert app.times_read == 0
    page = person.sign_in(address=page.url)
    assert (page.status_code, urlsplit(page.url).path, app.times_read) == (200, "/consent", 1)


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §9.5", line=159)
def test_the_question_names_the_host_and_not_only_what_the_app_calls_itself(
    actions: Actions, described: Described
) -> None:
    app, person = described(), actions.person()
    person.sign_in()
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert "This app is from <bdi>localhost</bdi>." in page.text
    assert "Described" in page.text
    app.connect(person)
    assert "This app is from <bdi>localhost</bdi>." in person.browser.get("/connected-apps").text
    person.disconnect(app.client_id)
    assert app.client_id not in person.browser.get("/connected-apps").text


def test_no_page_tells_the_name_without_the_host(actions: Actions, described: Described) -> None:
    app, person = described(), actions.person()
    granted = app.connect(person)
    grant_id = actions.introspect(granted.access)["grant_id"]
    tokens(app.refresh(tokens(app.refresh(granted.refresh)).refresh))
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")
    for address in ("/activity", f"/activity/reuse/{grant_id}"):
        assert "Described (localhost)" in person.browser.get(address).text
    app.connect(person)
    assert "Described (localhost) has no access any more." in person.disconnect(app.client_id).text


@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_question_says_where_any_program_could_pose_as_the_app(
    actions: Actions, described: Described, elsewhere: bool
) -> None:
    app = described(redirect_uris=[CALLBACK, *(["https://app.example/callback"] if elsewhere else [])])
    person = actions.person()
    person.sign_in()
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert ("Any program on your computer could say that it is this" in page.text) is not elsewhere


def test_consent_is_asked_for_each_time(actions: Actions, described: Described) -> None:
    app, person = described(), actions.person()
    app.connect(person)
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert (page.status_code, urlsplit(page.url).path) == (200, "/consent")


def test_an_id_token_is_for_the_address(actions: Actions, described: Described) -> None:
    app = described()
    app.scopes = ("openid", READ)
    answer = app.connect(actions.person()).answer
    payload = str(answer["id_token"]).split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["aud"] == app.client_id


def test_the_metadata_say_that_documents_are_taken(actions: Actions) -> None:
    address = f"{actions.stack.auth}/.well-known/oauth-authorization-server"
    assert requests.get(address, timeout=TIMEOUT).json()["client_id_metadata_document_supported"] is True


def test_the_operator_sees_the_client_and_shuts_it_out_for_good(actions: Actions, described: Described) -> None:
    app, person = described(), actions.person()
    granted = app.connect(person)
    [shown] = [each for each in actions.stack.command("client", "list") if each["client_id"] == app.client_id]
    assert (shown["client_id"], shown["registered_itself"], shown["retry"]) == (app.client_id, True, "until-used")
    assert shown["unused_until"] is None
    actions.stack.command("client", "delete", app.client_id)
    assert not actions.is_active(granted.access)
    assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert (page.status_code, "the operator of this server has removed the client" in page.text) == (400, True)
    assert app.times_read == 1


def test_an_operator_changes_nothing_that_the_document_says(actions: Actions, described: Described) -> None:
    app = described()
    app.connect(actions.person())
    said, own = "says what this client is", "a client id consists of letters"
    options = ("--scope", READ, "--redirect-uri", app.redirect_uri)
    for arguments, problem in (
        (("ensure", "Mine", "--client-id", app.client_id, "--public", *options), said),
        (("set-keys", app.client_id, "-"), said),
        (("rotate-secret", app.client_id), "has no secret"),
        (("create", "Mine", "--client-id", "https://app.example/c", *options), own),
    ):
        keys = json.dumps(jwks(ec_key()))
        result = actions.stack.auth_app.test_cli_runner().invoke(args=["client", *arguments], input=keys)
        assert (result.exit_code, problem in result.output) == (2, True), result.output
