"""An authenticator in Python: what a browser would bring of a passkey, and whatever a thief would."""

import base64
import hashlib
import html
import json
import re
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import encode_cbor

from tests.support.actions import TIMEOUT, Browser, Person

PRESENT, VERIFIED, MAY_BE_SYNCED, HAS_KEY = 1, 4, 8, 64


@dataclass
class Authenticator:
    """It has one passkey, after it made one."""

    origin: str
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    used: int = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    user: bytes = b""
    attachment: str | None = "platform"

    def make(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.create` gives, as JSON."""
        self.user = from_base64url(options["user"]["id"])
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")}
        key = bytes(16) + struct.pack(">H", len(self.credential_id)) + self.credential_id + encode_cbor(cose)
        data = self._data(options["rp"]["id"], self.flags | HAS_KEY) + key
        attestation = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        client_data = self._client_data("webauthn.create", options["challenge"])
        return self._answer(clientDataJSON=client_data, attestationObject=attestation)

    def sign(self, options: dict[str, Any], **client_data: Any) -> str:
        """What `navigator.credentials.get` gives, as JSON."""
        self.used += self.counts
        data = self._data(options["rpId"], self.flags)
        said = self._client_data("webauthn.get", options["challenge"], **client_data)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=said, authenticatorData=data, signature=signature, userHandle=self.user)

    def _data(self, site: str, flags: int) -> bytes:
        return hashlib.sha256(site.encode()).digest() + struct.pack(">BI", flags, self.used)

    def _client_data(self, kind: str, challenge: str, **more: Any) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, **more}).encode()

    def _answer(self, **response: bytes) -> str:
        encoded = {name: to_base64url(value) for name, value in response.items()}
        credential_id = to_base64url(self.credential_id)
        answer = {"id": credential_id, "rawId": credential_id, "type": "public-key", "response": encoded}
        return json.dumps({**answer, "authenticatorAttachment": self.attachment})


def to_base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ask(browser: Browser, page: str, address: str) -> dict[str, Any]:
    """What the script of a page is told when it asks."""
    token = browser.get(page).text.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    assert browser.page is not None
    root = browser.page.url.partition("/account")[0].partition("/sign-in")[0]
    answer = browser.session.post(root + address, headers={"X-CSRFToken": token}, timeout=TIMEOUT)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()
    return options


def add_passkey(person: Person, authenticator: Authenticator, name: str = "A passkey") -> requests.Response:
    """Of a person who has just signed in."""
    options = ask(person.browser, "/account/passkeys/add", "/account/passkeys/options")
    fields = {"name": name, "answer": authenticator.make(options)}
    return person.browser.submit("/account/passkeys/add", fields)


def passkey_sign_in(browser: Browser, authenticator: Authenticator, page: str = "/sign-in") -> requests.Response:
    """The page where it ends."""
    return bring(browser, authenticator.sign(ask(browser, page, "/sign-in/passkey/options")))


def bring(browser: Browser, answer: str) -> requests.Response:
    assert browser.page is not None
    [action] = re.findall('<form id="passkey" method="post" action="([^"]+)"', browser.page.text)
    return browser.submit(html.unescape(action), {"answer": answer})
