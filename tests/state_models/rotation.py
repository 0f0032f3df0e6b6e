"""Spending one-time credentials: lost and late answers, parallel refreshes of one client, theft.

The script is one step, as in Redis, so servers differ only by when their requests arrive. There is one chain of pairs
(a failover is not in here), so a refresh token is its generation. A request may be executed late, or never, or its
answer be lost; a server whose answer from Redis was lost asks again with the same attempt. A tick is five seconds.
Follows `rotate.lua` and `note_use.lua`.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.state_models.explorer import Case, Steps

LOST = "an honest client lost its grant"
ANOTHER = "another pair for the same token"
FIRST = "the client gets the thief's pair: thief first"
AFTER = "the thief gets the client's pair: client first"
TOLD = "the client is told that its grant ended, but it lives"
LATE = "a pair was given to a second one though it had been used"


class Rule(NamedTuple):
    """How a client and its server deal with repetition."""

    keyed: bool = False
    """The client sends an Idempotency-Key."""
    until_used: bool = False
    """The pair is given again while it is unused; else nothing is repeated without a key."""
    proven: bool = False
    """The client proves itself: then there is no end to that, and a pair that was used a moment ago is given too."""
    window: int = 6
    """Ticks for which an unused pair, or one with the same key, is given again."""
    used: int = 2
    """Ticks after a pair's first use in which whoever brings its predecessor is not yet a thief."""
    since_use: bool = True
    """These ticks begin with the use; else with the rotation."""
    late_age: int = 1
    """Ticks by which a request may be executed late."""
    retries: int = 1
    """How often the client asks again."""
    processes: int = 1
    """So many processes of the client share a store, which each reads before it asks."""


STRICT, KEYED = Rule(), Rule(keyed=True)
PUBLIC, PROVEN = Rule(until_used=True), Rule(until_used=True, proven=True)


