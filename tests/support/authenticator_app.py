"""An app that shows one-time codes, and the pages on which a person sets it up and types its codes."""

import html
import re
import time
from dataclasses import dataclass, field

import pyotp
import requests

from tests.support.actions import Person


@dataclass
class App:
    """It has the secret that a page showed."""

    secret: str
    recovery_codes: list[str] = field(default_factory=list)

    def code(self, steps: int = 0) -> str:
        """What it shows so many steps of 30 seconds from now."""
        return pyotp.TOTP(self.secret).generate_otp(int(time.time()) // 30 + steps)


def begin_set_up(person: Person) -> App:
    """Of a person who has just signed in."""
    page = person.browser.get("/account/authenticator/add")
    [secret] = re.findall("secret=([A-Z2-7]+)", html.unescape(page.text))
    return App(secret)


def set_up_app(person: Person) -> App:
    """The code that confirms it is of the step before this one."""
    app = begin_set_up(person)
    page = person.browser.submit("/account/authenticator/add", {"code": app.code(-1)})
    app.recovery_codes = re.findall('<code class="key">([a-z2-7-]+)</code>', page.text)
    assert len(app.recovery_codes) == 10, page.text
    return app


def give_code(person: Person, code: str) -> requests.Response:
    """On the page of the second step, which the browser shows; the page where it ends."""
    assert person.browser.page is not None
    return person.browser.submit(person.browser.page.url, {"code": code})
