"""`X-Request-Id`: the caller's, or one that is made, on every answer; it travels on to the authorization server."""

import json
import logging
import re
from collections.abc import Iterator

import pytest
import requests

from shared.operations.request_id import HEADER
from tests.support.actions import TIMEOUT, Actions

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


@pytest.fixture(autouse=True)
def answers_are_logged() -> Iterator[None]:
    log = logging.getLogger("request")
    level = log.level
    log.setLevel(logging.INFO)
    yield
    log.setLevel(level)


def test_it_stands_in_the_logs_of_both_services(actions: Actions, capfd: pytest.CaptureFixture[str]) -> None:
    """Which are threads of this process here."""
    token = actions.app().connect(actions.person()).access
    capfd.readouterr()
    actions.fit("GET", token=token, headers={HEADER: GIVEN})
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    lines = [(line["message"], line["request_id"]) for line in logged if line["logger"] == "request"]
    assert sorted(lines) == [("GET /api/body_weight/ 200", GIVEN), ("POST /introspect 200", GIVEN)]


def test_a_poll_of_the_revocation_feed_is_worth_a_line_only_where_it_fails(
    actions: Actions, capfd: pytest.CaptureFixture[str]
) -> None:
    fit = actions.stack.fit_credentials
    for password in (fit.secret, "wrong"):
        requests.get(f"{actions.stack.auth}/revocations", auth=(fit.name, password), timeout=TIMEOUT)
    logged = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    feed = [line["message"] for line in logged if line.get("path") == "/revocations"]
    assert feed == ["GET /revocations 401"]
