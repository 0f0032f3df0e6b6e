"""Used DPoP proofs in Redis: known to all processes, forgotten in time, and never guessed at."""

from secrets import token_hex

import pytest
import redis

from fit_service.storage.used_proofs import UsedProofsInRedis
from shared.resource_server import CannotValidateError
from shared.resource_server.dpop import PROOF_LIFETIME
from tests.support.servers import free_port


@pytest.mark.clause("RFC 9449 §11.1")
def test_a_proof_that_one_process_has_seen_is_used_for_all_and_forgotten_in_time(redis_url: str) -> None:
    store = redis.Redis.from_url(redis_url)
    one, other = UsedProofsInRedis(redis_url), UsedProofsInRedis(redis_url)
    digests = [token_hex(8), token_hex(8)]
    uses = [process.use_once(digest, PROOF_LIFETIME) for digest in digests for process in (one, other, one)]
    assert uses == [True, False, False] * 2
    keys = [key for digest in digests for key in store.scan_iter(f"*{digest}*")]
    assert len(keys) == 2
    assert all(0 < store.ttl(key) <= PROOF_LIFETIME for key in keys)


@pytest.mark.clause("RFC 9449 §11.1")
def test_when_redis_cannot_be_asked_no_proof_counts_as_new() -> None:
    used = UsedProofsInRedis(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(CannotValidateError):
        used.use_once("a", PROOF_LIFETIME)
