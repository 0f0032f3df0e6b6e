"""Catalogues are read as translators write them: there is no compiled file that could be missing or stale."""

from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.support import NullTranslations, Translations

from auth_service.models.language import LANGUAGES, gettext_noop

_CATALOGUES = Path(__file__).parent
_LOCALES = {"en": "en_GB"}


@cache
def catalogue(language: str) -> NullTranslations:
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


def locale_of(language: str) -> str:
    """Return how dates and numbers are written in a language: of one that is written in several ways, in this."""
    return _LOCALES.get(language, language)


def program_named(program: str | None, translated: Callable[[str], str]) -> str:
    """Say which browser on which system it is that `program_of` named."""
    browser, on, system = (program or "").partition(" on ")
    if not on:
        return browser
    return translated(gettext_noop("%(browser)s on %(system)s")) % {"browser": browser, "system": system}
