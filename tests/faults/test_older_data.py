"""Another Redis takes over that lost what was written last: nothing is believed of it before it was told what ended.

As after a failover that lost the replication's tail, or a restart that lost what was not on the disk yet. A torture
test does the same with replicas and several processes (test_failovers.py).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import redis
import requests
from sqlalchemy.exc import OperationalError

from auth_service.components import build
from auth_service.models.base import now
from auth_service.models.tokens import RevokedBecause
from auth_service.storage import grant_records
from auth_service.storage.reconciliation import Reconciliation
from auth_service.storage.token_reuses import TokenReuseStore
from tests.support.actions import READ, Actions, Tokens, error_of, tokens
from tests.support.callers import BOUND
from tests.support.feed_reader import Reader, jti
from tests.support.polling import eventually
from tests.support.stack import Stack
from tests.support.taken_over_redis import TakenOverRedis, taken_over_redis

NEVER = 3_600.0


@pytest.fixture
def place() -> Iterator[TakenOverRedis]:
    with taken_over_redis() as place:
        yield place


@pytest.fixture
def stack(place: TakenOverRedis, start_stack: Callable[..., Stack]) -> Stack:
    return start_stack(redis=place.url, reconcile_interval=NEVER)


@pytest.fixture
def actions(stack: Stack) -> Actions:
    return Actions(stack)


@contextmanager
def reconciler_held(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Who would tell a Redis what has ended comes no further."""
    go_on, repeat = threading.Event(), stack.parts.revocation.repeat

    def held(records: object, *, is_known: bool) -> None:
        if not is_known and threading.current_thread().name == "revocation-reconciler":
            assert go_on.wait(60)
        repeat(records, is_known=is_known)

    with monkeypatch.context() as patch:
        patch.setattr(stack.parts.revocation, "repeat", held)
        try:
            yield
        finally:
            go_on.set()


