"""Whose documents are taken is a setting, and for whom they are read: for people, and in moderation."""

import html
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
import requests

from auth_service.protocol.client_documents.known_clients import AT_ONCE
from auth_service.storage import throttle
from tests.flows.client_documents.conftest import Clock
from tests.support.actions import DEVICE_CODE, READ, TIMEOUT, Actions, Verifier, error_of, tokens
from tests.support.document_host import DescribedApp, DescribedSigningApp, DocumentHost
from tests.support.stack import Stack

Described = Callable[..., DescribedApp]
REASON = "client_id is an address. Its document is not accepted here, was not read yet (which is done at /authorize"


def text_of(page: requests.Response) -> str:
    return html.unescape(page.text)


# The setting


def test_by_default_no_documents_are_taken(stack: Stack, host: DocumentHost) -> None:
    stack.forget_failures()
    actions, app = Actions(stack), DescribedApp(stack, host, "/nobodys")
    person = actions.person()
    person.sign_in()
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert (page.status_code, "documents that describe clients are not accepted here" in page.text) == (400, True)
    assert error_of(app.push(Verifier())) == (401, "invalid_client")
    assert error_of(app.refresh("any")) == (401, "invalid_client")
    metadata = requests.get(f"{stack.auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
    assert "client_id_metadata_document_supported" not in metadata
    assert app.times_read == 0


def test_only_documents_of_the_hosts_that_are_named_are_taken(
    actions: Actions, described: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, person = described(), actions.person()
    policy = actions.stack.parts.document_policy
    monkeypatch.setattr(policy, "_hosts", ("app.example", "host", "x.localhost"))
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert (page.status_code, "documents of localhost are not accepted here" in page.text) == (400, True)
    monkeypatch.setattr(policy, "_hosts", ("app.example", "localhost"))
    granted = app.connect(person)
    tokens(app.refresh(granted.refresh))


@pytest.mark.parametrize("hosts", [("off",), ("app.example",)])
def test_clients_of_a_host_that_is_taken_out_of_the_setting_get_nothing_more(
    actions: Actions, described: Described, monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...]
) -> None:
    app, person = described(), actions.person()
    granted = app.connect(person)
    with monkeypatch.context() as patch:
        patch.setattr(actions.stack.parts.document_policy, "_hosts", hosts)
        assert error_of(app.refresh(granted.refresh)) == (401, "invalid_client")
        assert error_of(app.push(Verifier())) == (401, "invalid_client")
        assert person.browser.follow(app.authorize_url(Verifier())).status_code == 400
        unasked = person.browser.follow(app.authorize_url(Verifier(), prompt="none"))
        assert (unasked.status_code, "Location" in unasked.headers) == (400, False)
    tokens(app.refresh(granted.refresh))


# Requests without a person


def test_nothing_is_read_for_a_request_without_a_person(actions: Actions, described: Described) -> None:
    app = described()
    for answer in (
        app.push(Verifier()),
        app.device_authorization(),
        app.refresh("any"),
        app.exchange("any", Verifier()),
        app.poll("any"),
        app.revoke("any"),
    ):
        assert error_of(answer) == (401, "invalid_client")
        assert answer.json()["error_description"].startswith(REASON)
    person = actions.person()
    person.sign_in()
    page = person.browser.follow(app.authorize_url(Verifier(), prompt="none"))
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert app.times_read == 0


def test_requests_are_pushed_once_the_document_is_remembered(
    actions: Actions, described: Described, clock: Clock
) -> None:
    app, person, verifier = described(), actions.person(), Verifier()
    person.decide(app.authorize_url(Verifier()), [], decision="deny")  # remembered, and nobody's so far
    assert app.push(Verifier()).status_code == 201
    clock.move(hours=24)
    answer = person.decide(app.pushed_url(verifier), app.scopes)
    assert answer.status_code == 303
    assert app.times_read == 2  # for the person, not when it was pushed


def test_what_nobody_uses_is_remembered_for_a_day_and_then_needs_a_person_again(
    actions: Actions, described: Described, clock: Clock
) -> None:
    app, person = described(), actions.person()
    person.decide(app.authorize_url(Verifier()), [], decision="deny")
    clock.move(hours=25)
    answer = app.push(Verifier())
    assert error_of(answer) == (401, "invalid_client")
    assert answer.json()["error_description"].startswith(REASON)
    assert app.times_read == 1
    app.connect(person)
    assert app.push(Verifier()).status_code == 201


def test_a_document_describes_no_device(actions: Actions, described: Described) -> None:
    app = described(grant_types=["authorization_code", "refresh_token", DEVICE_CODE])
    app.connect(actions.person())
    assert error_of(app.device_authorization()) == (400, "unauthorized_client")


def test_before_somebody_signed_in_nobody_is_sent_to_an_address_of_a_document(
    actions: Actions, described: Described
) -> None:
    app, stranger = described(), actions.person()
    app.connect(actions.person())
    page = stranger.browser.follow(app.authorize_url(Verifier(), prompt="none"))
    assert (page.status_code, "Location" in page.headers) == (200, False)
    assert "Nobody has checked who is behind this app." in page.text
    page = stranger.browser.follow(app.authorize_url(Verifier(), code_challenge=None))
    assert urlsplit(page.url).path == "/sign-in"


# In moderation


def test_what_is_read_for_one_network_is_counted(
    actions: Actions, described: Described, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "DOCUMENTS_IN_NETWORK", throttle.RateLimitItemPerHour(2))
    apps, person = [described() for _ in range(3)], actions.person()
    person.sign_in()
    pages = [person.browser.follow(app.authorize_url(Verifier())) for app in apps]
    assert [page.status_code for page in pages] == [200, 200, 429]
    assert int(pages[2].headers["Retry-After"]) > 0
    assert apps[2].times_read == 0
    apps[0].connect(person)  # it is remembered


def test_slow_hosts_hold_no_more_than_some_threads(actions: Actions, described: Described) -> None:
    known, app, person = described(), described(), actions.person()
    granted = known.connect(person)
    places = actions.stack.parts.document_clients._places
    for _ in range(AT_ONCE):
        assert places.acquire(blocking=False)
    try:
        page = person.browser.follow(app.authorize_url(Verifier()))
        assert (page.status_code, page.headers["Retry-After"], app.times_read) == (503, "5", 0)
        tokens(known.refresh(granted.refresh))
    finally:
        places.release(AT_ONCE)
    app.connect(person)


def test_while_a_document_is_being_read_others_come_again(actions: Actions, described: Described) -> None:
    app, person = described(), actions.person()
    person.sign_in()
    assert actions.stack.parts.document_clients._attempts.begin(app.client_id) is None
    page = person.browser.follow(app.authorize_url(Verifier()))
    assert (page.status_code, page.headers["Retry-After"], app.times_read) == (503, "5", 0)
    assert "Please try again" in text_of(page)


def test_the_request_says_nothing_of_the_person(actions: Actions, described: Described, host: DocumentHost) -> None:
    app = described()
    host.headers.clear()
    app.connect(actions.person(), [READ])
    assert host.headers == [
        {
            "host": host.url.removeprefix("https://"),
            "accept": "application/json",
            "accept-encoding": "identity",
            "user-agent": "Moogle-Client-Documents",
            "connection": "close",
        }
    ]


def test_a_client_that_always_pushes_is_held_to_it(actions: Actions, host: DocumentHost) -> None:
    app = DescribedSigningApp(actions.stack, host, "/pushes", require_pushed_authorization_requests=True)
    person = actions.person()
    assert person.refused(app.authorize_url(Verifier()))["error"] == "invalid_request"
    verifier = Verifier()
    assert person.decide(app.pushed_url(verifier), [READ]).status_code == 303
