"""A head means what gunicorn's own parser says it means, or is refused; and no head depends on how it was cut."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ConfigurationProblem, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import create
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from buffering_worker import head_checks
from buffering_worker.outgoing import Outgoing
from buffering_worker.refusal import RefusedError
from buffering_worker.request_head import LONGEST_HEAD, Head, HeadReader, Peers

CLIENT, SERVER = ("127.0.0.1", 40_000), ("127.0.0.2", 8_000)
OF_THE_SERVER = {
    *["wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.file_wrapper", "wsgi.early_hints"],
    *["gunicorn.socket", "SERVER_SOFTWARE"],
}
"""What an environment says of its server and not of a request."""
STRICTER = (
    "This method is not known here.",
    "The request line doesn't end with HTTP/1.1 or HTTP/1.0.",
    "There is no Host.",
    "Host is no host.",
    "The target has a fragment.",
    "The target is neither a path nor an address of the host that Host names.",
    "The only transfer coding here is chunked.",
    "Content-Length is no length.",
    "Request has invalid `Transfer-Encoding`.",
)
"""Why ours refuses what gunicorn's parser takes: it is wrong by RFC 9112 or means nothing to any application, but for a
tab behind "chunked", which httptools doesn't take."""

CURL = b"GET /me?a=b%20c HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n"
PYTHON_REQUESTS = (
    b"POST /token HTTP/1.1\r\nHost: localhost:8000\r\nUser-Agent: python-requests/2.32.3\r\n"
    b"Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\nContent-Length: 29\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic YTpi\r\n\r\n"
)
WRK = b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n"
USUAL = [CURL, PYTHON_REQUESTS, WRK]


class Deaf(Outgoing):
    """To which everything can be said."""

    def __init__(self) -> None:
        pass

    def send(self, data: bytes) -> int:
        return len(data)


def configuration(**values: Any) -> Config:
    """Under which nobody believes a proxy: ours never does."""
    config = Config()
    for name, value in {"forwarded_allow_ips": "", "forwarder_headers": "", **values}.items():
        config.set(name, value)
    return config


CONFIGURATIONS = {
    "default": configuration(),
    "five fields": configuration(limit_request_fields=5),
    "short line": configuration(limit_request_line=40),
    "long line": configuration(limit_request_line=8_190),
    "any line": configuration(limit_request_line=0),
    "short field": configuration(limit_request_field_size=50),
}
READERS = {name: HeadReader(config) for name, config in CONFIGURATIONS.items()}


def peers_of(reader: HeadReader, client: tuple[str, int] = CLIENT) -> Peers:
    return reader.peers(Deaf(), client, SERVER)


def of_the_request(environ: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in environ.items() if name not in OF_THE_SERVER}


def meaning(head: Head, ends: bool) -> tuple[Any, ...]:
    return of_the_request(head.environ), head.size, head.length, head.chunked, head.expects_continue, ends


def by_gunicorn(config: Config, received: bytes, client: tuple[str, int] = CLIENT) -> tuple[Any, ...] | None:
    """What its own parser takes a head to mean, or None if it refuses it."""
    unread = IterUnreader([received])
    try:
        request: Any = Request(config, unread, client)
        made: Any = create(request, Deaf(), client, SERVER, config)
    except (ParseException, ConfigurationProblem, StopIteration):
        return None
    environ, reader = of_the_request(made[1]), request.body.reader
    size, chunked = len(received) - len(unread.take_buffered()), isinstance(reader, ChunkedReader)
    length = 0 if chunked else reader.length
    return environ, size, length, chunked, request._expected_100_continue, request.should_close()


def read(reader: HeadReader, received: bytes) -> tuple[Any, ...] | str | None:
    """What it means, "refused", or None as long as there is more to come."""
    try:
        head = reader.read(bytearray(received), peers_of(reader))
    except RefusedError:
        return "refused"
    return meaning(head, head.answer.should_close()) if head else None


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


def assert_gunicorn_agrees(name: str, received: bytes, client: tuple[str, int] = CLIENT) -> str | None:
    """Why ours refuses it, or None if it means to ours what it means to gunicorn."""
    reader, config = READERS[name], CONFIGURATIONS[name]
    try:
        head = reader.read(bytearray(received), peers_of(reader, client))
    except RefusedError as error:
        return str(error)
    assert head, "there is a whole head"
    theirs = by_gunicorn(config, received, client)
    assert theirs, (received, "only ours takes it")
    # gunicorn knows no list of connection options, and no path where an address has none
    ends = theirs[-1] if "," in head.environ.get("HTTP_CONNECTION", "") else head.answer._ends
    head.environ["PATH_INFO"] = theirs[0]["PATH_INFO"] or head.environ["PATH_INFO"].removeprefix("/")
    assert meaning(head, ends) == theirs
    return None


