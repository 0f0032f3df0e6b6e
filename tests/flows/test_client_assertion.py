"""private_key_jwt: a client signs who it is, for this server, for now, once."""

import base64
import json
import threading
import time
from collections import Counter
from typing import Any

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import Key, OctKey

from tests.support.actions import TIMEOUT, Actions, Verifier, error_of
from tests.support.signing_app import SigningApp, ec_key, ed25519_key, encoded, jwks, mac_key, rsa_key

GRANT = {"grant_type": "client_credentials"}
REFUSED = (401, "invalid_client")


@pytest.fixture
def app(actions: Actions) -> SigningApp:
    return SigningApp(actions.stack, "--grant-type", "client_credentials")


@pytest.mark.clause("RFC 7523 §3", line=125)
def test_the_whole_story_runs_on_signatures(actions: Actions) -> None:
    app = SigningApp(actions.stack)
    assert (app.client["token_endpoint_auth_method"], app.client["client_secret"]) == ("private_key_jwt", None)
    assert app.push(Verifier()).status_code == 201
    granted = app.connect(actions.person())
    refreshed, repeated = (app.refresh(granted.refresh, key="the-key-of-one-request").json() for _ in range(2))
    assert refreshed["access_token"] == repeated["access_token"]
    assert actions.is_active(refreshed["access_token"])
    assert app.revoke(refreshed["refresh_token"]).status_code == 200
    assert not actions.is_active(refreshed["access_token"])


@pytest.mark.clause("RFC 7523 §3")
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(ec_key(), "ES256"), (rsa_key(), "RS256"), (rsa_key(), "PS256"), (ed25519_key(), "Ed25519")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_announced_algorithm_works(actions: Actions, key: Key, algorithm: str) -> None:
    app = SigningApp(actions.stack, "--grant-type", "client_credentials", key=key)
    app.algorithm = algorithm
    assert app.client_credentials().status_code == 200


@pytest.mark.clause("RFC 8037 §3.1")
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
def test_the_older_name_of_ed25519_is_understood(actions: Actions) -> None:
    app = SigningApp(actions.stack, "--grant-type", "client_credentials", key=ed25519_key())
    app.algorithm = "EdDSA"
    assert app.client_credentials().status_code == 200


@pytest.mark.clause("RFC 7521 §4.2")
def test_client_id_may_be_left_out_and_must_not_name_another(actions: Actions, app: SigningApp) -> None:
    other = SigningApp(actions.stack, "--grant-type", "client_credentials")
    assert app.post("/token", {**GRANT, "client_id": app.client_id}).status_code == 200
    assert error_of(app.post("/token", {**GRANT, "client_id": other.client_id})) == REFUSED


@pytest.mark.clause("draft-ietf-oauth-rfc7523bis §4", line=126)
def test_the_audience_is_the_issuer_and_nothing_else(actions: Actions, app: SigningApp) -> None:
    issuer = actions.stack.auth
    good: list[Any] = [issuer, [issuer]]
    bad: list[Any] = [None, "", [], f"{issuer}/token", f"{issuer}/", issuer.upper(), {"x": 1}]
    bad += [[issuer, f"{issuer}/token"], ["https://other.example", issuer], [[issuer]], "https://other.example"]
    statuses = [app.post("/token", GRANT, app.sign(app.claims(aud=audience))).status_code for audience in good + bad]
    assert statuses == [200] * len(good) + [401] * len(bad)


NOW = time.time()
BAD_CLAIMS: list[dict[str, Any]] = [
    {"iss": None},
    {"sub": None},
    {"iss": "somebody"},
    {"sub": "somebody"},
    {"sub": ["x"]},
    {"sub": "\ud800"},
    {"sub": "cl\u0000ient"},
    {"exp": None},
    {"exp": str(int(NOW) + 3_000)},
    {"exp": True},
    {"exp": -1},
    {"exp": NOW - 60},
    {"exp": NOW + 2 * 86_400},
    {"exp": 10**400},
    {"exp": float("inf")},
    {"exp": float("nan")},
    {"iat": NOW + 3_600, "exp": NOW + 3_601},
    {"iat": "now"},
    {"iat": True},
    {"nbf": NOW + 3_500},
    {"jti": None},
    {"jti": ""},
    {"jti": 7},
    {"jti": "\ud800"},
]


@pytest.mark.clause("RFC 7523 §3", line=125)
@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=" and ".join)
def test_a_wrong_or_missing_claim_is_a_failed_authentication(app: SigningApp, changes: dict[str, Any]) -> None:
    assert error_of(app.post("/token", GRANT, app.sign(app.claims(**changes)))) == REFUSED
    assert app.client_credentials().status_code == 200


