"""The strength app, running beside a stack."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from examples.strength_app import create_app
from examples.strength_app.settings import Settings
from tests.support.actions import READ, TIMEOUT, WRITE, Person
from tests.support.polling import eventually
from tests.support.servers import free_port, serve
from tests.support.stack import Stack


@dataclass(frozen=True)
class StrengthApp:
    """Where it is, also past a proxy; `twin` is a second process' worth of it, with the same store."""

    url: str
    inside: str
    twin: str
    stack: Stack
    credentials: tuple[str, str]

    def expire(self, access_token: str) -> None:
        """Make one access token invalid, as its end of life would."""
        form = {"token": access_token}
        requests.post(f"{self.stack.auth}/revoke", data=form, auth=self.credentials, timeout=TIMEOUT).raise_for_status()
        self.wait_until_refused(access_token)

    def expire_all(self, folder: Path) -> None:
        """Make the access tokens invalid that the app keeps below this folder."""
        with closing(sqlite3.connect(folder / "app.sqlite")) as database:
            for (access_token,) in database.execute("SELECT access_token FROM connections").fetchall():
                self.expire(access_token)

    def wait_until_refused(self, access_token: str) -> None:
        """The Fit API remembers tokens and hears of their end from the feed, which takes a moment."""
        call = {"headers": {"Authorization": f"Bearer {access_token}"}, "timeout": TIMEOUT}
        entries = f"{self.stack.fit}/api/body_weight/"
        eventually(lambda: requests.get(entries, **call).status_code == 401)

    def connect(self, person: Person, scopes: tuple[str, ...] = (READ, WRITE), decision: str = "allow") -> str:
        """Follow "Connect Moogle Fit" to the end; the page on which the person arrives."""
        leaving = person.browser.session.get(f"{self.url}/connect", timeout=TIMEOUT, allow_redirects=False)
        back = person.decide(leaving.headers["Location"], scopes, decision=decision)
        return person.browser.session.get(back.headers["Location"], timeout=TIMEOUT).text

    def home(self, person: Person, **parameters: str) -> requests.Response:
        return person.browser.session.get(self.url, params=parameters, timeout=TIMEOUT)

    def add(self, person: Person, body_weight: str, unit: str = "kg", moment: str = "") -> requests.Response:
        return self.post(person, "/weights", body_weight=body_weight, unit=unit, moment=moment)

    def disconnect(self, person: Person) -> requests.Response:
        return self.post(person, "/disconnect")

    def open(self, person: Person, path: str) -> requests.Response:
        return person.browser.session.get(self.url + path, timeout=TIMEOUT)

    def post(self, person: Person, path: str, **fields: str) -> requests.Response:
        """Send a form to this address, with the token of the home page."""
        form = {"csrf_token": self._token(person), **fields}
        return person.browser.session.post(self.url + path, data=form, timeout=TIMEOUT)

    def upload(self, person: Person, file: bytes, name: str = "weights.csv") -> requests.Response:
        """Choose a file to import; the page that comes."""
        form, files = {"csrf_token": self._token(person)}, {"file": (name, file)}
        return person.browser.session.post(f"{self.url}/import", data=form, files=files, timeout=TIMEOUT)

    def _token(self, person: Person) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.home(person).text)
        assert token is not None
        return token[1]


@contextmanager
def run_strength_app(stack: Stack, folder: Path, published: str | None = None) -> Iterator[StrengthApp]:
    """Register and start the app, which people may reach at another address than its own."""
    ports = free_port(), free_port()
    inside, twin = (f"http://127.0.0.1:{port}" for port in ports)
    url = published or inside
    options = ["--redirect-uri", f"{url}/callback", "--scope", READ, "--scope", WRITE]
    client = stack.command("client", "create", "Strength", *options)
    settings = Settings(
        url=url,
        issuer=stack.auth,
        fit_api=stack.fit_credentials.resource,
        client_id=client["client_id"],
        client_secret=client["client_secret"],
        secret_key="the session key of all tests, of 32 bytes and more",
        database=str(folder / "app.sqlite"),
        log_level="ERROR",
    )
    with ExitStack() as running:
        for port in ports:
            running.enter_context(serve(create_app(settings), port))
        credentials = (client["client_id"], client["client_secret"])
        yield StrengthApp(url, inside, twin, stack, credentials)