@pytest.mark.parametrize(
    "received", [*USUAL, b"\r\n" + WRK], ids=["curl", "python-requests", "wrk", "empty line before"]
)
@pytest.mark.parametrize("name", ["default", "long line", "any line"])
def test_what_common_clients_send_means_what_it_means_to_gunicorn(name: str, received: bytes) -> None:
    assert assert_gunicorn_agrees(name, received) is None


@settings(max_examples=200, deadline=None)
@example(b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: " + b"9" * 5_000 + b"\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nA: 1\r\nA: 2\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 46 + b"\r\n\r\n", CLIENT, b"")
@example(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 8_188 + b"\r\n\r\n", CLIENT, b"")
@example(b"GET http://a.example/b?c HTTP/1.1\r\nHost: a.example\r\n\r\n", CLIENT, b"")
@given(
    HEADS, st.sampled_from([CLIENT, ("::1", 1), ("10.0.0.1", 2), ("not an address", 3)]), st.sampled_from([b"", WRK])
)
def test_a_head_means_what_it_means_to_gunicorn_or_is_refused(
    received: bytes, client: tuple[str, int], after: bytes
) -> None:
    end = received.find(b"\r\n\r\n", 2 if received.startswith(b"\r\n") else 0)
    if end >= 0:
        for name in READERS:
            event(str(assert_gunicorn_agrees(name, received[: end + 4] + after, client)))


def changed(head: bytes) -> Iterator[bytes]:
    """With one byte more, less, or another one, at every place."""
    for place in range(len(head)):
        yield head[:place] + head[place + 1 :]
        for value in range(256):
            yield head[:place] + bytes([value]) + head[place:]
            yield head[:place] + bytes([value]) + head[place + 1 :]


@pytest.mark.parametrize(
    "head",
    [
        b"GET /a?b HTTP/1.1\r\nHost: a.b\r\nA: c\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
    ids=["plain", "with a length", "with chunks"],
)
@pytest.mark.clause("RFC 9112 §6.3")
def test_heads_that_differ_in_one_byte_from_usual_ones_mean_what_they_mean_to_gunicorn(head: bytes) -> None:
    outcomes = set()
    for each in changed(head):
        if b"\r\n\r\n" in each[2:] and not each.startswith(b"\r\n\r\n"):
            refused = assert_gunicorn_agrees("default", each)
            outcomes.add(refused)
            if refused and refused not in STRICTER:
                assert by_gunicorn(CONFIGURATIONS["default"], each) is None, (each, refused)
    assert {None, "There is no Host.", "This method is not known here."} <= outcomes


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /  HTTP/1.1", 400),
        ("GET  / HTTP/1.1", 400),
        ("GET / HTTP/0.9", 400),
        ("GET / HTTP/2.0", 400),
        ("GET / RTSP/1.0", 400),
        ("GET /", 400),
        ("GET * HTTP/1.1", 400),
        ("GET /a#b HTTP/1.1", 400),
        ("GET http://b/ HTTP/1.1", 400),
        ("GET http://c@a/ HTTP/1.1", 400),
        ("GET ftp://a/ HTTP/1.1", 400),
        ("\nGET / HTTP/1.1", 400),
        ("\r\n\r\nGET / HTTP/1.1", 400),
        ("CONNECT a:80 HTTP/1.1", 501),
        ("NOVEL / HTTP/1.1", 501),
        ("get / HTTP/1.1", 501),
        ("G(T / HTTP/1.1", 400),
    ],
)
@pytest.mark.clause("RFC 9112 §3")
def test_what_the_parser_would_take_and_nobody_should_is_refused(line: str, status: int) -> None:
    received = f"{line}\r\nHost: a\r\n\r\n".encode()
    with pytest.raises(RefusedError) as refused:
        READERS["default"].read(bytearray(received), peers_of(READERS["default"]))
    assert refused.value.status == status


