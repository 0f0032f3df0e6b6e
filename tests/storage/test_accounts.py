"""Accounts: what was only read is never written back, whoever else writes meanwhile."""

from threading import Thread

from argon2 import PasswordHasher
from sqlalchemy import event

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.account import Account
from auth_service.storage.accounts import AccountStore
from auth_service.storage.database import Database
from tests.support.mail import no_notices
from tests.support.passwords import QUICK_HASHER

OLD, NEW = "the first long password", "the second long password"


class Overtaken(PasswordHasher):
    """With other costs than the stored hash has. Once it was verified, and before it is hashed anew, it is changed."""

    def __init__(self, store: AccountStore, account: Account) -> None:
        super().__init__(time_cost=2, memory_cost=8, parallelism=1)
        self._store = store
        self._account: Account | None = account

    def check_needs_rehash(self, hash: str | bytes) -> bool:  # noqa: A002 - the library's name
        account, self._account = self._account, None
        if account is not None:
            self._store.change_password(account, NEW)
        return super().check_needs_rehash(hash)


def test_a_sign_in_that_renews_the_hash_does_not_revive_a_password(database: Database) -> None:
    store = AccountStore(database, QUICK_HASHER, no_notices(database))
    account = store.create(new_grant_id(), OLD)
    AccountStore(database, Overtaken(store, account), no_notices(database)).authenticate(account.username, OLD)
    assert store.authenticate(account.username, OLD) is None
    assert store.authenticate(account.username, NEW) is not None


def test_a_sign_in_renews_a_hash_whose_costs_are_not_todays(database: Database) -> None:
    store = AccountStore(database, QUICK_HASHER, no_notices(database))
    account = store.create(new_grant_id(), OLD)
    today = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    AccountStore(database, today, no_notices(database)).authenticate(account.username, OLD)
    renewed = store.find(account.id)
    assert renewed is not None
    assert not today.check_needs_rehash(renewed.password_hash)


def test_who_signed_out_everywhere_while_somebody_else_did_is_signed_out(database: Database) -> None:
    """Each counts: a session that began in between has ended too."""
    store = AccountStore(database, QUICK_HASHER, no_notices(database))
    account = store.create(new_grant_id(), OLD)
    other = Thread(target=store.sign_out_everywhere, args=[account.id])

    def meanwhile(_: object) -> None:
        if other.ident is None:
            other.start()
            other.join(0.3)  # it waits

    event.listen(database._engine, "commit", meanwhile)
    store.sign_out_everywhere(account.id)
    other.join(5)
    found = store.find(account.id)
    assert found is not None
    assert found.session_epoch == account.session_epoch + 2


def test_a_new_password_is_not_stored_in_a_session_that_has_ended(database: Database) -> None:
    store = AccountStore(database, QUICK_HASHER, no_notices(database))
    account = store.create(new_grant_id(), OLD)
    assert store.change_password(account, NEW) is not None
    assert store.change_password(account, "the password of a thief") is None
    assert store.authenticate(account.username, NEW) is not None
