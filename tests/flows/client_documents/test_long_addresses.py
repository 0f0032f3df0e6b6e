"""The address of a document is a client's id everywhere, however long it is; on the database that holds to lengths."""

from pathlib import Path

from tests.support.actions import READ, WRITE, Actions, tokens
from tests.support.document_host import DescribedApp, DocumentHost
from tests.support.postgresql import new_database
from tests.support.stack import run_stack


def test_an_address_of_255_characters_is_a_clients_id_in_each_table(
    host: DocumentHost, redis_url: str, tmp_path: Path, postgresql_server: str
) -> None:
    with run_stack(
        tmp_path,
        redis_url,
        database_url=new_database(postgresql_server, "auth"),
        fit_database_url=new_database(postgresql_server, "fit"),
        client_id_metadata_documents="localhost",
        client_documents_on_loopback=True,
    ) as stack:
        actions = Actions(stack)
        app, person = DescribedApp(stack, host, "/" + "x" * (254 - len(host.url))), actions.person()
        assert len(app.client_id) == 255
        granted = app.connect(person)
        refreshed = tokens(app.refresh(granted.refresh))
        entry = {"body_weight": 70, "unit": "kg", "client_record_id": "mine", "created_at": "2026-01-31T07:30:00Z"}
        added = actions.fit("POST", token=refreshed.access, json=entry)
        assert added.status_code == 201, added.text
        there = added.headers["Location"].removeprefix(stack.fit)
        assert actions.fit("DELETE", there, refreshed.access).status_code == 204
        hook = actions.fit("POST", "/api/webhooks/", refreshed.access, json={"url": "http://localhost:9/"})
        assert hook.status_code == 201, hook.text
        assert person.disconnect(app.client_id).status_code == 200  # a withdrawal
        assert not actions.is_active(refreshed.access)
        again = app.connect(person, [READ, WRITE])
        assert app.revoke(again.access).status_code == 200  # of one access token alone
        assert app.refresh(again.refresh).status_code == 200
        assert app.refresh(again.refresh).status_code == 400  # a reuse, with its story
        events = {event["kind"] for event in stack.command("event", "list") if event["client_id"] == app.client_id}
        assert {"client_registered", "grant_created", "grant_revoked", "credential_reused"} <= events
