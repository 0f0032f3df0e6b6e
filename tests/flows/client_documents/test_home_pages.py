"""A document names a home page; people are led there if it is at the host that the document is at."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.flows.client_documents.conftest import Clock
from tests.support.actions import Actions, Verifier, tokens
from tests.support.document_host import DescribedApp, DocumentHost

Described = Callable[..., DescribedApp]


@pytest.mark.clause("RFC 7591 §5", line=163)
def test_people_are_led_to_the_home_page_at_the_documents_host(
    actions: Actions, described: Described, host: DocumentHost
) -> None:
    app, person = described(client_uri=f"{host.url}/about"), actions.person()
    person.sign_in()
    question = person.browser.follow(app.authorize_url(Verifier())).text
    assert f"{host.url}/about" not in question
    app.connect(person)
    shown = person.browser.get("/connected-apps").text
    link = f'<a href="{host.url}/about" rel="noopener noreferrer nofollow">{urlsplit(host.url).netloc}</a>'
    assert f"It says that its home page is {link}." in shown
    assert "This app is from <bdi>localhost</bdi>." in shown
    assert actions.stack.command("client", "show", app.client_id)["client_uri"] == f"{host.url}/about"


@pytest.mark.clause("RFC 7591 §5", line=163)
@pytest.mark.parametrize("elsewhere", ["https://app.example/", "http://localhost/", "https://localhost.evil.example/"])
def test_another_host_is_named_as_the_apps_own_claim_and_not_led_to(
    actions: Actions, described: Described, elsewhere: str
) -> None:
    app, person = described(client_uri=elsewhere, redirect_uris=["https://app.example/callback"]), actions.person()
    app.redirect_uri = "https://app.example/callback"
    app.connect(person)
    shown = person.browser.get("/connected-apps").text
    named = urlsplit(elsewhere).netloc
    assert f"It says that its home page is at <bdi>{named}</bdi>. Nobody has checked whether that is so." in shown
    assert elsewhere not in shown


@pytest.mark.clause("draft-ietf-oauth-client-id-metadata-document-03 §9.4", line=158)
def test_a_later_document_names_another_home_page_or_none(actions: Actions, described: Described, clock: Clock) -> None:
    app, person = described(client_uri="https://localhost/old"), actions.person()
    granted = app.connect(person)
    for home in ("https://localhost/new", None):
        app.describe(client_uri=home)
        clock.move(minutes=61)
        granted = tokens(app.refresh(granted.refresh))
        assert actions.stack.command("client", "show", app.client_id)["client_uri"] == home
    assert "home page" not in person.browser.get("/connected-apps").text
