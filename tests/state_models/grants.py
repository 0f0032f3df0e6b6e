"""What ended stays ended: SQL, Redis with a copy that may come back, a worker that may die, the reconciler.

One grant of a person for an app, its access token, and a consent for another grant that is in flight; or a client's own
grant. A commit is one step, a script is one step. A tick is the reconciler's interval. Follows `grant_revocation.py`,
`revocation_reconciler.py`, `redis_master.py`, `grant_creation.py` and `issue_client_token.lua`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.state_models.explorer import Case, Steps

UNACKNOWLEDGED = "acknowledged, and believed to be good"
UNHEARD = "SQL says ended, Redis never hears of it"
TOKEN_REVIVED = "a revoked access token lives again"
SURVIVED = "a decision in flight survived the end"
REUSE_REVIVED = "a grant that ended by reuse lives again"
CLIENT_REVIVED = "a deleted client's tokens live again"
DEAD_CODE = "a code of an ended grant is handed out"


class Redis(NamedTuple):
    """What it has: the grant, its access token, the second grant, a client's own."""

    grant: bool = True
    token: bool = True
    second: bool = False
    own: bool = True


class State(NamedTuple):
    """Ages are ticks. `calm` counts the reconciler's turns since the last fault."""

    redis: Redis = Redis()
    copy: Redis = Redis()
    """What a failover or a restart brings back."""
    refuses: bool = False
    sql: bool = False
    """The grant was ended, `age` ticks ago."""
    age: int = 0
    told: bool = False
    """The end was acknowledged."""
    identity: int = 0
    reconciled: int = 0
    """The Redis that was told; -1: who knew that has died."""
    op: str | None = None
    """How far the act that ends has come, in the Redis called `ran_at`."""
    ran_at: int = 0
    consent: str | None = None
    second_sql: str | None = None
    reuse: str | None = None
    token_told: bool = False
    late: str | None = None
    """A request of a client that is being deleted."""
    client: str = "there"
    calm: int = 0
    budget: tuple[tuple[str, int], ...] = ()


def initial(**may: int) -> State:
    """How often what may happen."""
    nothing = dict.fromkeys(("die", "refuse", "old", "consent", "end", "reuse", "revoke", "delete", "sqlout"), 0)
    return State(budget=tuple(sorted({**nothing, "again": 1, **may}.items())))


def _spend(s: State, what: str) -> State | None:
    left = dict(s.budget)
    if not left[what]:
        return None
    left[what] -= 1
    return s._replace(budget=tuple(sorted(left.items())))


