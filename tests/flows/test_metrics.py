"""`/metrics`: there only with a token, and only for whoever brings it."""

from collections.abc import Callable

import pytest
import requests

from tests.support.actions import Actions
from tests.support.stack import Stack

TOKEN = "the-token-of-our-prometheus"


def get(stack: Stack, authorization: str | None) -> requests.Response:
    headers = {"Authorization": authorization} if authorization else {}
    return requests.get(f"{stack.auth}/metrics", headers=headers, timeout=60)


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_without_its_token_there_is_nothing(start_stack: Callable[..., Stack], authorization: str | None) -> None:
    assert get(start_stack(metrics_token=TOKEN), authorization).status_code == 404


def test_it_counts_answers_by_endpoint_method_and_status(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(metrics_token=TOKEN)
    for _ in range(3):
        requests.post(f"{stack.auth}/token", timeout=60)
    requests.get(f"{stack.auth}/no/such/page", timeout=60)

    lines = get(stack, f"Bearer {TOKEN}").text.splitlines()

    assert 'http_requests_total{endpoint="token.issue_token",method="POST",status="400"} 3.0' in lines
    assert 'http_requests_total{endpoint="none",method="GET",status="404"} 1.0' in lines
    assert 'http_request_seconds_count{endpoint="token.issue_token"} 3.0' in lines


def test_with_no_token_set_there_is_no_such_page(stack: Stack) -> None:
    assert get(stack, "Bearer None").status_code == 404


def counted(stack: Stack, *names: str) -> dict[str, float]:
    """Each series of these metrics that is not zero, with its value."""
    told = get(stack, f"Bearer {TOKEN}").text
    series = dict(
        line.rsplit(" ", 1) for line in told.splitlines() if line.startswith(names) and "_created" not in line
    )
    return {name: float(value) for name, value in series.items() if float(value)}


def test_it_counts_what_comes_of_token_requests_and_of_what_works_once(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(metrics_token=TOKEN)
    actions = Actions(stack)
    app = actions.app()
    granted = app.connect(actions.person())
    app.refresh(granted.refresh, key="the-same-request")
    app.refresh(granted.refresh, key="the-same-request")
    app.refresh(granted.refresh)
    app.refresh(granted.refresh)
    app.refresh("no refresh token")
    for grant_type in ("password", "a-stranger's", "another-stranger's"):
        app.token_request({"grant_type": grant_type})

    assert counted(stack, "oauth_") == {
        'oauth_token_requests_total{grant_type="authorization_code",outcome="issued"}': 1,
        'oauth_token_requests_total{grant_type="refresh_token",outcome="issued"}': 2,
        'oauth_token_requests_total{grant_type="refresh_token",outcome="invalid_grant"}': 3,
        'oauth_token_requests_total{grant_type="unsupported",outcome="unsupported_grant_type"}': 3,
        'oauth_credentials_spent_total{credential="authorization_code",outcome="rotated"}': 1,
        'oauth_credentials_spent_total{credential="refresh_token",outcome="rotated"}': 1,
        'oauth_credentials_spent_total{credential="refresh_token",outcome="replayed"}': 1,
        'oauth_credentials_spent_total{credential="refresh_token",outcome="reused"}': 1,
    }  # nothing is left of the one grant, so that oauth_grants is 0


def test_it_counts_grants_that_live(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(metrics_token=TOKEN)
    actions = Actions(stack)
    app, person = actions.app(), actions.person()
    ended = app.connect(person)
    app.connect(person)
    app.revoke(ended.refresh)

    assert counted(stack, "oauth_grants") == {"oauth_grants": 1}


def test_it_counts_sign_ins_by_what_came_of_them(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack(metrics_token=TOKEN)
    person = Actions(stack).person()
    for _ in range(20):
        if person.sign_in("not the password").status_code == 429:
            break
    stack.forget_failures()
    person.sign_in()

    outcomes = counted(stack, "sign_ins")

    failed = outcomes.pop('sign_ins_total{outcome="failed"}')
    assert failed >= 1
    assert outcomes == {'sign_ins_total{outcome="throttled"}': 1, 'sign_ins_total{outcome="succeeded"}': 1}
