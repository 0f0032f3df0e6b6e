"""`make demo`: plays the whole story over HTTP against the running stack and checks every answer.

It brings its own app, with access tokens that live for a few seconds, and its own person, and removes both at the end.
"""

import base64
import hashlib
import html
import re
import secrets
import time
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

from tools import stack
from tools.addresses import Addresses
from tools.console import Problem, fail, paint, say
from tools.registration import FIT, Command
from tools.secrets_store import secret
from tools.transcript import DifferenceError, Transcript

READ, WRITE = "body_weight:read", "body_weight:write"
_LIFETIME = 5
"""Seconds that the demo's access tokens live: long enough for a few calls on a slow machine."""
_HEARD_WITHIN = 3
"""Seconds after which no resource server accepts a revoked token, whatever has failed."""
_CALLBACK = "http://127.0.0.1:9/callback"


class Demo:
    """The people and programs of the story."""

    def __init__(self, auth_command: Command, addresses: Addresses) -> None:
        self.auth_command = auth_command
        self.auth, self.fit = addresses.auth, f"{addresses.fit}/api/body_weight/"
        self.transcript = Transcript()
        self.browser, self.app = requests.Session(), requests.Session()
        self.username, self.password = f"demo-{secrets.token_hex(4)}", secrets.token_urlsafe(12)
        auth_command("account", "create", self.username, "--password-stdin", stdin=self.password)
        registration = ["Demo app", "--redirect-uri", _CALLBACK, "--scope", READ, "--scope", WRITE]
        self.client = auth_command("client", "create", *registration, "--access-token-lifetime", str(_LIFETIME))
        self.credentials = (self.client["client_id"], self.client["client_secret"])

    def clean_up(self) -> None:
        """End what the demo has begun."""
        self.auth_command("client", "delete", self.client["client_id"])
        self.auth_command("account", "disable", self.username)

    def play(self) -> None:
        """The story."""
        say_at = self.transcript.step
        say_at("The app sends mo’s browser to the authorization server; mo mistypes the password")
        verifier = secrets.token_urlsafe(32)
        sign_in = self.begin_authorization(verifier)
        self.submit(sign_in, status=401, username=self.username, password="not my password")

        say_at("mo signs in")
        consent = self.submit(sign_in, status=303, username=self.username, password=self.password)

        say_at("mo lets the app see the weights, not change them")
        code = self.consent(consent, READ)

        say_at("The app exchanges the code for tokens")
        tokens = self.exchange_code(code, verifier)
        self.transcript.expect(tokens["scope"] == READ, "the scope must be what mo ticked")

        say_at("The app reads mo’s weights")
        self.call_fit("GET", tokens, status=200)

        say_at("The app may not insert one: that scope was not granted")
        weight = {"body_weight": "200", "unit": "lbs"}
        self.call_fit("POST", tokens, status=403, contains="insufficient_scope", json=weight)

        say_at("The app asks again; mo allows both")
        verifier = secrets.token_urlsafe(32)
        code = self.consent(self.begin_authorization(verifier), READ, WRITE)
        tokens = self.exchange_code(code, verifier)

        say_at("The app inserts a weight and reads it back")
        self.call_fit("POST", tokens, status=201, json=weight)
        self.call_fit("GET", tokens, status=200, contains='"200"')

        say_at("The Fit API asks the authorization server what the access token is worth")
        self.introspect(tokens, active=True)

        say_at(f"{_LIFETIME} seconds later the access token has expired")
        time.sleep(_LIFETIME + 1)
        self.call_fit("GET", tokens, status=401, contains="invalid_token")
        self.introspect(tokens, active=False)

        say_at("The app refreshes: a new access token and a new refresh token")
        fresh = self.refresh(tokens, status=200)
        self.call_fit("GET", fresh, status=200)

        say_at("Somebody uses the old refresh token: refused, and the whole grant ends")
        self.refresh(tokens, status=400)
        self.introspect(fresh, active=False)
        self.call_fit_once_it_knows("GET", fresh, status=401, contains="invalid_token")
        self.refresh(fresh, status=400)

        say_at("mo connects the app once more; this time the app signs off and revokes its tokens")
        verifier = secrets.token_urlsafe(32)
        tokens = self.exchange_code(self.consent(self.begin_authorization(verifier), READ), verifier)
        self.introspect(tokens, active=True)
        form = {"token": tokens["refresh_token"]}
        self.transcript.exchange(self.app, "POST", f"{self.auth}/revoke", status=200, data=form, auth=self.credentials)
        self.call_fit_once_it_knows("GET", tokens, status=401, contains="invalid_token")
        self.introspect(tokens, active=False)

    def begin_authorization(self, verifier: str) -> str:
        """Follow the app's link; the address of the page where mo lands, sign-in or consent."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": _CALLBACK,
            "scope": f"{READ} {WRITE}",
            "state": secrets.token_urlsafe(8),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = f"{self.auth}/authorize?{urlencode(parameters)}"
        return self.follow(self.transcript.exchange(self.browser, "GET", address, status=303))

    def consent(self, page: str, *scopes: str) -> str:
        """Tick scopes on the consent page; the code that goes back to the app."""
        back = self.submit(page, status=303, scope=" ".join(scopes), decision="allow")
        answer = parse_qs(urlsplit(back).query)
        self.transcript.expect(answer.get("iss") == [self.auth], "the answer must name its issuer")
        return answer.get("code", [""])[0]

    def submit(self, page: str, *, status: int, **fields: str) -> str:
        """Fill in the form of a page and send it; where the browser goes next."""
        shown = self.browser.get(page, timeout=10).text
        tags = re.findall(r'<input[^>]*type="hidden"[^>]*>', shown)
        action = re.search(r'<main>.*?<form[^>]*action="([^"]*)"', shown, re.DOTALL)
        filled: dict[str, str | list[str]] = {_attribute(tag, "name"): _attribute(tag, "value") for tag in tags}
        filled |= {name: value.split() if name == "scope" else value for name, value in fields.items()}
        address = urljoin(page, html.unescape(action[1])) if action else page
        answer = self.transcript.exchange(self.browser, "POST", address, status=status, data=filled)
        return self.follow(answer)

    def follow(self, answer: requests.Response) -> str:
        """Where a redirect leads within the authorization server, up to a page or out to the app."""
        address = urljoin(answer.url, answer.headers.get("Location", answer.url))
        while address.startswith(self.auth) and answer.status_code == 303:
            answer = self.browser.get(address, timeout=10, allow_redirects=False)
            address = urljoin(address, answer.headers.get("Location", address))
        return address

    def exchange_code(self, code: str, verifier: str) -> dict[str, str]:
        """Tokens for a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": _CALLBACK,
            "code_verifier": verifier,
        }
        return self.token_request(form, status=200)

    def refresh(self, tokens: dict[str, str], *, status: int) -> dict[str, str]:
        """New tokens for a refresh token, or the refusal."""
        return self.token_request(
            {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}, status=status
        )

    def token_request(self, form: dict[str, str], *, status: int) -> dict[str, str]:
        """The answer of the token endpoint."""
        contains = "access_token" if status == 200 else "invalid_grant"
        answer = self.transcript.exchange(
            self.app, "POST", f"{self.auth}/token", status=status, contains=contains, data=form, auth=self.credentials
        )
        tokens: dict[str, str] = answer.json()
        return tokens

    def call_fit(
        self, method: str, tokens: dict[str, str], *, status: int, contains: str = "", json: object = None
    ) -> None:
        """A call of the Fit API with an access token."""
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        options = {} if json is None else {"json": json}
        self.transcript.exchange(
            self.app, method, self.fit, status=status, contains=contains, headers=headers, **options
        )

    def call_fit_once_it_knows(self, method: str, tokens: dict[str, str], *, status: int, contains: str) -> None:
        """The same, a moment later: the Fit API remembers good tokens and hears of a revocation within milliseconds."""
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        deadline = time.monotonic() + _HEARD_WITHIN
        while time.monotonic() < deadline:
            if self.app.request(method, self.fit, headers=headers, timeout=10).status_code == status:
                break
            time.sleep(0.01)
        self.call_fit(method, tokens, status=status, contains=contains)

    def introspect(self, tokens: dict[str, str], *, active: bool) -> None:
        """What the Fit API learns."""
        answer = self.transcript.exchange(
            self.app,
            "POST",
            f"{self.auth}/introspect",
            status=200,
            data={"token": tokens["access_token"]},
            auth=(FIT, secret("fit-client-secret")),
        )
        self.transcript.expect(
            answer.json().get("active") is active, f"the token must be {'' if active else 'in'}active"
        )


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def main() -> None:
    """Play it; exit code 1 if an answer was not what it must be."""
    with fail():
        auth_command, addresses = stack.running_stack()
        demo = Demo(auth_command, addresses)
        try:
            demo.play()
        except (DifferenceError, requests.RequestException) as difference:
            say(paint(f"✗ {difference}", "red"))
            raise Problem("the story does not hold; `make logs` shows what the services say") from None
        finally:
            demo.clean_up()
    say()
    say(paint(f"The whole story holds: {demo.transcript.steps} steps, every answer as it must be.", "green"))


if __name__ == "__main__":
    main()