def model(kind: str = "app", mutant: str = "") -> Steps:
    """`kind`: what is ended, the `grant` itself or all of an `app`, whose act finds what had not ended yet."""

    def believed(s: State) -> bool:
        return s.identity == s.reconciled or mutant == "believed-before-told"

    def wrong(s: State) -> str | None:
        if s.told and s.redis.grant and believed(s):
            return UNACKNOWLEDGED
        if s.calm < 2 or s.refuses or s.op is not None:
            return None
        if s.sql and s.redis.grant:
            return UNHEARD
        if s.token_told and s.redis.token and s.redis.grant:
            return TOKEN_REVIVED
        if s.reuse == "told" and s.redis.grant:
            return REUSE_REVIVED
        if s.client == "deleted" and s.redis.own and s.late is None:
            return CLIENT_REVIVED
        return None

    def reconciler(s: State) -> Iterator[tuple[str, State]]:
        if s.refuses:
            yield "reconciler fails", s._replace(age=min(s.age + 1, 4))
            return
        redis = s.redis
        everything = s.identity != s.reconciled and mutant != "no-full-run"
        since_success = s.calm == 0 and mutant not in {"looks-back-a-window", "no-full-run"}
        within = s.age <= 2 or since_success or everything
        if mutant != "no-reconciler":
            redis = redis._replace(
                grant=redis.grant and not (s.sql and within),
                second=redis.second and s.second_sql != "ended",
                own=redis.own and not (s.client == "deleted" and within),
                token=redis.token and not (s.token_told and within and mutant != "token-in-redis-alone"),
            )
        after = s._replace(redis=redis, reconciled=s.identity)
        yield "reconciler's turn", after._replace(age=min(s.age + 1, 4), calm=min(s.calm + 1, 2))

    def faults(s: State) -> Iterator[tuple[str, State]]:
        if not s.refuses and (after := _spend(s, "refuse")):
            yield "Redis can't be reached", after._replace(refuses=True, calm=0)
        if s.refuses:
            yield "Redis is back", s._replace(refuses=False, calm=0)
        if after := _spend(s, "old"):
            yield "copied", s._replace(copy=s.redis)
            yield "older data come back", after._replace(redis=s.copy, identity=s.identity + 1, calm=0)
        if (s.op or s.consent or s.late or s.reuse == "redis") and (after := _spend(s, "die")):
            yield (
                "the worker dies, another begins",
                after._replace(
                    op=None,
                    consent=None if s.consent != "handed" else s.consent,
                    late=None,
                    reuse=None if s.reuse == "redis" else s.reuse,
                    reconciled=-1,
                    calm=0,
                ),
            )

    def ending(s: State) -> Iterator[tuple[str, State]]:
        if s.op is None and not s.told and (after := _spend(s, "end")):
            second = "ended" if kind == "app" and s.second_sql == "good" else s.second_sql
            tells = kind == "grant" or not s.sql or mutant != "announces-only-what-is-new"
            age, op = (s.age if s.sql else 0), "script" if tells else "answer"
            committed = after._replace(sql=True, age=age, second_sql=second, op=op, ran_at=s.identity, calm=0)
            yield "end committed", committed
            if s.identity:
                yield "end committed by who still speaks with the one before", committed._replace(ran_at=s.identity - 1)
        if s.op == "script" and s.refuses:
            again = dict(s.budget)
            if again["again"]:
                again["again"], again["end"] = again["again"] - 1, again["end"] + 1
            yield "503", s._replace(op=None, budget=tuple(sorted(again.items())), calm=0)
        elif s.op == "script" and mutant == "answers-before-the-script":
            yield "acknowledged", s._replace(op=None, told=True, calm=0)
        elif s.op == "script":
            redis = s.redis._replace(grant=False, second=s.redis.second and s.second_sql != "ended")
            yield "ended in Redis", s._replace(redis=redis, op="answer", ran_at=s.identity)
            if s.ran_at != s.identity:
                yield "ended in the Redis that was left", s._replace(op="answer")
        if s.op == "answer" and s.ran_at != s.identity and mutant != "acknowledges-unseen":
            yield "another Redis answers: once more", s._replace(op="script", ran_at=s.identity)
        elif s.op == "answer":
            yield "acknowledged", s._replace(op=None, told=True, calm=0)

    def consenting(s: State) -> Iterator[tuple[str, State]]:
        """A consent whose session was looked at before the end."""
        if s.consent is None and not s.sql and (after := _spend(s, "consent")):
            yield "consent: session is good", after._replace(consent="looked")
        elif s.consent == "looked" and s.sql and mutant != "epoch-not-compared":
            yield "consent: the epoch has changed", s._replace(consent="refused")
        elif s.consent == "looked":
            yield "consent: grant recorded", s._replace(consent="recorded", second_sql="good")
        elif s.consent == "recorded" and not s.refuses:
            yield "consent: grant created", s._replace(consent="created", redis=s.redis._replace(second=True))
        elif s.consent == "created" and (s.second_sql == "good" or mutant == "no-second-look"):
            yield "consent: code handed out", s._replace(consent="handed")
        elif s.consent == "created":
            yield "consent: ended meanwhile", s._replace(consent="refused", redis=s.redis._replace(second=False))

    def reusing(s: State) -> Iterator[tuple[str, State]]:
        if s.reuse is None and s.redis.grant and not s.refuses and (after := _spend(s, "reuse")):
            gone = s.redis._replace(grant=False)
            if mutant == "reuse-in-redis-first":
                yield "reuse: ended in Redis", after._replace(reuse="redis", redis=gone, calm=0)
            else:
                yield "reuse: committed", after._replace(reuse="sql", sql=True, age=0, calm=0)
        if s.reuse == "sql":
            yield (
                "reuse: ended in Redis, refused",
                s._replace(reuse="told", redis=s.redis._replace(grant=False), calm=0),
            )
        if s.reuse == "redis":
            yield "reuse: committed, refused", s._replace(reuse="told", sql=True, age=0, calm=0)
            if after := _spend(s, "sqlout"):
                yield "reuse: SQL fails, 503; the next try is refused", after._replace(reuse="told", calm=0)

    def revoking(s: State) -> Iterator[tuple[str, State]]:
        """One access token (RFC 7009)."""
        if s.redis.token and not s.token_told and not s.refuses and (after := _spend(s, "revoke")):
            gone = s.redis._replace(token=False)
            yield "access token revoked, acknowledged", after._replace(redis=gone, token_told=True, age=0, calm=0)

    def deleting(s: State) -> Iterator[tuple[str, State]]:
        """A client gets its own token while it is deleted. `own`: whether its old tokens are good."""
        if s.late is None and s.client == "there" and (after := _spend(s, "delete")):
            yield "client's request is authenticated", after._replace(late="authenticated")
        if s.late and s.client == "there":
            gone = s.redis._replace(own=False)
            yield "client deleted, acknowledged", s._replace(client="deleted", redis=gone, age=0, calm=0)
        if s.late == "authenticated" and not s.refuses:
            born = not s.redis.own
            revived = s.redis if born and mutant != "births-not-compared" else s.redis._replace(own=True)
            yield "own token issued", s._replace(redis=revived, late="look" if born else None, calm=0)
        if s.late == "look":
            left = s.redis._replace(own=s.redis.own and s.client == "there")
            yield "client looked for", s._replace(late=None, redis=left, calm=0)
            if after := _spend(s, "sqlout"):
                yield "client looked for: SQL fails, 503", after._replace(late=None, calm=0)

    def steps(s: State) -> Iterator[tuple[str, Any, str | None]]:
        for moves in (reconciler, faults, ending, consenting, reusing, revoking, deleting):
            for label, after in moves(s):
                complaint = wrong(after)
                lives_on = after.told and after.consent == "handed" and after.second_sql == "good"
                if lives_on and after.redis.second and kind == "app":
                    complaint = complaint or SURVIVED
                if label == "consent: code handed out" and after.second_sql == "ended":
                    complaint = DEAD_CODE
                if after.client == "deleted" and after.redis.own and not s.redis.own:
                    came_back = label == "older data come back"
                    complaint = complaint or (None if came_back else CLIENT_REVIVED)
                yield label, after, complaint

    return steps