class Grant(NamedTuple):
    """What Redis has."""

    gen: int = 0
    age: int = 15
    used: int | None = None
    """Ticks since the pair was first used."""
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
    """Its processes refresh, twice if there is one. A thief or a lost message, not both: else there is no end."""
    client = Client(2 if rule.processes == 1 else 1, retries=rule.retries)
    return State(Grant(), (client,) * rule.processes, "waits" if thief else "none", lose=0 if thief else 1)


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
                age=min(s.g.age, rule.window + rule.used),
                used=None if s.g.used is None else min(s.g.used, rule.used),
                attempt=ids.get(s.g.attempt or 0) if s.g.attempt is not None else None,
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
            if m.key and m.key == g.key:
                same = same or g.age < rule.window
            elif not m.key and rule.until_used:
                just_used = g.used is not None and (g.used if rule.since_use else g.age) < rule.used
                unused = g.used is None or mutant == "use-not-noted"
                same = same or (unused and (rule.proven or g.age < rule.window)) or (rule.proven and just_used)
                just_late = unused and g.age < rule.window + rule.used
                if not same and (just_used or just_late):
                    return g, "busy"
            if same:
                return g, ("pair", g.gen)
        if m.rt != g.gen and (mutant != "reuse-of-old-forgiven" or m.rt == g.gen - 1):
            return g._replace(ended=True), "reused"
        if m.rt != g.gen:
            return g, "refused"
        return Grant(g.gen + 1, 0, None, m.key, m.id), ("pair", g.gen + 1)

    def noted(s: State) -> State:
        """The use of the present pair is noted, before it is good for anything."""
        return s if s.g.used is not None else s._replace(g=s.g._replace(used=0))

    def without(msgs: tuple[Message, ...], old: Message, *new: Message) -> tuple[Message, ...]:
        left = list(msgs)
        left.remove(old)
        return _sorted([*left, *new])

    def time_passes(s: State) -> Iterator[tuple[str, State, str | None]]:
        waiting = [c for c in s.clients if c.first is not None]
        due = any(m.result is None and m.age >= rule.late_age for m in s.msgs)
        if not rule.proven:
            due = due or any(c.first is not None and c.first >= rule.window - 1 for c in waiting)
        if not due and (s.g.age <= rule.window + rule.used or waiting or s.msgs):
            clients = (c if c.first is None else c._replace(first=min(c.first + 1, 15)) for c in s.clients)
            msgs = _sorted(m._replace(age=min(m.age + 1, 15)) for m in s.msgs)
            used = None if s.g.used is None else min(s.g.used + 1, 15)
            grant = s.g._replace(age=min(s.g.age + 1, 15), used=used)
            yield "tick", s._replace(g=grant, clients=tuple(clients), msgs=msgs), None

    def send(s: State, who: Any, rt: int, key: str | None) -> State:
        return s._replace(msgs=_sorted([*s.msgs, Message(who, s.nextid, rt, key)]), nextid=s.nextid + 1)

    def become(s: State, number: int, **changes: Any) -> State:
        clients = list(s.clients)
        clients[number] = clients[number]._replace(**changes)
        return s._replace(clients=tuple(clients))

    def asking(s: State) -> Iterator[tuple[str, State, str | None]]:
        newest = max(c.rt for c in s.clients)
        for i, c in enumerate(s.clients):
            if c.lost:
                continue
            rt = newest if c.waiting is None else c.rt
            newer = newest > c.rt and c.first is not None
            key = f"k{i}.{rt}" if rule.keyed else None
            # none begins while an earlier request may still be executed: an access token lives longer than that
            late = any(m.who != "thief" and m.result is None and m.rt != rt for m in s.msgs)
            # nor with what another process saw replaced more than a tick ago
            stale = rule.processes > 1 and rt < s.g.gen and s.g.age >= 1
            if c.waiting is None and c.refreshes and c.first is None and not late and not stale:
                begun = become(send(s, i, rt, key), i, rt=rt, waiting=s.nextid, first=0, refreshes=c.refreshes - 1)
                yield f"{i} refreshes {rt}", begun, None
            elif newer:
                found = become(s, i, rt=newest, first=None, waiting=None, retries=rule.retries)
                yield f"{i} finds {newest}", found, None
            elif c.first is not None and c.retries:
                again = become(send(s, i, c.rt, key), i, waiting=s.nextid, retries=c.retries - 1)
                yield f"{i} tries again", again, None
            if c.rt == s.g.gen > 0 and not s.g.ended and rule.until_used:
                yield f"{i} uses pair {c.rt}", noted(s), None
        if s.thief == "waits":
            yield f"theft of {newest}", s._replace(thief=newest), None
        elif type(s.thief) is int and s.g.gen < 4 and not any(m.who == "thief" for m in s.msgs):
            yield f"thief refreshes {s.thief}", send(s, "thief", s.thief, None), None
            if s.thief == s.g.gen > 0 and not s.g.ended and rule.until_used:
                yield f"thief uses pair {s.thief}", noted(s), None

    def executed(s: State, m: Message) -> Iterator[tuple[str, State, str | None]]:
        g, result = script(s.g, m)
        complaint = LOST if result == "reused" and s.thief == "none" else None
        if isinstance(result, tuple) and result[1] != m.rt + 1:
            complaint = ANOTHER
        if isinstance(result, tuple) and g.used is not None and m.id != g.attempt:
            complaint = LATE
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
                gone._replace(thief=got if got is not None else s.thief if m.result == "busy" else "out"),
                AFTER if shares else None,
            )
        elif s.clients[m.who].waiting != m.id:
            yield f"{m.who} no longer listens", gone, None
        elif got is not None:
            after = become(gone, m.who, rt=got, first=None, waiting=None, retries=rule.retries)
            yield f"{m.who} hears {m.result}", after, FIRST if s.thief == got else None
        elif m.result == "busy":
            c = s.clients[m.who]
            over = not c.retries and rule.processes > 1  # somebody else's answer is in the store by now
            yield (
                f"{m.who} hears busy",
                become(gone, m.who, waiting=None, retries=max(c.retries, 1), first=None if over else 0),
                None,
            )
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
    late, since_rotation = PUBLIC._replace(late_age=2), PROVEN._replace(since_use=False, retries=2)
    yield case("a message lost, no key, and the client asks again", STRICT, LOST)
    yield case("a message lost, no key, and the client doesn't ask again", once)
    yield case("a message lost, Idempotency-Key", KEYED)
    yield case("a message lost, until used, a public client", PUBLIC)
    yield case("the same, executed as late as a used pair is remembered", late, LOST)
    yield case("the same, and it asks three times", PUBLIC._replace(retries=2))
    yield case("a message lost, until used, a client that proves itself", PROVEN, LATE)
    yield case("the same, and it asks three times", PROVEN._replace(retries=2), LATE)
    yield case("the same, if a pair's first seconds counted instead of its use's", since_rotation, LATE, LOST)
    yield case("two processes, until used, a public client", PUBLIC._replace(processes=2))
    yield case("two processes, until used, a client that proves itself", PROVEN._replace(processes=2), LATE)
    yield case("a thief, strict", STRICT, thief=True)
    yield case("a thief, the client sends keys", KEYED, thief=True)
    yield case("a thief, until used, a public client", PUBLIC, FIRST, AFTER, thief=True)
    yield case("attempts-not-recognised", once, mutant=True)
    yield case("reuse-of-old-forgiven", STRICT, thief=True, mutant=True)
    yield case("use-not-noted", PUBLIC, thief=True, mutant=True)
