"""What is kept of a password, and which passwords are accepted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher

from auth_service.models.password import password_problem
from auth_service.storage.accounts import AccountStore
from auth_service.storage.database import Database
from auth_service.storage.password_hashing import HasherInTurns, TooManyPasswordsError
from tests.support.mail import no_notices
from tests.support.migrated import migrate
from tests.support.passwords import QUICK_HASHER


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    migrate(database)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> AccountStore:
    return AccountStore(database, QUICK_HASHER, no_notices(database))


@pytest.mark.clause("ASVS 11.4.2")
def test_a_weaker_hash_becomes_a_strong_one_when_its_owner_signs_in(store: AccountStore, database: Database) -> None:
    created = store.create("mo", "a password of mo")
    weak = created.password_hash
    strong_store = AccountStore(database, HasherInTurns(lambda: None), no_notices(database))
    assert strong_store.authenticate("mo", "a wrong password") is None
    assert store.find_by_username("mo").password_hash == weak
    assert strong_store.authenticate("mo", "a password of mo") is not None
    strong = store.find_by_username("mo").password_hash
    assert strong.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert strong_store.authenticate("mo", "a password of mo") is not None
    assert store.find_by_username("mo").password_hash == strong


@pytest.mark.clause("ASVS 6.3.8")
def test_an_unknown_name_costs_as_much_as_a_wrong_password(database: Database) -> None:
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - argon2's name
            verified.append(str(hash).rpartition("$")[0].rpartition("$")[0])
            return super().verify(hash, password)

    store = AccountStore(database, Counting(), no_notices(database))
    store.create("mo", "a password of mo")
    assert store.authenticate("mo", "a wrong password") is None
    assert store.authenticate("nobody", "a wrong password") is None
    assert len(verified) == 2
    assert len(set(verified)) == 1


@pytest.mark.clause("ASVS 6.2.8")
@pytest.mark.parametrize("password", ["correct horse battery", " two spaces  ", "пароль 🔑 " * 8, "x9" * 500])
def test_a_password_is_compared_exactly_and_whole(store: AccountStore, password: str) -> None:
    store.create("mo", password)
    assert store.authenticate("mo", password) is not None
    for other in (password.strip() + ".", password.upper() + "x", password[:-1], password + " ", ""):
        assert store.authenticate("mo", other) is None
    assert store.authenticate("Mo", password) is None


@pytest.mark.clause("ASVS 6.2.1")
@pytest.mark.clause("ASVS 6.2.4")
@pytest.mark.clause("ASVS 6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "",
        "7 chars",
        "password",
        "password1",
        "12345678",
        "qwertyuiop",
        "letmein1",
        "moogle123",
        "aaaaaaaaaaaa",
        "mo-lifter",
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str) -> None:
    assert password_problem(password, "mo-lifter") is not None


@pytest.mark.clause("ASVS 6.2.5")
@pytest.mark.clause("ASVS 6.2.9")
@pytest.mark.parametrize(
    "password", ["plover-mangle-tide", "двенадцать обезьян", "j4$Kp!q9", "🔑🐿🌊🎻🧊🪁🥨🛶", "wxyz " * 200]
)
def test_any_characters_make_a_password_if_they_are_hard_to_guess(password: str) -> None:
    assert password_problem(password, "mo-lifter") is None


def test_who_waits_for_a_turn_at_a_password_says_so_before() -> None:
    waiting: list[str] = []

    class Impatient(HasherInTurns):
        patience = 0.0

    hasher = Impatient(lambda: waiting.append("waiting"))
    with hasher._turn():
        assert waiting == []
        with hasher._turn(), pytest.raises(TooManyPasswordsError):
            hasher.hash("a password")
    assert waiting == ["waiting"]
