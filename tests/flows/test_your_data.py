"""A person takes all that is stored about them, in one file of a documented shape."""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from auth_service.storage import portions
from auth_service.storage.deleted_accounts import tables_of_people
from auth_service.storage.personal_data import SECTIONS
from auth_service.web import browser_session
from tests.flows.test_activity import steal
from tests.support.actions import READ, WRITE, Actions, Person

ROOT = Path(__file__).parents[2]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"


@pytest.fixture
def mo(actions: Actions) -> Person:
    person = actions.person()
    person.browser.session.headers["User-Agent"] = FIREFOX
    return person


def test_the_file_has_all_that_is_stored_of_the_person_and_of_nobody_else(
    actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portions, "AT_ONCE", 2)
    eve, app = actions.person(), actions.app(redirect_uri="https://app.example/callback")
    app.connect(eve)
    actions.stack.command("account", "set-email", mo.username, "mo@example.org", "--verified")
    grant_id = steal(actions, app, mo)
    for _ in range(3):
        app.connect(mo)
    mo.disconnect(app.client_id)
    mo.sign_in()
    answer = mo.browser.get("/account/data/download")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert re.fullmatch(
        r'attachment; filename="moogle-account-\d{4}-\d\d-\d\d\.json"', answer.headers["Content-Disposition"]
    )
    assert answer.headers["Cache-Control"] == "no-store"
    file = answer.json()
    assert (file["format"], file["version"]) == ("moogle-account", 1)
    about = {"sub": mo.subject, "username": mo.username, "email": "mo@example.org", "email_verified": True}
    assert about.items() <= file["account"].items()
    assert [(each["program"], each["network"]) for each in file["sessions"]] == [("Firefox on Linux", "127.0.0.1")]
    assert "moogle-fit" in [each["name"] for each in file["resource_servers"]]
    reasons = [(set(each["scopes"]), each["ended_because"]) for each in file["grants"]]
    assert sorted(reasons, key=str) == sorted([({READ, WRITE}, "reuse"), *[({READ, WRITE}, "person")] * 3], key=str)
    assert file["consents"] == []
    assert file["withdrawals"] == [{"client_id": app.client_id, "times": 1}]
    assert [(each["grant_id"], each["generation"]) for each in file["reuses"]] == [(grant_id, 1)]
    kinds = [each["kind"] for each in file["events"]]
    assert (kinds[0], kinds.count("grant_created"), kinds.count("signed_in")) == ("account_created", 4, 2)
    for secret in (mo.password, eve.subject, eve.username, "argon2", *mo.browser.session.cookies.values()):
        assert secret not in answer.text


def test_every_table_that_names_an_account_is_in_the_file() -> None:
    told = {section.table.__tablename__ for section in SECTIONS.values()}
    assert told == {table.name for table in tables_of_people()} | {"security_events"}


def test_the_document_names_every_member(actions: Actions, mo: Person) -> None:
    mo.sign_in()
    actions.app().connect(mo)
    file = mo.browser.get("/account/data/download").json()
    page = (ROOT / "docs/your_data.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(file)
    for section in ("account", "sessions", "grants", "events"):
        item = file[section] if section == "account" else file[section][0]
        (row,) = re.findall(rf"^\| `{section}` \| (.*) \|$", page, re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", row)) == set(item), section


@pytest.mark.clause("ASVS 7.5.3")
def test_the_file_needs_a_fresh_sign_in(actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = mo.browser.follow("/account/data/download")
    assert urlsplit(asked.url).path == "/sign-in"
    mo.sign_in()
    monkeypatch.setattr(browser_session, "FRESH", 0)
    asked = mo.browser.follow("/account/data/download")
    assert (urlsplit(asked.url).path, "For this, first show once more that it is you" in asked.text) == (
        "/sign-in",
        True,
    )
    monkeypatch.undo()
    assert urlsplit(mo.sign_in(address=asked.url).url).path == "/account/data"


def test_the_file_comes_as_it_is_read(actions: Actions, mo: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    mo.sign_in()
    answer = mo.browser.get("/account/data/download", stream=True)
    assert "Content-Length" not in answer.headers
    assert json.loads(b"".join(answer.iter_content(100)))["account"]["sub"] == mo.subject


def test_the_page_leads_to_what_other_services_store(actions: Actions, mo: Person) -> None:
    mo.sign_in()
    page = mo.browser.get("/account/data").text
    assert f'<a href="{actions.stack.fit}/"><bdi>moogle-fit</bdi></a>' in page
    assert "See your body weight" in page
