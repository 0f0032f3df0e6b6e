"""The kit's memory, its feed and its questions, against revocation, narrowing, loss, pause and failover.

One token of one grant, one resource-server process, one authorization server on one Redis. A tick is half a second.
Ages are counted from events and capped, so time is not bounded. What is atomic in the code is one step here: one script
in Redis, one block under the cache's lock. Network and scheduler are the order of steps. Follows the kit's
`memory/validation_cache.py`, `revocation_feed/` and `token_validator.py`, `read_revocations.lua` and `redis_master.py`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.state_models.explorer import Case, Steps

PROMISE, DEADLINE, POLL = 6, 2, 4
"""Ticks: 3 s, 1 s (one introspection), 2 s (one poll)."""
ENDED = "an ended token is accepted"
TAKEN = "a taken scope is accepted"


class State(NamedTuple):
    """Ages are ticks since an event; None: it hasn't happened."""

    level: int
    """What the token allows in Redis: 2, 1 or 0."""
    ended: int | None
    narrowed: int | None
    log: tuple[tuple[int, str], ...]
    inc: int
    """The log's incarnation."""
    nextpos: int
    rlevel: int
    rlog: tuple[tuple[int, str], ...]
    """The replica."""
    lost: int | None
    """Ticks since a failover to a Redis that was not told yet."""
    paused: bool
    entry: int | None
    """What the memory holds."""
    proven: int | None
    cursor: tuple[int, int] | None
    poll: Any
    """Age, cursor that was sent, answer."""
    apply: Any
    """What is left to do of an answer."""
    inq: Any
    """The question in flight: age, answer, and whether it heard of an end, a narrowing, a reset."""
    joined: int
    budget: tuple[tuple[str, int], ...]
    """How often what may still happen."""


def initial(**faults: int) -> State:
    mark = ((0, "-"),)
    budget = tuple(sorted({"noise": 0, "end": 0, "narrow": 0, "pause": 0, "ask": 1, **faults}.items()))
    return State(2, None, None, mark, 0, 1, 2, mark, None, False, None, None, None, None, None, None, 0, budget)


def spend(state: State, what: str) -> State | None:
    left = dict(state.budget)
    if not left.get(what):
        return None
    left[what] -= 1
    return state._replace(budget=tuple(sorted(left.items())))


def older(age: int | None, cap: int = 6) -> int | None:
    """Beyond six ticks nothing depends on an age; what is promised to hold after six needs a seventh."""
    return None if age is None else min(age + 1, cap)


