"""Spending one-time credentials: lost and late answers, parallel refreshes of one client, theft.

The script is one step, as in Redis, so servers differ only by when their requests arrive. There is one chain of pairs
(a failover is not in here), so a refresh token is its generation. A request may be executed late, or never, or its
answer be lost; a server whose answer from Redis was lost asks again with the same attempt. A tick is a few seconds.
Follows `rotate.lua`.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.state_models.explorer import Case, Steps

LOST = "an honest client lost its grant"
ANOTHER = "another pair for the same token"
FIRST = "the client gets the thief's pair: thief first"
AFTER = "the thief gets the client's pair: client first"
TOLD = "the client is told that its grant ended, but it lives"


class Rule(NamedTuple):
    """How a client and its server deal with repetition."""

    keyed: bool = False
    """The client sends an Idempotency-Key."""
    strict: bool = True
    """Nothing is repeated without one; else within a grace period."""
    window: int = 4
    """Ticks for which a previous token may be repeated."""
    late_age: int = 2
    """Ticks by which a request may be executed late."""
    retries: int = 1
    """How often the client asks again."""


STRICT, KEYED, GRACE = Rule(), Rule(keyed=True), Rule(strict=False)


class Grant(NamedTuple):
    """What Redis has."""

    gen: int = 0
    age: int = 9
    key: str | None = None
    attempt: int | None = None
    ended: bool = False


class Client(NamedTuple):
    """A process of the client; `first`: ticks since it began to ask."""

    refreshes: int
    rt: int = 0
    first: int | None = None
    waiting: int | None = None
    retries: int = 0
    lost: bool = False


class Message(NamedTuple):
    """A request, then its answer."""

    who: Any
    id: int
    rt: int
    key: str | None
    age: int = 0
    result: Any = None


class State(NamedTuple):
    """All of it."""

    g: Grant
    clients: tuple[Client, ...]
    thief: Any
    """none, waits, out, or the refresh token that it holds."""
    lose: int
    """How many requests or answers may still be lost."""
    msgs: tuple[Message, ...] = ()
    nextid: int = 0


def initial(rule: Rule, *, thief: bool = False) -> State:
    """One process of the client, which refreshes twice. A thief or a lost message, not both: else there is no end."""
    return State(Grant(), (Client(2, retries=rule.retries),), "waits" if thief else "none", lose=0 if thief else 1)


def canonical(rule: Rule) -> Callable[[State], State]:
    """The same state with small names: numbers of requests that nobody waits for any more don't matter."""

    def canon(s: State) -> State:
        msgs = [m._replace(age=0 if m.result is not None else min(m.age, rule.late_age)) for m in s.msgs]
        msgs = [m for m in msgs if m.result is None or m.who == "thief" or s.clients[m.who].waiting == m.id]
        ids = {m.id: n for n, m in enumerate(sorted(msgs, key=lambda m: m.id))}
        clients = tuple(
            c._replace(
                waiting=None if c.waiting is None else ids.get(c.waiting, -1),
                first=None if c.first is None else min(c.first, rule.window),
            )
            for c in s.clients
        )
        return s._replace(
            g=s.g._replace(
                age=min(s.g.age, rule.window), attempt=ids.get(s.g.attempt or 0) if s.g.attempt is not None else None
            ),
            clients=clients,
            msgs=_sorted(m._replace(id=ids[m.id]) for m in msgs),
            nextid=len(ids),
        )

    return canon


def _sorted(msgs: Any) -> tuple[Message, ...]:
    return tuple(sorted(msgs, key=repr))


