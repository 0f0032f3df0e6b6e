"""The bare address of each service says what it is, and where what it names is found."""

import re

import requests

from tests.support.actions import TIMEOUT, Actions


def test_the_authorization_server_introduces_itself_to_people_and_programmers(actions: Actions) -> None:
    page = requests.get(f"{actions.stack.auth}/", timeout=TIMEOUT)
    assert page.status_code == 200
    assert "authorization server" in page.text
    assert "docs/connecting.md" in page.text
    links = re.findall(r'<a [^>]*href="(/[^"]*)"', page.text)
    assert "/.well-known/openid-configuration" in links
    for link in links:
        assert requests.get(actions.stack.auth + link, timeout=TIMEOUT).status_code == 200, link


def test_the_fit_api_names_its_documents(actions: Actions) -> None:
    about = actions.fit("GET", "/").json()
    assert about["authorization_server"] == actions.stack.auth
    for name in ("documentation", "openapi", "resource_metadata"):
        assert requests.get(about[name], timeout=TIMEOUT).status_code == 200, name
