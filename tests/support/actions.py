"""What people, apps and resource servers do, over HTTP: the words in which the flow tests are written."""

import base64
import hashlib
import html
import itertools
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import requests

from tests.support.begun_grants import begin_grant
from tests.support.stack import ResourceServerCredentials, Stack

CALLBACK = "http://127.0.0.1:8002/callback"
READ, WRITE, PLANS = "body_weight:read", "body_weight:write", "plans:read"
INACTIVE = {"active": False}
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
DEVICE = ("--grant-type", DEVICE_CODE, "--grant-type", "refresh_token")
"""Options of a client that runs on devices."""
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
TIMEOUT = 60
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Tokens:
    """A successful answer of the token endpoint."""

    access: str
    refresh: str
    answer: dict[str, Any]


@dataclass
class Verifier:
    """One PKCE pair."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()


class Browser:
    """A browser without JavaScript: keeps cookies, fills in the forms it is shown."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.session = requests.Session()
        self.session.headers["Accept"] = "text/html"
        self.page: requests.Response | None = None

    def get(self, address: str, **options: Any) -> requests.Response:
        self.page = self.session.get(self._absolute(address), timeout=TIMEOUT, **options)
        return self.page

    def follow(self, address: str) -> requests.Response:
        """Get an address and go where it leads, as long as that is a page of the authorization server."""
        page = self.get(address, allow_redirects=False)
        while page.status_code == 303 and page.headers["Location"].startswith(("/", self._stack.auth)):
            page = self.get(page.headers["Location"], allow_redirects=False)
        return page

    def submit(self, action: str, fields: dict[str, Any], **options: Any) -> requests.Response:
        """Send a form of the present page, with the hidden fields that the page gave it."""
        hidden = re.findall(r'<input[^>]*type="hidden"[^>]*>', self._page().text)
        filled = dict(pair for tag in hidden if (pair := _name_and_value(tag)))
        self.page = self.session.post(
            self._absolute(action), data={**filled, **fields}, timeout=TIMEOUT, allow_redirects=False, **options
        )
        led_to = self.page.headers.get("Location", "")
        return self.follow(led_to) if led_to.startswith(("/", self._stack.auth)) else self.page

    def _page(self) -> requests.Response:
        assert self.page is not None
        return self.page

    def _absolute(self, address: str) -> str:
        return address if address.startswith("http") else self._stack.auth + address


class Person:
    """Somebody with an account and a browser."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.username = f"person-{next(_numbers)}"
        self.password = secrets.token_urlsafe(12)
        create = ("account", "create", self.username, "--password-stdin")
        self.subject = stack.command(*create, stdin=self.password)["sub"]
        self.browser = Browser(stack)

    def sign_in(self, password: str | None = None, address: str = "/sign-in") -> requests.Response:
        """Open the page for it, and sign in there."""
        return self.sign_in_at(self.browser.get(address), password)

    def sign_in_at(self, page: requests.Response, password: str | None = None) -> requests.Response:
        """At this page, which is open."""
        return self.browser.submit(page.url, {"username": self.username, "password": password or self.password})

    def decide(self, authorize_url: str, scopes: Sequence[str], *, decision: str = "allow") -> requests.Response:
        """Follow a link to /authorize, sign in if asked, tick `scopes`, decide; the answer that leads back."""
        page = self.browser.follow(authorize_url)
        if urlsplit(page.url).path == "/sign-in":
            page = self.sign_in_at(page)
        if page.status_code == 303:
            return page  # answered without asking
        assert page.status_code == 200, page.text
        return self.browser.submit("/consent", {"scope": list(scopes), "decision": decision})

    def refused(self, authorize_url: str) -> dict[str, str]:
        """What the client is told when this person, who has signed in, brings a request that is wrong."""
        self.sign_in()
        return redirect_parameters(self.decide(authorize_url, []))

    def open_device_page(self, user_code: str) -> requests.Response:
        """Sign in if asked, and look at what the device with this code wants."""
        page = self.browser.get("/device", params={"user_code": user_code})
        return self.sign_in_at(page) if urlsplit(page.url).path == "/sign-in" else page

    def answer_device(self, user_code: str, scopes: Sequence[str], *, decision: str = "allow") -> requests.Response:
        page = self.open_device_page(user_code)
        assert page.status_code == 200, page.text
        return self.browser.submit("/device", {"scope": list(scopes), "decision": decision})

    def disconnect(self, client_id: str, page: str = "/connected-apps") -> requests.Response:
        """Press the app's button on that page."""
        self.browser.get(page)
        return self.browser.submit(
            page.replace("/connected-apps", "/connected-apps/disconnect"), {"client_id": client_id}
        )


