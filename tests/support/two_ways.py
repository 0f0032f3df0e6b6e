"""One request sent both ways, without and with the framework, and many that are almost usual."""

import base64
import io
import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from hypothesis import strategies as st
from werkzeug.test import run_wsgi_app

from auth_service.web.lean_forms import LeanForms
from shared.host_names import HostNames
from tests.support.actions import READ, Actions

FORM = "application/x-www-form-urlencoded"
ORIGIN = "https://scripts.of.an.app.example"
REQUEST_ID = "one-request.of_an-app"
FRESH = re.compile(r"m[a-z]t_[\w-]{96}|eyJ[\w-]+\.[\w.-]+")
"""Tokens and signed answers."""


@dataclass(frozen=True)
class Sent:
    """A request as a WSGI server hands it over."""

    path: str
    body: bytes
    environ: dict[str, str | None] = field(default_factory=dict)
    """What differs from a usual request; None: what this one doesn't have."""

    def environ_for(self, host: str) -> dict[str, Any]:
        length = self.environ.get("CONTENT_LENGTH", str(len(self.body)))
        usual = {
            "REQUEST_METHOD": "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": host,
            "CONTENT_TYPE": FORM,
            "CONTENT_LENGTH": length,
            "REMOTE_ADDR": "192.0.2.1",
            "HTTP_X_REQUEST_ID": REQUEST_ID,
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body[: int(length[:9])] if (length or "").isdecimal() else self.body),
            "wsgi.errors": io.StringIO(),
        }
        return {name: value for name, value in {**usual, **self.environ}.items() if value is not None}


@dataclass(frozen=True)
class Answer:
    """What came back, without what is made anew for each."""

    status: str
    headers: list[tuple[str, str]]
    body: str


class House:
    """The service, with something of everything that a request may be about."""

    def __init__(self, actions: Actions) -> None:
        names = actions.stack.auth_app.wsgi_app
        assert isinstance(names, HostNames)
        lean = names.application
        assert isinstance(lean, LeanForms)
        self.lean = lean
        self.host = urlsplit(actions.stack.auth).netloc
        grant_types = [
            part
            for name in ("authorization_code", "refresh_token", "client_credentials")
            for part in ("--grant-type", name)
        ]
        app, public, mo = actions.app(*grant_types), actions.app("--origin", ORIGIN, public=True), actions.person()
        granted, ended = app.connect(mo, scopes=[READ]), app.connect(actions.person())
        app.revoke(ended.refresh)
        fit, other = actions.stack.fit_credentials, actions.stack.other_credentials
        assert app.secret is not None
        self.client, self.caller = basic(app.client_id, app.secret), basic(fit.name, fit.secret)
        self.spendable, self.access = granted.refresh, granted.access
        self.tokens = [
            granted.access,
            ended.access,
            ended.refresh,
            app.client_credentials().json()["access_token"],
            public.connect(mo).access,
            granted.access[:-1],
            "mat_" + "A" * 96,
        ]
        self.authorizations = [
            self.client,
            self.caller,
            self.caller.lower(),
            basic(other.name, other.secret),
            basic(fit.name, "wrong"),
            basic("nobody", "x"),
            basic(public.client_id, ""),
            "Basic",
            "Basic !",
            "Basic " + base64.b64encode(b"no-colon").decode(),
            "Basic " + base64.b64encode(b"\xff:\xff").decode(),
            f"Bearer {granted.access}",
            "é".encode().decode("latin-1"),
            None,
        ]
        self.credentials = [("client_id", name) for name in (app.client_id, public.client_id, fit.name, "x")]
        self.credentials += [("client_secret", secret) for secret in (app.secret, fit.secret, "x")]

    def answers(self, sent: Sent) -> tuple[Answer, Answer]:
        """The lean one and the framework's, each as if it were the first from its address."""
        sent = replace(sent, environ={"REMOTE_ADDR": f"address {secrets.token_hex(8)}", **sent.environ})
        return self.answer(self.lean, sent), self.answer(self.lean.framework, sent)

    def answer(self, application: Any, sent: Sent) -> Answer:
        body, status, headers = run_wsgi_app(application, sent.environ_for(self.host))
        text = FRESH.sub("made anew", b"".join(body).decode())
        fixed = [(name, value) for name, value in headers.items() if name != "X-Request-Id" or value == REQUEST_ID]
        return Answer(status, sorted(fixed), text)


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


# What is sent: mostly usual requests, each with a few things that are not.

