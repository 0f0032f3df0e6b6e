"""Apache as a login proxy, with mod_auth_openidc and the settings of docs/libraries.md."""

import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from tests.libraries.page import Section
from tests.libraries.program import installed
from tests.support.actions import TIMEOUT, Actions, Person, query_of
from tests.support.polling import eventually
from tests.support.proxy import TcpProxy
from tests.support.reverse_proxies import open_folder
from tests.support.servers import answers, free_port, serve

pytestmark = [pytest.mark.torture, pytest.mark.timeout(300)]
MODULES = Path("/usr/lib/apache2/modules")
NEEDED = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir", "auth_openidc")
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
def apache(actions: Actions, lifetime: int, logs_out: str = " logout_on_error") -> Iterator[Proxy]:
    """With access tokens of so many seconds, for which it asks when less than 60 are left."""
    program, port = installed("apache2"), free_port()
    if not (MODULES / "mod_auth_openidc.so").exists():
        pytest.skip("needs libapache2-mod-auth-openidc")
    url = f"http://localhost:{port}"
    page = Section("mod_auth_openidc", actions.stack, "2.4.12.3", app=url)
    page.run_command("--access-token-lifetime", str(lifetime))
    with open_folder() as folder, lost_answers(actions.stack.auth) as (metadata, token_endpoint):
        (folder / "passphrase").write_text("a secret of a test")
        settings = page.block("apache").replace(actions.stack.auth + METADATA, metadata + METADATA)
        settings = settings.replace("/etc/apache2/oidc-passphrase", str(folder / "passphrase"))
        assert " 60 logout_on_error" in settings
        (folder / "site").mkdir()
        (folder / "site" / "page").write_text("a page")
        loaded = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in NEEDED]
        loaded += [f"Listen 127.0.0.1:{port}", f"ServerName localhost:{port}", f"DocumentRoot {folder}/site"]
        loaded += [f"PidFile {folder}/pid", f"ErrorLog {folder}/log", "User www-data", "Group www-data"]
        loaded += ["OIDCInfoHook access_token refresh_token userinfo", settings.replace(" logout_on_error", logs_out)]
        (folder / "apache.conf").write_text("\n".join(loaded))
        with subprocess.Popen([program, "-d", str(folder), "-f", "apache.conf", "-DFOREGROUND"]) as running:
            try:
                eventually(lambda: answers(port), within=20)
                yield Proxy(url, token_endpoint)
            finally:
                running.terminate()


def test_a_person_signs_in_and_is_out_after_disconnecting_it(actions: Actions) -> None:
    mo = actions.person()
    with apache(actions, lifetime=30) as proxy:  # so each page wants a new one
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
    with apache(actions, lifetime=WAIT + 60) as proxy:
        proxy.sign_in(mo)
        held = proxy.session(mo)
        for _ in range(2):
            time.sleep(WAIT + 1)
            with ThreadPoolExecutor(8) as pool:
                assert {page.status_code for page in pool.map(lambda _: proxy.page(mo), range(8))} == {200}
        assert proxy.session(mo)["refresh_token"] != held["refresh_token"]


def test_after_a_lost_answer_the_next_page_asks_again(actions: Actions) -> None:
    mo = actions.person()
    with apache(actions, lifetime=30, logs_out="") as proxy:
        proxy.sign_in(mo)
        held = proxy.session(mo)
        proxy.token_endpoint.lose_answers(1)
        assert proxy.page(mo).status_code == 200
        assert (proxy.token_endpoint.lost, proxy.session(mo)["refresh_token"]) == (1, held["refresh_token"])
        assert proxy.page(mo).status_code == 200
        assert proxy.session(mo)["refresh_token"] != held["refresh_token"]
