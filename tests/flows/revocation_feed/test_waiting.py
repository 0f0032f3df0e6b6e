"""The revocation feed, `GET /revocations`: how long it holds a poll."""

import threading
import time
from collections.abc import Callable

from buffering_worker.concurrency_limit import ConcurrencyLimit
from tests.support.actions import TIMEOUT, Actions
from tests.support.feed_reader import Event, Reader, jti
from tests.support.stack import Stack


def test_a_waiting_poll_is_answered_when_something_is_revoked(anywhere: Actions) -> None:
    app = anywhere.app()
    reader = Reader(anywhere.stack)
    latencies = []
    for _ in range(5):
        granted = app.connect(anywhere.person())
        answers: list[tuple[float, list[Event]]] = []

        def poll(into: list[tuple[float, list[Event]]] = answers) -> None:
            while not into or not into[-1][1]:
                events = reader.news(wait=1)
                into.append((time.monotonic(), events))

        waiting = threading.Thread(target=poll)
        waiting.start()
        time.sleep(0.1)  # a poll under way; a late one would be answered at once and prove less
        app.revoke(granted.access)
        revoked_at = time.monotonic()
        waiting.join(TIMEOUT)
        assert answers[-1][1] == [{"jti": jti(granted.access)}]
        latencies.append(answers[-1][0] - revoked_at)
    assert min(latencies) < 0.5


def test_a_quiet_poll_is_held_for_the_time_it_asked_for_and_never_longer_than_a_second(reader: Reader) -> None:
    for wait, at_least in (("0.3", 0.3), ("1", 1.0), ("600", 1.0)):
        began = time.monotonic()
        assert reader.news(wait=wait) == []
        assert at_least <= time.monotonic() - began < at_least + 3


def test_a_waiting_poll_lets_another_thread_of_its_worker_run(actions: Actions, reader: Reader) -> None:
    limit, caller = ConcurrencyLimit(1), actions.stack.fit_credentials
    began, answered = threading.Event(), threading.Event()
    poll = {"after": reader.cursor, "wait": 1}

    def wait() -> None:
        slot = limit.acquire()
        began.set()
        actions.stack.auth_app.test_client().get("/revocations", query_string=poll, auth=(caller.name, caller.secret))
        answered.set()
        slot.release()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert began.wait(TIMEOUT)
    limit.acquire()
    assert not answered.is_set()
    waiting.join(TIMEOUT)


def test_noise_for_others_does_not_end_a_wait(actions: Actions) -> None:
    others = Reader(actions.stack, actions.stack.other_credentials)
    app, began = actions.app(), time.monotonic()
    granted = app.connect(actions.person())
    timer = threading.Timer(0.2, app.revoke, [granted.access])
    began = time.monotonic()
    timer.start()

    assert others.news(wait=1) == []
    assert time.monotonic() - began >= 1
    timer.join()


def test_beyond_the_budget_answers_come_at_once_and_tell_the_same(start_stack: Callable[..., Stack]) -> None:
    actions = Actions(start_stack(waiting_polls=0))
    reader, app = Reader(actions.stack), actions.app()
    granted = app.connect(actions.person())
    began = time.monotonic()
    for _ in range(5):
        assert reader.news(wait=1) == []
    assert time.monotonic() - began < 5  # five waits of a second each would not fit
    app.revoke(granted.access)
    assert reader.news(wait=1) == [{"jti": jti(granted.access)}]
