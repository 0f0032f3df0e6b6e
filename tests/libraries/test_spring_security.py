"""Spring Security protects an API and signs people in, with the settings of docs/libraries.md."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.libraries.page import Section
from tests.libraries.spring import BOOT, SECURITY, spring_app
from tests.support.actions import READ, TIMEOUT, Actions, Person
from tests.support.proxy import TcpProxy
from tests.support.servers import free_port

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]
SCOPES = ["openid", READ]
WAIT = 15
"""Seconds, after which the app wants a new token in a test of parallel pages; its next ones come within these."""
API = """
package diary;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.Authentication;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@SpringBootApplication
@RestController
class Main {
    public static void main(String[] arguments) {
        SpringApplication.run(Main.class, arguments);
    }

    @GetMapping({"/diary", "/other"})
    String diary(Authentication person) {
        return person.getName();
    }
}
"""
SITE = """
package diary;

import static org.springframework.security.oauth2.client.web.client.RequestAttributeClientRegistrationIdResolver.*;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.security.core.Authentication;
import org.springframework.security.oauth2.client.OAuth2AuthorizedClientService;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

@SpringBootApplication
@RestController
class Main {
    private final RestClient api;
    private final OAuth2AuthorizedClientService kept;

    Main(RestClient api, OAuth2AuthorizedClientService kept) {
        this.api = api;
        this.kept = kept;
    }

    public static void main(String[] arguments) {
        SpringApplication.run(Main.class, arguments);
    }

    @GetMapping("/page")
    String page() {
        return api.get().uri("/userinfo").attributes(clientRegistrationId("moogle")).retrieve().body(String.class);
    }

