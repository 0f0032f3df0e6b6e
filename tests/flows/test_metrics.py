"""`/metrics`: there only with a token, and only for whoever brings it."""

from collections.abc import Callable

import pytest
import requests

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
