"""While Redis can't be asked, people are told to try again, and the log says once what is the matter."""

import json
from collections.abc import Callable

import pytest
import requests

from auth_service.web import errors
from shared.service.outages import OutageLog
from tests.support.actions import TIMEOUT, Actions, Verifier
from tests.support.servers import redis_server, running_redis
from tests.support.stack import Stack


@pytest.fixture(autouse=True)
def no_outage_was_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another test of this process may have met one within the last minute."""
    monkeypatch.setattr(errors, "_outages", OutageLog())


def test_an_outage_of_redis_is_one_line_however_many_pages_are_asked_for(
    start_stack: Callable[..., Stack], capfd: pytest.CaptureFixture[str]
) -> None:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with running_redis() as redis:
        stack = start_stack(redis=redis.url)
        actions = Actions(stack)
        person, app = actions.person(), actions.app()
        person.sign_in()
        capfd.readouterr()
        redis.kill()
        pages = [person.browser.get(page) for page in ("/account", "/connected-apps", "/device", "/account")]
        asked = person.browser.get(app.authorize_url(Verifier()))
        posted = person.browser.submit("/sign-out", {})
        unasked = [person.browser.get(path).status_code for path in ("/static/moogle.css", "/health/live")]
        assert unasked == [200, 200]
        assert [answer.status_code for answer in (*pages, asked, posted)] == [503] * 6
        assert all(answer.headers["Retry-After"] == "1" for answer in (*pages, asked, posted))
        told = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
        redis.start()
    lines = [line for line in told if "revocation log" not in line["message"]]  # a thread follows it, of any stack
    assert [line["message"].partition(":")[0] for line in lines] == ["outage"], lines
    assert "exc_info" not in lines[0]


def test_a_full_redis_still_lets_tokens_be_validated(
    start_stack: Callable[..., Stack], capfd: pytest.CaptureFixture[str]
) -> None:
    if redis_server() is None:
        pytest.skip("needs redis-server")
    with running_redis("--maxmemory-policy", "noeviction") as redis:
        stack = start_stack(redis=redis.url)
        actions = Actions(stack)
        person, app = actions.person(), actions.app()
        token = app.connect(actions.person()).access
        capfd.readouterr()
        stack.parts.redis.scripts.config_set("maxmemory", 1)
        refused = person.browser.get(app.authorize_url(Verifier()))
        ready = requests.get(f"{stack.auth}/health/ready", timeout=TIMEOUT)
        assert actions.is_active(token)
        messages = [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()]
    assert refused.status_code == 503
    assert (ready.status_code, ready.json()["status"], ready.json()["checks"]["redis"]) == (200, "degraded", "degraded")
    assert [message.split(":")[0] for message in messages] == ["outage", "no longer writable"]
