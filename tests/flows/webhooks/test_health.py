"""`flask --app fit_service webhooks health`: whether a worker is at work, for whoever watches its container."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import Result

from tests.support.stack import Stack


def health(stack: Stack) -> Result:
    return stack.fit_app.test_cli_runner().invoke(args=["webhooks", "health"])


def test_it_is_healthy_while_a_worker_hears_who_still_consents(start_stack: Callable[..., Stack]) -> None:
    stack = start_stack()
    position = stack.fit_app.extensions["fit_service"].feed_position
    never = health(stack)
    position.advance("", "somewhere", datetime.now(UTC))
    now = health(stack)
    position.advance("somewhere", "further", datetime.now(UTC) - timedelta(minutes=4))
    long_ago = health(stack)
    assert [result.exit_code for result in (never, now, long_ago)] == [2, 0, 2]
    assert json.loads(now.stdout)["status"] == "healthy"
    for result in (never, long_ago):
        assert result.stderr.startswith("error: no worker has read the revocation feed ")


@pytest.mark.parametrize("follows", [True, False])
def test_without_its_database_it_is_not_healthy(start_stack: Callable[..., Stack], follows: bool) -> None:
    stack = start_stack(fit_follow_revocations=follows)
    with stack.fit_app.extensions["fit_service"].database.writing() as session:
        session.connection().exec_driver_sql("DROP TABLE feed_position")
    assert health(stack).exit_code == 2
