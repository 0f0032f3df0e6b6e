"""Sign people in with OpenID Connect: `AUTH=… CLIENT_ID=… CLIENT_SECRET=… flask --app sign_in run --port 8003`.

The client has the redirect address http://127.0.0.1:8003/callback and the scopes openid and profile.
"""

import os
import secrets

from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for
from flask.typing import ResponseReturnValue

app = Flask(__name__)
app.secret_key = secrets.token_bytes(32)  # kept, in a real app
moogle = OAuth(app).register(
    "moogle",
    client_id=os.environ["CLIENT_ID"],
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url=f"{os.environ['AUTH']}/.well-known/openid-configuration",
    client_kwargs={"scope": "openid profile", "code_challenge_method": "S256"},
)


@app.get("/")
def home() -> ResponseReturnValue:
    """Who is signed in."""
    return session.get("name") or redirect(url_for("sign_in"))


@app.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """To Moogle."""
    answer: ResponseReturnValue = moogle.authorize_redirect(url_for("callback", _external=True))
    return answer


@app.get("/callback")
def callback() -> ResponseReturnValue:
    """And back. Authlib checks state, signature, issuer, audience, nonce and times."""
    person = moogle.authorize_access_token()["userinfo"]
    session.update(issuer=person["iss"], subject=person["sub"], name=person["preferred_username"])
    return redirect("/")
