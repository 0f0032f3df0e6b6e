"""Which key signs when, which ones are published, and what becomes of keys that can't be decrypted any more."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet
from joserfc.util import json_b64encode
from sqlalchemy import select, text

from auth_service.crypto.derived_keys import wrapping_key
from auth_service.models.base import now
from auth_service.models.signing_key import SigningKey
from auth_service.protocol.tokens.signing_keys import ALGORITHMS, SigningKeyRing
from auth_service.storage.database import Database
from auth_service.storage.signing_keys import SigningKeyStore
from shared.service.key_wrapping import KeyWrapping
from tests.support.migrated import migrate

OLD, NEW = b"an old token key".ljust(32), b"a new token key".ljust(32)
A_DAY, AN_HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'keys.sqlite'}")
    migrate(database)
    yield database
    database.close()


def ring(database: Database, *token_keys: bytes) -> SigningKeyRing:
    """The ring as a process that has just been started has it."""
    return SigningKeyRing(SigningKeyStore(database, KeyWrapping([wrapping_key(key) for key in token_keys or (OLD,)])))


def let_pass(database: Database, time: timedelta) -> None:
    """What is known of keys becomes older, which is the same."""
    with database.writing() as session:
        for key in session.scalars(select(SigningKey)):
            key.signs_from -= time


def signing_kid(ring: SigningKeyRing, algorithm: str = "ES256", *, ago: timedelta = timedelta()) -> str:
    token = ring.signer(algorithm).sign({}, at=(now() - ago).timestamp())
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def published(ring: SigningKeyRing, algorithm: str = "ES256") -> list[str]:
    return [key["kid"] for key in ring.public_keys() if key["alg"] == algorithm]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_rotated_key_is_published_a_day_before_it_signs_and_a_day_after(database: Database, algorithm: str) -> None:
    first = signing_kid(ring(database), algorithm)
    ring(database).rotate(algorithm)
    _, second = published(ring(database), algorithm)

    let_pass(database, A_DAY - AN_HOUR)
    assert signing_kid(ring(database), algorithm) == first
    let_pass(database, 2 * AN_HOUR)
    assert signing_kid(ring(database), algorithm) == second
    assert published(ring(database), algorithm) == [first, second]
    let_pass(database, A_DAY)
    assert published(ring(database), algorithm) == [second]
    assert [each.state(now()) for each in ring(database).schedule() if each.key.algorithm == algorithm] == [
        "retired",
        "signing",
    ]


def test_a_token_of_a_retired_key_is_still_recognised_until_the_next_rotation(database: Database) -> None:
    token = ring(database).signer("ES256").sign({"sub": "mo"}, at=now().timestamp())
    ring(database).rotate("ES256")
    let_pass(database, 3 * A_DAY)
    assert ring(database).claims_of(token) == {"sub": "mo"}
    ring(database).rotate("ES256")
    assert ring(database).claims_of(token) is None


def test_what_is_signed_again_for_the_same_instant_is_the_same(database: Database) -> None:
    for algorithm in ALGORITHMS:
        at = now().timestamp()
        signed = ring(database).signer(algorithm).sign({"sub": "mo"}, at=at)
        ring(database).rotate(algorithm)
        assert ring(database).signer(algorithm).sign({"sub": "mo"}, at=at) == signed
        let_pass(database, A_DAY + AN_HOUR)
        again = ring(database).signer(algorithm).sign({"sub": "mo"}, at=at - (A_DAY + AN_HOUR).total_seconds())
        assert again == signed


def test_a_signature_is_verified_by_the_published_key(database: Database) -> None:
    for algorithm in ALGORITHMS:
        token = ring(database).signer(algorithm).sign({"sub": "mo"}, at=now().timestamp())
        keys = KeySet.import_key_set({"keys": ring(database).public_keys()})
        assert jwt.decode(token, keys, algorithms=[algorithm]).claims == {"sub": "mo"}


def test_processes_that_need_the_first_key_at_the_same_time_make_one(database: Database) -> None:
    rings = [ring(database) for _ in range(6)]
    with ThreadPoolExecutor(len(rings)) as processes:
        assert len(set(processes.map(signing_kid, rings))) == 1
    assert len(published(ring(database))) == 1


def test_an_urgent_rotation_forgets_what_it_replaces(database: Database) -> None:
    process, another = ring(database), ring(database)
    token = process.signer("ES256").sign({"sub": "mo"}, at=now().timestamp())
    assert another.claims_of(token) == {"sub": "mo"}
    process.rotate("ES256")
    process.rotate("ES256", at_once=True)
    assert [signing_kid(process)] == published(another) == published(process)
    assert another.claims_of(token) is None


def test_the_database_holds_no_private_key_that_can_be_read(database: Database) -> None:
    ring(database).public_keys()
    with database.reading() as session:
        rows = [row._asdict() for row in session.execute(text("SELECT * FROM signing_keys"))]
    assert {row["algorithm"] for row in rows} == set(ALGORITHMS)
    for row in rows:
        assert '"d"' not in str(row)
        assert len(row["wrapped_private_key"].split(".")) == 5  # a JWE


def test_a_new_token_key_in_front_changes_nothing(database: Database) -> None:
    kid = signing_kid(ring(database, OLD))
    assert signing_kid(ring(database, NEW, OLD)) == kid
    ring(database, NEW, OLD).rotate("ES256")
    let_pass(database, A_DAY + AN_HOUR)
    assert signing_kid(ring(database, NEW)) == signing_kid(ring(database, NEW, OLD)) != kid


def test_without_its_token_key_a_key_is_replaced_and_stays_published(database: Database) -> None:
    old_process = ring(database, OLD)
    old = signing_kid(old_process)
    new = signing_kid(ring(database, NEW))
    assert new != old
    assert published(ring(database, NEW)) == [old, new]
    # a process that still has the old token key alone goes on with its own, instead of replacing the new one
    assert signing_kid(ring(database, OLD)) == old
    assert published(ring(database, NEW)) == [old, new]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "eyJhbGciOiJub25lIn0.e30.", "." * 50, "\0", "\ud800"])
def test_what_we_did_not_sign_has_no_claims(database: Database, token: str) -> None:
    process = ring(database)
    process.public_keys()
    assert process.claims_of(token) is None


@pytest.mark.parametrize("changed", [{"alg": "none"}, {"alg": "HS256"}, {"typ": "token-introspection+jwt"}])
def test_another_algorithm_or_type_than_ours_is_not_believed(database: Database, changed: dict[str, str]) -> None:
    process = ring(database)
    token = process.signer("ES256").sign({"sub": "mo"}, at=now().timestamp(), typ=changed.get("typ", "JWT"))
    _, payload, signature = token.split(".")
    header = {**jws.extract_compact(token.encode()).headers(), **changed}
    assert process.claims_of(f"{json_b64encode(header).decode()}.{payload}.{signature}") is None
