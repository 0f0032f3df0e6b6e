"""A request for a client's own token that was authenticated before the client was deleted, and is executed after."""

from collections.abc import Callable

import pytest
import redis

from auth_service.storage.grants import GrantStore
from tests.support.actions import Actions, App, error_of


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app("--grant-type", "client_credentials")


def own(app: App) -> str:
    token: str = app.client_credentials().json()["access_token"]
    return token


@pytest.fixture
def delete_meanwhile(
    actions: Actions, app: App, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[], None]], None]:
    """The next requests pause between authentication and the step that issues; what is to happen after that step."""
    issue = GrantStore.issue_client_token

    def overtaken(then: Callable[[], None]) -> None:
        def held(*args: object, **more: object) -> object:
            if actions.stack.parts.clients.find(app.client_id) is not None:
                actions.stack.command("client", "delete", app.client_id)
            answer = issue(*args, **more)  # type: ignore[arg-type]
            then()
            return answer

        monkeypatch.setattr(GrantStore, "issue_client_token", held)

    return overtaken


def test_it_gets_nothing_and_revives_nothing_not_even_for_a_moment(
    actions: Actions, app: App, delete_meanwhile: Callable[[Callable[[], None]], None]
) -> None:
    old, seen = own(app), []
    delete_meanwhile(lambda: seen.append(actions.is_active(old)))
    assert error_of(app.client_credentials()) == (401, "invalid_client")
    assert [*seen, actions.is_active(old)] == [False, False]


def test_it_revives_nothing_where_its_process_dies_and_the_next_late_one_gets_nothing_either(
    actions: Actions, app: App, delete_meanwhile: Callable[[Callable[[], None]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, known = own(app), actions.stack.parts.clients.get(app.client_id)

    def die() -> None:
        raise redis.ConnectionError("stands for the end of the process")

    delete_meanwhile(die)
    assert app.client_credentials().status_code == 503
    assert not actions.is_active(old)

    delete_meanwhile(lambda: None)
    monkeypatch.setattr(type(actions.stack.parts.clients), "recall", lambda *_: known)
    assert error_of(app.client_credentials()) == (401, "invalid_client")
