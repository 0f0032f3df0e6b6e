"""Pages speak the reader's language: what the app asks for, else the browser's, else English."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import requests
from markupsafe import escape

import auth_service.web.languages as languages
from auth_service.models.language import LANGUAGES
from auth_service.models.tokens import RevokedBecause
from auth_service.translations import catalogues
from tests.support.actions import TIMEOUT, Actions, App, Browser, Verifier, error_of, tokens
from tests.support.authenticator import Authenticator, add_passkey, passkey_sign_in
from tests.support.authenticator_app import give_code, set_up_app
from tests.support.stack import Stack

HOSTILE = """Ann's "<script>alert(1)</script>" &amp; %(app)s 100% {{ 7 * 7 }}"""


def language_of(page: requests.Response) -> str:
    return page.text.partition('<html lang="')[2].partition('"')[0]


@pytest.mark.parametrize(
    ("header", "spoken"),
    [
        (None, "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr-CH, DE;q=0.7, en;q=0.3", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("fr, pl", "en"),
        ("de;q=0", "en"),
        ("*", "en"),
        ("de" + ",x" * 300, "en"),
        (";;,,=, -, _, de_DE", "en"),
    ],
)
def test_a_page_speaks_what_the_browser_prefers(actions: Actions, header: str | None, spoken: str) -> None:
    headers = {"Accept": "text/html", **({"Accept-Language": header} if header else {})}
    page = requests.get(f"{actions.stack.auth}/sign-in", headers=headers, timeout=TIMEOUT)
    assert (page.status_code, language_of(page)) == (200, spoken)
    label = {"en": "User name", "de": "Benutzername"}[spoken]
    assert f'<label for="username">{label}</label>' in page.text


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
@pytest.mark.parametrize("pushed", [False, True])
def test_what_an_app_asks_for_is_spoken_before_what_the_browser_prefers(actions: Actions, pushed: bool) -> None:
    app, mo = actions.app(), actions.person()
    mo.browser.session.headers["Accept-Language"] = "en"
    begin = app.pushed_url if pushed else app.authorize_url
    page = mo.browser.follow(begin(Verifier(), ui_locales="fr-CA de-AT en"))
    assert language_of(page) == "de"
    assert f"Anmelden und weiter zu <strong><bdi>{app.name}</bdi></strong>" in page.text
    wrong = mo.sign_in("not this one", page.url)
    assert (wrong.status_code, "Benutzername und Passwort passen nicht zusammen." in wrong.text) == (401, True)
    page = mo.sign_in(address=page.url)
    assert language_of(page) == "de"
    assert f"Darf <strong><bdi>{app.name}</bdi></strong> Ihr Moogle-Konto nutzen?" in page.text
    again = mo.browser.submit("/consent", {"decision": "allow"})
    assert "Sie haben zugestimmt, aber nichts angekreuzt." in again.text
    assert language_of(mo.browser.get("/connected-apps")) == "en"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_what_an_app_asks_for_is_spoken_and_noted_also_with_a_second_step(actions: Actions) -> None:
    mo = actions.person()
    mo.sign_in()
    authenticator = set_up_app(mo)
    mo.browser = Browser(actions.stack)
    mo.browser.page = mo.sign_in(
        address=mo.browser.follow(actions.app().authorize_url(Verifier(), ui_locales="de")).url
    )
    wrong = give_code(mo, "000000")
    assert (wrong.status_code, language_of(wrong)) == (401, "de")
    assert "Dieser Code ist falsch" in wrong.text
    assert language_of(give_code(mo, authenticator.code())) == "de"
    assert mo.browser.get("/account/data/download").json()["account"]["language"] == "de"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_what_an_app_asks_for_is_noted_also_with_a_passkey(actions: Actions) -> None:
    mo, authenticator = actions.person(), Authenticator(actions.stack.auth)
    mo.sign_in()
    add_passkey(mo, authenticator)
    mo.browser = Browser(actions.stack)
    page = mo.browser.follow(actions.app().authorize_url(Verifier(), ui_locales="de"))
    assert language_of(passkey_sign_in(mo.browser, authenticator, page.url)) == "de"
    assert mo.browser.get("/account/data/download").json()["account"]["language"] == "de"


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
@pytest.mark.parametrize("asked", ["fr pl", "", "-", "x" * 3_000, "de_DE", "% \N{SNOWMAN}", "fr " * 10 + "de"])
def test_languages_that_nobody_speaks_here_are_no_error(actions: Actions, asked: str) -> None:
    app, mo = actions.app(), actions.person()
    page = mo.browser.follow(app.authorize_url(Verifier(), ui_locales=asked))
    assert (page.status_code, language_of(page)) == (200, "en")


@pytest.mark.clause("OpenID Connect Core §3.1.2.1")
def test_a_mistake_of_an_app_is_told_in_the_language_that_it_asks_for(actions: Actions) -> None:
    url = actions.app().authorize_url(Verifier(), ui_locales="de", scope="unknown")
    page = requests.get(url, headers={"Accept": "text/html"}, timeout=TIMEOUT)
    assert (page.status_code, language_of(page)) == (400, "de")
    assert "<title>Fehler: Eine App hat einen Fehler gemacht · Moogle</title>" in page.text
    assert "<code>invalid_scope</code>" in page.text


@pytest.mark.clause("OpenID Connect Discovery §3")
def test_the_metadata_say_which_languages_pages_speak(actions: Actions) -> None:
    said = requests.get(f"{actions.stack.auth}/.well-known/openid-configuration", timeout=TIMEOUT).json()
    assert said["ui_locales_supported"] == list(LANGUAGES)


def test_an_error_is_told_to_people_in_their_language_and_to_programs_in_english(actions: Actions) -> None:
    asked = {"Accept-Language": "de"}
    address = f"{actions.stack.auth}/nothing-here"
    page = requests.get(address, headers={**asked, "Accept": "text/html"}, timeout=TIMEOUT)
    assert "<h1>Hier ist nichts</h1>\n  <p>Unter dieser Adresse gibt es keine Seite.</p>" in page.text
    body = requests.get(address, headers={**asked, "Accept": "application/json"}, timeout=TIMEOUT).json()
    assert body == {"error": "invalid_request", "error_description": "There is no page at this address."}
    refused = requests.post(f"{actions.stack.auth}/token", headers=asked, timeout=TIMEOUT).json()
    expected = "The body must be application/x-www-form-urlencoded."
    assert refused == {"error": "invalid_request", "error_description": expected}


def test_nothing_of_languages_is_asked_for_programs(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    app, mo, asked = actions.app(), actions.person(), []
    granted = app.connect(mo)
    monkeypatch.setattr("flask_babel.get_domain", lambda: asked.append("a text"))
    monkeypatch.setattr(languages, "negotiate_locale", lambda *_, **__: asked.append("a language"))
    assert tokens(app.refresh(granted.refresh)).access != granted.access
    assert error_of(app.token_request({"grant_type": "refresh_token", "refresh_token": "x"})) == (400, "invalid_grant")
    assert actions.introspect(granted.access)["active"] is True
    for path, status in (("/token", 400), ("/introspect", 400), ("/.well-known/openid-configuration", 405)):
        assert requests.post(actions.stack.auth + path, timeout=TIMEOUT).status_code == status
    assert asked == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_name_stays_text_in_each_language(actions: Actions, language: str) -> None:
    app, mo = named(actions, HOSTILE), actions.person()
    shown = str(escape(HOSTILE))
    sign_in = mo.browser.follow(app.authorize_url(Verifier(), ui_locales=language))
    consent = mo.sign_in(address=sign_in.url)
    for page in (sign_in, consent):
        assert (page.status_code, language_of(page)) == (200, language)
        assert f"<strong><bdi>{shown}</bdi></strong>" in page.text
        assert "<script>alert" not in page.text
    assert f"<title>{TITLES[language].format(shown)} · Moogle</title>" in consent.text


@pytest.mark.parametrize(
    ("language", "moment", "day"),
    [
        ("en", r"\d\d? \w+ \d{4}, \d\d:\d\d UTC", r"\d\d? \w+ \d{4}"),
        ("de", r"\d\d?\. \w+ \d{4}, \d\d:\d\d Uhr UTC", r"\d\d?\. \w+ \d{4}"),
    ],
)
def test_times_are_in_utc_and_a_script_of_ours_may_rewrite_them(
    actions: Actions, language: str, moment: str, day: str
) -> None:
    app, mo = actions.app(), actions.person()
    app.connect(mo)
    page = mo.browser.get("/connected-apps", headers={"Accept-Language": language})
    found = re.findall(r'<time datetime="([^"]+)" data-as="(\w+)">([^<]+)</time>', page.text)
    assert sorted(form for _, form, _ in found) == ["day", "words", "words"]
    assert all(datetime.fromisoformat(instant).utcoffset() == timedelta(0) for instant, _, _ in found)
    assert [bool(re.fullmatch(day if form == "day" else moment, text)) for _, form, text in found] == [True] * 3
    assert '<script src="/static/times.js" defer></script>' in page.text
    assert "script-src 'self'; style-src" in page.headers["Content-Security-Policy"]
    assert mo.browser.get("/static/times.js").status_code == 200


TITLES = {"en": "Allow {}?", "de": "{} den Zugriff erlauben?"}


def named(actions: Actions, name: str) -> App:
    app = actions.app()
    actions.stack.parts.clients.change(
        app.client_id, lambda client: setattr(client, "name", name), lambda _: (), RevokedBecause.OPERATOR
    )
    return app


@pytest.fixture
def unfinished_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """German has a single text."""
    (tmp_path / "de.po").write_text('msgid "User name"\nmsgstr "Benutzername"\n\nmsgid "Password"\nmsgstr ""\n')
    monkeypatch.setattr(catalogues, "_CATALOGUES", tmp_path)
    catalogues.catalogue.cache_clear()
    yield
    catalogues.catalogue.cache_clear()


@pytest.mark.usefixtures("unfinished_catalogue")
def test_what_a_catalogue_lacks_is_said_in_english(stack: Stack) -> None:
    headers = {"Accept-Language": "de", "Accept": "text/html"}
    page = requests.get(f"{stack.auth}/sign-in", headers=headers, timeout=TIMEOUT)
    assert '<label for="username">Benutzername</label>' in page.text
    assert '<label for="password">Password</label>' in page.text
