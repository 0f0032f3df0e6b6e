"""Each proof works once (RFC 9449 §11.1)."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.resource_server import CannotValidateError, PresentedProof, TokenValidator
from shared.resource_server.dpop import PROOF_LIFETIME, ProofsUsedHere, UsedProofs
from tests.resource_server.dpop.bound_tokens import ADDRESS, KEY


@pytest.mark.clause("RFC 9449 §11.1")
def test_of_many_callers_with_the_same_proof_one_gets_through(validator: TokenValidator, token: str) -> None:
    proof = PresentedProof(KEY.proof("GET", f"{ADDRESS}/plans", token=token), "GET", "/plans")
    barrier = threading.Barrier(8)

    def outcome(_: int) -> str:
        barrier.wait()
        try:
            return validator.validate(f"DPoP {token}", proof=proof).subject
        except Exception as refusal:
            return str(refusal)

    with ThreadPoolExecutor(8) as threads:
        outcomes = Counter(threads.map(outcome, range(8)))
    assert outcomes == {"sub_1": 1, "The proof was used before.": 7}


class Clock:
    now = 0

    def __call__(self) -> float:
        return self.now


def test_a_proof_is_remembered_for_its_lifetime_and_forgotten_after_two() -> None:
    clock = Clock()
    used: UsedProofs = ProofsUsedHere(clock=clock)
    for clock.now in range(0, 4 * PROOF_LIFETIME, 10):
        assert used.use_once(f"made at {clock.now}", PROOF_LIFETIME)
        for earlier in range(max(0, clock.now - PROOF_LIFETIME), clock.now, 10):
            assert not used.use_once(f"made at {earlier}", PROOF_LIFETIME), f"{earlier} at {clock.now}"
    clock.now += 2 * PROOF_LIFETIME
    assert used.use_once("made at 0", PROOF_LIFETIME)


def test_a_full_memory_forgets_nothing_too_soon_and_lets_nobody_new_in() -> None:
    clock = Clock()
    used = ProofsUsedHere(max_entries=3, clock=clock)
    assert all(used.use_once(digest, PROOF_LIFETIME) for digest in "abc")
    clock.now = PROOF_LIFETIME - 1
    with pytest.raises(CannotValidateError):
        used.use_once("d", PROOF_LIFETIME)
    clock.now = PROOF_LIFETIME
    assert not used.use_once("a", PROOF_LIFETIME)
    with pytest.raises(CannotValidateError):
        used.use_once("d", PROOF_LIFETIME)
    clock.now = 2 * PROOF_LIFETIME
    assert used.use_once("d", PROOF_LIFETIME)
