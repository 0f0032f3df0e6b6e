"""What people who haven't signed in can make the service keep, remember and compute: little, and never without end."""

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
import requests
from argon2 import PasswordHasher
from limits import RateLimitItemPerMinute

from auth_service.storage import throttle
from auth_service.storage.password_hashing import HasherInTurns
from tests.support.actions import TIMEOUT, Actions, Browser, Verifier
from tests.support.polling import eventually
from tests.support.stack import Stack


def visit(address: str) -> requests.Response:
    return requests.get(address, headers={"Accept": "text/html"}, timeout=TIMEOUT, allow_redirects=False)


@pytest.mark.clause("ASVS 2.4.1")
def test_to_look_at_a_page_keeps_nothing(actions: Actions) -> None:
    redis = actions.stack.parts.redis.reads
    keys = set(redis.scan_iter())
    for page in (
        "/",
        "/sign-in",
        "/sign-in?next=/device",
        "/logout",
        "/logout/done",
        "/device",
        "/account",
        "/consent",
    ):
        assert visit(actions.stack.auth + page).status_code < 500
    assert set(redis.scan_iter()) <= keys


@pytest.mark.clause("ASVS 2.4.1")
def test_what_is_kept_of_requests_is_counted_by_network_and_by_account(
    actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "KEPT_REQUESTS_IN_NETWORK", RateLimitItemPerMinute(2, 15))
    monkeypatch.setattr(throttle, "KEPT_REQUESTS_OF_ACCOUNT", RateLimitItemPerMinute(1, 15))
    app, mo = actions.app(), actions.person()
    mo.sign_in()
    assert [visit(app.authorize_url(Verifier())).status_code for _ in range(2)] == [303] * 2
    logout = f"{actions.stack.auth}/logout"
    answers = [mo.browser.get(logout, allow_redirects=False) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 429]
    refused = visit(app.authorize_url(Verifier()))
    assert (refused.status_code, "<h1>" in refused.text, "Set-Cookie" in refused.headers) == (429, True, False)
    assert 1 <= int(refused.headers["Retry-After"]) <= 900
    assert re.search(r"Try again in (a minute|\d\d? minutes)\.", refused.text)
    assert visit(app.authorize_url(Verifier(), redirect_uri="https://app.example/")).status_code == 400


class HeldUp(PasswordHasher):
    """Computes nothing until it is let."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.let, self.computing, self.most = threading.Event(), 0, 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - as argon2 calls it
        self.computing += 1
        self.most = max(self.most, self.computing)
        self.let.wait(TIMEOUT)
        self.computing -= 1
        return super().verify(hash, password)


class HeldUpInTurns(HasherInTurns, HeldUp):
    patience = 0.05

    def __init__(self) -> None:
        super().__init__(lambda: None)


@pytest.fixture
def hasher(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldUpInTurns]:
    hasher = HeldUpInTurns()
    monkeypatch.setattr(stack.parts.accounts, "_hasher", hasher)
    yield hasher
    hasher.let.set()


@pytest.mark.clause("ASVS 2.4.1")
def test_few_passwords_are_computed_at_once_and_whoever_is_not_served_lost_no_attempt(
    actions: Actions, hasher: HeldUpInTurns
) -> None:
    mo, crowd = actions.person(), [actions.person() for _ in range(HasherInTurns.at_a_time)]
    with ThreadPoolExecutor() as threads:
        served = [threads.submit(each.sign_in, "a guess") for each in crowd]
        eventually(lambda: hasher.computing == len(crowd))
        refused = [mo.sign_in() for _ in range(12)]
        hasher.let.set()
        assert [each.result().status_code for each in served] == [401] * len(crowd)
    assert {(page.status_code, page.headers["Retry-After"], "<h1>" in page.text) for page in refused} == {
        (503, "1", True)
    }
    assert hasher.most == len(crowd)
    assert mo.sign_in().url == f"{actions.stack.auth}/account"


@pytest.mark.clause("ASVS 7.2.4")
def test_what_a_browser_carries_is_only_taken_back_as_we_wrote_it(actions: Actions) -> None:
    mo = actions.person()
    mo.browser.get("/sign-in")
    [cookie] = mo.browser.session.cookies
    assert cookie.value is not None
    for spoiled in (cookie.value[:-1], f"e30{cookie.value}", "e30.aaaaaa.bbbbbb", "..", "."):
        stranger = Browser(actions.stack)
        stranger.session.cookies.set(cookie.name, spoiled, domain="localhost.local", path="/")
        stranger.page = mo.browser.page
        answer = stranger.submit("/sign-in", {"username": mo.username, "password": mo.password})
        assert "again=stale" in answer.url, "nobody is signed in"
    assert mo.browser.submit("/sign-in", {"username": mo.username, "password": mo.password}).status_code == 200
