"""Pages speak what the app asks for that brought somebody here, else what their browser does, else English.

Programs are told everything in English, and nothing of this is loaded or asked for them.
"""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import negotiate_locale
from babel.support import NullTranslations, Translations
from flask import Flask, g, request
from flask_babel import Babel, Domain, get_locale, gettext, refresh

from auth_service.models.language import LANGUAGES

_CATALOGUES = Path(__file__).resolve().parents[1] / "translations"
_FORMATS = {"en": "en_GB"}
"""Of a language that has several, dates and numbers are written as here."""
_LONGEST, _MOST = 500, 10
"""Of what a browser or an app prefers, so many characters and tags are looked at."""


class _Catalogues(Domain):
    """It reads catalogues as translators write them: there is no compiled file that could be missing or stale."""

    def get_translations(self) -> NullTranslations:
        """Return those of this request, or of none outside of one."""
        locale = get_locale()
        return _catalogue(locale.language) if locale is not None else NullTranslations()


@cache
def _catalogue(language: str) -> NullTranslations:
    """Read a catalogue when its language is first spoken. What it lacks is said in English."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - a process that only English is asked of does without
    from babel.messages.pofile import read_po  # noqa: PLC0415

    if language == LANGUAGES[0]:
        return NullTranslations()
    compiled = BytesIO()
    with (_CATALOGUES / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def install_languages(app: Flask) -> None:
    """Let the pages of this application be translated, and know their `language` for the attribute `lang`."""
    babel = Babel(app, locale_selector=lambda: _FORMATS.get(language := _language(), language))
    babel.domain_instance = _Catalogues()  # type: ignore[no-untyped-call]  # the library's
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.filters["program"] = program_named

    @app.context_processor
    def language() -> dict[str, str]:
        return {"language": _language()}


def prefer(ui_locales: Sequence[str]) -> None:
    """Have the page that answers this request speak what an app asks for, if we can (OpenID Connect Core §3.1.2.1).

    The parameter's values are given as they came: one is a list of tags, in order; nothing about them is an error.
    """
    if len(ui_locales) == 1 and (language := _first_spoken(ui_locales[0][:_LONGEST].split())):
        g.language = language
        refresh()


def program_named(program: str | None) -> str:
    """Say which browser on which system it is that `program_of` named, in the language of the page."""
    browser, on, system = (program or "").partition(" on ")
    return gettext("%(browser)s on %(system)s", browser=browser, system=system) if on else browser


def _language() -> str:
    if "language" not in g:
        wanted = request.accept_languages if len(request.headers.get("Accept-Language", "")) <= _LONGEST else ()
        g.language = _first_spoken([tag for tag, quality in wanted if quality > 0]) or LANGUAGES[0]
    return str(g.language)


def _first_spoken(tags: Sequence[str]) -> str | None:
    """Return the first language that we speak; it counts for its regions too (RFC 4647 §3.4)."""
    return negotiate_locale([tag.lower() for tag in tags[:_MOST]], LANGUAGES, sep="-")
