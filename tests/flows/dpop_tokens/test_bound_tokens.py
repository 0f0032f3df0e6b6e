"""DPoP at the authorization server (RFC 9449): what is bound to a key, and how long it stays bound."""

from typing import Any

import pytest

from shared.resource_server.dpop import ALGORITHMS
from tests.flows.test_metadata import metadata
from tests.support.actions import DEVICE, Actions, Verifier, error_of, redirect_parameters, tokens
from tests.support.dpop import KEY, OTHER_KEY, DpopApp, DpopKey, bound_to

INVALID_PROOF = (400, "invalid_dpop_proof")
IDEMPOTENCY_KEY, OTHER_IDEMPOTENCY_KEY = "one-and-the-same-key", "another-key-of-the-client"


# Access tokens


@pytest.mark.clause("RFC 9449 §5", lines=(109, 111))
@pytest.mark.parametrize("is_public", [True, False])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_with_a_proof_every_access_token_is_bound_to_its_key(actions: Actions, is_public: bool, algorithm: str) -> None:
    key = DpopKey(algorithm)
    app = DpopApp(actions.stack, public=is_public, key=key)
    first = app.connect(actions.person())
    second = tokens(app.refresh(first.refresh))
    assert [granted.answer["token_type"] for granted in (first, second)] == ["DPoP", "DPoP"]
    assert [bound_to(actions, granted) for granted in (first, second)] == [key.thumbprint] * 2


@pytest.mark.clause("RFC 9449 §5")
def test_a_clients_own_token_is_bound_too(actions: Actions, machine: DpopApp) -> None:
    granted = tokens(machine.client_credentials())
    assert (granted.answer["token_type"], bound_to(actions, granted)) == ("DPoP", KEY.thumbprint)


@pytest.mark.clause("RFC 9449 §5")
def test_a_device_binds_what_it_gets_to_its_key(actions: Actions) -> None:
    app, mo = DpopApp(actions.stack, *DEVICE, public=True, key=KEY), actions.person()
    codes = app.begin_device()
    assert error_of(app.poll(codes["device_code"])) == (400, "authorization_pending")
    mo.answer_device(codes["user_code"], app.scopes)
    assert error_of(app.sending("bad").poll(codes["device_code"])) == INVALID_PROOF
    granted = tokens(app.poll(codes["device_code"]))
    assert (granted.answer["token_type"], bound_to(actions, granted)) == ("DPoP", KEY.thumbprint)
    assert error_of(app.holding(OTHER_KEY).refresh(granted.refresh)) == INVALID_PROOF
    assert bound_to(actions, tokens(app.refresh(granted.refresh))) == KEY.thumbprint


@pytest.mark.clause("RFC 9449 §6.2", line=111)
def test_without_a_proof_a_token_is_a_bearer_token(actions: Actions, machine: DpopApp, public: DpopApp) -> None:
    for granted in (
        tokens(machine.holding(None).client_credentials()),
        public.holding(None).connect(actions.person()),
    ):
        assert (granted.answer["token_type"], bound_to(actions, granted)) == ("Bearer", None)


@pytest.mark.clause("RFC 9449 §5.1")
def test_the_metadata_names_the_algorithms(actions: Actions) -> None:
    assert metadata(actions)["dpop_signing_alg_values_supported"] == list(ALGORITHMS)


@pytest.mark.clause("RFC 9449 §5.2", line=132)
def test_a_client_may_be_registered_to_get_bound_tokens_only(actions: Actions) -> None:
    app, verifier = DpopApp(actions.stack, "--dpop-bound-access-tokens", key=KEY), Verifier()
    code = app.get_code(actions.person(), verifier)
    assert error_of(app.holding(None).exchange(code, verifier)) == INVALID_PROOF
    granted = tokens(app.exchange(code, verifier))
    assert error_of(app.holding(None).refresh(granted.refresh)) == INVALID_PROOF
    assert tokens(app.refresh(granted.refresh)).answer["token_type"] == "DPoP"


# Refresh tokens


@pytest.mark.clause("RFC 9449 §5", line=109)
def test_a_public_clients_refresh_token_needs_its_key_and_is_not_spent_without_it(
    actions: Actions, public: DpopApp
) -> None:
    granted = public.connect(actions.person())
    for key in (OTHER_KEY, DpopKey(), None):
        assert error_of(public.holding(key).refresh(granted.refresh)) == INVALID_PROOF
    second = tokens(public.refresh(granted.refresh))
    assert error_of(public.holding(OTHER_KEY).refresh(second.refresh)) == INVALID_PROOF
    assert bound_to(actions, tokens(public.refresh(second.refresh))) == KEY.thumbprint


