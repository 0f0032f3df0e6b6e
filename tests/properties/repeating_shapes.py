"""Shapes of input that can repeat in any JSON, any form and any head: how a request with so many of it looks.

What all routes with a body have in common is made from the routes themselves, so that a new one can't be forgotten. A
shape has a limit, of our own or of the body's or head's length, and is sent at the limit and one above it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from flask import Flask

from fit_service.rules.exact_json import MAX_NUMBER_LENGTH
from fit_service.web.access import MAX_BODY
from tests.support.addresses import addresses, of_nothing

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
HEAD_LINE, HEAD_FIELDS = 8190, 100
"""gunicorn's: bytes of one field of a head, and fields."""


@dataclass(frozen=True)
class Sent:
    """One request, without the credentials."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shape:
    """Something that can repeat."""

    name: str
    limit: int
    request: Callable[[int], Sent]
    is_read: bool = False
    """At the limit it is good, and not only answered."""


def with_routes(app: Flask, methods: frozenset[str] = frozenset({"POST", "PUT", "PATCH"})) -> Iterator[tuple[str, str]]:
    """Each method and path that takes a body; what varies in the path is an id that nothing has."""
    for path, answered in addresses(app):
        for method in sorted(answered & methods):
            yield method, of_nothing(path)


def of_json(method: str, path: str, room: int, body: str = "%s") -> Iterator[Shape]:
    """Of any JSON: `body` has a place for a value."""

    def made(value: Callable[[int], str]) -> Callable[[int], Sent]:
        return lambda count: Sent(method, path, (body % value(count)).encode(), {"Content-Type": JSON})

    room -= len(body)
    yield Shape("digits", MAX_NUMBER_LENGTH, made(lambda count: '{"x": %s}' % ("1" * count)))
    yield Shape("digits without end", room - 16, made(lambda count: '{"x": %s}' % ("1" * count)))
    yield Shape("decimals without end", room - 16, made(lambda count: '{"x": 0.%s}' % ("1" * count)))
    yield Shape("exponents", 999, made(lambda count: f'{{"x": 1e{10**count if count < 30 else "9" * count}}}'))
    yield Shape("arrays in arrays", room // 2 - 8, made(lambda count: "[" * count + "]" * count))
    yield Shape("arrays without end", room - 8, made(lambda count: "[" * count))
    yield Shape("objects in objects", room // 6 - 8, made(lambda count: '{"a":' * count + "1" + "}" * count))
    yield Shape("members", room // 10 - 8, made(lambda count: _members(f"{n:x}" for n in range(count))))
    yield Shape("members of one name", room // 6 - 8, made(lambda count: _members("a" for _ in range(count))))
    yield Shape("items", room // 2 - 8, made(lambda count: "[" + ",".join("1" for _ in range(count)) + "]"))
    yield Shape("characters of a string", room - 8, made(lambda count: json.dumps("x" * count)))
    yield Shape("escapes", room // 6 - 8, made(lambda count: '"' + "\\u00e9" * count + '"'))
    yield Shape("white space", room - 8, made(lambda count: " " * count + "1"))


def _members(names: Iterator[str]) -> str:
    return "{" + ",".join(f'"{name}":1' for name in names) + "}"


def of_forms(method: str, path: str, form: str = "") -> Iterator[Shape]:
    """Of any form, beside these fields."""

    def made(fields: Callable[[int], str]) -> Callable[[int], Sent]:
        return lambda count: Sent(method, path, f"{form}{fields(count)}".encode(), {"Content-Type": FORM})

    room = MAX_BODY - len(form)
    yield Shape("fields", room // 3, made(lambda count: "a=&" * count))
    yield Shape("fields of several names", room // 8, made(lambda count: "&".join(f"{n:x}=1" for n in range(count))))
    yield Shape("characters of a field", room - 2, made(lambda count: "a=" + "x" * count))
    yield Shape("escapes", room // 3 - 2, made(lambda count: "a=" + "%FF" * count))
    for name in ("scope", "resource", "redirect_uri", "token", "client_assertion", "prompt", "audience"):
        words = made(lambda count, name=name: f"{name}=" + "+".join("a" * count))
        yield Shape(f"words of {name}", room // 2 - 12, words)
        repeated = made(lambda count, name=name: "&".join([f"{name}=https://a.example/"] * count))
        yield Shape(f"{name}s", room // 40, repeated)


def of_heads(method: str, path: str) -> Iterator[Shape]:
    """Of the head of any request."""

    def headed(name: str, value: Callable[[int], str]) -> Callable[[int], Sent]:
        return lambda count: Sent(method, path, headers={name: value(count)})

    def with_fields(count: int) -> Sent:
        return Sent(method, path, headers={f"X-{number}": "1" for number in range(count)})

    yield Shape("header fields", HEAD_FIELDS - 5, with_fields)
    for name, word in (
        ("Authorization", "Basic x"),
        ("Authorization", "Bearer x"),
        ("DPoP", "a."),
        ("Cookie", "a=b; "),
        ("If-Match", '"a", '),
        ("If-None-Match", 'W/"a", '),
        ("Accept", "a/b;q=0.1, "),
        ("Accept-Language", "de-DE;q=0.1, "),
        ("Accept-Encoding", "gzip;q=0.1, "),
        ("X-Forwarded-For", "1.1.1.1, "),
        ("Forwarded", "for=1;by=2, "),
        ("Content-Type", "a/b; c=d"),
        ("Range", "bytes=0-1,"),
        ("Origin", "https://a."),
        ("Idempotency-Key", "abcdefgh"),
    ):
        often = headed(name, lambda count, word=word: word * count)
        yield Shape(f"{word.strip()} in {name}", (HEAD_LINE - len(name) - 2) // len(word), often)
    yield Shape("parameters", 1000, lambda count: Sent(method, f"{path}?{'a=&' * count}"))
    yield Shape("characters of a parameter", 4000, lambda count: Sent(method, f"{path}?a={'x' * count}"))
    yield Shape("parts of a path", 2000, lambda count: Sent(method, path + "/x" * count))
