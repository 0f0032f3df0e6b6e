"""Mail waits in SQL: sealed, bounded, for whoever comes first, until it was sent or is over."""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.account import Account
from auth_service.models.base import now
from auth_service.models.factor import Passkey, RecoveryCode
from auth_service.models.queued_mail import NOBODY, MailKind, QueuedMail
from auth_service.storage import mail_queue
from auth_service.storage.accounts import AccountStore
from auth_service.storage.database import Database
from auth_service.storage.mail_queue import LEASE, MOST_ATTEMPTS, MOST_TO_ONE_ADDRESS, PAUSES, Claim, MailQueue
from auth_service.storage.notices import Notices
from auth_service.storage.passkeys import PasskeyStore
from auth_service.storage.second_factors import SecondFactorStore
from shared.service.key_wrapping import KeyWrapping
from tests.support.mail import SEALING, no_notices
from tests.support.passwords import QUICK_HASHER

HOUR = timedelta(hours=1)
PARTICULARS = {"username": "mo", "token": "mol_secret"}


@pytest.fixture
def queue(database: Database) -> MailQueue:
    with database.writing() as session:
        session.execute(delete(QueuedMail))
    return MailQueue(database, SEALING, is_sent=True)


def put(database: Database, queue: MailQueue, address: str = "mo@example.org", lifetime: timedelta = HOUR) -> None:
    with database.writing() as session:
        queue.add(session, MailKind.NEW_PASSWORD, address, PARTICULARS, lifetime, "acct_mo")


def waiting(database: Database) -> list[QueuedMail]:
    with database.reading() as session:
        return list(session.scalars(select(QueuedMail).order_by(QueuedMail.id)))


def claimed(queue: MailQueue, at: datetime) -> Claim:
    claim = queue.claim(at)
    assert claim is not None
    return claim


def test_a_message_waits_with_what_caused_it_or_not_at_all(database: Database, queue: MailQueue) -> None:
    with suppress(ZeroDivisionError), database.writing() as session:
        queue.add(session, MailKind.NEW_PASSWORD, "mo@example.org", PARTICULARS, HOUR)
        raise ZeroDivisionError
    assert queue.claim(now()) is None
    put(database, queue)
    claim = claimed(queue, now())
    assert (claim.kind, claim.address, claim.account_id) == (MailKind.NEW_PASSWORD, "mo@example.org", "acct_mo")
    assert claim.particulars == PARTICULARS


def test_what_a_later_release_put_there_is_left_to_it_and_keeps_nobody_waiting(
    database: Database, queue: MailQueue
) -> None:
    put(database, queue, "first@example.org")
    with database.writing() as session:
        session.execute(update(QueuedMail).values(kind="of_a_later_release"))
    put(database, queue)
    assert claimed(queue, now()).address == "mo@example.org"
    assert queue.claim(now()) is None
    assert len(waiting(database)) == 2


def test_what_it_names_is_not_readable_in_the_database(database: Database, queue: MailQueue) -> None:
    put(database, queue)
    [stored] = waiting(database)
    assert not [value for value in vars(stored).values() if "secret" in str(value)]


def test_one_worker_has_a_message_and_another_gets_it_when_the_first_one_died(
    database: Database, queue: MailQueue
) -> None:
    put(database, queue)
    begun = now()
    first = claimed(queue, begun)
    assert queue.claim(begun + LEASE - timedelta(seconds=1)) is None
    second = claimed(queue, begun + LEASE)
    assert (second.id, second.created_at) == (first.id, first.created_at), "so it has the same Message-ID"
    assert second.lease != first.lease
    assert queue.postpone(first, begun + LEASE), "it is the second one's"
    assert queue.claim(begun + LEASE + timedelta(seconds=PAUSES[1])) is None
    queue.remove(second)
    assert waiting(database) == []


def test_attempts_that_fail_come_less_and_less_often_and_are_bounded(database: Database, queue: MailQueue) -> None:
    put(database, queue, lifetime=timedelta(days=30))
    at, pauses = now(), list[float]()
    while queue.postpone(claimed(queue, at), at):
        [mail] = waiting(database)
        pauses.append((mail.due_at - at).total_seconds())
        assert queue.claim(mail.due_at - timedelta(seconds=1)) is None
        at = mail.due_at
    assert pauses == [*PAUSES, *[PAUSES[-1]] * (MOST_ATTEMPTS - 1 - len(PAUSES))]
    assert sum(pauses) > 2 * 86_400
    assert waiting(database) == []


