"""The origins of all clients, during an outage of the database."""

from pathlib import Path

import pytest

from auth_service.models.client import Client
from auth_service.storage import client_origins
from auth_service.storage.client_origins import ClientOrigins
from auth_service.storage.clients import ClientStore
from auth_service.storage.database import Database
from tests.support.migrated import migrate

ORIGIN = "https://charts.example"


def test_an_outage_changes_nothing_and_raises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_origins, "_REMEMBERED_FOR", 0)
    database = Database(f"sqlite:///{tmp_path / 'auth.sqlite'}")
    migrate(database)
    client = Client(
        client_id="charts",
        name="Charts",
        token_endpoint_auth_method="none",
        redirect_uris=(),
        grant_types=(),
        scopes=(),
        origins=(ORIGIN,),
        own_grant_id="0" * 32,
    )
    ClientStore(database).create(client, ())
    origins = ClientOrigins(database)
    assert (origins.include(ORIGIN), origins.include("https://other.example")) == (True, False)
    database.close()
    for file in tmp_path.iterdir():
        file.unlink()
    assert (origins.include(ORIGIN), origins.include("https://other.example")) == (True, False)
    assert not ClientOrigins(database).include(ORIGIN)
    database.close()