def model(rule: Rule, mutant: str = "") -> Steps:
    """`mutant`: a fault that is put in."""

    def script(g: Grant, m: Message) -> tuple[Grant, Any]:
        if g.ended:
            return g, "gone"
        if m.rt == g.gen - 1:
            same = m.id == g.attempt and mutant != "attempts-not-recognised"
            if (m.key and m.key == g.key) or (not m.key and not rule.strict):
                same = same or g.age < rule.window
            if same:
                return g, ("pair", g.gen)
        if m.rt != g.gen and (mutant != "reuse-of-old-forgiven" or m.rt == g.gen - 1):
            return g._replace(ended=True), "reused"
        if m.rt != g.gen:
            return g, "refused"
        return Grant(g.gen + 1, 0, m.key, m.id), ("pair", g.gen + 1)

    def without(msgs: tuple[Message, ...], old: Message, *new: Message) -> tuple[Message, ...]:
        left = list(msgs)
        left.remove(old)
        return _sorted([*left, *new])

    def time_passes(s: State) -> Iterator[tuple[str, State, str | None]]:
        waiting = [c for c in s.clients if c.first is not None]
        due = any(m.result is None and m.age >= rule.late_age for m in s.msgs)
        due = due or any(c.first is not None and c.first >= rule.window - 1 for c in waiting)
        if not due and (s.g.age <= rule.window + 1 or waiting or s.msgs):
            clients = (c if c.first is None else c._replace(first=min(c.first + 1, 9)) for c in s.clients)
            msgs = _sorted(m._replace(age=min(m.age + 1, 9)) for m in s.msgs)
            yield "tick", s._replace(g=s.g._replace(age=min(s.g.age + 1, 9)), clients=tuple(clients), msgs=msgs), None

    def send(s: State, who: Any, rt: int, key: str | None) -> State:
        return s._replace(msgs=_sorted([*s.msgs, Message(who, s.nextid, rt, key)]), nextid=s.nextid + 1)

    def become(s: State, number: int, **changes: Any) -> State:
        clients = list(s.clients)
        clients[number] = clients[number]._replace(**changes)
        return s._replace(clients=tuple(clients))

    def asking(s: State) -> Iterator[tuple[str, State, str | None]]:
        for i, c in enumerate(s.clients):
            if c.lost:
                continue
            key = f"k{i}.{c.rt}" if rule.keyed else None
            # none begins while an earlier request may still be executed: an access token lives longer than that
            late = any(m.who != "thief" and m.result is None and m.rt != c.rt for m in s.msgs)
            if c.waiting is None and c.refreshes and c.first is None and not late:
                begun = become(send(s, i, c.rt, key), i, waiting=s.nextid, first=0, refreshes=c.refreshes - 1)
                yield f"{i} refreshes {c.rt}", begun, None
            elif c.first is not None and c.retries:
                again = become(send(s, i, c.rt, key), i, waiting=s.nextid, retries=c.retries - 1)
                yield f"{i} tries again", again, None
        newest = max(c.rt for c in s.clients)
        if s.thief == "waits":
            yield f"theft of {newest}", s._replace(thief=newest), None
        elif type(s.thief) is int and s.g.gen < 4 and not any(m.who == "thief" for m in s.msgs):
            yield f"thief refreshes {s.thief}", send(s, "thief", s.thief, None), None

    def executed(s: State, m: Message) -> Iterator[tuple[str, State, str | None]]:
        g, result = script(s.g, m)
        complaint = LOST if result == "reused" and s.thief == "none" else None
        if isinstance(result, tuple) and result[1] != m.rt + 1:
            complaint = ANOTHER
        label = f"executed for {m.who} ({m.rt}): {result}"
        yield label, s._replace(g=g, msgs=without(s.msgs, m, m._replace(result=result))), complaint
        if s.lose:
            yield f"{label}, Redis' answer lost", s._replace(g=g, lose=s.lose - 1), complaint
            yield f"request of {m.who} lost", s._replace(msgs=without(s.msgs, m), lose=s.lose - 1), None

    def heard(s: State, m: Message) -> Iterator[tuple[str, State, str | None]]:
        gone = s._replace(msgs=without(s.msgs, m))
        got = m.result[1] if isinstance(m.result, tuple) else None
        if s.lose:
            yield f"answer to {m.who} lost", gone._replace(lose=s.lose - 1), None
        if m.who == "thief":
            shares = got is not None and any(c.rt == got for c in s.clients)
            yield (
                f"thief hears {m.result}",
                gone._replace(thief="out" if got is None else got),
                AFTER if shares else None,
            )
        elif s.clients[m.who].waiting != m.id:
            yield f"{m.who} no longer listens", gone, None
        elif got is not None:
            after = become(gone, m.who, rt=got, first=None, waiting=None, retries=rule.retries)
            yield f"{m.who} hears {m.result}", after, FIRST if s.thief == got else None
        else:
            after = become(gone, m.who, lost=True, first=None, waiting=None)
            yield f"{m.who} hears {m.result}", after, None if s.g.ended else TOLD

    def steps(s: State) -> Iterator[tuple[str, Any, str | None]]:
        yield from time_passes(s)
        yield from asking(s)
        for m in s.msgs:
            yield from executed(s, m) if m.result is None else heard(s, m)

    return steps


def cases() -> Iterator[Case]:
    """The code as it is, with what the documents say of each rule, then each fault that could be."""

    def case(name: str, rule: Rule, *limits: str, thief: bool = False, mutant: bool = False) -> Case:
        start, steps = initial(rule, thief=thief), model(rule, name if mutant else "")
        return Case(name, start, steps, frozenset(limits), mutant, canonical(rule))

    once = STRICT._replace(retries=0)
    yield case("a message lost, no key, and the client asks again", STRICT, LOST)
    yield case("a message lost, no key, and the client doesn't ask again", once)
    yield case("a message lost, Idempotency-Key", KEYED)
    yield case("a message lost, grace period", GRACE)
    yield case("a thief, strict", STRICT, thief=True)
    yield case("a thief, the client sends keys", KEYED, thief=True)
    yield case("a thief, grace period", GRACE, FIRST, AFTER, thief=True)
    yield case("attempts-not-recognised", once, mutant=True)
    yield case("reuse-of-old-forgiven", STRICT, thief=True, mutant=True)
