"""Who is behind an app, and where its home page is: who may say so, what is refused, and what people are led to."""

from typing import Any

import pytest

from tests.support.actions import CALLBACK, READ, Actions, Person, Verifier, error_of
from tests.support.registration import PUBLIC, RegisteredApp, register
from tests.support.stack import Stack
from tests.support.terminal import on_terminal

HOME = "https://app.example/"
LINK = '<a href="{}" rel="noopener noreferrer nofollow">{}</a>'
OPTIONS = ("--redirect-uri", CALLBACK, "--scope", READ)

_LETTERS = "client_uri must be an address of at most 255 visible ASCII characters."
_PARTS = "client_uri must be an address without user, fragment or port 0."
_HTTPS = "client_uri must be https; http is accepted for loopback addresses only."
_HOST = "client_uri must be an address that names a host."
BAD: dict[Any, str] = {
    "": _LETTERS,
    "https://app.example/" + "x" * 236: _LETTERS,
    "https://app.example/a b": _LETTERS,
    "https://app.example/\r\nX: y": _LETTERS,
    "https://app.example/\0": _LETTERS,
    "https://app.example/\u202e": _LETTERS,
    "https://bücher.example/": _LETTERS,
    "https://app.example\\@evil.example/": _LETTERS,
    "https://mo@app.example/": _PARTS,
    "https://mo:secret@app.example/": _PARTS,
    "https://app.example/#about": _PARTS,
    "https://app.example:0/": _PARTS,
    "https://app.example:99999/": "client_uri must be an address.",
    "https://[::1/": "client_uri must be an address.",
    "http://app.example/": _HTTPS,
    "ftp://app.example/": _HTTPS,
    "//app.example/": _HTTPS,
    "javascript://app.example/%0aalert(1)": _HTTPS,
    "javascript:alert(1)": _HOST,
    "data:text/html,x": _HOST,
    "app.example": _HOST,
    "https://": _HOST,
    "https://app.example%2eevil.example/": _HOST,
    "https://0x7f.1/": _HOST,
}


@pytest.fixture
def actions(open_stack: Stack) -> Actions:
    open_stack.forget_failures()
    return Actions(open_stack)


def apps_of(person: Person) -> str:
    return person.browser.get("/connected-apps").text


def question(person: Person, address: str) -> str:
    person.sign_in()
    return person.browser.follow(address).text


# What is registered


@pytest.mark.clause("RFC 7591 §2")
@pytest.mark.clause("RFC 7591 §3.2.1")
@pytest.mark.parametrize("uri", [HOME, "http://127.0.0.1:8002/about", "https://app.example/" + "x" * 235])
def test_a_home_page_is_registered_and_answered(actions: Actions, uri: str) -> None:
    app = RegisteredApp(actions.stack, client_uri=uri)
    assert app.registration["client_uri"] == uri
    assert app.read().json()["client_uri"] == uri
    assert actions.stack.command("client", "show", app.client_id)["client_uri"] == uri


@pytest.mark.clause("RFC 7592 §2.2")
def test_a_home_page_is_replaced_by_another_and_by_none(actions: Actions) -> None:
    app = RegisteredApp(actions.stack, client_uri=HOME)
    assert app.update(client_uri="https://new.example/").json()["client_uri"] == "https://new.example/"
    assert "client_uri" not in app.update().json()
    assert "client_uri" not in app.read().json()


@pytest.mark.clause("RFC 7591 §3.2.2")
@pytest.mark.parametrize("uri", [*BAD, 7, [HOME], {"en": HOME}, True], ids=ascii)
def test_a_home_page_that_people_can_not_be_shown_is_refused_with_the_reason(actions: Actions, uri: Any) -> None:
    answer = register(actions.stack, {**PUBLIC, "client_uri": uri})
    reason = BAD[uri] if isinstance(uri, str) else "client_uri must be a string."
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_client_metadata", "error_description": reason}
    app = RegisteredApp(actions.stack, client_uri=HOME)
    assert error_of(app.update(client_uri=uri)) == (400, "invalid_client_metadata")
    assert app.read().json()["client_uri"] == HOME