    @GetMapping("/kept")
    String kept(Authentication person) {
        var client = kept.loadAuthorizedClient("moogle", person.getName());
        return person.getName() + " " + client.getRefreshToken().getTokenValue();
    }
}
"""


def test_an_api_lets_in_whose_token_has_the_scope_until_that_is_revoked_and_tells_an_outage(
    actions: Actions, tmp_path: Path
) -> None:
    port = free_port()
    with TcpProxy.to(actions.stack.auth) as way, ExitStack() as at_end:
        url = f"http://localhost:{port}"
        page = Section("Spring Security, an API", actions.stack, BOOT, SECURITY, app=url)
        page.run_command("--scope", "diary:write=Write in your diary")
        at_end.callback(actions.stack.command, "resource-server", "delete", "diary", "--yes")
        settings = page.block("yaml").replace(actions.stack.auth, f"http://localhost:{way.port}")
        at_end.enter_context(spring_app(tmp_path, page, port, settings, page.block("java"), API))

        def call(token: str, path: str = "/diary") -> tuple[int, str]:
            bearer = {"Authorization": f"Bearer {token}"}
            answer = requests.get(url + path, headers=bearer, timeout=TIMEOUT)
            challenge = answer.headers.get("WWW-Authenticate", "").partition(",")[0]
            return answer.status_code, challenge or answer.headers.get("Retry-After", answer.text)

        mo, app = actions.person(), actions.app(scopes=["diary:read", "diary:write"])
        both, write = app.connect(mo).access, app.connect(mo, ["diary:write"]).access
        assert call(both) == (200, mo.subject)
        assert {call(write), call(both, "/other")} == {(403, 'Bearer error="insufficient_scope"')}
        assert requests.get(f"{url}/.well-known/oauth-protected-resource", timeout=TIMEOUT).json() == {
            "resource": f"{url}/diary",
            "authorization_servers": [actions.stack.auth],
            "scopes_supported": ["diary:read"],
            "bearer_methods_supported": ["header"],
            "tls_client_certificate_bound_access_tokens": False,
        }
        assert call("nonsense") == (401, 'Bearer error="invalid_token"')
        way.refuse()
        assert call(both) == (503, "1")
        way.recover()
        way.fall_silent()
        assert call(both) == (503, "1")
        way.recover()
        assert call(both) == (200, mo.subject)
        mo.disconnect(app.client_id)
        assert call(both) == (401, 'Bearer error="invalid_token"')


class Site:
    """A running one, at which a person signs in with a browser."""

    def __init__(self, url: str, client_id: str, token_endpoint: TcpProxy) -> None:
        self.url, self.client_id, self.token_endpoint = url, client_id, token_endpoint

    def page(self, person: Person) -> requests.Response:
        """Without following where it leads."""
        cookies = person.browser.session.cookies.get_dict()
        return requests.get(f"{self.url}/page", cookies=cookies, allow_redirects=False, timeout=TIMEOUT)

    def sign_in(self, person: Person, scopes: list[str]) -> requests.Response:
        """The page at which that ends."""
        asks = person.browser.session.get(f"{self.url}/page", allow_redirects=False, timeout=TIMEOUT)
        while urlsplit(asks.headers["Location"]).path != "/authorize":
            asks = person.browser.session.get(asks.headers["Location"], allow_redirects=False, timeout=TIMEOUT)
        back = person.decide(asks.headers["Location"], scopes)
        return person.browser.session.get(back.headers["Location"], timeout=TIMEOUT)

    def kept(self, person: Person) -> list[str]:
        """As whom the site knows this person, and the refresh token that it has."""
        return person.browser.session.get(f"{self.url}/kept", timeout=TIMEOUT).text.split()


@contextmanager
def running_site(actions: Actions, folder: Path, lifetime: int) -> Iterator[Site]:
    """With access tokens of so many seconds, for which it asks when less than 60 are left."""
    port = free_port()
    url = f"http://localhost:{port}"
    page = Section("Spring Security, a sign-in", actions.stack, BOOT, SECURITY, app=url)
    client = page.run_command("--access-token-lifetime", str(lifetime))
    with TcpProxy.to(actions.stack.auth) as way:
        settings = page.block("yaml") + f"            token-uri: http://localhost:{way.port}/token\n"
        diary = page.block("java").replace("https://api.example", actions.stack.auth)
        with spring_app(folder, page, port, settings, diary, SITE):
            yield Site(url, client["client_id"], way)


def test_a_person_signs_in_and_has_to_again_after_disconnecting_the_app(actions: Actions, tmp_path: Path) -> None:
    mo = actions.person()
    with running_site(actions, tmp_path, lifetime=30) as site:  # so each page wants a new one
        landed = site.sign_in(mo, SCOPES)
        assert (landed.status_code, landed.json()) == (200, {"sub": mo.subject})
        first = site.kept(mo)
        assert first[0] == mo.subject
        site.token_endpoint.lose_answers(1)
        assert (site.page(mo).status_code, site.token_endpoint.lost, site.kept(mo)) == (500, 1, first)
        assert site.page(mo).status_code == 200
        assert site.kept(mo) != first
        mo.disconnect(site.client_id)
        assert site.page(mo).status_code == 500
        assert site.sign_in(mo, SCOPES).json() == {"sub": mo.subject}


def test_pages_at_once_end_nothing_and_after_a_refused_token_the_next_one_asks_the_person(
    actions: Actions, tmp_path: Path
) -> None:
    mo = actions.person()
    with running_site(actions, tmp_path, lifetime=WAIT + 60) as site:
        site.sign_in(mo, SCOPES)
        held = site.kept(mo)
        for _ in range(2):
            time.sleep(WAIT + 1)
            with ThreadPoolExecutor(8) as pool:
                assert {page.status_code for page in pool.map(lambda _: site.page(mo), range(8))} == {200}
        assert site.kept(mo) != held
        mo.disconnect(site.client_id)
        assert site.page(mo).status_code == 500  # the API has refused a token that has more than a minute left
        assert site.sign_in(mo, SCOPES).json() == {"sub": mo.subject}
