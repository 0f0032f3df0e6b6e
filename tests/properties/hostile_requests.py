"""Requests that nobody should send: a good one, spoiled in one to four places."""

from dataclasses import replace

from hypothesis import strategies as st

from tests.flows.test_redirect_addresses import APPENDED, OTHERS, REGISTERED
from tests.properties.good_requests import API, APP, FORM, GOOD, JSON, NO_USE, Draft
from tests.support.actions import CALLBACK
from tests.support.registration import PUBLIC

MARKUP = "<script>alert(1)</script>"
OTHER_ADDRESSES = [
    *(address.replace(REGISTERED, CALLBACK).replace("client.example", "127.0.0.1:8002") for address in OTHERS),
    *(CALLBACK + end for end in APPENDED),
    *(CALLBACK.replace("8002", port) for port in ("8003", "99999999", "80\\@evil.example", "80\r\n", "x", "")),
]
TEXTS = [
    "",
    " ",
    "x",
    "\0",
    "a\0b",
    "é🐿",
    "\u202e",
    "\ud800",
    "a" * 300,
    "x" * 5_000,
    "' OR 1=1 --",
    "\r\nX-Injected: yes",
    "%00",
    "%",
    "../../etc/passwd",
    "1e999",
    "-1",
    "null",
    '"\\',
    MARKUP,
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    f"{CALLBACK}.evil.example",
    "mat_" + "A" * 96,
    "e30.e30.e30",
    "none login",
]
LIVE = [
    "LIVE_code",
    "LIVE_refresh_token",
    "LIVE_public_token",
    "LIVE_device_code",
    "LIVE_access_token",
    "LIVE_client_id",
    "LIVE_public_id",
    "LIVE_client_secret",
    "LIVE_verifier",
]
OF_OTHER_REQUESTS = [
    "client_secret",
    "resource",
    "request",
    "request_uri",
    "response_mode",
    "nonce",
    "max_age",
    "login_hint",
    "id_token_hint",
    "dpop_jkt",
    "registration",
    "access_token",
    "actor_token",
    "subject_token",
    "x",
]
NAMES = [name for group in GOOD for good in group for name, _ in (*good.form, *good.query) if name != "csrf_token"]
MEMBERS = [*PUBLIC, "jwks", "jwks_uri", "software_statement", "response_types", "client_secret", "client_id", "x"]
HEADERS = {
    "Authorization": [
        "Basic",
        "Basic !!!",
        "Basic //46eA==",
        "Bearer x y",
        "Bearer",
        "DPoP x",
        "Digest a",
        "é",
        "\xff",
        APP,
        API,
    ],
    "Content-Type": [
        "text/plain",
        JSON,
        FORM,
        f"{FORM}; charset=utf-16",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "",
    ],
    "DPoP": ["x", "", "e30.e30.e30", "a,b", "[" * 3_000, "\xff"],
    "Idempotency-Key": ["x", "k" * 16, "k" * 256, "é" * 20, '"quoted key of letters"'],
    "Accept": ["text/html", JSON, "application/token-introspection+jwt", ";;q=x", "*/*;q=nan", ""],
    "Cookie": ["moogle_auth=x", "moogle_auth=\xff", "moogle_auth=" + "x" * 3_000, ";;=;", "session=e30.x"],
    "X-Request-Id": ["\xff", "x" * 3_000, MARKUP],
    "X-Forwarded-For": ["evil.example"],
    "X-Forwarded-Host": ["evil.example"],
    "Origin": ["https://evil.example", "null", "\xff"],
    "Content-Length": ["-1", "x", "99999999", "9" * 5_000],
    "Transfer-Encoding": ["chunked"],
    "Host": ["evil.example", "", "localhost@evil.example", "\xff"],
}
TAILS = [b"&", b"&=", b"&%", b"&%zz=%FF", b"&\xff=\xfe", b"&x=%ED%A0%80", b"\0", b"&client_id=%C0%80", b"&" * 2_000]
TAILS += [b"&x=" + b"y" * 70_000, b"[" * 50_000, b";scope=x", b"&a[]=b&a[c]=d"]
BODIES = [
    b"[" * 50_000,
    b'{"a":' * 12_000,
    b"\xff\xfe",
    b"null",
    b"7",
    b'"x"',
    b"[]",
    b"{}",
    b"NaN",
    b"1" * 5_000,
    b"{",
]
BODIES += [b'{"client_name": "a", "client_name": "b"}', b'{"client_name": "\\ud800"}', b"--x\r\n", b"x" * 60_000]
PATHS = [
    "/{}",
    "//evil.example{}",
    "/\\evil.example{}",
    "{}/",
    "{}//",
    "{}/../token",
    "{};x",
    "{}\0",
    "{}\xff\xfe",
    "{}%00",
]
PATHS += ["{}\xc3\xa9", "{}\r\nX-Injected: yes", "{}<script>alert(1)</script>", "/static/../..{}", "{}" + "x" * 5_000]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "\xff"]