@pytest.mark.clause("RFC 9449 §5")
def test_who_has_stolen_a_spent_refresh_token_without_its_key_cannot_even_end_the_grant(
    actions: Actions, public: DpopApp
) -> None:
    stolen = public.connect(actions.person())
    current = tokens(public.refresh(stolen.refresh))
    for key in (OTHER_KEY, None):
        assert error_of(public.holding(key).refresh(stolen.refresh)) == INVALID_PROOF
    assert actions.is_active(current.access)


@pytest.mark.clause("RFC 9700 §4.14.2")
def test_reuse_by_who_has_the_key_ends_the_grant(actions: Actions, public: DpopApp) -> None:
    first = public.connect(actions.person())
    second = tokens(public.refresh(first.refresh))
    assert error_of(public.refresh(first.refresh)) == (400, "invalid_grant")
    assert not actions.is_active(second.access)


@pytest.mark.clause("RFC 9449 §5")
def test_a_public_clients_refresh_token_is_bound_at_the_first_proof(actions: Actions, public: DpopApp) -> None:
    unbound = public.holding(None).connect(actions.person())
    bound = tokens(public.refresh(unbound.refresh))
    for key in (OTHER_KEY, None):
        assert error_of(public.holding(key).refresh(bound.refresh)) == INVALID_PROOF
    assert bound_to(actions, tokens(public.refresh(bound.refresh))) == KEY.thumbprint


@pytest.mark.clause("RFC 9700 §4.14.2")
def test_a_thief_who_binds_a_stolen_token_to_a_key_is_found_out_by_its_owner(actions: Actions, public: DpopApp) -> None:
    owner, thief = public.holding(None), public.holding(OTHER_KEY)
    unbound = owner.connect(actions.person())
    stolen = tokens(thief.refresh(unbound.refresh))
    assert error_of(owner.refresh(unbound.refresh)) == (400, "invalid_grant")
    assert not actions.is_active(stolen.access)


@pytest.mark.clause("RFC 6749 §4.1.2")
def test_a_thief_who_binds_a_stolen_code_to_a_key_is_found_out_by_its_owner(actions: Actions, public: DpopApp) -> None:
    verifier = Verifier()
    code = public.get_code(actions.person(), verifier)
    stolen = tokens(public.holding(OTHER_KEY).exchange(code, verifier))
    assert error_of(public.exchange(code, verifier)) == (400, "invalid_grant")
    assert not actions.is_active(stolen.access)


@pytest.mark.clause("RFC 9449 §5")
def test_a_confidential_clients_refresh_token_may_be_used_with_any_key(actions: Actions, confidential: DpopApp) -> None:
    granted, seen = confidential.connect(actions.person()), []
    for key in (OTHER_KEY, None, KEY):
        granted = tokens(confidential.holding(key).refresh(granted.refresh))
        seen.append(bound_to(actions, granted))
    assert seen == [OTHER_KEY.thumbprint, None, KEY.thumbprint]


# Lost answers


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6", line=134)
@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_a_repetition_has_a_new_proof_of_the_same_key_and_gets_the_identical_pair(
    actions: Actions, kind: str, request: pytest.FixtureRequest
) -> None:
    app, verifier = request.getfixturevalue(kind), Verifier()
    code = app.get_code(actions.person(), verifier)
    exchanged = [tokens(app.exchange(code, verifier, key=IDEMPOTENCY_KEY)) for _ in range(2)]
    refreshed = [tokens(app.refresh(exchanged[0].refresh, key=OTHER_IDEMPOTENCY_KEY)) for _ in range(2)]
    for first, second in (exchanged, refreshed):
        assert (first.access, first.refresh) == (second.access, second.refresh)
        assert second.answer["token_type"] == "DPoP"
        assert bound_to(actions, second) == KEY.thumbprint


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.6")
@pytest.mark.parametrize("other_key", [OTHER_KEY, None])
@pytest.mark.parametrize(("kind", "refusal"), [("public", INVALID_PROOF), ("confidential", (400, "invalid_request"))])
def test_with_another_key_it_is_another_request_and_spends_nothing(
    actions: Actions, kind: str, refusal: tuple[int, str], other_key: DpopKey | None, request: pytest.FixtureRequest
) -> None:
    app = request.getfixturevalue(kind)
    granted = app.connect(actions.person())
    pair = tokens(app.refresh(granted.refresh, key=IDEMPOTENCY_KEY))
    assert error_of(app.holding(other_key).refresh(granted.refresh, key=IDEMPOTENCY_KEY)) == refusal
    assert tokens(app.refresh(granted.refresh, key=IDEMPOTENCY_KEY)).refresh == pair.refresh
    assert actions.is_active(pair.access)


