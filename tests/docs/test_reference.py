"""docs/reference.md and what other pages say of commands and settings agree with the code."""

import re
from pathlib import Path

import click
import pytest

import auth_service.settings
import fit_service.settings
from tests.docs.reference import EVENTS_PAGE, PAGE, commands, events, in_place, made_tables
from tests.support.chart import SCHEMA, VALUES
from tests.support.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NO_SETTINGS = {"AUTH_PORT", "FIT_PORT", "AUTH_HOSTS", "FIT_HOSTS"}
"""The first two are of make, the others of the proxy."""


def test_the_reference_is_what_the_code_says(open_stack: Stack) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for heading, table in made_tables(open_stack).items():
        assert in_place(page, heading, table) == page, f"run: .venv/bin/python -m tests.docs.reference ({heading})"
        assert table in page


def test_the_list_of_events_is_the_codes() -> None:
    page, table = EVENTS_PAGE.read_text(encoding="utf-8"), events()
    assert in_place(page, "Events", table) == page, "run: .venv/bin/python -m tests.docs.reference"
    assert table in page


def settings() -> set[str]:
    return {
        f"{module.Settings.prefix}{name.upper()}"
        for module in (auth_service.settings, fit_service.settings)
        for name in module.Settings.model_fields
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_page_exports_what_the_services_refuse_as_an_unknown_setting(page: Path) -> None:
    exported = " ".join(re.findall(r"^export (.*)", page.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\b((?:AUTH|FIT)_\w+)=", exported)) <= settings()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    fields = settings()
    named = set(re.findall(r"\b(?:AUTH|FIT)_[A-Z][A-Z_]*[A-Z]\b", page.read_text(encoding="utf-8")))
    assert named - fields - {f"{name}_FILE" for name in fields} - NO_SETTINGS == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists_with_its_options(page: Path, stack: Stack) -> None:
    known = {
        "auth_service": dict(commands(stack.auth_app)),
        "fit_service": dict(commands(stack.fit_app)),
    }
    text = re.sub(r"\\?\n\s*", " ", page.read_text(encoding="utf-8"))
    for service, typed in re.findall(r"flask --app (auth_service|fit_service) ([^`|>#]*)", text):
        words = typed.split()
        path = next((path for path in (" ".join(words[:2]), *words[:1]) if path in known[service]), None)
        assert path is not None or words[0] in {"…", "run"}, f"there is no command `{service} {typed}`"
        if path is not None:
            options = {
                name for each in known[service][path].params if isinstance(each, click.Option) for name in each.opts
            }
            used = re.findall(r"(?<!\S)--[a-z][a-z-]*", typed.partition("flask --app")[0])
            assert set(used) <= options, f"`{path}` has no {set(used) - options}"


def test_the_schema_of_the_charts_values_knows_every_setting() -> None:
    """deploy/kubernetes/values.schema.json: each comes from the Secret or `settings`, or the chart sets it."""
    by_the_chart = {f"{prefix}_{name}" for prefix in ("AUTH", "FIT") for name in ("TRUSTED_PROXIES", "DRAIN_TIME")}
    by_the_chart |= {"AUTH_ISSUER", "AUTH_TRUSTED_HOSTS", "FIT_RESOURCE", "FIT_ISSUER", "FIT_AUTH_URL", "FIT_CLIENT_ID"}
    known = sorted(by_the_chart)
    for service in ("auth", "fit"):
        values = SCHEMA["properties"][service]["properties"]
        from_the_secret = values["secret"]["properties"]["settings"]["items"]["enum"]
        assert set(VALUES[service]["secret"]["settings"]) <= set(from_the_secret)
        known += [*from_the_secret, *values["settings"]["propertyNames"]["enum"]]
    assert sorted(known) == sorted(settings())
