"""Turns: so many threads at a time, and who waits for something else lets another one run."""

import threading

from shared.turns import Turns, give_way


def take_in_another_thread(turns: Turns) -> threading.Event:
    """Set as soon as that thread has a turn."""
    taken = threading.Event()
    threading.Thread(target=lambda: (turns.take(), taken.set()), daemon=True).start()
    return taken


def test_so_many_threads_have_a_turn_at_a_time() -> None:
    turns = Turns(2)
    first, _ = turns.take(), turns.take()
    third = take_in_another_thread(turns)
    assert not third.wait(0.2)
    first.end()
    assert third.wait(10)


def test_a_turn_ends_once_however_often_it_is_said() -> None:
    turns = Turns(1)
    turn = turns.take()
    for _ in range(3):
        turn.end()
    assert not turn.lasts
    assert take_in_another_thread(turns).wait(10)
    assert not take_in_another_thread(turns).wait(0.2)


def test_who_gives_way_ends_the_own_turn_and_no_other() -> None:
    turns = Turns(2)
    assert take_in_another_thread(turns).wait(10)
    (other,) = turns.taken
    own = turns.take()
    give_way()
    assert (own.lasts, other.lasts) == (False, True)
    give_way()
    assert turns.taken == {other}


def test_outside_of_a_worker_nobody_gives_way() -> None:
    said = threading.Event()
    threading.Thread(target=lambda: (give_way(), said.set()), daemon=True).start()
    assert said.wait(10)


def test_only_who_is_at_a_request_for_too_long_is_held_up() -> None:
    turns = Turns(2)
    idle, busy = turns.take(), turns.take()
    busy.busy_since = 0.0
    turns.end_held_up(0.1)
    assert (idle.lasts, busy.lasts) == (True, False)
