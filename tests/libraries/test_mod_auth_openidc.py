"""Apache as a login proxy, with mod_auth_openidc and the settings of docs/libraries.md."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from flask import Flask

from tests.libraries.apache import apache, apache_folder
from tests.libraries.page import Section
from tests.support.actions import TIMEOUT, Actions, Person, query_of
from tests.support.proxy import TcpProxy
from tests.support.servers import free_port, serve

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
WAIT = 15
"""Seconds, after which Apache wants a new token in a test of parallel pages; its next ones come within these."""
METADATA = "/.well-known/openid-configuration"


class Proxy:
    """A running one, at which a person signs in with a browser."""

    def __init__(self, url: str, token_endpoint: TcpProxy) -> None:
        self.url, self.token_endpoint = url, token_endpoint

    def page(self, person: Person) -> requests.Response:
        """Without following where it leads."""
        cookies = person.browser.session.cookies.get_dict()
        return requests.get(f"{self.url}/page", cookies=cookies, allow_redirects=False, timeout=TIMEOUT)

    def sign_in(self, person: Person) -> str:
        """Its client id."""
        asked = person.browser.session.get(f"{self.url}/page", allow_redirects=False, timeout=TIMEOUT)
        back = person.decide(asked.headers["Location"], ["openid", "profile"])
        landed = person.browser.session.get(back.headers["Location"], timeout=TIMEOUT)
        assert (landed.status_code, landed.text) == (200, "a page")
        return query_of(asked.headers["Location"])["client_id"][0]

    def hold_page(self, person: Person, pool: ThreadPoolExecutor) -> Future[requests.Response]:
        """A page whose request for a new token is kept on its way; it comes when that is let go."""
        self.token_endpoint.hold()
        waiting = pool.submit(self.page, person)
        assert self.token_endpoint.holds.wait(TIMEOUT)
        return waiting

    def session(self, person: Person) -> dict[str, Any]:
        """What Apache has of this person."""
        told = person.browser.session.get(f"{self.url}/oidc/callback?info=json", timeout=TIMEOUT)
        body: dict[str, Any] = told.json()
        return body


@contextmanager
def lost_answers(stack_url: str) -> Iterator[tuple[str, TcpProxy]]:
    """Metadata in which the way to /token is a proxy that can lose answers, and that proxy."""
    app, port = Flask(__name__), free_port()
    with TcpProxy.to(stack_url) as proxy, serve(app, port):
        metadata = requests.get(stack_url + METADATA, timeout=TIMEOUT).json()
        metadata["token_endpoint"] = f"http://localhost:{proxy.port}/token"
        app.add_url_rule(METADATA, view_func=lambda: metadata)
        yield f"http://127.0.0.1:{port}", proxy


@contextmanager
def login_proxy(actions: Actions, lifetime: int, logs_out: str = " logout_on_error") -> Iterator[Proxy]:
    """With access tokens of so many seconds, for which it asks when less than 60 are left."""
    port = free_port()
    url = f"http://localhost:{port}"
    with apache_folder("auth_openidc") as folder, lost_answers(actions.stack.auth) as (metadata, token_endpoint):
        page = Section("mod_auth_openidc", actions.stack, "2.4.12.3", app=url)
        page.run_command("--access-token-lifetime", str(lifetime))
        (folder / "passphrase").write_text("a secret of a test")
        settings = page.block("apache").replace(actions.stack.auth + METADATA, metadata + METADATA)
        settings = settings.replace("/etc/apache2/oidc-passphrase", str(folder / "passphrase"))
        assert " 60 logout_on_error" in settings
        settings = settings.replace(" logout_on_error", logs_out) + "OIDCInfoHook access_token refresh_token userinfo"
        with apache(folder, port, "page", ("auth_openidc",), settings):
            yield Proxy(url, token_endpoint)


def test_a_person_signs_in_and_is_out_after_disconnecting_it(actions: Actions) -> None:
    mo = actions.person()
    with login_proxy(actions, lifetime=30) as proxy:  # so each page wants a new one
        client_id = proxy.sign_in(mo)
        held = proxy.session(mo)
        assert held["userinfo"] == {"sub": mo.subject, "preferred_username": mo.username}
        assert proxy.page(mo).status_code == 200
        assert proxy.session(mo)["refresh_token"] != held["refresh_token"]
        mo.disconnect(client_id)
        assert "Logged Out" in proxy.page(mo).text
        assert proxy.page(mo).headers["Location"].startswith(f"{actions.stack.auth}/authorize?")


def test_pages_at_once_end_nothing(actions: Actions) -> None:
    mo = actions.person()
    with login_proxy(actions, lifetime=WAIT + 60) as proxy:
        proxy.sign_in(mo)
        held = proxy.session(mo)
        for _ in range(2):
            time.sleep(WAIT + 1)
            with ThreadPoolExecutor(8) as pool:
                assert {page.status_code for page in pool.map(lambda _: proxy.page(mo), range(8))} == {200}
        assert proxy.session(mo)["refresh_token"] != held["refresh_token"]


def test_a_page_that_waits_while_another_refreshes_gets_what_that_one_got(actions: Actions) -> None:
    mo = actions.person()
    with login_proxy(actions, lifetime=WAIT + 60) as proxy, ThreadPoolExecutor(1) as slow:
        proxy.sign_in(mo)
        held = proxy.session(mo)
        time.sleep(WAIT + 1)
        waits = proxy.hold_page(mo, slow)
        assert proxy.page(mo).status_code == 200
        assert proxy.page(mo).status_code == 200  # whose token lives long enough
        renewed = proxy.session(mo)
        assert renewed["refresh_token"] != held["refresh_token"]
        proxy.token_endpoint.let_go()
        assert (waits.result().text, proxy.session(mo)["refresh_token"]) == ("a page", renewed["refresh_token"])


def test_where_every_page_refreshes_one_that_two_overtake_comes_with_a_token_of_before_and_ends_the_grant(
    actions: Actions,
) -> None:
    mo = actions.person()
    with login_proxy(actions, lifetime=30) as proxy, ThreadPoolExecutor(1) as slow:
        client_id = proxy.sign_in(mo)
        waits = proxy.hold_page(mo, slow)
        assert [proxy.page(mo).status_code for _ in range(2)] == [200, 200]
        proxy.token_endpoint.let_go()
        assert "Logged Out" in waits.result().text
    reused = actions.stack.command("event", "list", "--kind", "credential_reused", "--client-id", client_id)
    assert [event["detail"] for event in reused] == [
        "2"
    ]  # the page of the sign-in had refreshed too, so 4 is the present one


def test_after_a_lost_answer_the_next_page_asks_again(actions: Actions) -> None:
    mo = actions.person()
    with login_proxy(actions, lifetime=30, logs_out="") as proxy:
        proxy.sign_in(mo)
        held = proxy.session(mo)
        proxy.token_endpoint.lose_answers(1)
        assert proxy.page(mo).status_code == 200
        assert (proxy.token_endpoint.lost, proxy.session(mo)["refresh_token"]) == (1, held["refresh_token"])
        assert proxy.page(mo).status_code == 200
        assert proxy.session(mo)["refresh_token"] != held["refresh_token"]
