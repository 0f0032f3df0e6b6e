"""The outbox: what is written with a change is delivered at least once, in order, whoever delivers and whoever dies."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from fit_service.rules.webhooks.outcome import Outcome
from fit_service.rules.webhooks.schedule import JITTER, PATIENCE, RETRY_AFTER
from fit_service.rules.webhooks.status import MAX_PER_PERSON, Owner, Status
from fit_service.storage.body_weights import BodyWeightStore
from fit_service.storage.database import Database
from fit_service.storage.webhook_outbox import LEASE
from tests.fit_storage.entries import change, delete, insert, new
from tests.fit_storage.hooks import FAILED, URL, Hooks, seconds


@pytest.fixture
def hooks(database: Database) -> Hooks:
    return Hooks(database)


def wait(hooks: Hooks, duration: float) -> None:
    """So long after what was last stored, which has the computer's time, however slow that was."""
    hooks.now = max(hooks.now, datetime.now(UTC)) + seconds(duration)


# What is written


def test_each_kind_of_change_is_told_once_in_its_order_and_names_entries_only(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    webhook_id = hooks.register()
    entries = insert(store, new(80), new(81))
    changed = change(store, entries[0], new(79))
    delete(store, changed)
    wait(hooks, 1)
    delivered = hooks.deliver_all()
    assert [(to, event["type"], event["data"]) for to, event in delivered] == [
        (webhook_id, "body_weight.created", {"ids": [entry.id for entry in entries]}),
        (webhook_id, "body_weight.updated", {"ids": [entries[0].id]}),
        (webhook_id, "body_weight.deleted", {"ids": [entries[0].id]}),
    ]
    assert [set(event) for _, event in delivered] == [{"type", "timestamp", "webhook_id", "data"}] * 3
    assert hooks.deliver_all() == []


def test_every_webhook_of_the_person_is_told_and_nobody_elses(store: BodyWeightStore, hooks: Hooks) -> None:
    mine = {hooks.register(), hooks.register(client_id="other app"), hooks.register()}
    hooks.register(subject="ada")
    insert(store)
    wait(hooks, 1)
    assert {to for to, _ in hooks.deliver_all()} == mine


def test_a_change_that_fails_is_told_to_nobody(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()

    def fail() -> None:
        with store.changing("mo") as changes:
            changes.insert([new()])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    wait(hooks, 1)
    assert hooks.deliver_all() == []


def test_a_large_import_is_told_in_few_events_that_name_every_entry(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    entries = insert(store, *(new(80, day) for day in range(1_100)))
    wait(hooks, 1)
    delivered = [event for _, event in hooks.deliver_all()]
    assert [len(event["data"]["ids"]) for event in delivered] == [500, 500, 100]
    assert [name for event in delivered for name in event["data"]["ids"]] == [entry.id for entry in entries]
    assert max(len(json.dumps(event)) for event in delivered) < 20_000


def test_inserting_nothing_is_not_told(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    with store.changing("mo") as changes:
        changes.insert([])
    wait(hooks, 1)
    assert hooks.claim() is None


# Who delivers


def test_a_claimed_webhook_is_nobody_elses_until_the_lease_runs_out(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    insert(store)
    wait(hooks, 1)
    claim = hooks.claimed()
    wait(hooks, LEASE.total_seconds() - 0.001)
    assert hooks.claim() is None
    wait(hooks, 0.001)
    assert hooks.claimed().event == claim.event


def test_a_worker_that_was_away_for_too_long_has_its_success_noted_and_decides_nothing_more(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    webhook_id = hooks.register()
    insert(store)
    insert(store)
    wait(hooks, 1)
    late = hooks.claimed()
    wait(hooks, LEASE.total_seconds())
    other = hooks.claimed()
    assert hooks.settle(late, late.event) is None
    assert hooks.settle(late, late.event, FAILED) is None
    registration = hooks.find(webhook_id)
    assert registration is not None
    assert (registration.waiting, registration.last_failure) == (1, None)
    following = hooks.settle(other, other.event)
    assert following.number == other.event.number + 1


def test_events_keep_their_order_while_an_earlier_one_fails(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    [entry] = insert(store)
    delete(store, entry)
    wait(hooks, 1)
    first = hooks.claimed().event
    wait(hooks, LEASE.total_seconds())
    pause = hooks.fail_once()
    assert pause is not None
    assert hooks.claim() is None
    wait(hooks, pause)
    assert hooks.claimed().event == first


def test_a_long_queue_lets_others_go_first_after_its_turn(store: BodyWeightStore, hooks: Hooks) -> None:
    long, short = hooks.register(), hooks.register(subject="ada")
    insert(store)
    insert(store)
    wait(hooks, 1)
    claim = hooks.claimed()
    assert claim.webhook_id == long
    insert(store, subject="ada")
    wait(hooks, 1)
    assert hooks.settle(claim, claim.event, go_on=False) is None
    assert [to for to, _ in hooks.deliver_all()] == [short, long]


def test_apps_that_are_avoided_are_left_for_later(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    other = hooks.register(client_id="other app")
    insert(store)
    wait(hooks, 1)
    claim = hooks.claim(avoiding=["app"])
    assert claim is not None
    assert claim.webhook_id == other
    assert hooks.claim(avoiding=["app", "other app"]) is None


def test_what_happens_during_a_delivery_follows_it(store: BodyWeightStore, hooks: Hooks) -> None:
    webhook_id = hooks.register()
    [entry] = insert(store)
    wait(hooks, 1)
    claim = hooks.claimed()
    delete(store, entry)
    assert hooks.claim() is None
    event = hooks.settle(claim, claim.event)
    assert json.loads(event.payload)["type"] == "body_weight.deleted"
    assert hooks.settle(claim, event) is None
    assert hooks.due_in(webhook_id) is None


# When it fails


def test_pauses_grow_as_planned_give_or_take_a_fifth_and_begin_anew_after_a_success(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    hooks.register()
    insert(store)
    wait(hooks, 1)
    for planned in (*RETRY_AFTER, RETRY_AFTER[-1]):
        pause = hooks.fail_once()
        assert pause is not None
        assert planned * (1 - JITTER) <= pause <= planned * (1 + JITTER)
        wait(hooks, pause)
    assert hooks.types() == ["body_weight.created"]
    insert(store)
    pause = hooks.fail_once()
    assert pause is not None
    assert pause <= RETRY_AFTER[0] * (1 + JITTER)


def test_pauses_of_webhooks_that_failed_together_differ(store: BodyWeightStore, hooks: Hooks) -> None:
    for _ in range(MAX_PER_PERSON):
        hooks.register()
    insert(store)
    wait(hooks, 1)
    assert len({hooks.fail_once() for _ in range(MAX_PER_PERSON)}) > 1


def test_a_receiver_may_ask_for_a_longer_pause_but_not_for_longer_than_the_longest(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    hooks.register()
    insert(store)
    wait(hooks, 1)
    assert hooks.fail_once(Outcome("it answered 503", retry_after=100)) == 100
    wait(hooks, 100)
    assert hooks.fail_once(Outcome("it answered 503", retry_after=10_000_000)) == RETRY_AFTER[-1]


def test_after_three_days_of_failures_the_webhook_is_disabled_and_collects_nothing(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    webhook_id = hooks.register()
    insert(store)
    wait(hooks, 1)
    began = hooks.now
    while (pause := hooks.fail_once()) is not None:
        assert hooks.now - began < timedelta(seconds=PATIENCE)
        wait(hooks, pause)
    assert hooks.now - began >= timedelta(seconds=PATIENCE)
    registration = hooks.find(webhook_id)
    assert registration is not None
    assert (registration.status, registration.disabled_because) == (Status.DISABLED, "failing")
    assert registration.waiting == 0
    insert(store)
    assert hooks.types() == []


def test_410_disables_at_once(store: BodyWeightStore, hooks: Hooks) -> None:
    webhook_id = hooks.register()
    insert(store)
    insert(store)
    wait(hooks, 1)
    assert hooks.fail_once(Outcome("it answered 410", gone=True)) is None
    registration = hooks.find(webhook_id)
    assert registration is not None
    assert (registration.status, registration.disabled_because, registration.waiting) == (Status.DISABLED, "gone", 0)


def test_enabling_begins_with_what_happens_from_then_on_and_with_a_clean_record(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    webhook_id = hooks.register()
    insert(store)
    wait(hooks, 1)
    hooks.fail_once(Outcome("it answered 410", gone=True))
    assert hooks.store.confirm(Owner("app", "mo"), webhook_id, "grant", hooks.store.doubts(), hooks.now) is not None
    registration = hooks.find(webhook_id)
    assert registration is not None
    assert (registration.status, registration.disabled_because) == (Status.ACTIVE, None)
    assert (registration.failing_since, registration.last_failure) == (None, None)
    [entry] = insert(store)
    delete(store, entry)
    wait(hooks, 1)
    assert hooks.types() == ["body_weight.created", "body_weight.deleted"]


def test_enabling_an_active_webhook_tries_at_once_what_waits(store: BodyWeightStore, hooks: Hooks) -> None:
    webhook_id = hooks.register()
    insert(store)
    wait(hooks, 1)
    hooks.fail_once()
    assert hooks.claim() is None
    hooks.store.confirm(Owner("app", "mo"), webhook_id, "grant", hooks.store.doubts(), hooks.now)
    assert hooks.types() == ["body_weight.created"]


# Who owns it, and what metrics see


def test_nobody_else_reaches_a_webhook(hooks: Hooks) -> None:
    webhook_id = hooks.register()
    for owner in (Owner("app", "ada"), Owner("other app", "mo")):
        assert hooks.store.find(owner, webhook_id) is None
        assert hooks.store.all(owner) == []
        assert hooks.store.send_test(owner, webhook_id, hooks.now) is None
        assert not hooks.store.bind(owner, webhook_id, "grant", hooks.now)
        assert hooks.store.confirm(owner, webhook_id, "grant", hooks.store.doubts(), hooks.now) is None
        assert not hooks.store.remove(owner, webhook_id)
    assert hooks.find(webhook_id) is not None


def test_an_unconfirmed_webhook_is_seen_by_nobody_told_nothing_and_removed_after_an_hour(
    store: BodyWeightStore, hooks: Hooks
) -> None:
    owner = Owner("app", "mo")
    webhook_id, _, _ = hooks.store.register(owner, "grant", URL, hooks.now)
    insert(store)
    wait(hooks, 1)
    assert (hooks.find(webhook_id), hooks.store.all(owner), hooks.claim()) == (None, [], None)
    wait(hooks, 3_600)
    hooks.endings.sweep(hooks.now)
    assert hooks.store.confirm(owner, webhook_id, "grant", hooks.store.doubts(), hooks.now) is None


def test_removing_takes_what_waits_along_even_in_mid_delivery(store: BodyWeightStore, hooks: Hooks) -> None:
    webhook_id = hooks.register()
    insert(store)
    insert(store)
    wait(hooks, 1)
    claim = hooks.claimed()
    assert hooks.store.remove(Owner("app", "mo"), webhook_id)
    assert hooks.settle(claim, claim.event) is None
    assert (hooks.outbox.figures().waiting, hooks.outbox.figures().webhooks) == (0, {})


def test_figures_count_attempts_and_what_waits(store: BodyWeightStore, hooks: Hooks) -> None:
    hooks.register()
    assert (hooks.outbox.figures().waiting, hooks.outbox.figures().oldest_at) == (0, None)
    began = hooks.now
    insert(store)
    insert(store)
    wait(hooks, 1)
    figures = hooks.outbox.figures()
    assert figures.waiting == 2
    assert figures.oldest_at is not None
    assert abs(figures.oldest_at - began) < seconds(5)
    pause = hooks.fail_once()
    assert pause is not None
    wait(hooks, pause)
    assert len(hooks.deliver_all()) == 2
    figures = hooks.outbox.figures()
    assert (figures.waiting, figures.attempts, figures.webhooks) == (0, {"failed": 1, "delivered": 2}, {"active": 1})
