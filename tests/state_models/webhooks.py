"""No end of consent is lost to webhooks: one webhook, its registration or enabling, a follower of the feed, Redis.

Steps are SQL transactions, reads of the log, and HTTP answers. There are no clocks: a lost place in the feed is counted
in the row of the place, and who confirms a webhook compares the count with the one from before it asked whether the
token is good. Follows `consent_follower.py`, `registration.py`, `webhook_endings.py` and `storage/webhooks.py`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.state_models.explorer import Case, Steps

MISSED = "a webhook stays active though its grant has ended"


class State(NamedTuple):
    """What SQL, Redis, the follower and the app's request are at."""

    ended: bool = False
    """The grant, by its person; `alive` is what Redis says."""
    alive: bool = True
    log: int = 0
    """How many entries: none, or the end."""
    inc: int = 0
    cursor: tuple[int, int] = (0, 0)
    poll: tuple[Any, ...] | None = None
    """What is left to do of it."""
    doubts: int = 0
    hook: str | None = None
    """None, unconfirmed, active, disabled or ended."""
    hook_doubts: int = 0
    request: tuple[str, int] = ("begun", 0)
    """How far the app's request is, and the count of doubts that it was given."""
    budget: tuple[tuple[str, int], ...] = ()


def initial(**may: int) -> State:
    """How often what may happen."""
    return State(budget=tuple(sorted({"end": 1, "lose": 0, "die": 1, "again": 1, **may}.items())))


def _spend(s: State, what: str) -> State | None:
    left = dict(s.budget)
    if not left[what]:
        return None
    left[what] -= 1
    return s._replace(budget=tuple(sorted(left.items())))


def model(mutant: str = "") -> Steps:
    """`mutant`: a fault that is put in."""

    def end(s: State) -> State:
        if s.hook == "unconfirmed":
            return s if mutant == "end-spares-unconfirmed" else s._replace(hook=None)
        return s._replace(hook="ended") if s.hook in {"active", "disabled"} else s

    def wrong(s: State) -> str | None:
        """What must not last: the follower has nothing more to hear, and no request is under way."""
        settled = s.cursor == (s.inc, s.log) and s.poll is None and s.request[0] in {"begun", "done"}
        return MISSED if settled and s.hook == "active" and s.ended else None

    def world(s: State) -> Iterator[tuple[str, State]]:
        if not s.ended and (after := _spend(s, "end")):
            yield "grant ends", after._replace(ended=True, alive=False, log=s.log + 1)
        if after := _spend(s, "lose"):
            yield "Redis loses its data", after._replace(inc=s.inc + 1, log=0, alive=False)

    def follower(s: State) -> Iterator[tuple[str, State]]:
        if s.poll is None:
            yield "poll sent", s._replace(poll=("sent", s.cursor))
            return
        if after := _spend(s, "die"):
            yield "follower dies", after._replace(poll=None)
        todo, cursor, *more = s.poll
        reached = more[0] if more else (s.inc, s.log)
        if todo == "sent" and cursor[0] != s.inc:
            first = "disable" if mutant == "disables-before-counting" else "count"
            yield "hears reset", s._replace(poll=(first, cursor, reached))
        elif todo == "sent" and cursor[1] < s.log:
            yield "hears the end", s._replace(poll=("end", cursor, reached))
        elif todo == "sent":
            yield "hears nothing", s._replace(poll=None)
        elif todo == "count":
            following = "store" if mutant == "disables-before-counting" else "disable"
            yield "counts a doubt", s._replace(doubts=s.doubts + 1, poll=(following, cursor, reached))
        elif todo == "disable":
            doubted = s.hook == "active" and (s.hook_doubts < s.doubts or mutant == "disables-before-counting")
            following = "count" if mutant == "disables-before-counting" else "store"
            hook = "disabled" if doubted else s.hook
            yield "disables what is doubted", s._replace(hook=hook, poll=(following, cursor, reached))
        elif todo == "end" and mutant == "place-before-act":
            yield "stores its place first", s._replace(cursor=reached, poll=("end late", cursor, reached))
        elif todo in {"end", "end late"}:
            yield "ends", end(s)._replace(poll=("store", cursor, reached) if todo == "end" else None)
        elif todo == "store":
            yield "stores its place", s._replace(poll=None, cursor=reached if s.cursor == cursor else s.cursor)

    def app(s: State) -> Iterator[tuple[str, State]]:
        stage, given = s.request
        if stage == "begun" and s.hook is None and s.alive:
            yield "let through", s._replace(request=("let through", 0))
        elif stage == "let through":
            asks = "good" if mutant == "not-asked-again" else "stored"
            yield "stored", s._replace(hook="unconfirmed", request=(asks, s.doubts))
        elif stage == "stored":
            yield f"introspection: {s.alive}", s._replace(request=("good" if s.alive else "done", given))
        elif stage == "good" and given != s.doubts and mutant != "doubts-not-compared":
            hook = None if s.hook == "unconfirmed" else s.hook
            yield "409, ask again", s._replace(hook=hook, request=("done", 0))
        elif stage == "good":
            exists = s.hook in {"unconfirmed", "active", "disabled"}
            after = s._replace(hook="active", hook_doubts=s.doubts) if exists else s
            yield "confirmed", after._replace(request=("done", 0))
        elif stage == "done" and s.hook in {"active", "disabled"} and s.alive and (after := _spend(s, "again")):
            yield "app enables it again", after._replace(request=("stored", s.doubts))

    def steps(s: State) -> Iterator[tuple[str, Any, str | None]]:
        for moves in (world, follower, app):
            for label, after in moves(s):
                yield label, after, wrong(after)

    return steps


def cases() -> Iterator[Case]:
    """The code as it is, then each fault that was in it, or could be."""
    yield Case("no loss of data", initial(), model())
    yield Case("Redis loses its data twice", initial(lose=2, die=2, again=2), model())
    for mutant, may in {
        "end-spares-unconfirmed": {},
        "place-before-act": {},
        "not-asked-again": {},
        "doubts-not-compared": {"lose": 1},
        "disables-before-counting": {"lose": 1},
    }.items():
        yield Case(mutant, initial(**may), model(mutant), mutant=True)