def test_without_an_idempotency_key_a_public_client_proves_itself_by_its_key(actions: Actions) -> None:
    app = DpopApp(actions.stack, "--retry", "until-used", key=KEY, public=True)
    granted = app.connect(actions.person())
    first = tokens(app.refresh(granted.refresh))
    assert actions.is_active(first.access)  # used, so that it is not given to others
    again = tokens(app.refresh(granted.refresh))
    assert (first.access, again.answer["token_type"]) == (again.access, "DPoP")
    assert error_of(app.holding(OTHER_KEY).refresh(granted.refresh)) == INVALID_PROOF
    assert actions.is_active(first.access)


# Codes


@pytest.mark.clause("RFC 9449 §10", line=131)
@pytest.mark.parametrize("kind", ["public", "confidential"])
def test_a_code_that_is_bound_to_a_key_needs_it_and_is_not_spent_without_it(
    actions: Actions, kind: str, request: pytest.FixtureRequest
) -> None:
    app, verifier = request.getfixturevalue(kind), Verifier()
    code = app.get_code(actions.person(), verifier, dpop_jkt=KEY.thumbprint)
    for key in (OTHER_KEY, None):
        assert error_of(app.holding(key).exchange(code, verifier)) == INVALID_PROOF
    granted = tokens(app.exchange(code, verifier))
    assert error_of(app.holding(OTHER_KEY).exchange(code, verifier)) == INVALID_PROOF
    assert bound_to(actions, granted) == KEY.thumbprint


@pytest.mark.clause("RFC 9449 §10")
@pytest.mark.parametrize("thumbprint", ["short", "A" * 44, "é" * 43, "+" * 43, [KEY.thumbprint] * 2])
def test_a_malformed_dpop_jkt_is_an_invalid_request(actions: Actions, public: DpopApp, thumbprint: Any) -> None:
    refused = actions.person().refused(public.authorize_url(Verifier(), dpop_jkt=thumbprint))
    assert refused["error"] == "invalid_request"


@pytest.mark.clause("RFC 9449 §10.1", line=131)
@pytest.mark.parametrize("parameters", [{}, {"dpop_jkt": KEY.thumbprint}])
def test_a_pushed_request_with_a_proof_binds_the_code_to_its_key(
    actions: Actions, public: DpopApp, parameters: dict[str, str]
) -> None:
    verifier = Verifier()
    url = public.pushed_url(verifier, **parameters)
    code = redirect_parameters(actions.person().decide(url, public.scopes))["code"]
    for key in (OTHER_KEY, None):
        assert error_of(public.holding(key).exchange(code, verifier)) == INVALID_PROOF
    assert bound_to(actions, tokens(public.exchange(code, verifier))) == KEY.thumbprint


@pytest.mark.clause("RFC 9449 §10.1")
def test_a_pushed_dpop_jkt_binds_the_code_too(actions: Actions, public: DpopApp) -> None:
    verifier = Verifier()
    url = public.holding(None).pushed_url(verifier, dpop_jkt=KEY.thumbprint)
    code = redirect_parameters(actions.person().decide(url, public.scopes))["code"]
    assert error_of(public.holding(OTHER_KEY).exchange(code, verifier)) == INVALID_PROOF
    assert public.exchange(code, verifier).status_code == 200


@pytest.mark.clause("RFC 9449 §10.1")
def test_a_pushed_request_is_refused_if_its_proof_is_bad_or_contradicts_it(public: DpopApp) -> None:
    verifier = Verifier()
    assert error_of(public.push(verifier, dpop_jkt=OTHER_KEY.thumbprint)) == INVALID_PROOF
    assert error_of(public.push(verifier, dpop_jkt="short")) == (400, "invalid_request")
    for_another_endpoint = public.sending(public.proof("/token"))
    assert error_of(for_another_endpoint.push(verifier)) == INVALID_PROOF
    once = public.sending(public.proof("/par"))
    assert [once.push(verifier).status_code for _ in range(2)] == [201, 400]