@pytest.mark.clause("RFC 7591 §5")
def test_nobody_says_of_itself_who_its_publisher_is(actions: Actions) -> None:
    app, mo = RegisteredApp(actions.stack, publisher="Example Ltd"), actions.person()
    assert "publisher" not in app.registration
    app.connect(mo)
    assert "Example Ltd" not in apps_of(mo)


# What an operator says


def test_an_operator_says_who_is_behind_an_app_and_where_its_home_page_is(actions: Actions) -> None:
    said = ("--home-page", HOME, "--publisher", "Example & Söhne")
    client_id = actions.stack.command("client", "create", "Diary", *OPTIONS, *said)["client_id"]
    shown = actions.stack.command("client", "show", client_id)
    assert (shown["client_uri"], shown["publisher"]) == (HOME, "Example & Söhne")
    lines = [line.split() for line in on_terminal(actions.stack.auth_app, "client", "show", client_id).splitlines()]
    assert ["client_uri:", HOME] in lines
    assert ["publisher:", "Example", "&", "Söhne"] in lines


def test_an_operator_changes_both_and_takes_them_back(actions: Actions) -> None:
    ensure = ("client", "ensure", "Diary", "--client-id", "homely", "--public", *OPTIONS)
    for said in (("--home-page", HOME), ("--publisher", "Example Ltd"), ()):
        client = actions.stack.command(*ensure, *said)
        assert [client["client_uri"], client["publisher"]] == [
            HOME if "--home-page" in said else None,
            "Example Ltd" if "--publisher" in said else None,
        ]


@pytest.mark.parametrize("uri", BAD, ids=ascii)
def test_an_operators_home_page_keeps_to_the_same_rules(actions: Actions, uri: str) -> None:
    assert refused(actions, "--home-page", uri) == f"error: {BAD[uri].removesuffix('.')}\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "a publisher's name has 1 to 100 characters"),
        ("x" * 101, "a publisher's name has 1 to 100 characters"),
        ("Example\nLtd", "a publisher's name must not have characters that nobody sees (U+000A)"),
        ("Example\u202eLtd", "a publisher's name must not have characters that nobody sees (U+202E)"),
        (" Example", "a publisher's name must not begin or end with a blank, or have two in a row"),
        ("...", "a publisher's name needs a letter, a digit or a symbol"),
        ("E" + "\u0301\u0300" * 3, "a publisher's name has at most 4 combining marks in a row, and none twice"),
        ("Example \u0301", "in a publisher's name each combining mark needs a character to stand on"),
    ],
    ids=ascii,
)
def test_a_publishers_name_is_one_line_that_people_can_read(actions: Actions, name: str, reason: str) -> None:
    assert refused(actions, "--publisher", name) == f"error: {reason}\n"


def test_nobody_vouches_for_an_app_that_may_change_what_it_is(actions: Actions) -> None:
    app = RegisteredApp(actions.stack)
    arguments = ["client", "ensure", app.name, "--client-id", app.client_id, "--public", *OPTIONS]
    result = actions.stack.auth_app.test_cli_runner().invoke(args=[*arguments, "--publisher", "Example Ltd"])
    assert (result.exit_code, result.output) == (
        2,
        "error: a publisher is an operator's word, and this client registered itself\n",
    )


def refused(actions: Actions, *options: str) -> str:
    result = actions.stack.auth_app.test_cli_runner().invoke(args=["client", "create", "Diary", *OPTIONS, *options])
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    return result.stderr


# What people see


