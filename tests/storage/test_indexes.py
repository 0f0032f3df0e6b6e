"""What is asked at each request, on each page and every few seconds reads no table whole, however large it grows."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.factor import Authenticator, Passkey
from auth_service.models.grant import GrantRecord
from auth_service.models.revoked_access_token import RevokedAccessToken
from auth_service.models.token_reuse import TokenReuse
from auth_service.models.tokens import RevokedBecause
from auth_service.storage.accounts import AccountStore
from auth_service.storage.client_origins import ClientOrigins
from auth_service.storage.clients import ClientStore
from auth_service.storage.connected_apps import ConnectedAppStore, Place
from auth_service.storage.consents import ConsentStore
from auth_service.storage.database import Database
from auth_service.storage.ended_records import EndedRecordStore
from auth_service.storage.grant_records import GrantRecordStore
from auth_service.storage.grants import GrantStore
from auth_service.storage.mail_queue import MailQueue
from auth_service.storage.notices import Notices
from auth_service.storage.passkeys import PasskeyStore
from auth_service.storage.password_links import PasswordLinks
from auth_service.storage.redis_connection import connect_redis
from auth_service.storage.second_factors import SecondFactorStore
from auth_service.storage.token_reuses import TokenReuseStore
from shared.service.key_wrapping import KeyWrapping
from tests.support.mail import SEALING, no_notices
from tests.support.passwords import QUICK_HASHER
from tests.support.query_plans import foreign_keys_without_index, plans


@dataclass(frozen=True)
class Tables:
    """The stores over tables with few rows: how they are read doesn't depend on that."""

    accounts: AccountStore
    clients: ClientStore
    consents: ConsentStore
    origins: ClientOrigins
    records: GrantRecordStore
    apps: ConnectedAppStore
    ended: EndedRecordStore
    reuses: TokenReuseStore
    passkeys: PasskeyStore
    factors: SecondFactorStore
    account_id: str
    client: Client

    def passkey(self) -> Passkey:
        account = self.accounts.find(self.account_id)
        assert account is not None
        made = Passkey(credential_id=new_grant_id(), public_key="", sign_count=0, synced=False, name="A passkey")
        assert self.passkeys.add(account, made)
        return made

    def app(self) -> Authenticator:
        account = self.accounts.find(self.account_id)
        assert account is not None
        assert self.factors.add(account, "a secret", 1, ["digest"])
        made = self.factors.find(self.account_id)
        assert made is not None
        return made

    def grant(self) -> GrantRecord:
        names = {"account_id": self.account_id, "client_id": self.client.client_id}
        return GrantRecord(id=new_grant_id(), scopes=("read",), audience=(), expires_at=None, **names)

    def kept_grant(self) -> str:
        grant = self.grant()
        assert self.records.add(grant, session_epoch=0, withdrawals=0)
        return grant.id

    def reused(self) -> str:
        grant_id = self.kept_grant()
        self.reuses.end_grant(grant_id, 1, (), at_once=False)
        return grant_id

    def access_token(self) -> RevokedAccessToken:
        names = {"grant_id": new_grant_id(), "client_id": "app", "subject": self.account_id}
        return RevokedAccessToken(digest=secrets.token_hex(16), audience=(), expires_at=now(), **names)


@pytest.fixture
def tables(database: Database) -> Tables:
    accounts, clients = AccountStore(database, QUICK_HASHER, no_notices(database)), ClientStore(database)
    account, client = accounts.create(new_grant_id(), "a password"), new_client()
    clients.create(client, ())
    consents, origins = ConsentStore(database, 60), ClientOrigins(database)
    records, ended = GrantRecordStore(database), EndedRecordStore(database)
    no_redis = connect_redis("redis://nobody.invalid")  # there is no grant to ask about
    apps = ConnectedAppStore(database, GrantStore(no_redis, 1, compact=True))
    notices = no_notices(database)
    reuses, passkeys = TokenReuseStore(database, notices), PasskeyStore(database, notices)
    factors = SecondFactorStore(database, KeyWrapping([bytes(32)]), notices)
    return Tables(
        accounts, clients, consents, origins, records, apps, ended, reuses, passkeys, factors, account.id, client
    )


def new_client(**more: object) -> Client:
    names = {"client_id": new_grant_id(), "name": "App", "own_grant_id": new_grant_id()}
    return Client(redirect_uris=(), grant_types=(), scopes=("read",), **names, **more)


