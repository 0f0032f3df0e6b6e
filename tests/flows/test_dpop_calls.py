"""DPoP end to end: an app's bound tokens at the Fit API and at /userinfo (RFC 9449 §7)."""

from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, WRITE, Actions, tokens
from tests.support.dpop import DpopApp, DpopKey
from tests.support.polling import eventually
from tests.support.stack import Stack

KEY, OTHER_KEY = DpopKey(), DpopKey()
WEIGHTS = "/api/body_weight/"
ENTRY = {"body_weight": "80", "unit": "kg"}


@pytest.fixture
def app(actions: Actions) -> DpopApp:
    return DpopApp(actions.stack, public=True, key=KEY)


@pytest.fixture
def token(actions: Actions, app: DpopApp) -> str:
    return app.connect(actions.person()).access


def call(
    actions: Actions,
    method: str,
    token: str,
    path: str = WEIGHTS,
    *,
    key: DpopKey = KEY,
    proof: str | None = None,
    **options: Any,
) -> requests.Response:
    """With a proof that is made for this call unless another is given."""
    fresh = key.proof(method, actions.stack.fit + path, token=token, **options.pop("claims", {}))
    headers = {"Authorization": f"DPoP {token}", "DPoP": proof or fresh}
    return actions.fit(method, path, headers=headers, **options)


def told(answer: requests.Response) -> tuple[int, str]:
    """Status, and the challenge of DPoP."""
    bearer, _, dpop = answer.headers["WWW-Authenticate"].partition(", DPoP ")
    assert "error" not in bearer
    return answer.status_code, dpop.partition(",")[0]


@pytest.mark.clause("RFC 9449 §7.1")
def test_an_app_with_a_key_lives_the_whole_story(actions: Actions, app: DpopApp) -> None:
    granted = app.connect(actions.person())
    inserted = call(actions, "POST", granted.access, json=ENTRY)
    assert inserted.status_code == 201
    one = inserted.headers["Location"].removeprefix(actions.stack.fit)
    listed = call(actions, "GET", granted.access, f"{WEIGHTS}?order=desc&unit=lbs")
    assert [entry["unit"] for entry in listed.json()] == ["lbs"]
    refreshed = tokens(app.refresh(granted.refresh))
    assert call(actions, "DELETE", refreshed.access, one).status_code == 204
    app.revoke(refreshed.refresh)
    eventually(lambda: call(actions, "GET", refreshed.access).status_code == 401)
    assert told(call(actions, "GET", refreshed.access)) == (401, 'error="invalid_token"')


@pytest.mark.clause("RFC 9449 §7.2", line=112)
def test_whoever_steals_a_bound_token_can_do_nothing_with_it(actions: Actions, token: str) -> None:
    as_bearer = actions.fit("GET", token=token)
    assert as_bearer.status_code == 401
    assert 'Bearer realm="' in as_bearer.headers["WWW-Authenticate"]
    assert 'error="invalid_token"' in as_bearer.headers["WWW-Authenticate"]
    assert told(call(actions, "GET", token, key=OTHER_KEY)) == (401, 'error="invalid_token"')
    without = actions.fit("GET", headers={"Authorization": f"DPoP {token}"})
    assert told(without) == (401, 'error="invalid_dpop_proof"')


@pytest.mark.clause("RFC 9449 §11.1", line=110)
def test_whoever_steals_a_proof_too_can_do_nothing_with_it_elsewhere_or_again(actions: Actions, token: str) -> None:
    stolen = KEY.proof("GET", actions.stack.fit + WEIGHTS, token=token)
    for method, path in (("POST", WEIGHTS), ("GET", f"{WEIGHTS}1"), ("GET", "/api/body_weight")):
        assert told(call(actions, method, token, path, proof=stolen, json=ENTRY)) == (401, 'error="invalid_dpop_proof"')
    assert call(actions, "GET", token, proof=stolen).status_code == 200
    assert told(call(actions, "GET", token, proof=stolen)) == (401, 'error="invalid_dpop_proof"')
    for_us = KEY.proof("POST", f"{actions.stack.auth}/token")
    assert told(call(actions, "GET", token, proof=for_us)) == (401, 'error="invalid_dpop_proof"')


@pytest.mark.clause("RFC 9449 §7.2")
def test_a_bearer_token_needs_no_proof_and_does_not_become_bound_by_one(actions: Actions, app: DpopApp) -> None:
    bearer = app.holding(None).connect(actions.person()).access
    assert actions.fit("GET", token=bearer).status_code == 200
    assert told(call(actions, "GET", bearer)) == (401, 'error="invalid_token"')


@pytest.mark.clause("RFC 9449 §7.1")
def test_a_missing_scope_is_told_in_the_challenge_of_dpop(actions: Actions, app: DpopApp) -> None:
    token = app.connect(actions.person(), scopes=[READ]).access
    answer = call(actions, "POST", token, json=ENTRY)
    assert told(answer) == (403, 'error="insufficient_scope"')
    assert f'scope="{WRITE}"' in answer.headers["WWW-Authenticate"]


@pytest.mark.clause("RFC 9449 §9", line=112)
def test_the_fit_api_can_demand_nonces_of_its_own(start_stack: Callable[..., Stack], redis_url: str) -> None:
    actions = Actions(start_stack(fit_dpop_nonce_required=True, fit_redis_url=redis_url))
    token = DpopApp(actions.stack, key=KEY).connect(actions.person()).access
    refused = call(actions, "GET", token)
    assert told(refused) == (401, 'error="use_dpop_nonce"')
    nonce = {"nonce": refused.headers["DPoP-Nonce"]}
    proof = KEY.proof("GET", actions.stack.fit + WEIGHTS, token=token, **nonce)
    assert call(actions, "GET", token, proof=proof).status_code == 200
    assert told(call(actions, "GET", token, proof=proof)) == (401, 'error="invalid_dpop_proof"')
    assert call(actions, "GET", token, claims=nonce).status_code == 200


@pytest.mark.clause("RFC 9449 §7")
def test_userinfo_takes_bound_tokens_too(actions: Actions) -> None:
    address, mo = f"{actions.stack.auth}/userinfo", actions.person()
    app = DpopApp(actions.stack, key=KEY, scopes=["openid"])
    token = app.connect(mo).access

    def ask(authorization: str, proof: str) -> requests.Response:
        headers = {"Authorization": f"{authorization} {token}", "DPoP": proof}
        return requests.get(address, headers=headers, timeout=TIMEOUT)

    proof = KEY.proof("GET", address, token=token)
    answers = [ask("DPoP", proof), ask("DPoP", proof), ask("Bearer", KEY.proof("GET", address, token=token))]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert answers[0].json()["sub"] == mo.subject
