"""What a client may at most ask for bounds its grants and tokens: what is taken from it is gone from them too."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import update

from auth_service.models.grant import GrantRecord
from auth_service.storage.clients import ClientStore
from auth_service.storage.grant_ends import GrantEnds
from auth_service.storage.grants import GrantStore
from tests.flows.test_consent import ASSURED, is_asked
from tests.support.actions import INACTIVE, PLANS, READ, WRITE, Actions, App, Tokens, error_of, tokens
from tests.support.feed_reader import Reader
from tests.support.polling import eventually
from tests.support.stack import ResourceServerCredentials, Stack

BOTH = f"{READ} {WRITE}"
GRANTS = ("authorization_code", "refresh_token", "client_credentials")
OPTIONS = [part for name in GRANTS for part in ("--grant-type", name)]


@pytest.fixture
def app(actions: Actions) -> App:
    return actions.app(*OPTIONS)


class Leave:
    """The operator's automation brings a client to a state in which it may ask for these scopes."""

    def __init__(self, actions: Actions, folder: Path) -> None:
        self._actions = actions
        self._folder = folder

    def __call__(self, app: App, *scopes: str, options: Sequence[str] = OPTIONS) -> None:
        secret = self._folder / app.client_id
        secret.write_text(app.secret)
        named = ("--client-id", app.client_id, "--secret-file", str(secret), "--redirect-uri", app.redirect_uri)
        scoped = [part for scope in scopes for part in ("--scope", scope)]
        self._actions.stack.command("client", "ensure", app.name, *named, *options, *scoped)


@pytest.fixture
def leave(actions: Actions, tmp_path: Path) -> Leave:
    return Leave(actions, tmp_path)


def own(app: App, **parameters: str) -> Tokens:
    return tokens(app.client_credentials(**parameters))


def scope_of(actions: Actions, granted: Tokens) -> object:
    return actions.introspect(granted.access).get("scope")


@pytest.mark.clause("RFC 6749 §6")
def test_a_scope_is_gone_from_each_grant_at_once_and_no_refresh_brings_it_back(
    actions: Actions, app: App, leave: Leave
) -> None:
    mo, other = actions.person(), actions.app()
    granted, elsewhere = app.connect(mo), other.connect(mo)
    reader = Reader(actions.stack)
    leave(app, READ)
    assert [scope_of(actions, each) for each in (granted, elsewhere)] == [READ, BOTH]
    assert [event.get("scope") for event in reader.news() if "scope" in event] == [READ]
    assert error_of(app.refresh(granted.refresh, scope=WRITE)) == (400, "invalid_scope")
    refreshed = tokens(app.refresh(granted.refresh))
    assert (refreshed.answer["scope"], scope_of(actions, refreshed)) == (READ, READ)

    leave(app, READ, WRITE)
    assert tokens(app.refresh(refreshed.refresh)).answer["scope"] == READ  # for more, somebody has to be asked


def test_a_grant_of_which_nothing_is_left_ends(actions: Actions, app: App, leave: Leave) -> None:
    granted = app.connect(actions.person(), scopes=[WRITE])
    leave(app, READ)
    assert actions.introspect(granted.access) == INACTIVE
    assert error_of(app.refresh(granted.refresh)) == (400, "invalid_grant")


def test_what_was_remembered_of_it_is_forgotten(actions: Actions, leave: Leave) -> None:
    app, mo = actions.app(redirect_uri=ASSURED), actions.person()
    app.connect(mo)
    leave(app, READ, options=[])
    leave(app, READ, WRITE, options=[])
    assert [is_asked(app, mo, scope) for scope in (READ, BOTH)] == [False, True]


def test_a_grant_that_was_recorded_with_more_than_its_client_may_ask_for_gives_no_more(
    actions: Actions, app: App, leave: Leave
) -> None:
    """As the release before left them."""
    granted = app.connect(actions.person())
    grant_id = actions.introspect(granted.access)["grant_id"]
    leave(app, READ)
    with actions.stack.parts.database.writing() as session:
        wide = update(GrantRecord).where(GrantRecord.id == grant_id).values(scopes=(READ, WRITE))
        session.execute(wide)
    assert error_of(app.refresh(granted.refresh, scope=WRITE)) == (400, "invalid_scope")
    assert tokens(app.refresh(granted.refresh)).answer["scope"] == READ


