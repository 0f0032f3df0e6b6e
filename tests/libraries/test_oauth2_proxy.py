"""oauth2-proxy, with the settings of docs/libraries.md."""

import secrets
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests
from flask import Flask, request

from tests.libraries.page import APP, AUTH, Section
from tests.libraries.program import go_installed
from tests.support.actions import TIMEOUT, Actions, Person
from tests.support.polling import eventually
from tests.support.proxy import TcpProxy
from tests.support.servers import answers, free_port, real_redis, redis_server, serve

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1800)]
VERSION = "7.15.6"
REFRESH = 1
"""Seconds, after which the next page asks for new tokens, instead of the five minutes that are documented."""
SOON = {"--cookie-refresh=5m": f"--cookie-refresh={REFRESH}s"}


class LoginProxy:
    """A running one, at which people sign in with their browsers."""

    def __init__(self, url: str, client_id: str, token_endpoint: TcpProxy) -> None:
        self.url, self.client_id, self.token_endpoint = url, client_id, token_endpoint
        self.sign_out = ""
        """Where the documented link leads."""

    def asks(self, person: Person, path: str = "/page") -> requests.Response:
        """With the browser's cookies, and without following where it leads."""
        return person.browser.session.get(self.url + path, allow_redirects=False, timeout=TIMEOUT)

    def sign_in(self, person: Person) -> None:
        back = person.decide(self.asks(person).headers["Location"], ["openid", "profile"])
        landed = person.browser.session.get(back.headers["Location"], timeout=TIMEOUT)
        assert landed.json()["X-Forwarded-User"] == person.subject

    def token(self, person: Person) -> str:
        """What is behind it gets this one with the next page."""
        page = self.asks(person)
        assert page.status_code == 200
        return str(page.json()["X-Forwarded-Access-Token"])

    def sends_to_sign_in(self, person: Person) -> bool:
        page = self.asks(person)
        return page.status_code == 302 and "/authorize?" in page.headers["Location"]


Start = Callable[..., AbstractContextManager[LoginProxy]]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return go_installed(tmp_path_factory.mktemp("bin"), f"github.com/oauth2-proxy/oauth2-proxy/v7@v{VERSION}")


@pytest.fixture
def start(actions: Actions, program: str, tmp_path: Path) -> Start:
    """It is given options of the client, what to set instead of what is documented, and whether answers may be lost."""
    behind = Flask(__name__)
    behind.add_url_rule("/<path>", view_func=lambda path: dict(request.headers), endpoint="page")

    @contextmanager
    def started(*options: str, instead: Mapping[str, str] = SOON, lossy: bool = False) -> Iterator[LoginProxy]:
        port, upstream = free_port(), free_port()
        url = f"http://localhost:{port}"
        page = Section("oauth2-proxy", actions.stack, VERSION, app=url)
        client = page.run_command(*options)
        (tmp_path / "client-secret").write_text(client["client_secret"])
        (tmp_path / "cookie-secret").write_text(secrets.token_hex(16))
        settings = page.block("sh").replace("/etc/oauth2-proxy", str(tmp_path))
        settings = settings.replace("login.example", urlsplit(actions.stack.auth).netloc)
        ports = {"127.0.0.1:4180": f"127.0.0.1:{port}", "127.0.0.1:8080": f"127.0.0.1:{upstream}"}
        for documented, here in {**ports, **instead}.items():
            assert documented in settings
            settings = settings.replace(documented, here)
        _, *flags = shlex.split(settings)
        flags += ["--cookie-secure=false", "--pass-access-token"]
        with serve(behind, upstream), TcpProxy.to(actions.stack.auth) as token_endpoint:
            if lossy:  # what is discovered leads past it
                flags += ["--skip-oidc-discovery", f"--login-url={actions.stack.auth}/authorize"]
                flags += [f"--redeem-url=http://localhost:{token_endpoint.port}/token"]
                flags += [f"--oidc-jwks-url={actions.stack.auth}/jwks"]
            with (tmp_path / "log").open("w") as log, subprocess.Popen([program, *flags], stderr=log, stdout=log) as it:
                try:
                    eventually(lambda: answers(port), within=20)
                    proxy = LoginProxy(url, client["client_id"], token_endpoint)
                    proxy.sign_out = page.block("html").split('"')[1]
                    for documented, here in ((AUTH, actions.stack.auth), (quote(APP, safe=""), quote(url, safe=""))):
                        assert quote(documented, safe="") in proxy.sign_out
                        proxy.sign_out = proxy.sign_out.replace(quote(documented, safe=""), quote(here, safe=""))
                    yield proxy
                finally:
                    it.terminate()

    return started


