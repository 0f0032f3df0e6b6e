"""The catalogues of pages and mail agree with the code and the templates, and docs/languages.md says what they lack."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from zxcvbn import feedback

from auth_service.models.language import LANGUAGES
from auth_service.models.password import WARNINGS
from tests.docs.catalogues import PAGE, ROOT, kept, messages, page, path, used

UPDATE = "run: .venv/bin/python -m tests.docs.catalogues"
TRANSLATED = LANGUAGES[1:]
TEMPLATES = sorted((ROOT / "auth_service" / "pages" / "templates").rglob("*.html"))
VIEWS = sorted(  # that of programs apart
    file
    for files in ("pages/*.py", "web/*.py", "workers/mail_*.py")
    for file in (ROOT / "auth_service").glob(files)
    if file.name != "protocol_app.py"
)


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
def test_a_translation_has_the_places_the_markup_and_the_lines_of_its_text(language: str) -> None:
    wrong = [(text, translated) for text, translated in pairs(kept(language)) if shape(text) != shape(translated)]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_translation_is_only_guessed(language: str) -> None:
    assert [message.id for message in kept(language) if message.fuzzy] == []


def test_places_in_texts_have_names(texts: Catalog) -> None:
    assert [text for text, _ in pairs(texts) if re.search(r"%(?!\(\w+\)[sd]|%)", text)] == []


def test_the_page_of_languages_says_what_is_missing() -> None:
    assert PAGE.read_text(encoding="utf-8") == page((language, kept(language)) for language in TRANSLATED), UPDATE


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.stem)
def test_a_template_says_nothing_that_is_in_no_catalogue(template: Path) -> None:
    source = re.sub(
        r"(?s){% trans.*?{% endtrans %}|{#.*?#}|{%.*?%}|<code>[A-Za-z_./-]*</code>", "", template.read_text()
    )
    said = re.sub(r"(?s){{.*?}}", "", source)
    spoken = [*re.findall(r">([^<>]*[A-Za-z][^<>]*)(?=<|\Z)", said), *re.findall(ATTRIBUTES, said)]
    assert {" ".join(text.split()) for text in spoken} <= {"Moogle", "· Moogle", "XXXX-XXXX"}
    choices = re.findall(r"""{{[^{}]*?\b(?:if|else|or) ["']([^"']+)["']|{{ ["'](\w[^"']*)["'] if""", source)
    assert [text for pair in choices for text in pair if text[:1].isupper() or " " in text.strip()] == []


ATTRIBUTES = r'(?:aria-label|alt|title|placeholder)="([^"]*[A-Za-z][^"]*)"'


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.stem)
def test_a_view_says_nothing_that_is_in_no_catalogue(view: Path) -> None:
    """A sentence has a capital, blanks and an end. Docstrings are none, nor what programs and logs are told."""
    tree = ast.parse(view.read_text())
    translated = {
        id(part)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and "gettext" in call.func.id
        for part in ast.walk(call)
    }
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "").endswith("Error"):
            apart |= {id(part) for part in ast.walk(call)}
    said = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in translated | apart
        if re.search(r"^[A-Z][^<>]* [^<>]*[.?!]\n?$", node.value)
    ]
    assert [text for text in said if text not in FOR_PROGRAMS] == []


FOR_PROGRAMS = {"The request is not valid."}


def test_what_zxcvbn_says_of_passwords_is_in_the_catalogues() -> None:
    tree = ast.parse(Path(feedback.__file__).read_text())
    warnings: list[ast.AST] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "warning":
            warnings.append(node.value)
        if isinstance(node, ast.Dict):
            warnings += [
                value
                for key, value in zip(node.keys, node.values, strict=True)
                if ast.unparse(key or node) == "'warning'"
            ]
    said = {part.value for node in warnings for part in ast.walk(node) if isinstance(part, ast.Constant)}
    assert said - {""} == set(WARNINGS)


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
    return Counter(re.findall(r"%\(\w+\)[sd]|<[^>]*>|\n", text))