REDIRECTS = {"redirect_uri", "post_logout_redirect_uri", "next"}

texts = st.sampled_from(TEXTS) | st.sampled_from(LIVE) | st.text(max_size=30)
names = (
    st.sampled_from(OF_OTHER_REQUESTS)
    | st.sampled_from(sorted(set(NAMES)))
    | st.sampled_from(TEXTS)
    | st.text(max_size=10)
)
addresses = st.sampled_from(OTHER_ADDRESSES) | st.text(max_size=20).map(CALLBACK.__add__)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def spoiled(draw: st.DrawFn, draft: Draft) -> Draft:
    """One thing about it changed."""
    kinds = ["header", "header", "header", "tail", "tail", "method", "add", "add", "place", "raw", "path"]
    if draft.form or draft.query:
        kinds += ["value", "value", "value", "drop", "drop", "repeat"]
    if any(name in REDIRECTS for name, _ in (*draft.form, *draft.query)):
        kinds += ["redirect", "redirect", "redirect"]
    if draft.headers:
        kinds += ["bare"]
    if draft.document is not None:
        kinds += ["member", "member", "member", "document", "raw"]
    kind = draw(st.sampled_from(kinds))
    if kind == "header":
        name = draw(st.sampled_from([*HEADERS, "Authorization", "Authorization"]))
        value = draw(st.sampled_from(HEADERS[name]) | st.text(st.characters(max_codepoint=255), max_size=20))
        kept = tuple(pair for pair in draft.headers if pair[0] != name)
        return replace(draft, headers=(*kept, (name, value)))
    if kind == "bare":
        left_out = draw(st.sampled_from(draft.headers))
        return replace(draft, headers=tuple(pair for pair in draft.headers if pair != left_out))
    if kind == "tail":
        return replace(draft, tail=draw(st.sampled_from(TAILS) | st.binary(max_size=20)))
    if kind == "raw":
        return replace(draft, raw=draw(st.sampled_from(BODIES) | st.binary(max_size=20)))
    if kind == "method":
        return replace(draft, method=draw(st.sampled_from(METHODS)))
    if kind == "path":
        return replace(draft, path=draw(st.sampled_from(PATHS)).format(draft.path))
    if kind == "place":
        return replace(draft, query=draft.form, form=draft.query)
    if kind == "document":
        return replace(draft, document=draw(documents))
    if kind == "member":
        members = draft.document if isinstance(draft.document, dict) else {}
        return replace(draft, document={**members, draw(st.sampled_from(MEMBERS)): draw(documents)})
    return _with_other_parameters(draw, draft, kind)


def _with_other_parameters(draw: st.DrawFn, draft: Draft, kind: str) -> Draft:
    where = draw(st.sampled_from([where for where in ("form", "query") if getattr(draft, where)] or ["form"]))
    pairs: list[tuple[str, str]] = list(getattr(draft, where))
    if kind == "add" or not pairs:
        pairs.append((draw(names), draw(texts)))
    else:
        index = draw(st.integers(0, len(pairs) - 1))
        if kind == "redirect":
            pairs = [(name, draw(addresses) if name in REDIRECTS else value) for name, value in pairs]
        elif kind == "drop":
            del pairs[index]
        elif kind == "repeat":
            pairs.append((pairs[index][0], draw(texts)))
        else:
            pairs[index] = (pairs[index][0], draw(texts))
    return replace(draft, **{where: tuple(pairs)})  # type: ignore[arg-type]


@st.composite
def hostile_requests(draw: st.DrawFn) -> Draft:
    """A good request, spoiled."""
    draft = draw(st.one_of(map(st.sampled_from, [*GOOD, NO_USE])))
    for _ in range(draw(st.sampled_from([1, 1, 2, 4]))):
        draft = draw(spoiled(draft))
    return draft
