"""How webhooks end: one last event where there is one to tell, then nothing that was about the person any more."""

from threading import Thread

import pytest
from sqlalchemy import event

from fit_service.rules.webhooks.outcome import Outcome
from fit_service.rules.webhooks.schedule import PATIENCE
from fit_service.rules.webhooks.status import DISABLED_FOR, UNCONFIRMED_FOR, Owner, Status
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.feed_position import FeedPositionStore
from fit_service.storage.webhooks import ConsentInDoubtError
from tests.fit_storage.entries import insert
from tests.fit_storage.hooks import LIFETIME, Hooks, seconds

OWNER = Owner("app", "mo")


@pytest.fixture
def hooks(database: Database) -> Hooks:
    return Hooks(database)


def state(hooks: Hooks, webhook_id: str) -> tuple[Status, str | None] | None:
    registration = hooks.find(webhook_id)
    return registration and (registration.status, registration.disabled_because)


def everything(hooks: Hooks) -> dict[str, int]:
    return hooks.outbox.figures().webhooks


def test_when_its_grant_ends_a_webhook_is_told_that_alone_and_goes(store: BodyWeightStore, hooks: Hooks) -> None:
    webhook_id, other = hooks.register(), hooks.register(grant_id="another grant")
    insert(store)
    hooks.now += seconds(1)
    hooks.endings.end_grants({"grant", "a jti"}, hooks.now)
    assert state(hooks, webhook_id) is None
    insert(store)
    hooks.now += seconds(1)
    delivered = hooks.deliver_all()
    assert [(event["type"], event["data"]) for to, event in delivered if to == webhook_id] == [("consent.revoked", {})]
    assert [event["type"] for to, event in delivered if to == other] == ["body_weight.created"] * 2
    assert everything(hooks) == {"active": 1}


