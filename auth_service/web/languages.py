"""Pages speak what the app asks for that brought somebody here, else what their browser does, else English.

Programs are told everything in English, and nothing of this is loaded or asked for them.
"""

from collections.abc import Sequence
from functools import lru_cache

from babel import negotiate_locale
from babel.support import NullTranslations
from flask import Flask, g, request
from flask_babel import Babel, Domain, get_locale, gettext, refresh
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from auth_service.models.acting import speak
from auth_service.models.language import LANGUAGES
from auth_service.translations import catalogues

_LONGEST, _MOST = 200, 10
"""Of what a browser or an app prefers, so many characters and tags are looked at."""


class _Catalogues(Domain):
    """It gives the framework our catalogues."""

    def get_translations(self) -> NullTranslations:
        """Return that of this request, or an empty one outside of any."""
        locale = get_locale()
        return catalogues.catalogue(locale.language) if locale is not None else NullTranslations()


def install_languages(app: Flask) -> None:
    """Let the pages of this application be translated, and know their `language` for the attribute `lang`."""
    babel = Babel(app, locale_selector=lambda: catalogues.locale_of(page_language()))
    babel.domain_instance = _Catalogues()  # type: ignore[no-untyped-call]  # the library's
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.filters["program"] = program_named

    @app.context_processor
    def language() -> dict[str, str]:
        return {"language": page_language()}


def prefer(ui_locales: Sequence[str]) -> None:
    """Have the page that answers this request speak what an app asks for, if we can (OpenID Connect Core §3.1.2.1).

    The parameter's values are given as they came: one is a list of tags, in order; nothing about them is an error.
    """
    if len(ui_locales) == 1 and (language := _first_spoken(ui_locales[0][:_LONGEST].split())):
        g.language = language
        speak(language)
        refresh()


def preferred(accept_language: str) -> str:
    """Return which of our languages a browser prefers that sends this header (RFC 9110 §12.5.4).

    Browsers send few, so that it costs next to nothing.
    """
    return _preferred(accept_language) if len(accept_language) <= _LONGEST else LANGUAGES[0]


def program_named(program: str | None) -> str:
    """Say which browser on which system it is that `program_of` named, in the language of the page."""
    return catalogues.program_named(program, gettext)


def page_language() -> str:
    """Return what the page of this request speaks."""
    if "language" not in g:
        g.language = preferred(request.headers.get("Accept-Language", ""))
    return str(g.language)


@lru_cache(200)
def _preferred(accept_language: str) -> str:
    wanted = parse_accept_header(accept_language, LanguageAccept)
    return _first_spoken([tag for tag, quality in wanted if quality > 0]) or LANGUAGES[0]


def _first_spoken(tags: Sequence[str]) -> str | None:
    """Return the first language that we speak; it counts for its regions too (RFC 4647 §3.4)."""
    return negotiate_locale([tag.lower() for tag in tags[:_MOST]], LANGUAGES, sep="-")
