"""An account has its places, each a page with the same navigation."""

import re
from urllib.parse import urlsplit

import pytest

from tests.support.actions import Actions, Browser

PLACES = {
    "/account": "Overview",
    "/connected-apps": "Connected apps",
    "/account/security": "Sign-in and security",
    "/activity": "Activity",
    "/account/data": "Your data",
}


@pytest.mark.parametrize("place", PLACES)
def test_each_place_is_a_page_that_says_where_one_is_and_leads_to_the_others(actions: Actions, place: str) -> None:
    mo = actions.person()
    mo.sign_in()
    page = mo.browser.get(place)
    assert (page.status_code, page.text.count("<h1")) == (200, 1)
    navigation = re.search(r'<nav aria-label="Your account">.*?</nav>', page.text, re.DOTALL)
    assert navigation is not None
    links = re.findall(r'<a href="([^"]*)"( aria-current="page")?>([^<]*)</a>', navigation[0])
    assert [(address, name) for address, _, name in links] == list(PLACES.items())
    assert [address for address, is_here, _ in links if is_here] == [place]


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_reached_by_who_signs_in_first(actions: Actions, place: str) -> None:
    mo = actions.person()
    mo.browser = Browser(actions.stack)
    asked = mo.browser.follow(place)
    assert urlsplit(asked.url).path == "/sign-in"
    assert urlsplit(mo.sign_in(address=asked.url).url).path == place


def test_who_signs_in_without_having_asked_for_a_page_gets_the_overview(actions: Actions) -> None:
    mo = actions.person()
    page = mo.sign_in()
    assert urlsplit(page.url).path == "/account"
    assert f"You are signed in as <strong><bdi>{mo.username}</bdi></strong>." in page.text
