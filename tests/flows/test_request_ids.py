"""`X-Request-Id`: the caller's, or one that is made, on every answer; it travels on to the authorization server."""

import logging
import re
from collections.abc import Iterator

import pytest

from shared.request_id import HEADER, current_request_id
from tests.support.actions import Actions

GIVEN = "one-request.of_an-app"


@pytest.mark.parametrize("path", ["/api/body_weight/", "/api/body_weight/none", "/health/live", "/nowhere"])
def test_the_callers_id_comes_back_whatever_the_answer(actions: Actions, path: str) -> None:
    for token in (None, "mat_nonsense", actions.app().connect(actions.person()).access):
        assert actions.fit("GET", path, token, headers={HEADER: GIVEN}).headers[HEADER] == GIVEN


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "with spaces in it", "ümlauts-in-it".encode(), "<script>alert"]
)
def test_an_id_that_is_none_is_replaced(actions: Actions, given: str) -> None:
    ids = [actions.fit("GET", headers={HEADER: given}).headers[HEADER] for _ in range(2)]
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in ids)
    assert ids[0] != ids[1]


class _Collector(logging.Handler):
    """What both services, threads of this process, log, each line with the id that belongs to it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: set[tuple[str, str | None]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.add((record.getMessage(), current_request_id()))


@pytest.fixture
def collector() -> Iterator[_Collector]:
    log, collector = logging.getLogger("request"), _Collector()
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(collector)
    yield collector
    log.removeHandler(collector)
    log.setLevel(level)


def test_it_stands_in_the_logs_of_both_services(actions: Actions, collector: _Collector) -> None:
    token = actions.app().connect(actions.person()).access
    actions.fit("GET", token=token, headers={HEADER: GIVEN})
    assert {("GET /api/body_weight/ 200", GIVEN), ("POST /introspect 200", GIVEN)} <= collector.lines
