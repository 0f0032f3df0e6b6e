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
