"""The story through the proxy of Compose, with its configuration and environment, over http and over https."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import READ, TIMEOUT, WRITE, Actions, tokens
from tests.support.compose import PublishedStack, published_stack
from tests.support.polling import eventually


@pytest.fixture(scope="module", params=[False, True], ids=["http", "https"])
def published(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_url: str
) -> Iterator[PublishedStack]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("published")
        with published_stack(folder, redis_url, patch, tls=request.param) as published:
            yield published


@pytest.fixture
def actions(published: PublishedStack) -> Actions:
    return Actions(published.stack)


def test_everything_is_ready_at_the_addresses_that_make_up_prints(published: PublishedStack) -> None:
    for address in (published.stack.auth, published.stack.fit, published.app.url):
        eventually(
            lambda address=address: requests.get(f"{address}/health/ready", timeout=TIMEOUT).status_code == 200  # type: ignore[misc]
        )


def test_a_token_is_got_used_refreshed_and_revoked(actions: Actions) -> None:
    app, mo = actions.app(scopes=[READ, WRITE]), actions.person()
    first = app.connect(mo)
    entries = f"{actions.stack.fit}/api/body_weight/"
    headers = {"Authorization": f"Bearer {first.access}"}
    weight = {"body_weight": "82.5", "unit": "kg"}
    assert requests.post(entries, json=weight, headers=headers, timeout=TIMEOUT).status_code == 201
    second = tokens(app.refresh(first.refresh))
    assert actions.is_active(second.access)
    assert app.revoke(second.refresh).status_code == 200
    assert not actions.is_active(second.access)
    eventually(lambda: requests.get(entries, headers=headers, timeout=TIMEOUT).status_code == 401)


def test_the_app_connects_and_shows_what_it_added(published: PublishedStack, actions: Actions) -> None:
    mo = actions.person()
    assert "Connect again" not in published.app.connect(mo)
    published.app.add(mo, "80.8")
    assert "80.8 kg" in published.app.home(mo).text


def test_cookies_are_bound_to_tls_where_there_is_any(published: PublishedStack) -> None:
    tls = published.stack.auth.startswith("https:")
    answer = requests.get(f"{published.stack.auth}/sign-in", timeout=TIMEOUT)
    cookie = answer.headers["Set-Cookie"]
    assert (cookie.startswith("__Host-moogle_auth="), "; Secure" in cookie) == (tls, tls)
    assert "Strict-Transport-Security" not in answer.headers, "it would hold for every port of localhost"
    cookie = requests.get(f"{published.app.url}/connect", timeout=TIMEOUT, allow_redirects=False).headers["Set-Cookie"]
    assert ("; Secure" in cookie) == tls


def test_who_makes_addresses_up_is_throttled_as_who_they_are(published: PublishedStack, actions: Actions) -> None:
    mo = actions.person()
    published.inside.forget_failures()
    statuses: Counter[int] = Counter()
    for number in range(1, 16):
        mo.browser.session.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        mo.browser.session.headers["Forwarded"] = f"for=192.0.2.{number}"
        statuses[mo.sign_in("not the password").status_code] += 1
    published.inside.forget_failures()
    assert statuses == {401: 10, 429: 5}, "10 wrong passwords for one account from one network"


def test_another_host_is_not_served(published: PublishedStack) -> None:
    port = urlsplit(published.stack.auth).port
    answer = requests.get(f"{published.stack.auth}/sign-in", headers={"Host": f"other.example:{port}"}, timeout=TIMEOUT)
    assert answer.status_code == 421