@pytest.mark.parametrize("hosts", [[], ["a", "a"], ["a b"], ["a/b"], ["a@b"], ["a:b"], ["[::1"]], ids=str)
@pytest.mark.clause("RFC 9112 §3.2")
def test_a_request_names_one_host(hosts: list[str]) -> None:
    fields = "".join(f"Host: {host}\r\n" for host in hosts)
    assert read(READERS["default"], f"GET / HTTP/1.1\r\n{fields}\r\n".encode()) == "refused"


@pytest.mark.parametrize(
    "field",
    [
        b"Content-Length: " + each
        for each in (b"+5", b"5_0", b"0x5", "٥".encode(), b"", b"5, 5", b"9" * 5_000, b"0" * 5_000)
    ]
    + [b"Transfer-Encoding: chunked\r\nContent-Length: 5", b"Content-Length: 5\r\nContent-Length: 5", b"A : b"]
    + [
        b"Host: a",
        b"Content-Type: a\r\nContent-Type: a",
        b"Transfer-Encoding: chunked, chunked",
        b"A: b\r\n c",
        b"A: b\nC: d",
    ],
    ids=lambda field: field[:40].decode(),
)
@pytest.mark.clause("RFC 9112 §6.3")
def test_a_field_that_could_be_read_in_two_ways_is_refused(field: bytes) -> None:
    assert read(READERS["default"], b"POST / HTTP/1.1\r\nHost: a\r\n" + field + b"\r\n\r\n") == "refused"


@pytest.mark.parametrize(
    "fields",
    [{"CONTENT_LENGTH": each} for each in ("+5", "-5", "5_0", "٥", "\xb2", "", "5,5", "9" * 19)]
    + [{"HTTP_TRANSFER_ENCODING": each} for each in ("", "gzip", "gzip, chunked", "chunked, chunked", "identity")]
    + [{"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": "5"}],
    ids=str,
)
@pytest.mark.clause("RFC 9112 §6.3")
def test_how_long_a_body_is_does_not_rest_on_the_parser(fields: dict[str, str]) -> None:
    with pytest.raises(RefusedError):
        head_checks.framing(fields, (1, 1))


@pytest.mark.parametrize("after", [b"hello", b"hello" + WRK], ids=["a body", "a body and a request"])
def test_a_parser_that_goes_on_behind_a_head_is_not_believed(after: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    with pytest.raises(RefusedError, match="doesn't end"):
        READERS["default"]._read(head + after, len(head), peers_of(READERS["default"]))


@pytest.mark.parametrize(
    ("version", "connection", "ends"),
    [("1.1", "te, Close", True), ("1.1", "te", False), ("1.0", "te", True), ("1.0", "Keep-Alive, te", False)],
)
@pytest.mark.clause("RFC 9112 §9.3")
def test_connection_options_are_a_list(version: str, connection: str, ends: bool) -> None:
    request = f"GET / HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n\r\n".encode()
    head = READERS["default"].read(bytearray(request), peers_of(READERS["default"]))
    assert head
    head.answer.start_response("200 OK", [("Content-Length", "0")])
    assert head.answer.should_close() == ends


@settings(max_examples=100, deadline=None)
@given(HEADS, st.sampled_from([b"", WRK, b"5\r\nhello\r\n0\r\n\r\n", b"\n\n"]), st.data())
def test_a_head_is_the_same_whichever_way_it_is_cut(received: bytes, after: bytes, data: st.DataObject) -> None:
    received += after
    for name in ("default", "any line", "five fields"):
        whole = read(READERS[name], received)
        cuts = set(data.draw(st.lists(st.integers(0, len(received)), max_size=30)))
        cuts |= set(range(max(0, len(received) - len(after) - 5), len(received) + 1))
        answers = [read(READERS[name], received[:cut]) for cut in sorted(cuts)]
        assert set(map(str, answers)) <= {"None", str(whole)}
        assert all(now == whole for before, now in pairwise(answers) if before is not None)


@pytest.mark.parametrize("size", [LONGEST_HEAD - 200, LONGEST_HEAD, LONGEST_HEAD + 1, LONGEST_HEAD + 5_000])
def test_a_head_is_too_long_whichever_way_it_is_cut(size: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %b\r\n" % (number, b"a" * 8_000) for number in range(8))
    head += b"Y: " + b"a" * (size - len(head) - 7) + b"\r\n\r\n"
    assert len(head) == size
    answers = {str(read(READERS["default"], head[:cut])) for cut in range(size - 10, size + 1)}
    answers |= {str(read(READERS["default"], head + WRK))}
    assert len(answers - {"None"}) == 1
    assert ("refused" in answers) == (size > LONGEST_HEAD)