def test_a_person_signs_in_and_is_out_after_disconnecting_it(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with start() as proxy:
        proxy.sign_in(mo)
        first = proxy.token(mo)
        time.sleep(REFRESH + 1)
        page = proxy.asks(mo).json()
        assert (page["X-Forwarded-User"], page["X-Forwarded-Preferred-Username"]) == (mo.subject, mo.username)
        assert page["X-Forwarded-Access-Token"] != first
        mo.disconnect(proxy.client_id)
        time.sleep(REFRESH + 1)
        assert proxy.sends_to_sign_in(mo)


def pages_at_once(proxy: LoginProxy, person: Person) -> set[int]:
    """Of a browser that loads eight, all with the cookie of before."""
    time.sleep(REFRESH + 1)
    cookies = person.browser.session.cookies.get_dict()

    def page(_number: int) -> int:
        answer = requests.get(f"{proxy.url}/page", cookies=cookies, allow_redirects=False, timeout=TIMEOUT)
        return answer.status_code

    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(page, range(8)))


def test_pages_at_once_end_nothing(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with start() as proxy:
        proxy.sign_in(mo)
        for _ in range(2):
            assert pages_at_once(proxy, mo) == {200}
            assert mo.browser.session.get(f"{proxy.url}/page", timeout=TIMEOUT).status_code == 200


@pytest.mark.skipif(redis_server() is None, reason="needs redis-server")
def test_neither_do_they_with_its_sessions_in_redis(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with real_redis() as url:
        stored = f"--provider=oidc --session-store-type=redis --redis-connection-url={url}"
        with start(instead={**SOON, "--provider=oidc": stored}) as proxy:
            proxy.sign_in(mo)
            first = proxy.token(mo)
            for _ in range(2):
                assert pages_at_once(proxy, mo) == {200}
            assert proxy.token(mo) != first


def test_without_the_preset_s_policy_they_end_the_grant(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with start("--retry", "strict") as proxy:
        proxy.sign_in(mo)
        assert 302 in pages_at_once(proxy, mo)
        time.sleep(REFRESH + 1)
        assert proxy.sends_to_sign_in(mo)


def test_two_windows_may_sign_in_at_once(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with start(instead={}) as proxy:
        links = [proxy.asks(mo).headers["Location"] for _ in range(2)]
        for link in links:
            back = mo.decide(link, ["openid", "profile"]).headers["Location"]
            assert mo.browser.session.get(back, timeout=TIMEOUT).status_code == 200


def test_after_a_lost_answer_it_asks_again_by_itself(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with start(lossy=True) as proxy:
        proxy.sign_in(mo)
        first = proxy.token(mo)
        time.sleep(REFRESH + 1)
        proxy.token_endpoint.lose_answers(1)
        assert proxy.token(mo) != first
        assert proxy.token_endpoint.lost == 1


def test_while_nobody_answers_the_page_is_shown_with_the_old_token(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with start(lossy=True) as proxy:
        proxy.sign_in(mo)
        first = proxy.token(mo)
        proxy.token_endpoint.refuse()
        time.sleep(REFRESH + 1)
        assert proxy.token(mo) == first
        proxy.token_endpoint.recover()
        assert proxy.token(mo) != first


@pytest.mark.parametrize(("has_address", "status"), [(True, 302), (False, 500)])
def test_with_email_as_its_claim_it_lets_in_only_who_has_a_confirmed_address(
    actions: Actions, start: Start, *, has_address: bool, status: int
) -> None:
    mo = actions.person()
    if has_address:
        actions.stack.command("account", "set-email", mo.username, f"{mo.username}@example.org", "--verified")
    email = {"--oidc-email-claim=sub": "", "openid profile": "openid profile email"}
    with start("--scope", "email", instead=email) as proxy:
        back = mo.decide(proxy.asks(mo).headers["Location"], ["openid", "profile", "email"]).headers["Location"]
        assert mo.browser.session.get(back, allow_redirects=False, timeout=TIMEOUT).status_code == status


def test_signing_out_there_signs_out_here(actions: Actions, start: Start) -> None:
    mo = actions.person()
    with start(instead={}) as proxy:
        proxy.sign_in(mo)
        out = proxy.asks(mo, proxy.sign_out)
        assert out.status_code == 302
        left = mo.browser.follow(out.headers["Location"])
        assert left.headers["Location"] == f"{proxy.url}/bye"
        assert "X-Forwarded-User" not in mo.browser.session.get(f"{proxy.url}/bye", timeout=TIMEOUT).json()
        assert proxy.sends_to_sign_in(mo)
        assert urlsplit(mo.browser.follow(proxy.asks(mo).headers["Location"]).url).path == "/sign-in"
