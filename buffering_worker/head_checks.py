"""What a server has to check of a head beyond its grammar. httptools checks nothing of this; gunicorn most of it.

Each check raises RefusedError. They run in this order:

 1. `version_of`: the request line isn't too long, and ends with one space and HTTP/1.1 or HTTP/1.0.
 2. `one_reading`: the parser saw one head and nothing behind it.
 3. Method and target stand with one space between them, and nothing else does.
 4. The method isn't CONNECT, after which anything may follow.
 5. `fields`: there aren't too many, and none is too long.
 6. None that has one value comes twice.
 7. `host`: there is one in HTTP/1.1, and it is a host's name or address.
 8. `framing`: Content-Length is a number that Python and everybody else reads alike.
 9. Transfer-Encoding is "chunked", in HTTP/1.1, without Content-Length.
10. `expects_continue`: nothing else is expected.
11. `origin_form`: the target is a path, or an address of this very host, or the asterisk of OPTIONS.
12. Names with underscores are dropped, where fields are collected: in an environment they fall together with others.
"""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from buffering_worker.refusal import RefusedError, malformed

_MOST_DIGITS = 18
"""A Content-Length has no more. Python refuses to make a number of thousands of digits."""
_ONE_ONE, _ONE_ZERO = (1, 1), (1, 0)
_VERSIONS = {b" HTTP/1.1": _ONE_ONE, b" HTTP/1.0": _ONE_ZERO}
VERSION_SIZE = 9
"""The bytes of a version and of the space before it."""
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::([0-9]*))?")
_SINGLE = frozenset({"HTTP_HOST", "CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"})
"""Fields that have one value. Of two, another server may believe the other one (RFC 9110 §5.3)."""


@dataclass(frozen=True, slots=True)
class HeadLimits:
    """The largest head that is read: bytes of the request line, bytes of a field, and how many fields."""

    line: int
    field: int
    fields: int


def line_length(length: int, limits: HeadLimits) -> None:
    """Refuse a request line that is too long. A length of -1 means that no end was found."""
    if not 0 <= length <= limits.line:
        raise RefusedError(HTTPStatus.REQUEST_URI_TOO_LONG, "The request line is too long.")


def version_of(line: bytes, limits: HeadLimits) -> tuple[int, int]:
    """Read the version in a request line (RFC 9112 §3)."""
    line_length(len(line), limits)
    version = _VERSIONS.get(line[-VERSION_SIZE:])
    if version is None:
        raise malformed("The request line doesn't end with HTTP/1.1 or HTTP/1.0.")
    return version


def one_reading(line: bytes, method: bytes, target: bytes, heads: int, *, went_on: bool) -> None:
    """Refuse what the parser has read otherwise than it stands there."""
    if heads != 1 or went_on:
        raise malformed("The head doesn't end where its empty line is.")
    if line[:-VERSION_SIZE] != method + b" " + target:
        raise malformed("The request line isn't a method, a target and a version with one space between them.")
    if method == b"CONNECT":
        raise unknown_method(line)


def fields(head: bytes, count: int, repeated: Set[str], limits: HeadLimits) -> None:
    """Refuse fields beyond the limits, and contradictions."""
    if count > limits.fields:
        raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "There are too many fields.")
    if len(head) > limits.field and max(map(len, head.split(b"\r\n")[1:])) + 2 > limits.field:
        raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "A field is too long.")
    if repeated and not _SINGLE.isdisjoint(repeated):
        raise malformed("A field that has one value comes twice.")


def host(environ: Mapping[str, Any], version: tuple[int, int]) -> str | None:
    """Read what the client calls this server (RFC 9112 §3.2)."""
    value: str | None = environ.get("HTTP_HOST")
    if value is None and version == _ONE_ONE:
        raise malformed("There is no Host.")
    if value and not _is_host(value):
        raise malformed("Host is no host.")
    return value


@lru_cache(500)
def _is_host(value: str) -> bool:
    return _HOST.fullmatch(value) is not None


def framing(environ: Mapping[str, Any], version: tuple[int, int]) -> tuple[int, bool]:
    """Read how many bytes the body has, and whether it comes in chunks instead (RFC 9112 §6.3)."""
    length, coding = environ.get("CONTENT_LENGTH", "0"), environ.get("HTTP_TRANSFER_ENCODING")
    if not (length.isascii() and length.isdecimal()) or len(length) > _MOST_DIGITS:
        raise malformed("Content-Length is no length.")
    if coding is None:
        return int(length), False
    if coding.lower() != "chunked":
        raise RefusedError(HTTPStatus.NOT_IMPLEMENTED, "The only transfer coding here is chunked.")
    if "CONTENT_LENGTH" in environ or version != _ONE_ONE:
        raise malformed("Transfer-Encoding is for HTTP/1.1 and excludes Content-Length.")
    return 0, True


def expects_continue(environ: Mapping[str, Any], version: tuple[int, int]) -> bool:
    """Say whether the client waits for a `100 Continue` before it sends the body (RFC 9110 §10.1.1)."""
    expected = environ.get("HTTP_EXPECT")
    if expected is not None and expected.lower() != "100-continue":
        raise RefusedError(HTTPStatus.EXPECTATION_FAILED, "The only expectation here is 100-continue.")
    return expected is not None and version == _ONE_ONE


def origin_form(method: str, target: str, own: str | None) -> str:
    """Read path and query of a target (RFC 9112 §3.2). An address has to be of the host that the Host field names."""
    if "#" in target:
        raise malformed("The target has a fragment.")
    if target.startswith("/") or (target, method) == ("*", "OPTIONS"):
        return target
    scheme, _, rest = target.partition("://")
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    if scheme.lower() not in {"http", "https"} or not authority or authority.lower() != (own or "").lower():
        raise malformed("The target is neither a path nor an address of the host that Host names.")
    path = rest.removeprefix(authority)
    return path if path.startswith("/") else f"/{path}"


def name_and_port(own: str | None) -> tuple[str, str]:
    """Split what the Host field says, or what WSGI may be told where it says nothing."""
    found = _HOST.fullmatch(own or "")
    return (found[1] or "localhost", found[2] or "80") if found else ("localhost", "80")


def unknown_method(line: bytes) -> RefusedError:
    """The error about a method that nobody here knows, or about what is no method (RFC 9110 §15.6.2)."""
    method, space, _ = line.partition(b" ")
    if not space or not _TOKEN.fullmatch(method):
        return malformed("The request line doesn't begin with a method.")
    return RefusedError(HTTPStatus.NOT_IMPLEMENTED, "This method is not known here.")
