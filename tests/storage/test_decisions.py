"""Of a decision and an act that takes something back, one comes first, on each database."""

from collections.abc import Callable
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import event

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.accounts import AccountStore
from auth_service.storage.clients import ClientStore
from auth_service.storage.database import Database
from auth_service.storage.grant_records import GrantRecordStore
from tests.support.mail import no_notices
from tests.support.passwords import QUICK_HASHER


class World:
    """A person, an app, and what one connection of SQL does when it is about to commit."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.accounts, self.clients, self.records = (
            AccountStore(database, QUICK_HASHER, no_notices(database)),
            ClientStore(database),
            GrantRecordStore(database),
        )
        self.account = self.accounts.create(new_grant_id(), "a password")
        self.account_id = self.account.id
        self.client = Client(
            client_id=new_grant_id(),
            name="App",
            own_grant_id=new_grant_id(),
            redirect_uris=(),
            grant_types=(),
            scopes=("read", "write"),
        )
        self.clients.create(self.client, ())
        self.grant_id = self.allow()

    def allow(self) -> str:
        grant_id = new_grant_id()
        self.records.add(
            GrantRecord(
                id=grant_id,
                account_id=self.account_id,
                client_id=self.client.client_id,
                scopes=("read", "write"),
                audience=(),
                expires_at=now() + timedelta(days=1),
            ),
            session_epoch=0,
            withdrawals=0,
        )
        return grant_id

    def disconnect(self) -> object:
        return self.records.mark_app_revoked(self.account_id, self.client.client_id, RevokedBecause.PERSON)

    def change_password(self) -> object:
        return self.accounts.change_password(self.account, "another password")

    def delete_client(self) -> object:
        return self.clients.delete(self.client.client_id)


@pytest.mark.parametrize("act", [World.disconnect, World.change_password, World.delete_client])
def test_an_act_ends_the_grant_that_was_about_to_be_committed(
    database: Database, act: Callable[[World], object]
) -> None:
    """It waits for that commit; else it would look for grants before there is one."""
    world = World(database)
    acting = Thread(target=act, args=[world])

    def act_meanwhile(_: object) -> None:
        if acting.ident is None:
            acting.start()
            acting.join(0.3)  # it waits; on a slow machine it may only begin later, which proves less

    event.listen(database._engine, "commit", act_meanwhile)
    grant_id = world.allow()
    acting.join(5)
    assert not acting.is_alive()
    assert world.records.find_good(grant_id) is None
    record = world.records.find(grant_id)
    assert record is not None
    assert record.revoked_at is not None


def test_a_refused_decision_leaves_a_client_that_nobody_used_to_run_out(database: Database) -> None:
    """Only the grant that is recorded makes it stay."""
    world, until = World(database), now() + timedelta(days=30)
    fresh = Client(
        client_id=new_grant_id(),
        name="App",
        own_grant_id=new_grant_id(),
        redirect_uris=(),
        grant_types=(),
        scopes=("read",),
        unused_until=until,
    )
    world.clients.create(fresh, ())

    def allow(*scopes: str) -> bool:
        record = GrantRecord(
            id=new_grant_id(), account_id=world.account_id, client_id=fresh.client_id, scopes=scopes, audience=()
        )
        return world.records.add(record, session_epoch=0, withdrawals=0)

    assert not allow("read", "write")  # which was taken from it meanwhile
    assert world.clients.get(fresh.client_id).unused_until == until
    assert allow("read")
    assert world.clients.get(fresh.client_id).unused_until is None


def test_of_two_changes_of_a_client_at_once_the_second_is_of_what_the_first_made(database: Database) -> None:
    """Each takes a scope; both are gone, and counted."""
    world = World(database)

    def take(scope: str, meanwhile: Callable[[], None] = lambda: None) -> None:
        def apply(client: Client) -> None:
            client.scopes = tuple(each for each in client.scopes if each != scope)
            meanwhile()

        world.clients.change(world.client.client_id, apply, lambda _: (), RevokedBecause.OPERATOR)

    second = Thread(target=take, args=("write",))

    def start_second() -> None:
        second.start()
        second.join(0.5)  # it should be waiting

    take("read", start_second)
    second.join()
    client = world.clients.get(world.client.client_id)
    assert (client.scopes, client.narrowings) == ((), 2)