def test_what_is_over_is_neither_sent_nor_tried_once_more(
    database: Database, queue: MailQueue, caplog: pytest.LogCaptureFixture
) -> None:
    put(database, queue, lifetime=timedelta(seconds=PAUSES[0]))
    begun = now()
    assert not queue.postpone(claimed(queue, begun), begun + timedelta(seconds=1)), "the next attempt came too late"
    put(database, queue)
    assert queue.claim(begun + HOUR + timedelta(minutes=1)) is None
    with caplog.at_level(logging.ERROR):
        queue.sweep(begun + HOUR + timedelta(minutes=1))
    assert "messages were not sent in time: 1" in caplog.text
    assert waiting(database) == []


def test_messages_to_one_address_and_in_all_are_bounded_and_the_rest_is_left_out(
    database: Database, queue: MailQueue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(MOST_TO_ONE_ADDRESS + 1):
        put(database, queue)
    assert len(waiting(database)) == MOST_TO_ONE_ADDRESS
    assert "too much mail waits: a message is left out" in caplog.text
    put(database, queue, "li@example.org")
    monkeypatch.setattr(mail_queue, "MOST", MOST_TO_ONE_ADDRESS + 2)
    put(database, queue, "jo@example.org")
    put(database, queue, "em@example.org")
    assert {mail.address for mail in waiting(database)} == {"mo@example.org", "li@example.org", "jo@example.org"}


def test_messages_to_nobody_are_never_sent_and_only_one_is_kept(database: Database, queue: MailQueue) -> None:
    for _ in range(MOST_TO_ONE_ADDRESS + 5):
        put(database, queue, NOBODY)
    assert len(waiting(database)) == 1
    assert queue.claim(now()) is None
    assert queue.figures() == (0, None)


def test_a_message_whose_key_has_left_the_ring_is_removed(
    database: Database, queue: MailQueue, caplog: pytest.LogCaptureFixture
) -> None:
    put(database, queue)
    other = MailQueue(database, KeyWrapping([b"another key that seals in tests!"]), is_sent=True)
    assert other.claim(now()) is None
    assert waiting(database) == []
    assert "not in AUTH_TOKEN_KEYS" in caplog.text


class BrokenQueue(MailQueue):
    """The connection is lost when a message is written."""

    def add(self, *_: object, **__: object) -> None:
        raise ConnectionResetError


FACTORS: dict[str, Callable[[SecondFactorStore, PasskeyStore, Account], object]] = {
    "a passkey added": lambda factors, passkeys, mo: passkeys.add(mo, passkey("new")),
    "a passkey removed": lambda factors, passkeys, mo: passkeys.remove(mo.id, passkeys.of(mo.id)[0].id),
    "codes made": lambda factors, passkeys, mo: factors.replace_codes(mo, ["new"]),
    "a code used": lambda factors, passkeys, mo: factors.use_recovery_code(mo.id, "a code"),
    "an app removed": lambda factors, passkeys, mo: factors.remove(mo.id),
    "all removed": lambda factors, passkeys, mo: factors.reset(mo.id),
}


def passkey(name: str) -> Passkey:
    key = {"credential_id": new_grant_id(), "public_key": "a key", "sign_count": 0, "synced": False}
    return Passkey(name=name, **key)


@pytest.mark.parametrize("change", FACTORS)
def test_what_somebody_signs_in_with_changes_with_its_message_or_not_at_all(database: Database, change: str) -> None:
    accounts = AccountStore(database, QUICK_HASHER, no_notices(database))
    mo = accounts.create(new_grant_id(), "a password")
    accounts.set_email(mo.id, "mo@example.org", verified=True)
    stores = []
    for queue in (MailQueue(database, SEALING, is_sent=False), BrokenQueue(database, SEALING, is_sent=True)):
        notices = Notices(queue)
        stores.append((SecondFactorStore(database, SEALING, notices), PasskeyStore(database, notices)))
    (factors, passkeys), broken = stores
    factors.add(mo, "a secret", 1, ["a code"])
    passkeys.add(mo, passkey("old"))

    def there() -> tuple[object, ...]:
        with database.reading() as session:
            codes = session.scalars(select(RecoveryCode.digest).where(RecoveryCode.account_id == mo.id)).all()
        return factors.find(mo.id) is not None, codes, [each.name for each in passkeys.of(mo.id)]

    before = there()
    with pytest.raises(ConnectionResetError):
        FACTORS[change](*broken, mo)
    assert there() == before == (True, ["a code"], ["old"])
    FACTORS[change](factors, passkeys, mo)
    assert there() != before


def test_without_a_mail_server_nothing_waits(database: Database, queue: MailQueue) -> None:
    put(database, MailQueue(database, SEALING, is_sent=False))
    assert waiting(database) == []


def test_two_workers_at_once_never_have_the_same_message(database: Database, queue: MailQueue) -> None:
    for number in range(6):
        put(database, queue, f"{new_grant_id()}-{number}@example.org")
    at = now()
    claims = [claimed(queue, at) for _ in range(6)]
    assert len({claim.id for claim in claims}) == 6
    assert queue.claim(at) is None