def model(mutant: str = "") -> Steps:
    """`mutant`: a fault that is put in."""
    late_believed = mutant == "answers-believed-that-it-slept-over"
    open_feed = mutant in {"feed-before-told", "nothing-refused-before-told"}
    open_introspection = mutant in {"introspection-before-told", "nothing-refused-before-told"}
    proven_for = 7 if mutant == "proven-for-3.5s" else 5

    def accept(state: State, level: int, how: str) -> str | None:
        """What is wrong about what the resource server lets through now."""
        if state.ended is not None and state.ended > PROMISE:
            return f"{ENDED} {how}"
        if state.narrowed is not None and state.narrowed > PROMISE and level > 1:
            return f"{TAKEN} {how}"
        return None

    def is_proven(state: State) -> bool:
        if mutant == "proof-is-a-flag":
            return state.proven is not None
        return state.proven is not None and state.proven <= proven_for

    def append(state: State, kind: str) -> State:
        return state._replace(log=(*state.log, (state.nextpos, kind)), nextpos=state.nextpos + 1)

    def read_log(state: State, cursor: tuple[int, int] | None) -> tuple[str, tuple[int, int], str, bool]:
        """As read_revocations.lua and RevocationLog.read, one entry at a time so that `more` matters."""
        newest = state.log[-1][0]
        known = cursor is not None and cursor[0] == state.inc and any(pos == cursor[1] for pos, _ in state.log)
        if mutant == "missing-position-taken-for-good":
            known = cursor is not None and cursor[0] == state.inc
        if not known:
            return ("reset", (state.inc, newest), "-", False)
        after = [entry for entry in state.log if entry[0] > cursor[1]]
        if not after:
            return ("known", cursor, "-", False)
        return ("known", (state.inc, after[0][0]), after[0][1], True)

    def steps(s: State) -> Iterator[tuple[str, Any, str | None]]:
        left = dict(s.budget)
        if s.entry is None and s.inq is None and not left.get("ask"):
            return  # nothing can be let through any more
        if s.ended is None and s.narrowed is None and not left.get("end") and not left.get("narrow"):
            return  # nothing can be wrong any more
        # the authorization server and its people
        if s.level and (after := spend(s, "end")):
            yield "end is acknowledged", append(after._replace(level=0, ended=0), "E"), None
        if s.level == 2 and (after := spend(s, "narrow")):
            yield "narrowing is acknowledged", append(after._replace(level=1, narrowed=0), "N"), None
        if after := spend(s, "noise"):
            yield "somebody else's end", append(after, "X"), None
        if len(s.log) > 1 and (after := spend(s, "trim")):
            yield "log trimmed", after._replace(log=s.log[-1:]), None
        if after := spend(s, "wipe"):
            yield "Redis loses its data", after._replace(log=((0, "-"),), inc=s.inc + 1, nextpos=1, level=0), None
        if (s.level, s.log) != (s.rlevel, s.rlog) and dict(s.budget).get("failover"):
            yield "replicated", s._replace(rlevel=s.level, rlog=s.log), None
            after = spend(s, "failover")
            # positions are times: a new master goes on beyond the lost ones
            yield "failover", after._replace(level=s.rlevel, log=s.rlog, lost=0), None
        if s.lost is not None:
            level = 0 if s.ended is not None else min(s.level, 1 if s.narrowed is not None else 2)
            after = s._replace(lost=None, level=level, rlevel=level)
            if s.ended is not None:  # every unexpired end is told again
                after = append(after, "E")
            elif level != s.level:
                after = append(after, "N")
            yield "reconciled", after, None

        # time, which waits for what is due in a process that runs
        due = not s.paused and (
            s.apply is not None
            or (s.inq is not None and s.inq[0] >= DEADLINE)
            or (s.poll is not None and s.poll[0] >= POLL)
        )
        late = s.lost is not None and s.lost >= 10  # the interval: five seconds
        if not due and not late:
            yield (
                "tick",
                s._replace(
                    ended=older(s.ended, PROMISE + 1),
                    narrowed=older(s.narrowed, PROMISE + 1),
                    lost=None if s.lost is None else s.lost + 1,
                    proven=older(s.proven),
                    poll=s.poll and (older(s.poll[0]), *s.poll[1:]),
                    apply=s.apply and (s.apply[0], older(s.apply[1]), *s.apply[2:]),
                    inq=s.inq and (older(s.inq[0]), *s.inq[1:]),
                ),
                None,
            )
        if not s.paused and (after := spend(s, "pause")):
            yield "process stopped", after._replace(paused=True), None
        if s.paused:
            yield "process goes on", s._replace(paused=False), None

        # questions that the authorization server answers, also while the asker sleeps
        if s.poll and s.poll[2] is None and (s.lost is None or open_feed):
            yield "poll is answered", s._replace(poll=(*s.poll[:2], read_log(s, s.poll[1]))), None
        if s.inq and s.inq[1] is None and (s.lost is None or open_introspection):
            yield f"introspection says {s.level}", s._replace(inq=(s.inq[0], s.level, *s.inq[2:])), None
        if s.paused:
            return

        # the kit: feed thread
        if s.poll is None and s.apply is None:
            yield "poll sent", s._replace(poll=(0, s.cursor, None)), None
        if s.poll is not None:
            yield "poll fails", s._replace(poll=None), None
            if s.poll[2] is not None:
                kind, cursor, event, more = s.poll[2]
                first = s.cursor is None
                age = 0 if mutant == "proven-since-the-answer" else s.poll[0]
                after = s._replace(poll=None, cursor=cursor)
                todo = ("prove" if mutant == "prove-before-forgetting" else "forget", age, kind, event, more, first)
                yield "poll heard", after._replace(apply=todo), None
        if s.apply is not None:
            stage, age, kind, event, more, first = s.apply
            if stage == "forget":
                after = s
                if kind == "reset" or first:
                    if mutant != "reset-keeps-memory":
                        after = after._replace(entry=None)
                    if after.inq and mutant != "reset-spares-questions":
                        after = after._replace(inq=(*after.inq[:4], True))
                if event in "EN" and event != "-":
                    after = after._replace(entry=None)
                    if after.inq and not (mutant == "questions-hear-no-end" and event == "E"):
                        age_, answer, ended, narrowed, void = after.inq
                        ended = ended or event == "E"
                        if mutant != "questions-hear-no-narrowing":
                            narrowed = narrowed or event == "N"
                        after = after._replace(inq=(age_, answer, ended, narrowed, void))
                left = ("prove", age, kind, event, more, first)
                done = mutant == "prove-before-forgetting"
                yield "forgets what was told", after._replace(apply=None if done else left), None
            else:
                after = s
                if not more or mutant == "a-part-proves-all":
                    after = after._replace(proven=age)
                left = ("forget", age, kind, event, more, first)
                again = mutant == "prove-before-forgetting"
                yield "calls the rest proven", after._replace(apply=left if again else None), None

        # the kit: requests
        if s.entry is not None and is_proven(s):
            yield "call, from memory", s, accept(s, s.entry, "from memory")
        elif s.inq is None and (after := spend(s, "ask")):
            yield "call, asks", after._replace(inq=(0, None, False, False, False), joined=0), None
        if s.inq is not None and not s.joined and (s.inq[0] <= 5 or mutant == "joins-an-old-question"):
            yield "call, waits for the other's question", s._replace(joined=1), None
        if s.inq is not None:
            age, answer, ended, narrowed, void = s.inq
            if answer is None and age >= DEADLINE:
                yield "introspection too late", s._replace(inq=None, joined=0), None
            if answer is not None:
                after = s._replace(inq=None, joined=0)
                if mutant == "joins-an-old-question" and s.joined and age > DEADLINE:
                    yield "late answer for who joined", after, accept(s, answer, "by a shared answer")
                if age > DEADLINE and not late_believed:
                    yield "answer came too late", after, None
                elif answer == 0 or ended:
                    yield "refused", after, None
                else:
                    level = min(answer, 1) if narrowed else answer
                    if not (void or narrowed):
                        after = after._replace(entry=answer)
                    how = "by an answer that the process slept over" if age > DEADLINE else "by an answer"
                    yield f"let through with {level}", after, accept(s, level, how)

    return steps


