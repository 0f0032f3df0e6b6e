"""Tokens that are bound to a key, at a protected service (RFC 9449 §7): the same under Flask, WSGI and ASGI."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from shared.resource_server import CannotValidateError
from shared.resource_server.dpop import ALGORITHMS, CLOCK_WINDOW, Dpop, DpopNonces
from tests.resource_server.adapters import ACR, ADAPTERS, MAX_AGE, Answer, Get
from tests.resource_server.dpop.bound_tokens import ADDRESS, KEY, OTHER_KEY, bound, validator_of
from tests.support.dpop import DpopKey
from tests.support.small_authorization_server import SmallAuthorizationServer

ALGS = f'algs="{" ".join(ALGORITHMS)}"'
NOT_VALID = 'error="invalid_token", error_description="The access token is expired, revoked or not valid here."'
ONLY_ALGS = f"DPoP {ALGS}"
ONLY_REALM = 'Bearer realm="plans"'


@pytest.fixture(params=ADAPTERS.values(), ids=ADAPTERS.keys())
def get(request: pytest.FixtureRequest, server: SmallAuthorizationServer, dpop: Dpop) -> Iterator[Get]:
    validator = validator_of(server, dpop)
    yield request.param(validator)
    server.let_polls_go()
    validator.close()


def call(get: Get, token: str, path: str = "/plans", *, key: DpopKey = KEY, **changes: Any) -> Answer:
    """With a proof that is good, but for the changes."""
    return get(path, authorization=f"DPoP {token}", dpop=key.proof("GET", ADDRESS + path, token=token, **changes))


def refused(answer: Answer, error: str) -> None:
    """A 401 that tells so in the challenge of DPoP and only there."""
    assert answer.status == 401
    assert answer.challenge is not None
    bearer, _, told = answer.challenge.partition(", DPoP ")
    assert bearer == ONLY_REALM
    assert told.startswith(f'error="{error}", error_description="')
    assert told.endswith(f'", {ALGS}')


@pytest.mark.clause("RFC 9449 §7.1")
def test_a_bound_token_gets_through_with_a_proof_first_by_introspection_then_from_memory(
    get: Get, server: SmallAuthorizationServer, token: str
) -> None:
    answers = [call(get, token) for _ in range(10)]
    assert answers == [Answer(200, "for sub_1", None, None)] * 10
    assert len(server.introspections) < 10


@pytest.mark.clause("RFC 9449 §7.1")
@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP  "])
def test_the_name_of_the_scheme_is_written_in_any_case(get: Get, token: str, scheme: str) -> None:
    proof = KEY.proof("GET", f"{ADDRESS}/plans", token=token)
    assert get("/plans", authorization=f"{scheme} {token}", dpop=proof).status == 200


@pytest.mark.clause("RFC 9449 §4.3")
def test_the_query_is_no_part_of_the_address_and_the_path_is_compared_decoded(get: Get, token: str) -> None:
    proofs = [KEY.proof("GET", f"{ADDRESS}{path}", token=token) for path in ("/plans", "/%C3%BCbung%201")]
    assert get("/plans?page=2", authorization=f"DPoP {token}", dpop=proofs[0]).status == 200
    assert get("/%c3%bcbung%201", authorization=f"DPoP {token}", dpop=proofs[1]).status == 200


@pytest.mark.clause("RFC 9449 §7.2")
def test_without_credentials_both_schemes_are_offered_and_nothing_is_told(get: Get) -> None:
    for headers in ({}, {"dpop": KEY.proof("GET", f"{ADDRESS}/plans")}):
        answer = get("/plans", **headers)
        assert (answer.status, answer.challenge) == (401, f"{ONLY_REALM}, {ONLY_ALGS}")


@pytest.mark.clause("RFC 9449 §7.2", line=112)
def test_a_bound_token_is_no_bearer_token_with_or_without_a_proof(get: Get, token: str) -> None:
    for headers in ({}, {"dpop": KEY.proof("GET", f"{ADDRESS}/plans", token=token)}):
        answer = get("/plans", authorization=f"Bearer {token}", **headers)
        assert (answer.status, answer.challenge) == (401, f"{ONLY_REALM}, {NOT_VALID}, {ONLY_ALGS}")


@pytest.mark.clause("RFC 9449 §7.1")
def test_a_bearer_token_is_no_bound_token(get: Get, server: SmallAuthorizationServer) -> None:
    token = server.issue("a-bearer-token")
    refused(call(get, token), "invalid_token")
    assert get("/plans", authorization=f"Bearer {token}").status == 200


@pytest.mark.clause("RFC 9449 §7.1")
def test_a_token_that_is_unknown_expired_or_not_for_here_is_invalid_whatever_the_proof(
    get: Get, server: SmallAuthorizationServer
) -> None:
    tokens = [
        "unknown",
        bound(server, "expired", exp=int(time.time()) - 1),
        bound(server, "elsewhere", aud=["https://other.example/"]),
        bound(server, "from-elsewhere", iss="https://evil.example"),
    ]
    for token in tokens:
        refused(call(get, token), "invalid_token")


@pytest.mark.clause("RFC 9449 §7.1")
def test_a_missing_scope_is_told_in_the_challenge_of_the_scheme(get: Get, token: str) -> None:
    answer = call(get, token, "/changes")
    told = 'error_description="The access token does not have the scope that this needs.", scope="plans:write"'
    assert answer.status == 403
    assert answer.challenge == f'{ONLY_REALM}, DPoP error="insufficient_scope", {told}, {ALGS}'


@pytest.mark.clause("RFC 9449 §7.1", line=112)
def test_without_a_proof_a_bound_token_is_refused(get: Get, token: str) -> None:
    refused(get("/plans", authorization=f"DPoP {token}"), "invalid_dpop_proof")


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize(
    "changes",
    [
        {"htm": "POST"},
        {"htm": "HEAD"},
        {"htu": f"{ADDRESS}/any"},
        {"htu": "https://localhost/plans"},
        {"htu": "http://localhost/plans"},
        {"htu": "http://plans.example/plans"},
        {"iat": time.time() - CLOCK_WINDOW - 10_000},
        {"iat": time.time() + CLOCK_WINDOW + 10_000},
        {"jti": None},
        {"ath": None},
        {"ath": "A" * 43},
    ],
    ids=" ".join,
)
def test_a_bad_proof_is_refused_and_the_token_stays_good(get: Get, token: str, changes: dict[str, Any]) -> None:
    refused(call(get, token, **changes), "invalid_dpop_proof")
    assert call(get, token).status == 200


@pytest.mark.clause("RFC 9449 §4.3", line=110)
def test_two_proofs_are_none(get: Get, token: str) -> None:
    proofs = [KEY.proof("GET", f"{ADDRESS}/plans", token=token) for _ in range(2)]
    refused(get("/plans", authorization=f"DPoP {token}", dpop=proofs), "invalid_dpop_proof")


@pytest.mark.clause("RFC 9449 §4.3")
def test_a_lying_host_header_changes_nothing(get: Get, token: str) -> None:
    def answered(address: str) -> int:
        proof = KEY.proof("GET", address, token=token)
        return get("/plans", authorization=f"DPoP {token}", dpop=proof, host="evil.example").status

    assert [answered("http://evil.example/plans"), answered(f"{ADDRESS}/plans")] == [401, 200]


@pytest.mark.clause("RFC 9449 §4.3")
def test_a_proof_for_another_token_of_the_same_key_is_refused(
    get: Get, server: SmallAuthorizationServer, token: str
) -> None:
    other = bound(server, "another-bound-token")
    proof = KEY.proof("GET", f"{ADDRESS}/plans", token=other)
    refused(get("/plans", authorization=f"DPoP {token}", dpop=proof), "invalid_dpop_proof")


@pytest.mark.clause("RFC 9449 §7.1")
def test_a_proof_of_another_key_does_not_make_the_token_good(get: Get, token: str) -> None:
    refused(call(get, token, key=OTHER_KEY), "invalid_token")


@pytest.mark.clause("RFC 9449 §11.1")
def test_a_proof_works_once(get: Get, token: str) -> None:
    proof = KEY.proof("GET", f"{ADDRESS}/plans", token=token)
    first, again = (get("/plans", authorization=f"DPoP {token}", dpop=proof) for _ in range(2))
    assert first.status == 200
    refused(again, "invalid_dpop_proof")


def test_a_revoked_token_is_refused_whatever_the_proof(get: Get, server: SmallAuthorizationServer, token: str) -> None:
    assert call(get, token).status == 200
    server.revoke(token)
    assert server.is_up_to_date()
    refused(call(get, token), "invalid_token")


@pytest.mark.clause("RFC 6750 §2")
def test_two_tokens_at_once_are_a_bad_request(get: Get, token: str) -> None:
    proof = KEY.proof("GET", f"{ADDRESS}/plans", token=token)
    for authorization in (f"DPoP {token},Bearer {token}", f"DPoP {token} {token}", "DPoP"):
        answer = get("/plans", authorization=authorization, dpop=proof)
        told = 'error_description="Send exactly one access token, in the Authorization header."'
        assert answer.status == 400
        assert answer.challenge == f'{ONLY_REALM}, DPoP error="invalid_request", {told}, {ALGS}'


@pytest.mark.clause("RFC 9470 §3", line=146)
def test_what_sign_in_is_needed_stands_in_the_challenge_of_the_scheme(
    get: Get, server: SmallAuthorizationServer
) -> None:
    answer = call(get, bound(server, "another"), path="/export")
    told = "The person has to sign in again, as acr_values and max_age say."
    told = f'error="insufficient_user_authentication", error_description="{told}"'
    told = f'{told}, acr_values="{" ".join(ACR)}", max_age="{MAX_AGE}"'
    assert (answer.status, answer.challenge) == (401, f"{ONLY_REALM}, DPoP {told}, {ALGS}")


class TestWithNonces:
    @pytest.fixture
    def dpop(self) -> Dpop:
        return Dpop(ADDRESS, nonces=DpopNonces([b"a key"]))

    @pytest.mark.clause("RFC 9449 §9")
    def test_a_proof_needs_the_nonce_that_the_refusal_of_one_without_it_names(self, get: Get, token: str) -> None:
        for changes in ({}, {"nonce": ""}, {"nonce": "old"}, {"nonce": 1}):
            answer = call(get, token, **changes)
            refused(answer, "use_dpop_nonce")
            assert answer.nonce is not None
        assert [call(get, token, nonce=answer.nonce).status for _ in range(2)] == [200, 200]

    @pytest.mark.clause("RFC 9449 §9")
    def test_what_is_wrong_otherwise_is_told_first(self, get: Get, token: str) -> None:
        refused(call(get, token, htm="POST"), "invalid_dpop_proof")
        refused(call(get, token, key=OTHER_KEY), "invalid_token")


class TestWithoutAMemory:
    @pytest.fixture
    def dpop(self) -> Dpop:
        class Down:
            def use_once(self, digest: str, lifetime: int) -> bool:
                raise CannotValidateError("the memory is away")

        return Dpop(ADDRESS, used=Down())

    @pytest.mark.clause("RFC 9449 §11.1")
    def test_when_the_use_of_a_proof_cannot_be_remembered_nobody_gets_through(
        self, get: Get, server: SmallAuthorizationServer, token: str
    ) -> None:
        answer = call(get, token)
        assert (answer.status, answer.challenge, answer.retry_after) == (503, None, "1")
        assert get("/plans", authorization=f"Bearer {server.issue('bearer')}").status == 200


class TestWhereDpopIsNotSwitchedOn:
    @pytest.fixture
    def dpop(self) -> None:
        return None

    @pytest.mark.clause("RFC 9449 §7.2")
    def test_a_bound_token_is_good_for_nothing(self, get: Get, token: str) -> None:
        as_bearer = get("/plans", authorization=f"Bearer {token}")
        assert (as_bearer.status, as_bearer.challenge) == (401, f"{ONLY_REALM}, {NOT_VALID}")
        as_bound = call(get, token)
        assert (as_bound.status, as_bound.challenge) == (401, ONLY_REALM)
