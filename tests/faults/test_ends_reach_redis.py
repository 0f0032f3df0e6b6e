"""What SQL says has ended ends in Redis, however long that was out of reach, whoever's clock is wrong.

Redis never restarts here, so nothing helps but the work of the reconciler, or of the next who ends the same.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from auth_service.models.base import now
from auth_service.models.grant import GrantRecord
from auth_service.models.tokens import RevokedBecause
from auth_service.storage import grant_records
from auth_service.storage.reconciliation import Reconciliation
from auth_service.workers import revocation_reconciler
from auth_service.workers.revocation_reconciler import RevocationReconciler
from shared.redis.shards import TOLD_KEY
from tests.support.actions import Actions, App, Person, Tokens, error_of
from tests.support.lossy_redis import LossyRedis
from tests.support.polling import eventually
from tests.support.proxy import TcpProxy
from tests.support.stack import Stack

INTERVAL = 0.1
NEVER = 3_600.0


@contextmanager
def out_of_reach(proxy: TcpProxy) -> Iterator[None]:
    proxy.refuse()
    try:
        yield
    finally:
        proxy.recover()


def grant_of(actions: Actions, granted: Tokens) -> str:
    return str(actions.introspect(granted.access)["grant_id"])


def test_what_ended_while_redis_could_not_be_reached_has_ended_when_it_is_back(
    start_stack: Callable[..., Stack], redis_url: str
) -> None:
    with LossyRedis.of(redis_url) as lossy:
        [proxy] = lossy.proxies
        stack = start_stack(redis=lossy.url, reconcile_interval=INTERVAL)
        actions = Actions(stack)
        app, mo, kim = actions.app(), actions.person(), actions.person()
        revoked, disabled, kept = app.connect(mo), app.connect(kim), app.connect(mo)
        running = stack.parts.reconciler.start()
        eventually(lambda: actions.is_active(kept.access))
        time.sleep(5 * INTERVAL)  # it has done its work and knows this Redis
        with out_of_reach(proxy):
            assert app.revoke(revoked.refresh).status_code == 503
            failed = stack.auth_app.test_cli_runner().invoke(args=["account", "disable", kim.username])
            assert failed.exit_code == 2
            assert failed.stderr.startswith("error: Redis could not be asked")
            assert "repeat the command" in failed.stderr
            time.sleep(20 * INTERVAL)
        try:
            eventually(lambda: not actions.is_active(revoked.access))
            eventually(lambda: not actions.is_active(disabled.access))
        finally:
            running.set()
        assert actions.is_active(kept.access)


def disconnect(app: App, person: Person, _actions: Actions) -> None:
    person.browser.get("/connected-apps")
    assert person.browser.submit("/connected-apps/disconnect", {"client_id": app.client_id}).status_code == 200


def change_password(_app: App, person: Person, _actions: Actions) -> None:
    person.browser.get("/account")
    fields = {"current": person.password, "new": "a fresh long password 7"}
    assert person.browser.submit("/account/password", fields).status_code == 200


def disable(_app: App, person: Person, actions: Actions) -> None:
    actions.stack.command("account", "disable", person.username)


def delete_client(app: App, _person: Person, actions: Actions) -> None:
    actions.stack.command("client", "delete", app.client_id)


@pytest.mark.parametrize("act", [disconnect, change_password, disable, delete_client])
def test_who_ends_what_sql_says_has_ended_ends_it_in_redis_too(
    start_stack: Callable[..., Stack], act: Callable[[App, Person, Actions], None]
) -> None:
    stack = start_stack(reconcile_interval=NEVER)
    actions = Actions(stack)
    app, mo = actions.app(), actions.person()
    stuck, kept = app.connect(mo), app.connect(mo)
    # as an act that failed, or a process that died, between the commit and the script
    stack.parts.records.mark_revoked(grant_of(actions, stuck), RevokedBecause.PERSON)
    assert actions.is_active(stuck.access)

    act(app, mo, actions)

    assert not actions.is_active(stuck.access), "done, it said, and it was not"
    assert not actions.is_active(kept.access)
    assert error_of(app.refresh(stuck.refresh))[0] in {400, 401}


@pytest.mark.parametrize("minutes", [-9, 9])
def test_an_end_by_a_machine_whose_clock_is_minutes_wrong_is_repeated(
    start_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    stack = start_stack(reconcile_interval=INTERVAL)
    actions = Actions(stack)
    granted = actions.app().connect(actions.person())
    running = stack.parts.reconciler.start()
    time.sleep(5 * INTERVAL)
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(grant_records, "now", lambda: now() + timedelta(minutes=minutes))
        stack.parts.records.mark_revoked(grant_of(actions, granted), RevokedBecause.PERSON)
    try:
        eventually(lambda: not actions.is_active(granted.access))
    finally:
        running.set()


def another_process(stack: Stack) -> RevocationReconciler:
    """That shares SQL and Redis with the others."""
    parts = stack.parts
    return RevocationReconciler(
        parts.redis, parts.reconciler._ended, parts.revocation, parts.deleted_accounts, 1, NEVER
    )


def test_one_process_of_all_does_the_work_and_another_goes_on_when_it_stops(
    start_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = start_stack(reconcile_interval=NEVER)
    actions, redis = Actions(stack), stack.parts.redis
    granted = actions.app().connect(actions.person())
    stack.parts.records.mark_revoked(grant_of(actions, granted), RevokedBecause.PERSON)
    redis.scripts.delete("reconciler-lease")  # the turn of the process that has told this Redis is over
    monkeypatch.setattr(revocation_reconciler, "_LEASE", 0.5)
    first, second = another_process(stack), another_process(stack)

    [node] = redis.nodes()
    assert Reconciliation(node, 1).hold_lease(node.master.look(), first._name, 0.5)  # and stops there
    assert second.run_once() is False
    assert actions.is_active(granted.access)

    eventually(second.run_once)
    assert not actions.is_active(granted.access)
    assert first.run_once() is False, "the turn is over for all"


def test_work_that_takes_longer_than_the_lease_is_finished_though_others_take_it_over_meanwhile(
    start_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that gave way to each other, and began again, would let nobody in for ever."""
    stack = start_stack(reconcile_interval=NEVER)
    actions, parts = Actions(stack), stack.parts
    granted = actions.app().connect(actions.person())
    parts.records.mark_revoked(grant_of(actions, granted), RevokedBecause.PERSON)
    parts.redis.scripts.delete("reconciler-lease", TOLD_KEY)
    repeat, [node] = parts.revocation.repeat, parts.redis.nodes()

    def slowly(records: list[GrantRecord], *, is_known: bool) -> None:
        repeat(records, is_known=is_known)
        parts.redis.scripts.delete("reconciler-lease")
        assert Reconciliation(node, 1).hold_lease(node.master.look(), "another", 60)

    monkeypatch.setattr(parts.revocation, "repeat", slowly)
    assert another_process(stack).run_once()
    assert Reconciliation(node, 1).last_told(node.master.look()) is not None