def test_until_it_was_told_introspection_rotation_and_the_feed_are_503_and_then_what_ended_has_ended(
    place: TakenOverRedis, stack: Stack, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, mo = actions.app(), actions.person()
    ended, other, alone, earlier = (app.connect(mo) for _ in range(4))
    with monkeypatch.context() as an_hour_ago:
        an_hour_ago.setattr(grant_records, "now", lambda: now() - timedelta(hours=1))
        assert app.revoke(earlier.refresh).status_code == 200  # these data know that, and say so
    reader = Reader(stack)
    grant_id = actions.introspect(ended.access)["grant_id"]
    place.remember()
    assert app.revoke(ended.refresh).status_code == 200
    assert app.revoke(alone.access).status_code == 200
    with reconciler_held(stack, monkeypatch):
        place.take_over()
        for answer in (
            actions.introspection(other.access),
            app.refresh(other.refresh),
            reader.request(after=reader.cursor),
            reader.request(after=reader.cursor, wait="1"),
            requests.get(f"{stack.auth}/health/ready", timeout=60),
        ):
            assert answer.status_code == 503, answer.text
    eventually(lambda: actions.introspection(other.access).status_code == 200)

    assert [actions.is_active(each.access) for each in (ended, other, alone, earlier)] == [False, True, False, False]
    assert reader.news() == [{"grant_id": grant_id}, {"jti": jti(alone.access)}]
    assert error_of(app.refresh(ended.refresh)) == (400, "invalid_grant")
    assert type(tokens(app.refresh(other.refresh))) is Tokens
    assert requests.get(f"{stack.auth}/health/ready", timeout=60).status_code == 200


def test_a_connection_to_the_one_before_is_not_used_however_long_that_goes_on_answering(
    place: TakenOverRedis, stack: Stack, actions: Actions
) -> None:
    """As in a failover by Sentinel, in which the old master took writes for eleven seconds."""
    ended = actions.app().connect(actions.person())
    place.remember()
    grant_id = actions.introspect(ended.access)["grant_id"]  # over a connection that is kept
    place.take_over(keep_open=True)
    another_process = build(stack.parts.settings)
    assert another_process.revocation.end_grant(grant_id, RevokedBecause.PERSON)
    last = revoked = time.monotonic()
    while time.monotonic() < revoked + BOUND:
        if actions.introspection(ended.access).json().get("active"):
            last = time.monotonic()
        time.sleep(0.05)
    print(f"active for {last - revoked:.2f} s after its end was acknowledged")
    assert not actions.is_active(ended.access)
    assert last - revoked < BOUND


def test_a_redis_that_takes_over_while_the_one_before_is_told_does_not_say_that_it_was_told(
    place: TakenOverRedis, stack: Stack, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing reaches the second but the mark: what the first was told is not in its data."""
    app, mo = actions.app(), actions.person()
    ended, other = app.connect(mo), app.connect(mo)
    grant_id = actions.introspect(ended.access)["grant_id"]
    hours_ago = int(time.time() - 7_200) * 1000
    with place.client() as client:
        client.set("told", f"{client.get('told').partition(' ')[0]} {hours_ago}")
    place.remember()
    place.remember()
    with monkeypatch.context() as an_hour_ago:
        an_hour_ago.setattr(grant_records, "now", lambda: now() - timedelta(hours=1))
        stack.parts.records.mark_revoked(grant_id, RevokedBecause.PERSON)
    hold_lease, taken_over = Reconciliation.hold_lease, []

    def hold(self: Reconciliation, master: str, owner: str, seconds: float) -> bool:
        held = hold_lease(self, master, owner, seconds)
        if len(taken_over) < 2 and held:
            taken_over.append(True)
            if len(taken_over) == 2:  # the ends are told
                place.take_over()
        return held

    place.take_over()
    monkeypatch.setattr(Reconciliation, "hold_lease", hold)
    eventually(lambda: actions.introspection(other.access).status_code == 200 and len(taken_over) == 2)
    assert not actions.is_active(ended.access)


def test_an_end_is_not_acknowledged_in_a_redis_that_is_left_meanwhile(
    place: TakenOverRedis, stack: Stack, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, mo = actions.app(), actions.person()
    ended = app.connect(mo)
    place.remember()
    ends = stack.parts.ends
    revoke_grants, left = ends.revoke_grants, []

    def revoke_and_leave(grants: list[object]) -> None:
        revoke_grants(grants)
        if grants and not left:
            left.append(True)
            place.take_over(keep_open=True)

    monkeypatch.setattr(ends, "revoke_grants", revoke_and_leave)
    assert app.revoke(ended.refresh).status_code == 200
    assert left
    with place.client() as client:
        assert list(client.scan_iter("grant:*")) == [], "acknowledged, and still there"


def test_where_too_few_replicas_are_connected_nothing_is_spent_and_it_is_an_outage(
    place: TakenOverRedis, actions: Actions
) -> None:
    """With Redis' own `min-replicas-to-write`, which is asked before each write."""
    app, mo = actions.app(), actions.person()
    unused, spent = app.connect(mo), app.connect(mo)
    successor = tokens(app.refresh(spent.refresh))
    with place.client() as client:
        client.config_set("min-replicas-to-write", 1)
        for answer in (app.refresh(unused.refresh), app.refresh(spent.refresh), app.revoke(unused.access)):
            assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "1"), answer.text
        client.config_set("min-replicas-to-write", 0)
    assert app.refresh(unused.refresh).status_code == 200
    assert error_of(app.refresh(successor.refresh)) == (400, "invalid_grant"), "the reuse was noticed all the same"


def test_a_replica_is_never_believed(place: TakenOverRedis, actions: Actions) -> None:
    granted = actions.app().connect(actions.person())
    with place.client() as master:
        place.remember()
        replica = place.start_next()
        with redis.Redis.from_url(replica.url) as client:
            where = master.connection_pool.connection_kwargs
            client.replicaof("127.0.0.1", where["port"])
            eventually(lambda: client.info("replication")["master_link_status"] == "up")
    place.proxy.lead_to(replica.url, keep_open=True)
    eventually(lambda: actions.introspection(granted.access).status_code == 503)
    place.proxy.lead_to(replica.url, keep_open=False)
    assert actions.introspection(granted.access).status_code == 503


def test_an_access_token_that_was_revoked_alone_stays_revoked(place: TakenOverRedis, actions: Actions) -> None:
    app, mo = actions.app(), actions.person()
    revoked, service = app.connect(mo), actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
    exchanged = tokens(service.exchange_token(revoked.access))
    refreshed = tokens(app.refresh(revoked.refresh))
    place.remember()
    assert app.revoke(revoked.access).status_code == 200
    assert not actions.is_active(exchanged.access)
    place.take_over()
    eventually(lambda: actions.introspection(refreshed.access).status_code == 200)
    assert [actions.is_active(each.access) for each in (revoked, exchanged, refreshed)] == [False, False, True]


def test_an_access_token_that_was_revoked_while_redis_had_lost_it_stays_revoked(
    place: TakenOverRedis, actions: Actions
) -> None:
    app, mo = actions.app(), actions.person()
    revoked, kept = app.connect(mo), app.connect(mo)
    place.remember()
    with place.client() as client:
        client.delete(*client.scan_iter("at:*"))
    assert app.revoke(revoked.access).status_code == 200
    place.take_over()
    eventually(lambda: actions.introspection(kept.access).status_code == 200)
    assert [actions.is_active(each.access) for each in (revoked, kept)] == [False, True]


@pytest.mark.clause("RFC 7009 §2.1")
def test_a_client_may_revoke_what_it_got_by_exchange_and_redis_has_lost_and_nothing_of_others(
    place: TakenOverRedis, actions: Actions
) -> None:
    """Whose token it was is only known when it comes back."""
    app, mo = actions.app(), actions.person()
    first, second = app.connect(mo), app.connect(mo)
    service = actions.exchanger(actions.stack.fit_credentials.resource, scopes=[READ])
    revoked, kept = tokens(service.exchange_token(first.access)), tokens(service.exchange_token(first.access))
    place.remember()
    with place.client() as client:
        client.delete(*client.scan_iter("at:*"))
    for its_own_or_not in (revoked, first, second):
        assert service.revoke(its_own_or_not.access).status_code == 200
    assert app.revoke(second.access).status_code == 200
    place.take_over()
    eventually(lambda: actions.introspection(kept.access).status_code == 200)
    active = [actions.is_active(each.access) for each in (revoked, kept, first, second)]
    assert active == [False, True, True, False]


def test_a_reuse_while_sql_cannot_be_asked_is_an_outage_that_ends_the_grant_for_good_at_the_next_try(
    place: TakenOverRedis, stack: Stack, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, mo = actions.app(), actions.person()
    first = app.connect(mo)
    second = tokens(app.refresh(first.refresh))
    place.remember()

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("UPDATE grants", {}, Exception("SQL can't be asked"))

    with monkeypatch.context() as outage:
        outage.setattr(TokenReuseStore, "end_grant", fail)
        assert app.refresh(first.refresh).status_code == 503
    assert error_of(app.refresh(first.refresh)) == (400, "invalid_grant")
    place.take_over()
    eventually(lambda: actions.introspection(second.access).status_code == 200)
    assert not actions.is_active(second.access)
    assert error_of(app.refresh(second.refresh)) == (400, "invalid_grant")


def test_a_resource_servers_memory_is_not_proven_by_a_redis_that_forgot_an_end(
    place: TakenOverRedis, stack: Stack, actions: Actions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The feed can't be read for a while; meanwhile a grant ends, and Redis comes back as it was before that."""
    granted, log = actions.app().connect(actions.person()), stack.parts.feed._log
    grant_id, accepted = actions.introspect(granted.access)["grant_id"], 0.0

    def use() -> int:
        nonlocal accepted
        sent, status = time.monotonic(), actions.fit("GET", token=granted.access).status_code
        accepted = max(accepted, sent) if status == 200 else accepted
        return status

    eventually(lambda: use() == 200)
    time.sleep(1.5)  # the kit has polled: its memory is proven
    place.remember()
    with monkeypatch.context() as cut:

        def refuse(*_: object) -> None:
            raise redis.ConnectionError("the feed is cut")

        cut.setattr(log, "read", refuse)
        time.sleep(1.2)  # the poll that waited has been answered
        assert stack.parts.revocation.end_grant(grant_id, RevokedBecause.OPERATOR)
        ended = time.monotonic()
        place.take_over()
    while time.monotonic() < ended + BOUND + 1.5:
        use()
        time.sleep(0.05)
    print(f"accepted for {accepted - ended:.2f} s after its end was acknowledged")
    assert accepted - ended <= BOUND
    assert use() == 401