QUESTIONS: dict[str, Callable[[Tables], object]] = {
    "a refresh": lambda at: at.records.find_good(new_grant_id()),
    "a client": lambda at: at.clients.find("app"),
    "a person": lambda at: at.accounts.find(at.account_id),
    "a sign-in": lambda at: at.accounts.authenticate("mo", "a password"),
    "a person's passkeys": lambda at: at.passkeys.of(at.account_id),
    "a passkey": lambda at: at.passkeys.find("a credential"),
    "a passkey used": lambda at: at.passkeys.use(at.passkey(), 1),
    "a passkey removed": lambda at: at.passkeys.remove(at.account_id, at.passkey().id),
    "a person's authenticator app": lambda at: at.factors.find(at.app().account_id),
    "a code": lambda at: at.factors.use_step(at.app(), 2),
    "recovery codes": lambda at: at.factors.codes_left(at.account_id),
    "a recovery code": lambda at: at.factors.use_recovery_code(at.account_id, "digest"),
    "factors reset": lambda at: at.factors.reset(at.account_id),
    "a consent": lambda at: at.consents.scopes(at.account_id, "app"),
    "what was taken back": lambda at: at.consents.withdrawals(at.account_id, "app"),
    "a new grant": lambda at: at.records.add(at.grant(), session_epoch=0, withdrawals=0, remember=True),
    "connected apps": lambda at: at.apps.page(at.account_id, Place(now(), "app")),
    "a person's grants": lambda at: list(at.records.current(account_id=at.account_id)),
    "a client's grants": lambda at: list(at.records.current(client_id="app")),
    "a revocation": lambda at: at.records.mark_revoked(new_grant_id(), RevokedBecause.CLIENT),
    "an app cut off": lambda at: at.records.mark_app_revoked(at.account_id, "app", RevokedBecause.PERSON),
    "a grant narrowed": lambda at: at.records.narrow(
        at.client.own_grant_id, (), lambda left: left, RevokedBecause.PERSON
    ),
    "a person disabled": lambda at: at.accounts.disable(at.account_id),
    "a client narrowed": lambda at: at.clients.change(
        at.client.client_id,
        lambda client: setattr(client, "scopes", ("write",)),
        lambda left: left,
        RevokedBecause.CLIENT,
    ),
    "a client deleted": lambda at: at.clients.delete(at.client.client_id),
    "a registration": lambda at: at.clients.register(new_client(), (), None),
    "a registration with a token": lambda at: at.clients.register(new_client(), (), "a token"),
    "what ended of late": lambda at: list(at.ended.grants(now())),
    "all that ended": lambda at: list(at.ended.grants(None)),
    "what was narrowed of late": lambda at: list(at.ended.narrowed_grants(now())),
    "what a person ended": lambda at: list(at.ended.grants_of(at.account_id)),
    "what a client lost": lambda at: list(at.ended.grants_of(client_id="app", narrowed_at=now())),
    "tokens that were revoked of late": lambda at: list(at.ended.access_tokens(now())),
    "a token revoked alone": lambda at: at.ended.add_access_token(at.access_token()),
    "a reuse": lambda at: at.reuses.end_grant(at.kept_grant(), 1, (), at_once=False),
    "a story": lambda at: at.reuses.find(at.account_id, at.reused()),
    "a credential that came late": lambda at: at.reuses.note_late(at.reused(), 1),
    "a notice": lambda at: at.reuses.unanswered(at.account_id),
    "a reuse by somebody else": lambda at: at.reuses.disown(
        TokenReuse(grant_id="a grant", account_id=at.account_id, client_id="app")
    ),
    "names of apps": lambda at: at.clients.names(["app", "another"]),
    "tokens that expired": lambda at: at.ended.remove_expired(),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_nothing_is_read_whole(database: Database, tables: Tables, question: str) -> None:
    with plans(database._engine, database._asking) as found:
        QUESTIONS[question](tables)
    assert found.statements
    assert found.read_whole == set()


def test_links_and_mail_are_found_through_indexes(database: Database) -> None:
    """Whether too much mail waits is counted in its index, up to the bound."""
    mail = MailQueue(database, SEALING, is_sent=True)
    links = PasswordLinks(database, QUICK_HASHER, mail, Notices(mail))
    name, at = new_grant_id(), now()
    token = str(links.invite(name, None, timedelta(hours=1)).token)
    with plans(database._engine) as found:
        links.forgotten(name)
        links.register(new_grant_id(), f"{name}@example.org")
        links.owner(token)
        links.choose(token, "a password")
        mail.claim(at)
    assert len(found.statements) > 20
    assert {each for each in found.read_whole if "queued_mails" not in each} <= {"anon_1"}, "what is counted"


def test_clients_that_ran_out_are_removed_without_looking_at_others(database: Database, tables: Tables) -> None:
    tables.clients.create(new_client(unused_until=now() - timedelta(days=1)), ())
    with plans(database._engine, database._asking) as found:
        tables.clients.register(new_client(), (), None)
    assert any(statement.startswith("DELETE FROM clients") for statement in found.statements)
    assert found.read_whole == set()


def test_of_all_clients_only_those_with_origins_are_looked_at_for_one(database: Database, tables: Tables) -> None:
    with plans(database._engine, database._asking) as found:
        tables.origins.include("https://app.example")
    assert found.indexes == {"ix_clients_with_origins"}


def test_what_refers_to_a_row_is_found_through_an_index(database: Database) -> None:
    assert foreign_keys_without_index(database._engine) == set()