ODD = ["", "x", "a b", "é🐿", "\0", "a\0b", '"', "A" * 300, "A" * 70_000, "&", "=", "mat_", "\r\nX-Injected: yes"]
ENCODED = [quote(text, safe="") for text in ODD] + [
    "%FF%FE",
    "%ED%A0%80",
    "%",
    "%zz",
    "%0",
    "+",
    "a+b%2B",
    "é",
    "a;b=c",
]
GRANT_TYPES = ["client_credentials", "refresh_token", "authorization_code", "password", "device_code"]
SCOPES = [READ, f"{READ} plans:read", "openid", "nonsense"]
RESOURCES = ["http://localhost:9/plans/", "x", "http://[", "https://nowhere.example/#x"]
NAMES = ["token", "token_type_hint", "grant_type", "scope", "resource", "refresh_token", "code", "colour", "", "[]"]
UNUSUAL: dict[str, list[str | None]] = {
    "REQUEST_METHOD": ["GET", "HEAD", "PUT", "OPTIONS", "NONSENSE"],
    "SCRIPT_NAME": ["/below"],
    "PATH_INFO": ["/", "/introspect/", "/Token", "//token", "/revoke", "/introspe\xc3\xa9", "/token\xff"],
    "QUERY_STRING": ["token=x", "&", "%", "x=%FF", "x=\xff\xfe"],
    "HTTP_HOST": [
        "localhost",
        "localhost:1",
        "LOCALHOST",
        "localhost.",
        "localhost:",
        "localhost:99999",
        "",
        None,
        "evil.example",
        "localhost@evil.example",
        "127.0.0.1",
    ],
    "CONTENT_TYPE": [
        None,
        "",
        f"{FORM}; charset=UTF-8",
        FORM.upper(),
        f" {FORM}",
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        f"{FORM};",
    ],
    "CONTENT_LENGTH": [
        None,
        "",
        "0",
        "1",
        "-1",
        "+5",
        " 5",
        "5 ",
        "1e1",
        "²",
        "٣",
        "65536",
        "65537",
        "9" * 30,
        "9" * 5_000,
    ],
    "HTTP_COOKIE": ["moogle_auth=x", "x"],
    "HTTP_ORIGIN": [ORIGIN, "https://evil.example", "null", ""],
    "HTTP_TRANSFER_ENCODING": ["chunked", "identity"],
    "HTTP_ACCEPT": ["text/html", "application/token-introspection+jwt", "*/*", "application/json", "x"],
    "HTTP_DPOP": ["x", ""],
    "HTTP_IDEMPOTENCY_KEY": ["short", "a-key-of-twenty-letters"],
    "HTTP_X_REQUEST_ID": ["short", "x" * 65, "with spaces in it", None],
    "HTTP_X_FORWARDED_FOR": ["192.0.2.7"],
    "HTTP_X_FORWARDED_HOST": ["evil.example"],
    "HTTP_EXPECT": ["100-continue"],
    "wsgi.input_terminated": ["as gunicorn says"],
}


@st.composite
def requests_sent(draw: st.DrawFn, house: House) -> Sent:
    """A request that is usual, but for some of its parameters, headers or bytes."""
    introspects = draw(st.booleans())
    right = house.caller if introspects else house.client
    others = st.sampled_from([None, *house.authorizations])
    environ = {"HTTP_AUTHORIZATION": draw(st.just(right) | others if draw(st.booleans()) else st.just(right))}
    for name in draw(st.lists(st.sampled_from(sorted(UNUSUAL)), max_size=2) if draw(st.booleans()) else st.just([])):
        environ[name] = draw(st.sampled_from(UNUSUAL[name]))
    fields = [("token", draw(st.sampled_from(house.tokens)))]
    if not introspects:
        fields = [("grant_type", draw(st.sampled_from(GRANT_TYPES)))]
    more = st.one_of(
        st.sampled_from(house.credentials),
        st.tuples(st.just("scope"), st.sampled_from(SCOPES)),
        st.tuples(st.just("resource"), st.sampled_from(RESOURCES)),
        st.tuples(st.just("token_type_hint"), st.just("access_token")),
        st.tuples(st.sampled_from(["refresh_token", "token", "code"]), st.sampled_from(house.tokens)),
    )
    fields += draw(st.lists(more, max_size=2))
    body = urlencode(fields)
    if draw(st.booleans()):
        pair = f"{draw(st.sampled_from(NAMES))}={draw(st.sampled_from(ENCODED))}"
        body = draw(st.sampled_from([f"{body}&{pair}", f"{pair}&{body}", pair, f"{body}&&", body.replace("=", "", 1)]))
    sent = body.encode()
    if draw(st.integers(0, 20)) == 0:
        sent = draw(st.binary(max_size=40)) + sent
    return Sent("/introspect" if introspects else "/token", sent, environ)
