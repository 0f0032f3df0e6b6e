"""What resource servers are told, frozen as JSON: the authorization server writes what the kit of any version reads.

A member may be added to a sample. To rename or to drop one breaks every resource server that is out there.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from auth_service.crypto.token_handle import TokenHandle, TokenKind
from auth_service.crypto.token_handle import token_digest as digest_of_the_server
from auth_service.models.tokens import AccessTokenClaims, AccessTokenRecord
from auth_service.protocol.tokens.introspection import active_answer
from shared.resource_server import ActiveToken
from shared.resource_server.introspection.response import read_introspection_response
from shared.resource_server.revocation_feed.reader import Batch, read_batch
from shared.resource_server.testing import FakeAuthorizationServer
from tests.support.actions import READ, Actions
from tests.support.feed_reader import Reader

SAMPLES = Path(__file__).parent / "samples"
TOKEN, JTI = "mat_a-token", "8wIah4_PaqHksdLrutb6YcUYizKrHiiVqoAL2a-e1I8"
GRANT, NARROWED = "0123456789abcdef0123456789abcdef", "f" * 32
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
PLANS, ISSUER = "https://plans.example/", "https://auth.example"
SCOPES = "plans:read plans:write"

WRITTEN = {
    "of_a_person": AccessTokenClaims("client_1", "sub_1", "mo", (PLANS,), SCOPES),
    "of_a_client": AccessTokenClaims("client_1", "client_1", None, (PLANS,), SCOPES),
    "of_a_passkey": AccessTokenClaims("client_1", "sub_1", "mo", (PLANS,), SCOPES),
    "bound_and_exchanged": AccessTokenClaims(
        "client_1", "sub_1", "mo", (PLANS,), SCOPES, JKT, ("coach-app", "fit-app")
    ),
}
SIGNED_IN = {"of_a_passkey": {"auth_time": 1_769_999_000, "methods": ("hwk", "user", "mfa"), "acr": "phr"}}
READ_AS = {
    "of_a_person": {},
    "of_a_passkey": {"auth_time": 1_769_999_000, "acr": "phr"},
    "of_a_client": {"subject": "client_1", "username": None},
    "bound_and_exchanged": {"token_type": "DPoP", "jkt": JKT, "actors": ("coach-app", "fit-app")},
}


def sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.json").read_bytes()


def shape(value: Any) -> Any:
    """Names and types, at every depth; of a list, those of its members."""
    if isinstance(value, dict):
        return {name: shape(member) for name, member in value.items()}
    if isinstance(value, list):
        return [shape(member) for member in value]
    return type(value)


@pytest.mark.parametrize("name", WRITTEN)
def test_the_authorization_server_answers_about_a_token_as_ever(name: str) -> None:
    handle = TokenHandle(TokenKind.ACCESS_TOKEN, GRANT, 1, b"", TOKEN, digest_of_the_server(TOKEN))
    how = SIGNED_IN.get(name, {})
    record = AccessTokenRecord(WRITTEN[name], issued_at=1_770_000_000, expires_at=1_770_000_600, **how)  # type: ignore[arg-type]
    assert json.loads(json.dumps(active_answer(handle, record, ISSUER))) == json.loads(sample(name))


@pytest.mark.parametrize("name", READ_AS)
def test_the_kit_reads_of_an_answer_all_that_it_says(name: str) -> None:
    usual = {
        "subject": "sub_1",
        "client_id": "client_1",
        "username": "mo",
        "scopes": frozenset(SCOPES.split()),
        "audience": frozenset({PLANS}),
        "issuer": ISSUER,
        "token_type": "Bearer",
        "issued_at": 1_770_000_000,
        "expires_at": 1_770_000_600,
        "jti": JTI,
        "grant_id": GRANT,
        "answer": sample(name),
    }
    assert read_introspection_response(sample(name), TOKEN) == ActiveToken(**{**usual, **READ_AS[name]})  # type: ignore[arg-type]


def test_the_kit_reads_what_is_not_active() -> None:
    assert read_introspection_response(sample("inactive"), TOKEN) is None


def test_the_kit_reads_of_the_feed_all_that_it_says() -> None:
    assert read_batch(sample("feed")) == Batch(
        cursor="1770000000000-0",
        reset=False,
        ended=frozenset({JTI, GRANT}),
        narrowed={NARROWED: frozenset({"plans:read"})},
        more=False,
        issuer=ISSUER,
        resource=PLANS,
    )


def test_the_authorization_server_tells_of_each_kind_of_end_as_ever(actions: Actions) -> None:
    app, mo, reader = actions.app(), actions.person(), Reader(actions.stack)
    app.revoke(app.connect(mo, scopes=[READ]).access)
    app.revoke(app.connect(mo, scopes=[READ]).refresh)
    answer = reader.poll(reader.cursor)
    frozen = json.loads(sample("feed"))
    assert {name: shape(value) for name, value in answer.items() if name != "events"} == {
        name: shape(value) for name, value in frozen.items() if name != "events"
    }
    assert [[*event] for event in answer["events"]] == [[*event] for event in frozen["events"][:2]]


@pytest.fixture
def fake() -> FakeAuthorizationServer:
    return FakeAuthorizationServer(PLANS, ISSUER)


def test_the_server_for_tests_answers_as_the_real_one(fake: FakeAuthorizationServer) -> None:
    of_a_person, of_a_client = fake.issue("plans:read"), fake.issue("plans:read", username=None)
    for token, name in ((of_a_person, "of_a_person"), (of_a_client, "of_a_client"), ("garbage", "inactive")):
        assert shape(fake.answer_introspection(token)[1]) == shape(json.loads(sample(name)))


def test_the_server_for_tests_tells_as_the_real_one(fake: FakeAuthorizationServer) -> None:
    fake.revoke(fake.issue())
    fake.revoke_grant(GRANT)
    fake.narrow_grant(NARROWED, "plans:read")
    _, told = fake.answer_poll("0", 0)
    frozen = json.loads(sample("feed"))
    assert shape(told["events"]) == shape(frozen["events"])
    assert {*frozen} - {*told} == {"issuer", "resource"}, "as servers of version 0.1.0"
