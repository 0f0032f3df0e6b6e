"""Signing in with Moogle by a client library that we did not write, told nothing but where the server is."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, url_for
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue

from tests.support.actions import CALLBACK, Actions, App

ORIGIN = CALLBACK.removesuffix("/callback")
SCOPES = ["openid", "profile"]


def diary(app: App, issuer: str) -> Flask:
    """An app that knows who its people are from Moogle alone."""
    flask = Flask(__name__)
    flask.config.update(SECRET_KEY="the secret of the diary", TESTING=True)
    moogle = OAuth(flask).register(
        "moogle",
        client_id=app.client_id,
        client_secret=app.secret,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )

    @flask.get("/sign-in")
    def sign_in() -> ResponseReturnValue:
        answer: ResponseReturnValue = moogle.authorize_redirect(url_for("callback", _external=True), max_age=600)
        return answer

    @flask.get("/callback")
    def callback() -> ResponseReturnValue:
        token = moogle.authorize_access_token()  # checks state, signature, issuer, audience, nonce and times
        return jsonify(id_token=token["userinfo"], userinfo=moogle.userinfo(token=token), token=token["id_token"])

    @flask.get("/sign-out/<token>")
    def sign_out(token: str) -> ResponseReturnValue:
        metadata = moogle.load_server_metadata()
        return redirect(f"{metadata['end_session_endpoint']}?id_token_hint={token}&post_logout_redirect_uri={ORIGIN}/")

    return flask


@pytest.fixture(params=["RS256", "ES256"])
def app(actions: Actions, request: pytest.FixtureRequest) -> App:
    return actions.app(
        "--id-token-signed-response-alg",
        request.param,
        "--post-logout-redirect-uri",
        f"{ORIGIN}/",
        scopes=SCOPES,
    )


@pytest.fixture
def client(actions: Actions, app: App) -> Iterator[FlaskClient]:
    with diary(app, actions.stack.auth).test_client() as client:
        yield client


@pytest.mark.clause("OpenID Connect Core §3.1")
def test_a_person_signs_in_to_another_app_and_out_again(actions: Actions, client: FlaskClient) -> None:
    mo = actions.person()
    leads_to_moogle = client.get("/sign-in", base_url=ORIGIN)
    assert leads_to_moogle.location.startswith(f"{actions.stack.auth}/authorize?")
    leads_back = mo.decide(leads_to_moogle.location, SCOPES)
    assert leads_back.headers["Location"].startswith(f"{CALLBACK}?")

    known = client.get(f"/callback?{urlsplit(leads_back.headers['Location']).query}", base_url=ORIGIN).get_json()
    assert known["userinfo"] == {"sub": mo.subject, "preferred_username": mo.username}
    assert known["userinfo"].items() <= known["id_token"].items()

    sign_out = client.get(f"/sign-out/{known['token']}", base_url=ORIGIN)
    assert mo.browser.follow(sign_out.location).headers["Location"] == f"{ORIGIN}/"
    assert mo.browser.get("/connected-apps", allow_redirects=False).status_code == 303
