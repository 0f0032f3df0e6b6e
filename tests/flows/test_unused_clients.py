"""A client that registered itself runs out unless somebody uses it."""

from datetime import datetime, timedelta

import pytest
import requests
from sqlalchemy import select, update

from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.storage.clients import ClientStore
from tests.support.actions import READ, TIMEOUT, Actions, Verifier, error_of
from tests.support.registration import RegisteredApp
from tests.support.stack import Stack


@pytest.fixture
def actions(open_stack: Stack) -> Actions:
    open_stack.forget_failures()
    return Actions(open_stack)


def run_out(actions: Actions, app: RegisteredApp, ago: timedelta) -> None:
    with actions.stack.parts.database.writing() as session:
        session.execute(update(Client).where(Client.client_id == app.client_id).values(unused_until=now() - ago))


def unused_until(actions: Actions, app: RegisteredApp) -> str | None:
    listed = actions.stack.command("client", "list")
    [until] = [client["unused_until"] for client in listed if client["client_id"] == app.client_id]
    return None if until is None else str(until)


def test_a_client_that_nobody_used_runs_out_and_one_that_was_used_stays(actions: Actions) -> None:
    used, unused = RegisteredApp(actions.stack), RegisteredApp(actions.stack)
    for app in (used, unused):
        until = datetime.fromisoformat(unused_until(actions, app) or "")
        assert timedelta(days=29) < until - now() <= timedelta(days=30)
    granted = used.connect(actions.person())
    assert unused_until(actions, used) is None
    assert used.update(scope=READ).status_code == 200
    assert unused_until(actions, used) is None

    run_out(actions, unused, timedelta(seconds=1))
    page = requests.get(unused.authorize_url(Verifier()), allow_redirects=False, timeout=TIMEOUT)
    assert (page.status_code, "Location" in page.headers) == (400, False)
    assert error_of(unused.refresh(granted.refresh)) == (401, "invalid_client")
    for answer in (unused.read(), unused.update(), unused.delete()):
        assert error_of(answer) == (401, "invalid_token")
    assert used.refresh(granted.refresh).status_code == 200


def test_a_client_that_is_used_during_an_update_stays(actions: Actions, monkeypatch: pytest.MonkeyPatch) -> None:
    app, of_client = RegisteredApp(actions.stack), ClientStore.find
    with monkeypatch.context() as patch:

        def overtaken(*args: object) -> object:
            found = of_client(*args)  # type: ignore[arg-type]
            patch.undo()
            app.connect(actions.person())
            return found

        patch.setattr(ClientStore, "find", overtaken)
        assert app.update().status_code == 200
    assert unused_until(actions, app) is None


def test_what_ran_out_makes_room_for_the_next(actions: Actions) -> None:
    ran_out, fresh, used = (RegisteredApp(actions.stack) for _ in range(3))
    used.connect(actions.person())
    run_out(actions, ran_out, timedelta(hours=2))
    RegisteredApp(actions.stack)
    ids = [ran_out.client_id, fresh.client_id, used.client_id]
    with actions.stack.parts.database.reading() as session:
        left = set(session.scalars(select(Client.client_id).where(Client.client_id.in_(ids))))
        grants = set(session.scalars(select(GrantRecord.client_id).where(GrantRecord.client_id.in_(ids))))
    assert left == grants == {fresh.client_id, used.client_id}