@pytest.mark.clause("RFC 7523 §3")
def test_claims_that_need_not_be_there_may_be_missing(app: SigningApp) -> None:
    assert app.post("/token", GRANT, app.sign(app.claims(iat=None, nbf=NOW - 5))).status_code == 200
    assert app.post("/token", GRANT, app.sign(app.claims(exp=time.time() + 3_600))).status_code == 200


@pytest.mark.clause("RFC 7523 §3", line=125)
def test_an_assertion_works_once(actions: Actions, app: SigningApp) -> None:
    first = app.sign()
    assert app.post("/token", GRANT, first).status_code == 200
    assert error_of(app.post("/token", GRANT, first)) == REFUSED
    again = app.sign({**app.claims(), "jti": json.loads(_decoded(first.split(".")[1]))["jti"]})
    assert error_of(app.post("/token", GRANT, again)) == REFUSED
    assert error_of(app.post("/revoke", {"token": "x"}, first)) == REFUSED
    other = SigningApp(actions.stack, "--grant-type", "client_credentials")
    same_name = other.claims(jti=json.loads(_decoded(first.split(".")[1]))["jti"])
    assert other.post("/token", GRANT, other.sign(same_name)).status_code == 200


@pytest.mark.clause("RFC 7523 §3", line=125)
def test_of_parallel_uses_of_one_assertion_one_succeeds(app: SigningApp) -> None:
    assertion, statuses, start = app.sign(), Counter[int](), threading.Barrier(8)

    def use() -> None:
        start.wait()
        statuses[app.post("/token", GRANT, assertion).status_code] += 1

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {200: 1, 401: 7}


def test_a_refused_assertion_is_not_used_up(app: SigningApp) -> None:
    claims = app.claims()
    assert error_of(app.post("/token", GRANT, app.sign(claims, key=ec_key()))) == REFUSED
    assert app.post("/token", GRANT, app.sign(claims)).status_code == 200


@pytest.mark.clause("RFC 8725 §3.1", line=127)
def test_another_key_or_kind_of_signature_is_refused(app: SigningApp) -> None:
    head, payload = json.dumps({"alg": "none"}), json.dumps(app.claims())
    unsigned = f"{encoded(head)}.{encoded(payload)}."
    forged = [
        app.sign(key=ec_key()),
        app.sign(key=rsa_key(), header={"alg": "RS256"}),
        app.sign(key=mac_key(app.client), header={"alg": "HS256"}),
        app.sign(key=OctKey.import_key("x" * 32), header={"alg": "HS256"}),
        unsigned,
        app.sign()[:-4] + "AAAA",
        app.sign(header={"kid": "another"}),
    ]
    assert [error_of(app.post("/token", GRANT, assertion)) for assertion in forged] == [REFUSED] * len(forged)


@pytest.mark.clause("RFC 8725 §3.11", line=127)
def test_a_jwt_that_was_signed_for_another_purpose_is_refused(app: SigningApp) -> None:
    for kind, status in {
        "JWT": 200,
        "client-authentication+jwt": 200,
        "application/client-authentication+jwt": 200,
        "oauth-client-auth+jwt": 200,
        "dpop+jwt": 401,
        "oauth-authz-req+jwt": 401,
        "": 401,
    }.items():
        assert app.post("/token", GRANT, app.sign(header={"typ": kind})).status_code == status, kind


MALFORMED = ["x", "..", "a.b.c", "e30.e30.e30", "é.é.é", "W10.W10.W10", "MQ.MQ.MQ", '"Ii4u.e30.', "[" * 20_000]


@pytest.mark.clause("RFC 7521 §4.2.1")
@pytest.mark.parametrize("assertion", MALFORMED, ids=lambda text: text[:12])
def test_what_is_no_assertion_is_a_failed_authentication(app: SigningApp, assertion: str) -> None:
    assert error_of(app.post("/token", GRANT, assertion)) == REFUSED


@pytest.mark.clause("RFC 7521 §4.2.1")
def test_payloads_and_headers_that_nobody_expects_are_a_failed_authentication(app: SigningApp) -> None:
    assertions = [app.sign(payload) for payload in ("x", "[]", "null", "[" * 20_000, '"sub"')]
    headers: list[dict[str, Any]] = [{"kid": ["x"]}, {"typ": 1}, {"crit": ["b64"], "b64": False}, {"b64": False}]
    headers += [{"crit": ["exp"], "exp": 1}, {"crit": []}, {"crit": "x"}]
    assertions += [app.sign(header=header) for header in headers]
    _, payload, signature = app.sign().split(".")
    assertions += [f"{encoded(json.dumps({'alg': name}))}.{payload}.{signature}" for name in (["ES256"], None, "ES512")]
    assert {error_of(app.post("/token", GRANT, assertion)) for assertion in assertions} == {REFUSED}


