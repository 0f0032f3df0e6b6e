"""How much may be asked: of the Fit API by one client for one person, and with tokens that are invalid."""

import re
import secrets
from collections.abc import Callable

import pytest
import requests

from shared.resource_server import TokenValidator
from tests.support.actions import Actions, tokens
from tests.support.dpop import DpopApp, DpopKey
from tests.support.polling import eventually
from tests.support.stack import Stack

LIMIT, KEY = 3, DpopKey()


@pytest.fixture
def start(start_stack: Callable[..., Stack], redis_url: str) -> Callable[..., Actions]:
    def with_limits(**fit_settings: object) -> Actions:
        return Actions(start_stack(**{f"fit_{name}": value for name, value in fit_settings.items()}))

    return with_limits


def left(answer: requests.Response) -> tuple[int, int]:
    """Requests and seconds."""
    limit = re.fullmatch(r'"default";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    assert limit is not None, answer.headers
    return int(limit[1]), int(limit[2])


@pytest.mark.clause("draft-ietf-httpapi-ratelimit-headers-11 §3 §4")
@pytest.mark.parametrize("counted_in", ["memory", "redis"])
def test_each_answer_says_what_is_left_until_there_is_nothing(
    start: Callable[..., Actions], redis_url: str, counted_in: str
) -> None:
    actions = start(rate_limit=LIMIT, redis_url=redis_url if counted_in == "redis" else None)
    token = actions.app().connect(actions.person()).access
    bad = {"json": {"unit": "kg"}}
    answers = [
        actions.fit("GET", token=token),
        actions.fit("POST", token=token, **bad),
        actions.fit("GET", token=token),
    ]
    assert [answer.status_code for answer in answers] == [200, 422, 200]
    assert [answer.headers["RateLimit-Policy"] for answer in answers] == ['"default";q=3;w=60'] * 3
    assert [left(answer)[0] for answer in answers] == [2, 1, 0]
    assert all(1 <= left(answer)[1] <= 60 for answer in answers)
    refused = actions.fit("GET", token=token)
    assert (refused.status_code, left(refused)[0]) == (429, 0)


@pytest.mark.clause("RFC 6585 §4")
@pytest.mark.clause("draft-ietf-httpapi-ratelimit-headers-11 §5.1")
def test_beyond_the_quota_the_answer_says_when_to_come_back(start: Callable[..., Actions]) -> None:
    actions = start(rate_limit=1)
    token = actions.app().connect(actions.person()).access
    actions.fit("POST", token=token, json={"body_weight": "80", "unit": "kg"})
    refused = actions.fit("DELETE", "/api/body_weight/" + "0" * 24, token)
    assert (refused.status_code, refused.headers["Content-Type"]) == (429, "application/problem+json")
    assert int(refused.headers["Retry-After"]) == left(refused)[1]
    assert refused.json() == {
        "type": "https://iana.org/assignments/http-problem-types#quota-exceeded",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "More than 1 requests in 60 s.",
        "violated-policies": ["default"],
    }


def test_a_quota_is_of_one_client_for_one_person(start: Callable[..., Actions]) -> None:
    actions = start(rate_limit=1)
    person, app = actions.person(), actions.app()
    granted = app.connect(person)
    assert actions.fit("GET", token=granted.access).status_code == 200
    refreshed = tokens(app.refresh(granted.refresh))
    assert actions.fit("GET", token=refreshed.access).status_code == 429
    assert actions.fit("GET", token=actions.app().connect(person).access).status_code == 200
    assert actions.fit("GET", token=app.connect(actions.person()).access).status_code == 200


def test_without_a_good_token_nothing_is_counted_or_told(start: Callable[..., Actions]) -> None:
    actions = start(rate_limit=1)
    for token in (None, "mat_nonsense", "mat_nonsense"):
        refused = actions.fit("GET", token=token)
        assert refused.status_code == 401
        assert "RateLimit" not in refused.headers


def test_after_too_many_invalid_tokens_only_known_ones_are_looked_at(start: Callable[..., Actions]) -> None:
    actions = start(invalid_token_limit=LIMIT)
    app = actions.app()
    known, unknown = app.connect(actions.person()), app.connect(actions.person())
    bound = DpopApp(actions.stack, key=KEY).connect(actions.person()).access

    def call_with_bound_token() -> int:
        proof = KEY.proof("GET", f"{actions.stack.fit}/api/body_weight/", token=bound)
        return actions.fit("GET", headers={"Authorization": f"DPoP {bound}", "DPoP": proof}).status_code

    def are_remembered() -> bool:
        assert (actions.fit("GET", token=known.access).status_code, call_with_bound_token()) == (200, 200)
        validator: TokenValidator = actions.stack.fit_app.extensions["fit_service"].validator
        return validator.knows(f"Bearer {known.access}") and validator.knows(f"DPoP {bound}")

    eventually(are_remembered)
    garbage = [f"mat_{secrets.token_urlsafe(32)}" for _ in range(LIMIT + 1)]
    answers = [actions.fit("GET", token=token) for token in garbage]
    assert [answer.status_code for answer in answers] == [401] * LIMIT + [429]
    refused = actions.fit("GET", token=unknown.access)
    assert (refused.status_code, refused.json()["violated-policies"]) == (429, ["invalid-tokens"])
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "WWW-Authenticate" not in refused.headers
    assert (actions.fit("GET", token=known.access).status_code, call_with_bound_token()) == (200, 200)
    assert actions.fit("GET").status_code == 401


def test_requests_without_or_with_malformed_tokens_are_no_invalid_tokens(start: Callable[..., Actions]) -> None:
    actions = start(invalid_token_limit=1)
    for _ in range(3):
        assert actions.fit("GET").status_code == 401
        assert actions.fit("GET", headers={"Authorization": "Bearer two tokens"}).status_code == 400
    assert actions.fit("GET", token="mat_nonsense").status_code == 401
