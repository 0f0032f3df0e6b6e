"""Many clients and grants, as the service itself would have stored them."""

import time
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert

from auth_service.components import Components
from auth_service.crypto.token_handle import new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.storage.grant_keys import GrantKeys
from tests.support.actions import READ


def many_clients(parts: Components, names: Sequence[str]) -> list[str]:
    """Their ids."""
    ids = [f"client_of_{new_grant_id()}" for _ in names]
    own = [new_grant_id() for _ in names]
    words = {"redirect_uris": (), "grant_types": ("refresh_token",), "scopes": (READ,)}
    with parts.database.writing() as session:
        session.execute(
            insert(Client),
            [
                {"client_id": client_id, "name": name, "own_grant_id": own_grant, **words}
                for client_id, name, own_grant in zip(ids, names, own, strict=True)
            ],
        )
        own_grants = zip(ids, own, strict=True)
        words = {"scopes": (READ,), "audience": ()}
        rows = [{"id": grant_id, "client_id": client_id, **words} for client_id, grant_id in own_grants]
        session.execute(insert(GrantRecord), rows)
    return ids


def many_grants(
    parts: Components, account_id: str, client_ids: Sequence[str], *, living: bool = True, at: datetime | None = None
) -> list[str]:
    """Grants of one person, one of each client, each a second newer than the one before. Their ids."""
    begin, ids = at or now() - timedelta(days=1), [new_grant_id() for _ in client_ids]
    more = {"account_id": account_id, "scopes": (READ,), "audience": (), "expires_at": now() + timedelta(days=1)}
    rows = [
        {"id": grant_id, "client_id": client_id, "created_at": begin + timedelta(seconds=number), **more}
        for number, (grant_id, client_id) in enumerate(zip(ids, client_ids, strict=True))
    ]
    with parts.database.writing() as session:
        session.execute(insert(GrantRecord), rows)
    if living:
        _store(parts, account_id, zip(ids, client_ids, strict=True))
    return ids


def _store(parts: Components, account_id: str, grants: Iterable[tuple[str, str]]) -> None:
    keys, rotated_at = GrantKeys(parts.settings.redis_shards), int(time.time() * 1000)
    with parts.redis.scripts.pipeline(transaction=False) as pipeline:
        for grant_id, client_id in grants:
            fields = {"client_id": client_id, "subject": account_id, "scopes": READ, "audience": ""}
            pipeline.hset(keys.grant(grant_id), mapping={**fields, "rotated_at": rotated_at})
            pipeline.expire(keys.grant(grant_id), 600)
        pipeline.execute()
