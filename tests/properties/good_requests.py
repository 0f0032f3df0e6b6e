"""Requests as they should be, one for each thing that the authorization server does.

What only exists while the service runs is written as a name, LIVE_code for example; `live.py` puts it in.
"""

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote_plus

from tests.support.actions import ACCESS_TOKEN, CALLBACK, DEVICE_CODE, READ, TOKEN_EXCHANGE
from tests.support.registration import PUBLIC

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


@dataclass(frozen=True)
class Draft:
    """A request that can still be changed."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] = ()
    document: Any = None
    """What becomes JSON."""
    headers: tuple[tuple[str, str], ...] = ()
    tail: bytes = b""
    """What is appended to the query or, if there is one, to the body."""
    raw: bytes = b""
    """What stands in the place of the body."""

    def target(self) -> str:
        query = encoded(self.query) + (self.tail.decode("latin-1") if not self.has_body else "")
        return f"{self.path}?{query}" if query else self.path

    def body(self) -> bytes:
        if self.raw or not self.has_body:
            return self.raw
        written = json.dumps(self.document) if self.document is not None else encoded(self.form)
        return written.encode() + self.tail

    @property
    def has_body(self) -> bool:
        return bool(self.form or self.raw) or self.document is not None


def encoded(pairs: tuple[tuple[str, str], ...]) -> str:
    return "&".join(f"{quote(name)}={quote(value)}" for name, value in pairs)


def quote(text: str) -> str:
    return quote_plus(text, errors="surrogatepass")


def posted(path: str, authorization: str = "", **form: str) -> Draft:
    headers = (("Content-Type", FORM), *((("Authorization", authorization),) if authorization else ()))
    return Draft("POST", path, form=tuple(form.items()), headers=headers)


def asked(path: str, **query: str) -> Draft:
    return Draft("GET", path, query=tuple(query.items()), headers=(("Cookie", "LIVE_cookie"),))


def sent_by_a_page(path: str, **form: str) -> Draft:
    page = posted(path, csrf_token="LIVE_csrf", **form)
    return replace(page, headers=(*page.headers, ("Cookie", "LIVE_cookie"), ("Accept", "text/html")))


APP, API = "LIVE_basic_app", "LIVE_basic_api"
AUTHORIZATION_REQUEST = {
    "response_type": "code",
    "client_id": "LIVE_client_id",
    "redirect_uri": CALLBACK,
    "scope": READ,
    "state": "a state",
    "code_challenge": "LIVE_challenge",
    "code_challenge_method": "S256",
}
REGISTRATION = (("Content-Type", JSON), ("Authorization", "Bearer LIVE_registration_token"))
FOR_TOKENS = [
    posted(
        "/token",
        APP,
        grant_type="authorization_code",
        code="LIVE_code",
        redirect_uri=CALLBACK,
        code_verifier="LIVE_verifier",
    ),
    posted("/token", APP, grant_type="refresh_token", refresh_token="LIVE_refresh_token"),
    posted("/token", APP, grant_type=DEVICE_CODE, device_code="LIVE_device_code"),
    posted("/token", APP, grant_type="client_credentials", scope=READ, resource="LIVE_resource"),
    posted("/token", grant_type="refresh_token", refresh_token="LIVE_public_token", client_id="LIVE_public_id"),
    posted(
        "/token",
        grant_type="client_credentials",
        client_id="LIVE_signing_id",
        client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion="LIVE_assertion",
    ),
    posted(
        "/token",
        "LIVE_basic_exchanger",
        grant_type=TOKEN_EXCHANGE,
        subject_token="LIVE_access_token",
        subject_token_type=ACCESS_TOKEN,
    ),
]
FOR_PROGRAMS = [
    posted("/introspect", API, token="LIVE_access_token", token_type_hint="access_token"),
    posted("/device_authorization", APP, scope=READ),
    Draft("GET", "/userinfo", headers=(("Authorization", "Bearer LIVE_access_token"),)),
    posted("/userinfo", "Bearer LIVE_access_token", x="y"),
    Draft("GET", "/revocations", query=(("wait", "0"),), headers=(("Authorization", API),)),
    posted("/revoke", APP, token="LIVE_own_token", token_type_hint="access_token"),
    Draft("GET", "/deleted-accounts", query=(("after", "0"),), headers=(("Authorization", API),)),
    posted("/deleted-accounts", API, sub="LIVE_username"),
]
FOR_CODES = [
    posted("/par", APP, **AUTHORIZATION_REQUEST),
    posted("/par", **{**AUTHORIZATION_REQUEST, "client_id": "LIVE_public_id", "resource": "LIVE_resource"}),
    posted("/authorize", **AUTHORIZATION_REQUEST),
    asked("/authorize", **AUTHORIZATION_REQUEST),
    asked("/authorize", **{**AUTHORIZATION_REQUEST, "client_id": "LIVE_public_id", "prompt": "select_account"}),
    asked("/authorize", client_id="LIVE_client_id", request_uri="LIVE_request_uri"),
    asked("/consent", request="LIVE_request"),
    sent_by_a_page("/consent", request="LIVE_request", withdrawals="0", decision="allow", scope=READ),
]
LOGOUT = {"client_id": "LIVE_client_id", "post_logout_redirect_uri": CALLBACK, "state": "a state"}
FOR_PAGES = [
    *map(
        asked,
        (
            "/",
            "/account",
            "/account/security",
            "/account/data",
            "/account/data/delete",
            "/account/data/download",
            "/account/deleted",
            "/connected-apps",
            "/logout/done",
            "/new-password/chosen",
            "/jwks",
            "/health/live",
            "/health/ready",
        ),
    ),
    *map(asked, ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")),
    asked("/static/moogle.css"),
    asked("/device", user_code="LIVE_user_code"),
    asked("/sign-in", next="/connected-apps"),
    asked("/new-password", link="LIVE_link"),
    asked("/logout", **LOGOUT),
    posted("/logout", **LOGOUT),
    asked("/logout/confirm", request="LIVE_logout"),
    sent_by_a_page("/logout/confirm", request="LIVE_logout", decision="stay"),
    sent_by_a_page("/device", user_code="LIVE_user_code", withdrawals="0", decision="allow", scope=READ),
    asked("/activity", before="1"),
    asked("/activity/reuse/LIVE_reused_grant"),
    asked("/activity/reuse/LIVE_reused_grant/story.json"),
    sent_by_a_page("/activity/reuse/LIVE_reused_grant", answer="me"),
    sent_by_a_page("/connected-apps/narrow", client_id="LIVE_signing_id", shown=READ, scope=READ),
    sent_by_a_page("/connected-apps/disconnect", client_id="LIVE_signing_id"),
    replace(
        sent_by_a_page("/sign-in", username="LIVE_username", password="LIVE_password"),
        query=(("next", "/connected-apps"),),
    ),
    asked("/account/authenticator/add"),
    sent_by_a_page("/account/authenticator/remove"),
    sent_by_a_page("/account/recovery-codes"),
    asked("/sign-in/second-step", next="/activity"),
    sent_by_a_page("/sign-in/second-step", code="123456"),
    asked("/account/passkeys/add"),
    sent_by_a_page("/account/passkeys/options"),
    sent_by_a_page("/account/passkeys/add", name="A passkey", answer="LIVE_made_passkey"),
    sent_by_a_page("/account/passkeys/rename", passkey="LIVE_passkey", name="Another name"),
    sent_by_a_page("/account/passkeys/remove", passkey="LIVE_passkey"),
    sent_by_a_page("/sign-in/passkey/options"),
    sent_by_a_page("/sign-in/passkey", answer="LIVE_signed_by_passkey"),
    sent_by_a_page("/account/sessions/end", name="a session that is none"),
    sent_by_a_page("/account/sessions/end-others"),
    sent_by_a_page("/account/sign-out-everywhere"),
    sent_by_a_page("/sign-out"),
]
FOR_CLIENTS_THEMSELVES = [
    Draft("POST", "/register", document=PUBLIC, headers=(("Content-Type", JSON),)),
    Draft("GET", "/register/LIVE_registered_id", headers=REGISTRATION),
    Draft(
        "PUT",
        "/register/LIVE_registered_id",
        document={**PUBLIC, "client_id": "LIVE_registered_id"},
        headers=REGISTRATION,
    ),
    Draft("DELETE", "/register/LIVE_registered_id", headers=REGISTRATION),
]
GOOD = [FOR_TOKENS, FOR_CODES, FOR_PROGRAMS, FOR_PAGES, FOR_CLIENTS_THEMSELVES]
NO_USE = [
    asked("/nothing/here"),
    sent_by_a_page("/account/password", current="not the password", new="x"),
    sent_by_a_page("/account/authenticator/add", code="no code"),
    sent_by_a_page("/account/data/delete", username="somebody else"),
    sent_by_a_page("/new-password", new="x"),
]
"""What is refused as it is."""
