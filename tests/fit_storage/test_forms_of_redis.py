"""What the Fit API keeps in Redis is kept the same by one server and by a cluster."""

from secrets import token_hex

from fit_service.storage.change_marks import ChangeMarks
from fit_service.storage.redis_connection import write_probe
from fit_service.storage.request_counters import Quota, RequestCounters
from fit_service.storage.used_proofs import UsedProofsInRedis
from shared.resource_server.dpop import PROOF_LIFETIME

MANY = range(30)
"""So many keys lie on all masters of a cluster."""


def test_each_proof_works_once(each_redis_url: str) -> None:
    one, other = UsedProofsInRedis(each_redis_url), UsedProofsInRedis(each_redis_url)
    for digest in (token_hex(8) for _ in MANY):
        assert [process.use_once(digest, PROOF_LIFETIME) for process in (one, other)] == [True, False]


def test_processes_count_together(each_redis_url: str) -> None:
    one, other, quota = RequestCounters(each_redis_url), RequestCounters(each_redis_url), Quota("test", 5, 10_000)
    for who in (token_hex(8) for _ in MANY):
        assert [process.count(quota, who).remaining for process in (one, other)] == [4, 3]
        assert one.look(quota, who).remaining == 3


def test_marks_only_rise(each_redis_url: str) -> None:
    one, other = (
        ChangeMarks(each_redis_url, "https://fit.example/"),
        ChangeMarks(each_redis_url, "https://fit.example/"),
    )
    for subject in (token_hex(8) for _ in MANY):
        one.reach(subject, 7)
        one.reach(subject, 3)
        assert other.reached(subject) == 7


def test_something_can_be_written(each_redis_url: str) -> None:
    assert write_probe(each_redis_url)()