def cases() -> Iterator[Case]:
    """The code as it is, then each fault that was in it, or could be."""
    trimmed, noise, paused = {"end": 1, "trim": 1}, {"end": 1, "noise": 1}, {"end": 1, "pause": 1}
    failover = {"end": 1, "failover": 1}
    for name, faults in {
        "end, trimmed log": trimmed,
        "end, somebody else's end": noise,
        "end, data lost": {"end": 1, "wipe": 1},
        "narrowing": {"narrow": 1},
        "end and narrowing": {"end": 1, "narrow": 1},
        "end, two questions": {"end": 1, "ask": 2},
        "end, process stopped": paused,
        "narrowing, process stopped": {"narrow": 1, "pause": 1},
        "failover that loses the tail": failover,
    }.items():
        yield Case(name, initial(**faults), model())
    for mutant, faults in {
        "answers-believed-that-it-slept-over": paused,
        "introspection-before-told": failover,
        "feed-before-told": failover,
        "nothing-refused-before-told": failover,
        "proven-since-the-answer": trimmed,
        "a-part-proves-all": noise,
        "questions-hear-no-end": trimmed,
        "questions-hear-no-narrowing": {"narrow": 1},
        "reset-spares-questions": trimmed,
        "reset-keeps-memory": trimmed,
        "proof-is-a-flag": paused,
        "missing-position-taken-for-good": {**noise, "trim": 1},
        "joins-an-old-question": paused,
        "proven-for-3.5s": trimmed,
        "prove-before-forgetting": trimmed,
    }.items():
        yield Case(mutant, initial(**faults), model(mutant), mutant=True)