END, OUTAGE, FLIGHT = (
    {"end": 1, "die": 1, "old": 1},
    {"end": 1, "refuse": 1, "die": 1},
    {"end": 1, "consent": 1, "die": 1},
)


def cases() -> Iterator[Case]:
    """The code as it is, then each fault that was in it, or could be."""
    for kind in ("grant", "app"):
        yield Case(f"{kind} ended; death, old data, outage", initial(**END, refuse=1), model(kind))
        yield Case(f"{kind} ended; a consent in flight", initial(**FLIGHT, old=1), model(kind))
    yield Case("reuse", initial(reuse=1, sqlout=1, die=1, old=1), model())
    yield Case("one access token revoked", initial(revoke=1, old=1, refuse=1), model())
    yield Case("a client deleted; a late request", initial(delete=1, sqlout=1, die=1), model())
    for mutant, may in {
        "no-reconciler": END,
        "no-full-run": {"end": 1, "old": 1},
        "believed-before-told": END,
        "acknowledges-unseen": END,
        "looks-back-a-window": OUTAGE,
        "announces-only-what-is-new": OUTAGE,
        "answers-before-the-script": {"end": 1},
        "epoch-not-compared": FLIGHT,
        "no-second-look": {**FLIGHT},
        "reuse-in-redis-first": {"reuse": 1, "sqlout": 1, "old": 1},
        "token-in-redis-alone": {"revoke": 1, "old": 1},
        "births-not-compared": {"delete": 1, "die": 1},
    }.items():
        yield Case(mutant, initial(**may), model("app", mutant), mutant=True)
