"""Heads of requests: what usual clients send, and what Hypothesis makes of good and bad parts."""

from typing import Any

from hypothesis import strategies as st

CURL = b"GET /me?a=b%20c HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"
PYTHON_REQUESTS = (
    b"POST /token HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: python-requests/2.32.3\r\n"
    b"Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\nContent-Length: 29\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic YTpi\r\n\r\n"
)
WRK = b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n"
USUAL = [CURL, PYTHON_REQUESTS, WRK]


def repeated(before: bytes, each: bytes, *counts: int) -> st.SearchStrategy[bytes]:
    """Long bytes by a strategy with a short name: Hypothesis warns of long names, even of those it does not show."""
    return st.sampled_from(counts).map(lambda count: before + each * count)


METHODS = st.sampled_from(
    [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"get", b"P", b"G(T", b"", b" GET"]
)
TARGETS = st.one_of(
    st.sampled_from(
        [
            *[
                b"/",
                b"//",
                b"//a.example/b",
                b"/a//b",
                b"/?",
                b"/a?b?c",
                b"/a;b=c?d;e",
                b"/a#b",
                b"/a?b#c",
                b"/%",
                b"*",
            ],
            *[
                b"/%2F%zz%e2%82%ac",
                b"/%00",
                b"/[",
                b"//[",
                b"/a:b",
                b"http://a.example/b?c",
                b"http://[",
                b"a.example:80",
            ],
            *[b"", b"a", b"?", b"/a b", b"/\t", b"/\x7f", b"/\xc3\xa9", b'/..;/\\"<>^`{|}'],
        ]
    ),
    repeated(b"/", b"a", 8_190),
    st.lists(st.sampled_from([bytes([each]) for each in b"/?;#%=&+.:@[]\\aZ09"]), max_size=12).map(
        lambda each: b"/" + b"".join(each)
    ),
)
VERSIONS = st.sampled_from(
    [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b"HTTP/1.1 ", b"HTTP/11", b""]
)
PLAIN_FIELDS = st.sampled_from(
    [
        *[b"Accept: */*", b"Content-Type: application/json", b"Content-Length: 5"],
        *[b"Connection: close", b"Connection: keep-alive", b"Cookie: a=b; c=d", b"Authorization: Bearer a", b"A1-b:"],
    ]
)
NAMED_FIELDS = st.builds(
    lambda name, value: name + b":" + value,
    st.sampled_from(
        [
            *[b"Host", b"HOST", b"X-A", b"x-a", b"X_A", b"Script-Name", b"SCRIPT_NAME", b"Content_Length", b"Cookie"],
            *[b"Host ", b"X A", b"", b" X", b"\tX", b"1", b"-", b"!", b"X\xe9", b"Content-Type", b"Proxy", b"Te"],
        ]
    ),
    st.one_of(
        st.sampled_from(
            [b"", b" ", b"\t a \t", b" a:b", b" a\x00", b" \xe9\xff", b" a\rb", b" \x0b", b" a\x7f", b" \n"]
        ),
        st.binary(max_size=8),
        repeated(b"", b"a", 8_170, 8_200),
    ),
)
SPECIAL_FIELDS = st.one_of(
    st.builds(
        lambda name, value: name + b":" + value,
        st.sampled_from([b"Content-Length", b"content-length"]),
        st.sampled_from(
            [
                *[
                    b" 0",
                    b"5",
                    b" +5",
                    b" -5",
                    b" 5_0",
                    b" 0x5",
                    " ٥".encode(),
                    b" \xb2",
                    b"",
                    b" 5, 5",
                    b" 005",
                    b" 5 5",
                ],
                *[b"\t5\t", b" 5.0", b" 1e3"],
            ]
        )
        | repeated(b" ", b"9", 30, 5_000)
        | repeated(b" ", b"0", 5_000),
    ),
    st.sampled_from(
        [
            *[b"Transfer-Encoding: chunked", b"transfer-encoding:chunked", b"Transfer-Encoding: gzip, chunked"],
            *[
                b"Transfer-Encoding: identity",
                b"Transfer-Encoding: x",
                b"Transfer-Encoding:",
                b"Transfer_Encoding: chunked",
            ],
            *[b"Expect: 100-continue", b"Expect: 100-Continue", b"Expect: more", b"expect:", b"Upgrade: h2c"],
            *[
                b"Connection: Close",
                b"Connection:\tclose\t",
                b"Connection: close, te",
                b"Connection:",
                b"connection: x",
            ],
            *[b"X-Forwarded-Proto: https", b"X-Forwarded-Proto: http", b"X-Forwarded-Ssl: on", b"x-forwarded-proto:"],
            *[b"X-Forwarded-Protocol: ssl", b"X-Forwarded-For: 10.0.0.1", b"REMOTE_USER: a", b"Remote-User: a"],
            *[b" folded", b"\tfolded", b"", b"X-A: b\nX-B: c", b"no colon", b": no name", b"X-A: b\r\n c"],
        ]
    ),
    st.integers(90, 110).map(lambda count: b"\r\n".join(b"X-%d: a" % number for number in range(count))),
)


HOSTS = st.sampled_from([[b"Host: localhost:8000"]] * 5 + [[]])


def _joined(method: bytes, target: bytes, version: bytes, fields: list[bytes], line_end: bytes, before: bytes) -> bytes:
    lines = [method + b" " + target + b" " + version, *fields, b"", b""]
    return before + line_end.join(lines)


def heads(methods: Any, targets: Any, versions: Any, fields: Any, odd: bool) -> st.SearchStrategy[bytes]:
    """Heads of such parts. An odd one may have other ends of lines, or something before it."""
    return st.builds(
        _joined,
        methods,
        targets,
        versions,
        st.builds(list.__add__, HOSTS, st.lists(fields, max_size=8)),
        st.sampled_from([b"\r\n"] * 9 + [b"\n"]) if odd else st.just(b"\r\n"),
        st.sampled_from([b""] * 9 + [b"\r\n", b"\n", b"\r\n\r\n", b" "]) if odd else st.just(b""),
    )


GET, ROOT, ONE_ONE = st.just(b"GET"), st.just(b"/a?b"), st.just(b"HTTP/1.1")
HEADS = st.one_of(
    heads(GET, TARGETS, ONE_ONE, PLAIN_FIELDS, False),
    heads(GET, ROOT, ONE_ONE, st.one_of(PLAIN_FIELDS, NAMED_FIELDS), False),
    heads(GET, ROOT, ONE_ONE, st.one_of(PLAIN_FIELDS, SPECIAL_FIELDS), False),
    heads(METHODS, TARGETS, VERSIONS, st.one_of(PLAIN_FIELDS, NAMED_FIELDS, SPECIAL_FIELDS), True),
)
