"""So many threads run at a time, and one that waits for something else lets another one run."""

import threading
from concurrent.futures import ThreadPoolExecutor

from buffering_worker.concurrency_limit import ConcurrencyLimit, release_slot


def acquire_in_another_thread(limit: ConcurrencyLimit) -> threading.Event:
    """Set as soon as that thread has a slot."""
    acquired = threading.Event()

    def acquire() -> None:
        limit.acquire()
        acquired.set()

    threading.Thread(target=acquire, daemon=True).start()
    return acquired


def test_so_many_threads_have_a_slot_at_a_time() -> None:
    limit = ConcurrencyLimit(2)
    first, _ = limit.acquire(), limit.acquire()
    third = acquire_in_another_thread(limit)
    assert not third.wait(0.2)
    first.release()
    assert third.wait(10)


def test_a_slot_is_released_once_however_often_it_is_said() -> None:
    limit = ConcurrencyLimit(1)
    slot = limit.acquire()
    for _ in range(3):
        slot.release()
    assert not slot.held
    assert acquire_in_another_thread(limit).wait(10)
    assert not acquire_in_another_thread(limit).wait(0.2)


def test_a_thread_releases_its_own_slot_and_no_other() -> None:
    limit = ConcurrencyLimit(2)
    assert acquire_in_another_thread(limit).wait(10)
    (other,) = limit.slots
    own = limit.acquire()
    release_slot()
    assert (own.held, other.held) == (False, True)
    release_slot()
    assert limit.slots == {other}


def test_outside_of_a_worker_there_is_no_slot_to_release() -> None:
    with ThreadPoolExecutor() as threads:
        assert threads.submit(release_slot).result(10) is None


def test_only_a_thread_that_is_at_a_request_for_too_long_is_blocked() -> None:
    limit = ConcurrencyLimit(2)
    idle, busy = limit.acquire(), limit.acquire()
    busy.busy_since = 0.0
    limit.release_blocked(0.1)
    assert (idle.held, busy.held) == (True, False)


def test_while_the_processor_is_busy_there_are_fewer_slots_down_to_two_and_else_as_many_as_there_may_be() -> None:
    limit = ConcurrencyLimit(4)
    held = [limit.acquire() for _ in range(4)]
    found = []
    for used in (0.9, 1.0, 1.0, 0.5, 0.0, 0.0):
        limit.adapt(used)
        found.append((limit.limit, len(limit.slots)))
    assert found == [(3, 3), (2, 2), (2, 2), (3, 2), (4, 2), (4, 2)]
    assert sum(slot.held for slot in held) == 2
    for _ in range(2):
        assert acquire_in_another_thread(limit).wait(10)
    assert not acquire_in_another_thread(limit).wait(0.2)


def test_a_thread_whose_slot_was_taken_away_gives_none_back() -> None:
    limit = ConcurrencyLimit(3)
    held = [limit.acquire() for _ in range(3)]
    limit.adapt(1.0)
    for slot in held:
        slot.release()
    assert [acquire_in_another_thread(limit).wait(0.5) for _ in range(3)] == [True, True, False]


def test_a_worker_that_may_run_one_thread_at_a_time_always_runs_it() -> None:
    limit = ConcurrencyLimit(1)
    limit.acquire()
    limit.adapt(1.0)
    assert (limit.limit, len(limit.slots)) == (1, 1)
