"""DPoP at the authorization server (RFC 9449): bad proofs spend nothing, and nonces."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from shared.resource_server.dpop import CLOCK_WINDOW
from tests.support.actions import Actions, Verifier, error_of, tokens
from tests.support.dpop import KEY, OTHER_KEY, DpopApp, DpopKey
from tests.support.stack import Stack

INVALID_PROOF = (400, "invalid_dpop_proof")


# Bad proofs


def bad_proof(app: DpopApp, kind: str, stack: Stack) -> str:
    claims = {"htm": "POST", "htu": f"{stack.auth}/token", "iat": time.time(), "jti": "an id"}
    header, payload, _ = app.proof().split(".")
    makers = {
        "no JWT": lambda: "no JWT",
        "empty": lambda: "",
        "two": lambda: f"{app.proof()}, {app.proof()}",
        "wrong typ": lambda: KEY.sign(claims, typ="JWT"),
        "unsigned": lambda: KEY.sign(claims, alg="none"),
        "private key": lambda: KEY.sign(claims, jwk=KEY.private),
        "another's signature": lambda: f"{header}.{payload}.{DpopKey().sign(claims).split('.')[2]}",
        "another method": lambda: app.proof(htm="GET"),
        "another endpoint": lambda: app.proof("/introspect"),
        "another server": lambda: app.proof(htu=f"{stack.fit}/token"),
        "old": lambda: app.proof(iat=time.time() - CLOCK_WINDOW - 5),
        "of the future": lambda: app.proof(iat=time.time() + CLOCK_WINDOW + 5),
        "without an id": lambda: app.proof(jti=None),
    }
    return makers[kind]()


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.clause("RFC 9449 §5", line=109)
@pytest.mark.parametrize(
    "kind",
    [
        "no JWT",
        "empty",
        "two",
        "wrong typ",
        "unsigned",
        "private key",
        "another's signature",
        "another method",
        "another endpoint",
        "another server",
        "old",
        "of the future",
        "without an id",
    ],
)
def test_a_bad_proof_is_refused_and_spends_nothing(
    actions: Actions, public: DpopApp, machine: DpopApp, kind: str
) -> None:
    verifier = Verifier()
    code = public.get_code(actions.person(), verifier)
    proof = bad_proof(public, kind, actions.stack)
    assert error_of(public.sending(proof).exchange(code, verifier)) == INVALID_PROOF
    granted = tokens(public.exchange(code, verifier))
    assert error_of(public.sending(proof).refresh(granted.refresh)) == INVALID_PROOF
    assert public.refresh(granted.refresh).status_code == 200
    assert error_of(machine.sending(proof).client_credentials()) == INVALID_PROOF


@pytest.mark.clause("RFC 9449 §4.3", line=110)
def test_two_headers_are_refused(actions: Actions, machine: DpopApp) -> None:
    connection = HTTPConnection(urlsplit(actions.stack.auth).netloc, timeout=60)
    form = urlencode(
        {"grant_type": "client_credentials", "client_id": machine.client_id, "client_secret": machine.secret}
    )
    connection.putrequest("POST", "/token")
    for name, value in (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(form))),
        ("DPoP", machine.proof()),
        ("DPoP", machine.proof()),
    ):
        connection.putheader(name, value)
    connection.endheaders(form.encode())
    answer = connection.getresponse()
    assert (answer.status, b"invalid_dpop_proof" in answer.read()) == (400, True)
    connection.close()


@pytest.mark.clause("RFC 9449 §11.1", line=110)
def test_a_proof_works_once(actions: Actions, public: DpopApp, machine: DpopApp) -> None:
    once = machine.sending(machine.proof())
    assert once.client_credentials().status_code == 200
    assert error_of(once.client_credentials()) == INVALID_PROOF
    granted = public.connect(actions.person())
    once = public.sending(public.proof())
    refreshed = tokens(once.refresh(granted.refresh))
    assert error_of(once.refresh(refreshed.refresh)) == INVALID_PROOF
    assert public.refresh(refreshed.refresh).status_code == 200


@pytest.mark.clause("RFC 9449 §11.1")
def test_a_new_proof_with_an_old_id_is_the_old_one(machine: DpopApp) -> None:
    first, again = (machine.sending(machine.proof(jti="the same", iat=time.time() + more)) for more in (0, 1))
    assert first.client_credentials().status_code == 200
    assert error_of(again.client_credentials()) == INVALID_PROOF
    others = machine.holding(OTHER_KEY)
    assert others.sending(others.proof(jti="the same")).client_credentials().status_code == 200


@pytest.mark.clause("RFC 9449 §11.1")
def test_of_many_that_send_the_same_proof_at_once_one_gets_a_token(machine: DpopApp) -> None:
    once = machine.sending(machine.proof())
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: once.client_credentials(), range(8)))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 7}


def test_an_error_that_comes_before_the_proof_leaves_it_unused(actions: Actions, public: DpopApp) -> None:
    once = public.sending(public.proof())
    assert error_of(once.refresh("nonsense")) == (400, "invalid_grant")
    assert once.refresh(public.connect(actions.person()).refresh).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"key": "no\tkey"}, "invalid_request"),
        ({"resource": "https://nobody.example/"}, "invalid_target"),
        ({"scope": "plans:read"}, "invalid_scope"),
    ],
)
def test_the_proof_is_the_last_of_the_checks(
    actions: Actions, public: DpopApp, wrong: dict[str, Any], error: str
) -> None:
    granted, once = public.connect(actions.person()), public.sending(public.proof())
    assert error_of(once.refresh(granted.refresh, **wrong)) == (400, error)
    assert once.refresh(granted.refresh).status_code == 200


def test_a_refused_request_for_a_clients_own_token_leaves_its_proof_unused(machine: DpopApp) -> None:
    once = machine.sending(machine.proof())
    assert error_of(once.client_credentials(scope="plans:read")) == (400, "invalid_scope")
    assert once.client_credentials().status_code == 200


def test_when_the_use_of_a_proof_cannot_be_remembered_no_token_is_issued(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(redis="redis://127.0.0.1:1/0")
    answer = DpopApp(stack, "--grant-type", "client_credentials", key=KEY).client_credentials()
    assert error_of(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"


# Nonces


@pytest.mark.clause("RFC 9449 §11.3")
def test_where_no_nonce_is_demanded_none_is_given(actions: Actions, public: DpopApp, machine: DpopApp) -> None:
    assert "DPoP-Nonce" not in machine.client_credentials().headers
    assert "DPoP-Nonce" not in machine.sending("bad").client_credentials().headers
    assert machine.sending(machine.proof(nonce="of another server")).client_credentials().status_code == 200


@pytest.mark.clause("RFC 9449 §8", line=112)
def test_where_a_nonce_is_demanded_it_is_given_and_a_proof_without_it_spends_nothing(
    start_stack: Callable[..., Stack],
) -> None:
    actions = Actions(start_stack(dpop_nonce_required=True))
    app, verifier = DpopApp(actions.stack, public=True, key=KEY), Verifier()
    code = app.get_code(actions.person(), verifier)
    for proof in (app.proof(), app.proof(nonce=""), app.proof(nonce="old"), app.proof(nonce=7)):
        refused = app.sending(proof).exchange(code, verifier)
        assert error_of(refused) == (400, "use_dpop_nonce")
        assert refused.headers["Cache-Control"] == "no-store"
        nonce = refused.headers["DPoP-Nonce"]
    exchanged = app.sending(app.proof(nonce=nonce)).exchange(code, verifier)
    granted = tokens(exchanged)
    refreshed = app.sending(app.proof(nonce=exchanged.headers["DPoP-Nonce"])).refresh(granted.refresh)
    assert refreshed.status_code == 200
    assert error_of(app.sending("bad").refresh(tokens(refreshed).refresh)) == INVALID_PROOF


@pytest.mark.clause("RFC 9449 §8")
def test_a_demanded_nonce_belongs_into_a_pushed_request_too_and_not_into_a_request_without_a_proof(
    start_stack: Callable[..., Stack],
) -> None:
    actions = Actions(start_stack(dpop_nonce_required=True))
    app = DpopApp(actions.stack, public=True, key=KEY)
    refused = app.push(Verifier())
    assert error_of(refused) == (400, "use_dpop_nonce")
    assert app.sending(app.proof("/par", nonce=refused.headers["DPoP-Nonce"])).push(Verifier()).status_code == 201
    assert app.holding(None).push(Verifier()).status_code == 201
    plain = app.holding(None).connect(actions.person())
    assert plain.answer["token_type"] == "Bearer"