class App:
    """A client."""

    redirect_uri = CALLBACK

    def __init__(
        self,
        stack: Stack,
        *options: str,
        public: bool = False,
        scopes: Sequence[str] = (READ, WRITE),
        redirect_uri: str = CALLBACK,
        name: str = "",
    ) -> None:
        self._stack, self.redirect_uri = stack, redirect_uri
        registration = [name or f"App {next(_numbers)}", "--redirect-uri", redirect_uri, *options]
        registration += [part for scope in scopes for part in ("--scope", scope)]
        registration += ["--public"] if public else []
        client = stack.command("client", "create", *registration)
        self.client_id, self.secret, self.name = client["client_id"], client["client_secret"], client["name"]
        self.scopes = tuple(scopes)

    def authorize_url(self, verifier: Verifier, **parameters: str | Sequence[str] | None) -> str:
        """The link that the app sends a person to; a parameter that is None is left out."""
        return self._link({**self._authorization_request(verifier), **parameters})

    def push(self, verifier: Verifier, **parameters: Any) -> requests.Response:
        """Send an authorization request without a browser."""
        return self._post("/par", {**self._authorization_request(verifier), **parameters}, {})

    def pushed_url(self, verifier: Verifier, **parameters: Any) -> str:
        """The link that names a request which was pushed."""
        answer = self.push(verifier, **parameters)
        assert answer.status_code == 201, answer.text
        return self.url_naming(answer.json()["request_uri"])

    def url_naming(self, request_uri: str | Sequence[str], **parameters: str | Sequence[str] | None) -> str:
        return self._link({"client_id": self.client_id, "request_uri": request_uri, **parameters})

    def get_code(
        self, person: Person, verifier: Verifier, scopes: Sequence[str] | None = None, **parameters: Any
    ) -> str:
        """A code for the scopes that the person ticks."""
        ticked = self.scopes if scopes is None else scopes
        answer = person.decide(self.authorize_url(verifier, **parameters), ticked)
        return redirect_parameters(answer)["code"]

    def exchange(
        self, code: str, verifier: Verifier, *, key: str | None = None, **parameters: Any
    ) -> requests.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier.verifier,
            **parameters,
        }
        return self.token_request(form, key=key)

    def connect(self, person: Person, scopes: Sequence[str] | None = None, **parameters: Any) -> Tokens:
        """The whole story up to the first tokens."""
        verifier = Verifier()
        return tokens(self.exchange(self.get_code(person, verifier, scopes, **parameters), verifier))

    def refresh(self, refresh_token: str, *, key: str | None = None, **parameters: Any) -> requests.Response:
        return self.token_request(
            {"grant_type": "refresh_token", "refresh_token": refresh_token, **parameters}, key=key
        )

    def device_authorization(self, **parameters: Any) -> requests.Response:
        return self._post("/device_authorization", {"scope": " ".join(self.scopes), **parameters}, {})

    def begin_device(self, **parameters: Any) -> dict[str, Any]:
        """The codes of a device that begins to wait."""
        answer = self.device_authorization(**parameters)
        assert answer.status_code == 200, answer.text
        codes: dict[str, Any] = answer.json()
        return codes

    def poll(self, device_code: str, *, key: str | None = None, **parameters: Any) -> requests.Response:
        form = {"grant_type": DEVICE_CODE, "device_code": device_code, **parameters}
        return self.token_request(form, key=key)

    def client_credentials(self, **parameters: Any) -> requests.Response:
        return self.token_request({"grant_type": "client_credentials", **parameters})

    def exchange_token(self, subject_token: str, **parameters: Any) -> requests.Response:
        """Ask for a token for another one (RFC 8693)."""
        subject = {"subject_token": subject_token, "subject_token_type": ACCESS_TOKEN}
        return self.token_request({"grant_type": TOKEN_EXCHANGE, **subject, **parameters})

    def revoke(self, token: str, **parameters: Any) -> requests.Response:
        return self._post("/revoke", {"token": token, **parameters}, {})

    def token_request(self, form: dict[str, Any], *, key: str | None = None) -> requests.Response:
        return self._post("/token", form, {"Idempotency-Key": key} if key else {})

    def _authorization_request(self, verifier: Verifier) -> dict[str, str | Sequence[str] | None]:
        return {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": "a state",
            "code_challenge": verifier.challenge,
            "code_challenge_method": "S256",
        }

    def _link(self, parameters: dict[str, str | Sequence[str] | None]) -> str:
        present = {name: value for name, value in parameters.items() if value is not None}
        request = requests.Request("GET", f"{self._stack.auth}/authorize", params=present).prepare()
        assert request.url is not None
        return request.url

    def _post(self, path: str, form: dict[str, Any], headers: dict[str, str]) -> requests.Response:
        present = {name: value for name, value in form.items() if value is not None}
        auth = None
        if self.secret is None:
            present.setdefault("client_id", self.client_id)
        else:
            auth = (self.client_id, self.secret)
        return requests.post(self._stack.auth + path, data=present, auth=auth, headers=headers, timeout=TIMEOUT)


