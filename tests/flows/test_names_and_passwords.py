"""Names and passwords are compared as people see them, however their keyboards spell them."""

import unicodedata
from collections.abc import Callable

import pytest
import requests

from auth_service.models.account import Account
from tests.support.actions import Actions, Browser
from tests.support.passwords import QUICK_HASHER
from tests.support.stack import Stack

PASSWORD = "café crème brûlée"
COMPOSED, DECOMPOSED = (unicodedata.normalize(form, PASSWORD) for form in ("NFC", "NFD"))


def sign_in(actions: Actions, username: str, password: str) -> requests.Response:
    browser = Browser(actions.stack)
    browser.get("/sign-in")
    return browser.submit("/sign-in", {"username": username, "password": password})


def create(actions: Actions, username: str, password: str) -> str:
    """As the command does; the name as it is stored."""
    return actions.stack.parts.accounts.create(username, password).username


def store_as_before(actions: Actions, username: str, password: str) -> None:
    """An account of a release that stored names and hashed passwords as they were typed."""
    with actions.stack.parts.database.writing() as session:
        session.add(Account(username=username, password_hash=QUICK_HASHER.hash(password)))


@pytest.mark.parametrize("typed", ["Zoë", "Zoe\u0308", " Zoë ", "\u3000Ｚｏë"])
def test_a_name_is_found_in_each_of_its_spellings(each_stack: Stack, typed: str) -> None:
    actions = Actions(each_stack)
    each_stack.forget_failures()
    if each_stack.parts.accounts.id_of("Zoë") is None:
        assert create(actions, " Zoe\u0308", COMPOSED) == "Zoë"
    assert sign_in(actions, typed, COMPOSED).status_code == 200


def test_the_command_refuses_a_name_that_is_there_in_another_spelling(actions: Actions) -> None:
    create(actions, "Ada-normalised", COMPOSED)
    for spelled in ("Ａda-normalised", " Ada-normalised "):
        with pytest.raises(Exception, match="already"):
            create(actions, spelled, COMPOSED)


@pytest.mark.clause("ASVS 6.2.8")
def test_a_password_works_however_it_was_composed(actions: Actions) -> None:
    create(actions, "composed-1", DECOMPOSED)
    for typed in (COMPOSED, DECOMPOSED):
        assert sign_in(actions, "composed-1", typed).status_code == 200
    assert sign_in(actions, "composed-1", PASSWORD.replace("é", "e")).status_code == 401


def test_who_has_an_account_from_before_still_signs_in_and_is_normalised(actions: Actions) -> None:
    actions.stack.forget_failures()
    store_as_before(actions, "ｗide ", DECOMPOSED)
    store_as_before(actions, "wide", "another good password")
    assert sign_in(actions, "ｗide ", COMPOSED).status_code == 401
    assert sign_in(actions, "ｗide ", DECOMPOSED).status_code == 200
    assert sign_in(actions, "ｗide ", COMPOSED).status_code == 200, "its hash was renewed"
    assert sign_in(actions, "wide", "another good password").status_code == 200


@pytest.mark.clause("ASVS 6.3.1")
def test_other_spellings_of_a_name_are_no_further_guesses(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack())
    create(actions, "guessed", COMPOSED)
    spellings = ["guessed", " guessed", "ｇuessed", "guessed ", "gｕessed"] * 3
    statuses = [sign_in(actions, each, f"wrong {n}").status_code for n, each in enumerate(spellings)]
    assert 429 in statuses


@pytest.mark.clause("ASVS 6.2.11")
@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("Moogle2026!", "your name or ours"),
        ("M00gle2026!", "your name or ours"),
        ("Lifter!2026", "your name or ours"),
        ("mo-lifter2026!", "your name or ours"),
        ("Summer2026!", "a common word with digits or signs around it"),
        ("1qaz2wsx3edc", "This is a very common password."),
        ("abcdefghij", "Sequences like"),
        ("aaaaaaaaaaaa", "Repeats like"),
        ("20261130", "Dates are often easy to guess."),
    ],
)
def test_a_password_that_is_refused_is_refused_with_the_reason(actions: Actions, password: str, why: str) -> None:
    actions.stack.forget_failures()
    mo = actions.person()
    with actions.stack.parts.database.writing() as session:
        session.get_one(Account, mo.subject).username = mo.username = f"mo-lifter-{mo.username}"
    mo.sign_in()
    mo.browser.get("/account")
    answer = mo.browser.submit("/account/password", {"current": mo.password, "new": password})
    assert (answer.status_code, why in answer.text) == (422, True)
