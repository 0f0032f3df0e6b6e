"""Catalogues hold the texts of pages and mail for translators, and docs/languages.md says what they lack.

`python -m tests.docs.catalogues` brings both up to date with the code and the templates.

A new language is its tag in `auth_service/models/language.py`, and this command once more.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from auth_service.models.language import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ROOT / "auth_service"
PAGE = ROOT / "docs" / "languages.md"
_MADE = "<!-- made by tests.docs.catalogues -->\n"
_METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
"""No date is kept: the history of the files has it."""
_HEADER = "# Texts of the pages and the mail for people. See docs/languages.md and CONTRIBUTING.md."


def used() -> Catalog:
    """Return all texts that the code and the templates have."""
    catalog = Catalog()
    found = extract_from_dir(SERVICE, _METHODS, _OPTIONS, {**DEFAULT_KEYWORDS, "gettext_noop": None})
    for file, line, text, comments, context in found:
        catalog.add(text, locations=[(f"auth_service/{file}", line)], auto_comments=comments, context=context)
    return catalog


def path(language: str) -> Path:
    return SERVICE / "translations" / f"{language}.po"


def kept(language: str) -> Catalog:
    """Return the catalogue of a language, empty if there is none yet."""
    if not path(language).exists():
        dates = {"creation_date": _BEGUN, "revision_date": _BEGUN}
        return Catalog(language, header_comment=_HEADER, project="Moogle", version="pages", fuzzy=False, **dates)
    with path(language).open("rb") as file:
        return read_po(file, locale=language)


def messages(catalog: Catalog) -> list[Message]:
    """Return all but the header."""
    return [message for message in catalog if message.id]


def missing(catalog: Catalog) -> list[str]:
    """Return the texts that are not translated, sorted."""
    texts = (message.id if isinstance(message.id, str) else message.id[0] for message in messages(catalog))
    return sorted(text for text in texts if not _is_translated(catalog, text))


def _is_translated(catalog: Catalog, text: str) -> bool:
    message = catalog[text]
    strings = message.string if isinstance(message.string, tuple | list) else [message.string]
    return all(strings) and not message.fuzzy


def written(catalog: Catalog, texts: Catalog) -> bytes:
    """Return a catalogue as its file should be, with exactly these texts."""
    catalog.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    file = BytesIO()
    write_po(file, catalog, width=0, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return file.getvalue()


def page(catalogs: Iterable[tuple[str, Catalog]]) -> str:
    """Return docs/languages.md: its text as it is, then what is translated."""
    text = PAGE.read_text().partition(_MADE)[0]
    parts = [text, _MADE, "\n| Language | Texts | Missing |\n|---|---|---|\n"]
    for language, catalog in (catalogs := list(catalogs)):
        parts.append(f"| `{language}` | {len(messages(catalog))} | {len(missing(catalog))} |\n")
    for language, catalog in catalogs:
        if lacking := missing(catalog):
            parts.append(f"\nMissing in `{language}`, so said in English:\n\n")
            parts += [f"- `{' '.join(text.split())}`\n" for text in lacking]
    return "".join(parts)


def main() -> None:
    texts = used()
    for language in LANGUAGES[1:]:
        path(language).write_bytes(written(kept(language), texts))
    PAGE.write_text(page((language, kept(language)) for language in LANGUAGES[1:]))


if __name__ == "__main__":
    main()