def test_a_clients_own_tokens_lose_it_at_once(actions: Actions, app: App, leave: Leave) -> None:
    wide = own(app)
    reader = Reader(actions.stack)
    leave(app, READ)
    assert scope_of(actions, wide) == READ
    assert [event.get("scope") for event in reader.news()] == [READ]
    assert error_of(app.client_credentials(scope=WRITE)) == (400, "invalid_scope")


def as_a_second_ago(monkeypatch: pytest.MonkeyPatch, actions: Actions, app: App) -> None:
    """From now on, whoever remembers the client remembers it as it is at this moment."""
    known = actions.stack.parts.clients.get(app.client_id)
    monkeypatch.setattr(ClientStore, "recall", lambda _, client_id: known if client_id == app.client_id else None)


@pytest.mark.parametrize("had_tokens", [True, False])
def test_a_process_that_remembers_more_brings_nothing_back(
    actions: Actions, app: App, leave: Leave, monkeypatch: pytest.MonkeyPatch, had_tokens: bool
) -> None:
    before = [own(app)] if had_tokens else []
    as_a_second_ago(monkeypatch, actions, app)
    leave(app, READ)
    late = own(app)
    assert late.answer["scope"] == READ
    assert error_of(app.client_credentials(scope=WRITE)) == (400, "invalid_scope")
    assert {scope_of(actions, each) for each in (late, *before)} == {READ}


def test_a_request_that_was_overtaken_after_it_was_authenticated_brings_nothing_back(
    actions: Actions, app: App, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, issue = own(app), GrantStore.issue_client_token

    def overtaken(*args: object, **more: object) -> object:
        leave(app, READ)
        return issue(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(GrantStore, "issue_client_token", overtaken)
    late = own(app)
    assert [scope_of(actions, each) for each in (before, late)] == [READ, READ]


def test_where_redis_was_not_told_the_next_token_tells_it(
    actions: Actions, app: App, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process that took the scope died right after its commit."""
    before, reader = own(app), Reader(actions.stack)
    with monkeypatch.context() as patch:
        patch.setattr(GrantEnds, "narrow_grants", lambda *_, **__: None)
        leave(app, READ)
    assert scope_of(actions, before) == BOTH
    own(app)
    assert scope_of(actions, before) == READ
    assert [event.get("scope") for event in reader.news()] == [READ]


def test_where_redis_was_not_told_it_is_within_an_interval(
    start_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    actions = Actions(start_stack(reconcile_interval=0.2))
    app = actions.app(*OPTIONS)
    before, mine = own(app), app.connect(actions.person())
    with monkeypatch.context() as patch:
        patch.setattr(GrantEnds, "narrow_grants", lambda *_, **__: None)
        Leave(actions, tmp_path)(app, READ)
    stopped = actions.stack.parts.reconciler.start()
    eventually(lambda: [scope_of(actions, each) for each in (before, mine)] == [READ, READ])
    stopped.set()


def test_what_a_client_is_given_later_works_and_its_older_tokens_stay(
    actions: Actions, app: App, leave: Leave, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where another process that doesn't know of it yet issues the next token."""
    leave(app, READ)
    before, knows_less = own(app), actions.stack.parts.clients.get(app.client_id)
    leave(app, READ, WRITE)
    after = own(app)
    monkeypatch.setattr(ClientStore, "recall", lambda *_: knows_less)
    own(app)
    assert [scope_of(actions, each) for each in (before, after)] == [READ, BOTH]


def test_what_a_service_got_by_exchange_ends_where_it_has_more(
    actions: Actions, leave: Leave, fit: ResourceServerCredentials, plans: ResourceServerCredentials
) -> None:
    service = actions.exchanger(fit.resource, scopes=[READ, PLANS])
    granted = actions.app(scopes=[READ, PLANS]).connect(actions.person())
    more, less = (
        tokens(service.exchange_token(granted.access)),
        tokens(service.exchange_token(granted.access, scope=READ)),
    )
    options = ["--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange", "--exchange-from", fit.resource]
    leave(service, READ, options=options)
    assert actions.introspect(more.access, plans) == INACTIVE
    assert [actions.is_active(each.access) for each in (more, less, granted)] == [False, True, True]
