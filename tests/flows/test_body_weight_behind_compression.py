"""Versions behind proxies that compress answers: each guarded change is still possible, and none is unguarded."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.support.actions import TIMEOUT, Actions
from tests.support.compressing_proxies import COMPRESSING, compressing_proxy

LIST = "/api/body_weight/"
Ask = Callable[..., requests.Response]


@pytest.fixture
def token(actions: Actions) -> str:
    return actions.token()


@pytest.fixture(params=COMPRESSING)
def through(request: pytest.FixtureRequest, actions: Actions, token: str) -> Iterator[Ask]:
    """Asks by way of the proxy."""
    kind = COMPRESSING[request.param]
    if kind.path is None:
        pytest.skip(f"needs {kind.program}")
    with compressing_proxy(kind, urlsplit(actions.stack.fit).port or 0) as address:

        def ask(method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> requests.Response:
            both = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip", **(headers or {})}
            return requests.request(method, address + path, headers=both, timeout=TIMEOUT, **options)

        assert "Content-Encoding" in ask("GET", "/openapi.json").headers, "it compresses what it may"
        yield ask


@pytest.mark.clause("RFC 9110 §13.1.1")
def test_the_version_in_the_body_guards_a_change_whatever_became_of_the_tag(through: Ask) -> None:
    address = through("POST", LIST, json={"body_weight": "82.5", "unit": "kg"}).headers["Location"]
    seen = through("GET", address)
    stale = seen.json()["version"]
    for number, amount in enumerate((81, 80)):
        version = through("GET", LIST).json()[0]["version"]
        guard = {"If-Match": f'"{version}"'} if number else {}
        member = {} if number else {"version": version}
        changed = through("PATCH", address, guard, json={"body_weight": amount, **member})
        assert (changed.status_code, changed.json()["body_weight"]) == (200, str(amount))
        assert through("PATCH", address, guard, json={"body_weight": 99, **member}).status_code == 412
    for refused in ({"If-Match": f'"{stale}"'}, {"If-Match": seen.headers["ETag"]}, {"If-Match": f'W/"{stale}"'}):
        assert through("PATCH", address, refused, json={"body_weight": 99}).status_code == 412
    strong = not through("GET", address).headers["ETag"].startswith("W/")
    for status in (204 if strong else 412, 404 if strong else 412):
        tag = through("GET", address).headers.get("ETag", '"gone"')
        assert through("DELETE", address, {"If-Match": tag}).status_code == status


@pytest.mark.clause("RFC 9110 §13.1.2")
def test_whoever_has_the_version_that_the_proxy_told_gets_304(through: Ask) -> None:
    through("POST", LIST, json={"body_weight": "82.5", "unit": "kg"})
    for address in (LIST, f"{LIST}latest", f"{LIST}?unit=lbs"):
        known = {"If-None-Match": through("GET", address).headers["ETag"]}
        assert through("GET", address, known).status_code == 304


@pytest.mark.clause("RFC 9110 §8.8.3.3")
@pytest.mark.parametrize("suffix", ["-gzip", ";gzip", "--gzip", "/br", "-df"])
def test_what_an_encoding_appended_to_a_tag_is_passed_over(actions: Actions, token: str, suffix: str) -> None:
    address = actions.fit("POST", token=token, json={"body_weight": "82.5", "unit": "kg"}).headers["Location"]
    tag = actions.fit("GET", address, token).headers["ETag"]
    assert actions.fit("GET", address, token).headers["Cache-Control"] == "private, no-cache, no-transform"
    altered = f'{tag[:-1]}{suffix}"'
    assert actions.fit("GET", address, token, headers={"If-None-Match": altered}).status_code == 304
    assert actions.fit("GET", f"{address}?unit=lbs", token, headers={"If-None-Match": altered}).status_code == 200
    for status in (200, 412):
        change = {"body_weight": "81"}
        assert actions.fit("PATCH", address, token, json=change, headers={"If-Match": altered}).status_code == status
