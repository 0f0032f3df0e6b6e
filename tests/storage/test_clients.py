"""A client that is recalled is the one that would be found: the same in everything, and there as long."""

from datetime import timedelta
from typing import Any

import pytest

from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.secret import secret_digest
from auth_service.storage.clients import ClientStore
from auth_service.storage.database import Database

EVERYTHING: dict[str, Any] = {
    "name": "Strength, “straße”",
    "client_uri": "https://a.example/",
    "publisher": "Example & Söhne",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "a"}]},
    "redirect_uris": ("https://a.example/b", "http://127.0.0.1/c"),
    "post_logout_redirect_uris": ("https://a.example/d",),
    "origins": ("https://a.example",),
    "grant_types": ("authorization_code", "refresh_token"),
    "scopes": ("body_weight:read", "body_weight:write"),
    "access_token_lifetime": 60,
    "retry": "until-used",
    "require_pushed_authorization_requests": True,
    "id_token_signed_response_alg": "ES256",
    "dpop_bound_access_tokens": True,
    "exchange_from": ("https://plans.example/",),
    "registration_token_digest": secret_digest("a"),
    "secret_digest": secret_digest("b"),
    "previous_secret_digest": secret_digest("c"),
    "previous_secret_expires_at": now(),
    "unused_until": now() + timedelta(days=1),
}
LITTLE: dict[str, Any] = {"name": "App", "redirect_uris": (), "grant_types": (), "scopes": ()}


def created(store: ClientStore, values: dict[str, Any]) -> str:
    client = Client(client_id=new_grant_id(), own_grant_id=new_grant_id(), **values)
    store.create(client, ())
    return client.client_id


def columns(client: Client | None) -> dict[str, object]:
    return {column.key: getattr(client, column.key) for column in Client.__table__.c}


@pytest.mark.parametrize("values", [EVERYTHING, LITTLE], ids=["everything", "little"])
def test_a_recalled_client_is_the_stored_one(database: Database, values: dict[str, Any]) -> None:
    store = ClientStore(database)
    client_id = created(store, values)
    recalled = store.recall(client_id)
    assert columns(recalled) == columns(store.find(client_id))
    assert values.items() <= columns(recalled).items()


def test_who_can_not_be_found_is_not_recalled(database: Database) -> None:
    store = ClientStore(database)
    deleted = created(store, LITTLE)
    store.delete(deleted)
    ran_out = created(store, {**LITTLE, "unused_until": now() - timedelta(seconds=1)})
    assert [store.recall(client_id) for client_id in (deleted, ran_out, "nobody")] == [None] * 3