class Actions:
    """The beginning of every flow test."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def person(self) -> Person:
        return Person(self.stack)

    def app(self, *options: str, **more: Any) -> App:
        return App(self.stack, *options, **more)

    def exchanger(self, *resources: str, scopes: Sequence[str]) -> App:
        """What an operator registers for a service, so that it can exchange the tokens that are meant for it."""
        options = [part for resource in resources for part in ("--exchange-from", resource)]
        return self.app("--grant-type", TOKEN_EXCHANGE, *options, scopes=scopes)

    def token(self) -> str:
        """An access token of somebody new for a new app, without a page: for what an app does with a token."""
        app, verifier = self.app(), Verifier()
        code = begin_grant(
            self.stack.parts,
            self.stack.parts.accounts.create(f"person-{next(_numbers)}", secrets.token_urlsafe(12)),
            app.client_id,
            scopes=app.scopes,
            audience=(self.stack.fit_credentials.resource,),
            redirect_uri=app.redirect_uri,
            challenge=verifier.challenge,
        )
        return tokens(app.exchange(code, verifier)).access

    def introspect(self, token: str, caller: ResourceServerCredentials | None = None) -> dict[str, Any]:
        """What the Fit API (or another resource server) learns of a token."""
        answer = self.introspection(token, caller)
        assert answer.status_code == 200, answer.text
        introspected: dict[str, Any] = answer.json()
        return introspected

    def introspection(self, token: str, caller: ResourceServerCredentials | None = None) -> requests.Response:
        """The whole answer, which may be a refusal."""
        caller = caller or self.stack.fit_credentials
        return requests.post(
            f"{self.stack.auth}/introspect", data={"token": token}, auth=(caller.name, caller.secret), timeout=TIMEOUT
        )

    def is_active(self, token: str) -> bool:
        return bool(self.introspect(token)["active"])

    def fit(
        self, method: str, path: str = "/api/body_weight/", token: str | None = None, **options: Any
    ) -> requests.Response:
        """A call of the Fit API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers.update(options.pop("headers", {}))
        return requests.request(
            method, self.stack.fit + path, headers=headers, timeout=TIMEOUT, allow_redirects=False, **options
        )


def tokens(answer: requests.Response) -> Tokens:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return Tokens(body["access_token"], body.get("refresh_token", ""), body)


def redirect_parameters(answer: requests.Response) -> dict[str, str]:
    """The parameters with which a browser is sent back to the client; each of them once."""
    assert answer.status_code == 303, answer.text
    query = parse_qsl(urlsplit(answer.headers["Location"]).query, keep_blank_values=True)
    assert len(dict(query)) == len(query)
    return dict(query)


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Status and OAuth error code of a refusal."""
    return answer.status_code, answer.json()["error"]


def query_of(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def _name_and_value(tag: str) -> tuple[str, str] | None:
    name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
    return (name[1], html.unescape(value[1])) if name and value else None