def test_hearing_of_an_end_twice_tells_it_once(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    for _ in range(2):
        hooks.endings.end_grants({"grant"}, hooks.now)
    assert hooks.types() == ["consent.revoked"]
    hooks.endings.end_grants({"grant"}, hooks.now)
    assert hooks.types() == []


def test_an_end_in_mid_delivery_follows_it_and_drops_the_rest(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    insert(store)
    insert(store)
    hooks.now += seconds(1)
    claim = hooks.claimed()
    hooks.endings.end_grants({"grant"}, hooks.now)
    assert hooks.claim() is None
    last = hooks.settle(claim, claim.event)
    assert '"consent.revoked"' in last.payload
    assert hooks.settle(claim, last) is None
    assert everything(hooks) == {}


def test_an_end_is_tried_at_once_however_long_the_receiver_has_failed(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    insert(store)
    hooks.now += seconds(1)
    for _ in range(3):
        hooks.now += seconds(hooks.fail_once() or 0)
    hooks.fail_once()
    hooks.endings.end_grants({"grant"}, hooks.now)
    assert hooks.types() == ["consent.revoked"]


def test_an_end_that_can_not_be_told_is_given_up_after_three_days(hooks: Hooks) -> None:
    hooks.register()
    hooks.endings.end_grants({"grant"}, hooks.now)
    began = hooks.now
    while (pause := hooks.fail_once()) is not None:
        hooks.now += seconds(pause)
    assert (hooks.now - began).total_seconds() >= PATIENCE
    assert everything(hooks) == {}


def test_a_receiver_that_wants_nothing_more_is_not_told_of_the_end_either(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    insert(store)
    hooks.now += seconds(1)
    hooks.fail_once(Outcome("it answered 410", gone=True))
    hooks.endings.end_grants({"grant"}, hooks.now)
    assert (hooks.types(), everything(hooks)) == ([], {})


def test_a_webhook_that_was_bound_to_another_grant_ends_with_that_one(hooks: Hooks) -> None:
    webhook_id = hooks.register()
    assert hooks.store.bind(OWNER, webhook_id, "new grant", hooks.now)
    assert hooks.store.confirm(OWNER, webhook_id, "new grant", hooks.store.doubts(), hooks.now) is not None
    hooks.endings.end_grants({"grant"}, hooks.now)
    assert hooks.types() == []
    hooks.endings.end_grants({"new grant"}, hooks.now)
    assert hooks.types() == ["consent.revoked"]


def test_a_webhook_that_was_ended_or_bound_elsewhere_meanwhile_is_not_confirmed(hooks: Hooks) -> None:
    unconfirmed, _, _ = hooks.store.register(OWNER, "grant", "https://app.example/", hooks.now)
    active = hooks.register()
    assert hooks.store.confirm(OWNER, active, "another grant", hooks.store.doubts(), hooks.now) is None
    hooks.endings.end_grants({"grant"}, hooks.now)
    for webhook_id in (unconfirmed, active):
        assert hooks.store.confirm(OWNER, webhook_id, "grant", hooks.store.doubts(), hooks.now) is None


def test_binding_to_an_unproven_grant_lasts_for_an_hour_unless_it_is_confirmed(hooks: Hooks) -> None:
    webhook_id = hooks.register()
    hooks.store.bind(OWNER, webhook_id, "grant", hooks.now)
    assert hooks.find(webhook_id).expires_at == hooks.now + LIFETIME  # type: ignore[union-attr]
    hooks.store.bind(OWNER, webhook_id, "new grant", hooks.now)
    assert hooks.find(webhook_id).expires_at == hooks.now + UNCONFIRMED_FOR  # type: ignore[union-attr]


def test_a_webhook_that_is_not_renewed_is_disabled_says_so_and_is_removed_a_month_later(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    webhook_id = hooks.register()
    hooks.now += LIFETIME - seconds(1)
    hooks.endings.sweep(hooks.now)
    assert state(hooks, webhook_id) == (Status.ACTIVE, None)
    hooks.now += seconds(1)
    hooks.endings.sweep(hooks.now)
    assert state(hooks, webhook_id) == (Status.DISABLED, "expired")
    insert(store)
    [(_, event)] = hooks.deliver_all()
    assert (event["type"], event["data"]) == ("webhook.disabled", {"because": "expired"})
    hooks.now += DISABLED_FOR
    hooks.endings.sweep(hooks.now)
    assert everything(hooks) == {}


def test_renewing_in_time_gives_another_lifetime(hooks: Hooks) -> None:
    webhook_id = hooks.register()
    hooks.now += LIFETIME - seconds(1)
    renewed = hooks.store.confirm(OWNER, webhook_id, "grant", hooks.store.doubts(), hooks.now)
    assert renewed is not None
    assert renewed.expires_at == hooks.now + LIFETIME
    hooks.now += seconds(2)
    hooks.endings.sweep(hooks.now)
    assert state(hooks, webhook_id) == (Status.ACTIVE, None)


def test_expired_means_told_nothing_also_before_anybody_has_swept(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.now -= LIFETIME
    webhook_id = hooks.register()
    hooks.now += LIFETIME + seconds(1)
    insert(store)
    assert state(hooks, webhook_id) == (Status.ACTIVE, None)
    hooks.now += seconds(5)
    assert hooks.types() == []


def test_in_doubt_every_webhook_waits_for_its_app_to_prove_consent(store: BodyWeightStore, hooks: Hooks) -> None:
    webhook_id = hooks.register()
    insert(store)
    hooks.now += seconds(5)
    hooks.endings.doubt("", hooks.now)
    later = hooks.register(grant_id="later grant")
    assert state(hooks, webhook_id) == (Status.DISABLED, "unverified")
    assert state(hooks, later) == (Status.ACTIVE, None)
    insert(store)
    hooks.now += seconds(5)
    told = [(to, event["type"], event["data"].get("because")) for to, event in hooks.deliver_all()]
    assert (webhook_id, "webhook.disabled", "unverified") in told
    assert [kind for to, kind, _ in told if to == later] == ["body_weight.created"]
    assert len(told) == 2
    assert hooks.store.confirm(OWNER, webhook_id, "grant", hooks.store.doubts(), hooks.now) is not None
    insert(store)
    hooks.now += seconds(5)
    assert {to for to, _ in hooks.deliver_all()} == {webhook_id, later}


def test_what_was_found_good_before_a_doubt_is_not_confirmed_after_it(hooks: Hooks) -> None:
    disabled, asked_at = hooks.register(), hooks.store.doubts()
    registered, _, _ = hooks.store.register(OWNER, "grant", "https://app.example/", hooks.now)
    hooks.endings.doubt("", hooks.now)
    for webhook_id in (disabled, registered):
        with pytest.raises(ConsentInDoubtError):
            hooks.store.confirm(OWNER, webhook_id, "grant", asked_at, hooks.now)
    assert everything(hooks) == {"disabled": 1}
    assert hooks.store.confirm(OWNER, registered, "grant", hooks.store.doubts(), hooks.now) is None


def test_a_doubt_reaches_what_was_about_to_be_confirmed(database: Database, hooks: Hooks) -> None:
    """It waits for that commit; else it would look for active webhooks before there is one."""
    webhook_id, _, _ = hooks.store.register(OWNER, "grant", "https://app.example/", hooks.now)
    doubting = Thread(target=hooks.endings.doubt, args=["", hooks.now])

    def meanwhile(_: object) -> None:
        if doubting.ident is None:
            doubting.start()
            doubting.join(0.3)  # it waits; on a slow machine it may only begin later, which proves less

    asked_at = hooks.store.doubts()
    event.listen(database._engine, "commit", meanwhile)
    try:
        hooks.store.confirm(OWNER, webhook_id, "grant", asked_at, hooks.now)
        doubting.join(5)
    finally:
        event.remove(database._engine, "commit", meanwhile)
    assert state(hooks, webhook_id) == (Status.DISABLED, "unverified")


def test_a_slower_worker_does_not_doubt_what_was_confirmed_since_another_has(database: Database, hooks: Hooks) -> None:
    hooks.endings.doubt("", hooks.now)
    FeedPositionStore(database).advance("", "a new place", hooks.now)
    webhook_id = hooks.register()
    hooks.endings.doubt("", hooks.now)
    assert state(hooks, webhook_id) == (Status.ACTIVE, None)
    hooks.endings.doubt("a new place", hooks.now)
    hooks.endings.doubt("a new place", hooks.now)
    assert state(hooks, webhook_id) == (Status.DISABLED, "unverified")
