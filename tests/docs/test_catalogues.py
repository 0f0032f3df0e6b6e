"""The catalogues of the pages agree with the code and the templates, and docs/languages.md says what they lack."""

import re
from collections import Counter

import pytest
from babel.messages.catalog import Catalog, Message

from auth_service.models.language import LANGUAGES
from tests.docs.catalogues import PAGE, ROOT, kept, messages, page, path, used

UPDATE = "run: .venv/bin/python -m tests.docs.catalogues"
TRANSLATED = LANGUAGES[1:]


@pytest.fixture(scope="module")
def texts() -> Catalog:
    return used()


def named(catalog: Catalog) -> set[tuple[str, ...]]:
    return {(message.id,) if isinstance(message.id, str) else tuple(message.id) for message in messages(catalog)}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_each_text_that_is_used_and_no_other(language: str, texts: Catalog) -> None:
    assert named(kept(language)) == named(texts), UPDATE


def test_there_is_a_catalogue_for_each_language_but_english_and_nothing_compiled() -> None:
    files = {file for file in (ROOT / "auth_service").rglob("*") if file.suffix in {".po", ".mo", ".pot"}}
    assert files == {path(language) for language in TRANSLATED}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_places_and_the_markup_of_its_text(language: str) -> None:
    wrong = [(text, translated) for text, translated in pairs(kept(language)) if shape(text) != shape(translated)]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_only_guessed(language: str) -> None:
    assert [message.id for message in kept(language) if message.fuzzy] == []


def test_places_in_texts_have_names(texts: Catalog) -> None:
    assert [text for text, _ in pairs(texts) if re.search(r"%(?!\(\w+\)[sd]|%)", text)] == []


def test_the_page_of_languages_says_what_is_missing() -> None:
    assert PAGE.read_text(encoding="utf-8") == page((language, kept(language)) for language in TRANSLATED), UPDATE


def pairs(catalog: Catalog) -> list[tuple[str, str]]:
    """Each text with its translation, forms of plurals apart; those that are not translated stand for themselves."""
    return [pair for message in messages(catalog) for pair in forms(message)]


def forms(message: Message) -> list[tuple[str, str]]:
    if isinstance(message.id, str):
        return [(message.id, str(message.string or message.id))]
    singular, plural = message.id
    strings = [string for string in message.string if string] or [singular, plural]
    return [(singular, strings[0]), *((plural, string) for string in strings[1:])]


def shape(text: str) -> Counter[str]:
    return Counter(re.findall(r"%\(\w+\)[sd]|<[^>]*>", text))
