"""Reads heads with the worker's reader and with gunicorn's own parser, so that they can be compared."""

from typing import Any

from gunicorn.config import Config
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ConfigurationProblem, ParseException
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import create

from buffering_worker.refusal import RefusedError
from buffering_worker.request_head import Head, HeadReader, Peers
from buffering_worker.send_buffer import SendBuffer
from buffering_worker.settings import head_limits

CLIENT, SERVER = ("127.0.0.1", 40_000), ("127.0.0.2", 8_000)
OF_THE_SERVER = {
    *["wsgi.input", "wsgi.errors", "wsgi.multithread", "wsgi.file_wrapper", "wsgi.early_hints"],
    *["gunicorn.socket", "SERVER_SOFTWARE"],
}
"""What an environment says of its server and not of a request."""


class Deaf(SendBuffer):
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
READERS = {name: HeadReader(head_limits(config), multiprocess=False) for name, config in CONFIGURATIONS.items()}


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
        deaf: Any = Deaf()
        made: Any = create(request, deaf, client, SERVER, config)
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
    return meaning(head, head.response.should_close()) if head else None


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
    ends = theirs[-1] if "," in head.environ.get("HTTP_CONNECTION", "") else head.response._ends
    head.environ["PATH_INFO"] = theirs[0]["PATH_INFO"] or head.environ["PATH_INFO"].removeprefix("/")
    assert meaning(head, ends) == theirs
    return None