def test_people_see_what_an_operator_says_where_they_decide_and_where_they_look(actions: Actions) -> None:
    app, mo = (
        actions.app("--home-page", "https://App.example:8443/a?b&c", "--publisher", "<b>Ltd</b>"),
        actions.person(),
    )
    link = LINK.format("https://App.example:8443/a?b&amp;c", "App.example:8443")
    told = f'<p class="hint">Publisher: <bdi>&lt;b&gt;Ltd&lt;/b&gt;</bdi> · Home page: {link}</p>'
    assert told in question(mo, app.authorize_url(Verifier()))
    app.connect(mo)
    assert told in apps_of(mo)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (("--home-page", HOME), f"Home page: {LINK.format(HOME, 'app.example')}"),
        (("--publisher", "Example Ltd"), "Publisher: <bdi>Example Ltd</bdi>"),
    ],
    ids=["home page", "publisher"],
)
def test_people_see_the_one_that_an_operator_says(actions: Actions, said: tuple[str, str], told: str) -> None:
    app, mo = actions.app(*said), actions.person()
    app.connect(mo)
    assert f'<p class="hint">{told}</p>' in apps_of(mo)


def test_an_app_of_which_nothing_is_said_has_no_line_about_it(actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    pages = question(mo, app.authorize_url(Verifier()))
    app.connect(mo)
    pages += apps_of(mo)
    assert not [words for words in ("Publisher", "ome page", "None") if words in pages]


def test_people_read_it_in_their_language(actions: Actions) -> None:
    app, mo = actions.app("--home-page", HOME, "--publisher", "Example Ltd"), actions.person()
    RegisteredApp(actions.stack, client_uri=HOME).connect(mo)
    app.connect(mo)
    page = mo.browser.get("/connected-apps", headers={"Accept-Language": "de"}).text
    assert "Anbieter: <bdi>Example Ltd</bdi> · Website: <a " in page
    assert "Sie gibt eine Website unter <bdi>app.example</bdi> als ihre an." in page


@pytest.mark.clause("RFC 7591 §5", line=163)
def test_people_are_led_to_a_strangers_home_page_only_at_the_host_where_they_return_to_it(actions: Actions) -> None:
    mo = actions.person()
    app = RegisteredApp(actions.stack, redirect_uris=[CALLBACK], client_uri=HOME)
    app.connect(mo)
    link = LINK.format(HOME, "app.example")
    said = "It says that its home page is at <bdi>app.example</bdi>. Nobody has checked whether that is so."
    for uris, led in (
        ([CALLBACK], False),
        (["https://app.example/callback"], True),
        (["https://APP.example/callback", "https://app.example:8443/b"], True),
        (["https://app.example/callback", CALLBACK], False),
        (["https://app.example/callback", "https://www.app.example/callback"], False),
        (["https://app.example.evil.example/callback"], False),
    ):
        assert app.update(redirect_uris=uris, client_uri=HOME).status_code == 200
        page = apps_of(mo)
        assert (f"It says that its home page is {link}." in page, said in page) == (led, not led), uris
    assert "Nobody has checked who is behind this app." in page


@pytest.mark.clause("RFC 7591 §5", line=163)
def test_nobody_is_led_by_a_stranger_to_what_listens_on_their_own_machine(actions: Actions) -> None:
    app, mo = RegisteredApp(actions.stack, client_uri="http://127.0.0.1:631/"), actions.person()
    assert CALLBACK.startswith("http://127.0.0.1")
    app.connect(mo)
    page = apps_of(mo)
    assert "home page is at <bdi>127.0.0.1:631</bdi>" in page
    assert 'href="http' not in page


@pytest.mark.clause("RFC 7591 §5", line=163)
def test_where_people_decide_a_stranger_leads_them_nowhere(actions: Actions) -> None:
    redirect = "https://app.example/callback"
    app = RegisteredApp(actions.stack, redirect_uris=[redirect], client_uri="https://app.example/welcome")
    app.redirect_uri = redirect
    page = question(actions.person(), app.authorize_url(Verifier()))
    assert "Nobody has checked who is behind this app." in page
    assert not [words for words in ("ome page", "welcome", 'href="http') if words in page]