@pytest.mark.clause("RFC 7521 §4.2.1")
def test_all_failures_get_the_same_answer(actions: Actions, app: SigningApp) -> None:
    wrong_type = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"}
    untyped = {"client_assertion": app.sign(), **GRANT}
    with_secret = actions.app("--grant-type", "client_credentials")
    failures = [
        app.post("/token", GRANT, app.sign(key=ec_key())),
        app.post("/token", GRANT, app.sign(app.claims(iss="nobody", sub="nobody"))),
        app.post("/token", {**GRANT, **wrong_type}),
        requests.post(f"{actions.stack.auth}/token", data=untyped, timeout=TIMEOUT),
        app.post("/token", GRANT, app.sign(app.claims(iss=with_secret.client_id, sub=with_secret.client_id))),
        requests.post(f"{actions.stack.auth}/token", data=GRANT, auth=(app.client_id, ""), timeout=TIMEOUT),
        requests.post(f"{actions.stack.auth}/token", data={**GRANT, "client_id": app.client_id}, timeout=TIMEOUT),
    ]
    assert {error_of(answer) for answer in failures} == {REFUSED}
    assert len({answer.text for answer in failures}) == 1


@pytest.mark.clause("RFC 6749 §3.2.1")
def test_a_client_with_keys_must_sign_everywhere(actions: Actions) -> None:
    app = SigningApp(actions.stack)
    granted = app.connect(actions.person())
    bare = {"client_id": app.client_id, "token": granted.refresh, "refresh_token": granted.refresh}
    for path in ("/token", "/revoke", "/par"):
        form = {"grant_type": "refresh_token", **bare}
        assert error_of(requests.post(actions.stack.auth + path, data=form, timeout=TIMEOUT)) == REFUSED
    assert app.refresh(granted.refresh).status_code == 200


@pytest.mark.clause("RFC 6749 §2.3", line=8)
def test_an_assertion_beside_a_secret_is_two_ways_at_once(app: SigningApp) -> None:
    for answer in (
        app.post("/token", {**GRANT, "client_secret": "x"}),
        app.post("/token", GRANT, auth=(app.client_id, "x")),
        app.post("/token", {**GRANT, "client_assertion": [app.sign(), app.sign()]}),
    ):
        assert error_of(answer) == (400, "invalid_request")


@pytest.mark.clause("RFC 7662 §2.1", line=68)
def test_a_client_can_not_introspect_with_it(app: SigningApp) -> None:
    answer = app.post("/introspect", {"token": "x"})
    assert error_of(answer) == (403, "unauthorized_client")
    assert "active" not in answer.json()
    for nobody in ("nul\0", "\ud800"):
        assert error_of(app.post("/introspect", {"token": "x"}, app.sign(app.claims(sub=nobody)))) == REFUSED


@pytest.mark.clause("RFC 6749 §10.10", line=27)
def test_failures_are_throttled_and_a_right_signature_still_works(app: SigningApp) -> None:
    wrong = ec_key()
    statuses = [app.post("/token", GRANT, app.sign(key=wrong)).status_code for _ in range(40)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert app.client_credentials().status_code == 200


def test_keys_are_changed_without_a_gap(actions: Actions, app: SigningApp) -> None:
    old, new = app.key, ec_key()
    set_keys = ("client", "set-keys", app.client_id, "-")
    actions.stack.command(*set_keys, stdin=json.dumps(jwks(old, new)))
    for key in (old, new):
        assert app.post("/token", GRANT, app.sign(key=key)).status_code == 200
    actions.stack.command(*set_keys, stdin=json.dumps(jwks(new)))
    assert error_of(app.post("/token", GRANT, app.sign(key=old))) == REFUSED
    assert app.post("/token", GRANT, app.sign(key=new)).status_code == 200


@pytest.mark.clause("RFC 7523 §3")
def test_authlibs_client_works_with_the_issuer_as_audience(actions: Actions) -> None:
    key = rsa_key()
    app = SigningApp(actions.stack, "--grant-type", "client_credentials", key=key)
    session = OAuth2Session(app.client_id, key, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(actions.stack.auth))
    token = session.fetch_token(f"{actions.stack.auth}/token", grant_type="client_credentials")
    assert actions.is_active(token["access_token"])


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
