"""What can repeat in what the authorization server reads: authorization requests, registrations, any form, any head."""

import json
from collections.abc import Iterator, Mapping

from flask import Flask

from auth_service.models.client import LONGEST_HOME_PAGE
from auth_service.web.route import MAX_BODY
from tests.properties.repeating_shapes import JSON, Sent, Shape, of_forms, of_heads, of_json, with_routes

GRANTS = ("client_credentials", "authorization_code&code=mac_x", "refresh_token&refresh_token=mrt_x")
WORDS = ("scope", "resource", "redirect_uri", "prompt", "ui_locales", "claims", "login_hint", "state")


def of_the_authorization_server(app: Flask) -> Iterator[tuple[str, Shape]]:
    """All of them, each with what reads it."""
    for method, path in with_routes(app):
        shapes = of_json(method, path, MAX_BODY) if path.startswith("/register") else of_forms(method, path)
        yield from ((f"{method} {path}", shape) for shape in shapes)
    for grant in GRANTS:
        yield from ((f"POST /token, {grant}", shape) for shape in of_forms("POST", "/token", f"grant_type={grant}&"))
    yield from (("GET /authorize", shape) for shape in _authorization_requests())
    yield from (("POST /register", shape) for shape in _registrations())
    for method, path in (("GET", "/"), ("POST", "/token"), ("GET", "/userinfo"), ("GET", "/authorize")):
        yield from ((f"head of {path}", shape) for shape in of_heads(method, path))


def _authorization_requests() -> Iterator[Shape]:
    def asked(query: str) -> Sent:
        return Sent("GET", f"/authorize?client_id=a&{query}")

    for name in WORDS:
        yield Shape(f"words of {name}", 1900, lambda count, name=name: asked(f"{name}={'a+' * count}"))
        yield Shape(f"{name}s", 280, lambda count, name=name: asked("&".join([f"{name}=a"] * count)))


def _registrations() -> Iterator[Shape]:
    for name in ("redirect_uris", "post_logout_redirect_uris"):
        for limit in (20, MAX_BODY // 40):
            yield Shape(name, limit, lambda count, name=name: _registration({name: _addresses(count)}))
    for limit in (1000, MAX_BODY - 200):
        yield Shape("characters of an address", limit, lambda count: _registered_at([_address(count)]))
    grants = ["authorization_code"]
    yield Shape("grant types", MAX_BODY // 40, lambda count: _registration({"grant_types": grants * count}))
    yield Shape("scopes", MAX_BODY // 2 - 200, lambda count: _registration({"scope": "a " * count}))
    yield Shape("characters of a name", MAX_BODY - 200, lambda count: _registration({"client_name": "x" * count}))
    for limit in (LONGEST_HOME_PAGE, MAX_BODY - 200):
        yield Shape("characters of a home page", limit, lambda count: _registration({"client_uri": _address(count)}))
    key = {"kty": "EC", "crv": "P-256", "x": "a" * 43, "y": "a" * 43}
    yield Shape("keys", 10, lambda count: _registration({"jwks": {"keys": [key] * count}}))


def _address(length: int) -> str:
    return "https://a.example/".ljust(length, "x")


def _addresses(count: int) -> list[str]:
    return [f"https://a.example/{number}" for number in range(count)]


def _registered_at(addresses: list[str]) -> Sent:
    return _registration({"redirect_uris": addresses})


def _registration(metadata: Mapping[str, object]) -> Sent:
    document = {"client_name": "a", "redirect_uris": _addresses(1), **metadata}
    return Sent("POST", "/register", json.dumps(document).encode(), {"Content-Type": JSON})
