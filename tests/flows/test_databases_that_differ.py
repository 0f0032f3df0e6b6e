"""Databases that are not quite PostgreSQL as one knows it: read-only ones, and those behind a pooler."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
import requests
from sqlalchemy import make_url

from tests.support.actions import READ, TIMEOUT, WRITE, Actions, Person, Verifier
from tests.support.pgbouncer import pgbouncer, pgbouncer_program
from tests.support.postgresql import end_connections, new_database
from tests.support.stack import Stack

METRICS_TOKEN = "the-token-of-our-prometheus"


def make_read_only(url: str) -> None:
    """As after a failover to a replica: whatever connects from now on can only read."""
    place = make_url(url)
    address: dict[str, Any] = {"host": place.host, "port": place.port, "user": place.username}
    with psycopg.connect(**address, dbname="postgres", autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {place.database} SET default_transaction_read_only = on")
    end_connections(url)


def readiness(address: str) -> tuple[int, Any]:
    answer = requests.get(f"{address}/health/ready", timeout=TIMEOUT)
    return answer.status_code, answer.json()


def test_on_a_read_only_database_tokens_are_validated_and_what_would_write_is_an_outage(
    postgresql_server: str, start_stack: Callable[..., Stack]
) -> None:
    urls = {
        "database_url": new_database(postgresql_server, "auth_read"),
        "fit_database_url": new_database(postgresql_server, "fit_read"),
    }
    tokens = {"metrics_token": METRICS_TOKEN, "fit_metrics_token": METRICS_TOKEN}
    stack = start_stack(**urls, **tokens)
    actions = Actions(stack)
    person, app, verifier = actions.person(), actions.app(), Verifier()
    token = app.connect(person, scopes=[READ, WRITE]).access
    code = app.get_code(person, verifier)

    for url in urls.values():
        make_read_only(url)

    assert actions.is_active(token)
    assert actions.fit("GET", token=token).status_code == 200
    entry = actions.fit("POST", token=token, json={"body_weight": "80", "unit": "kg"})
    page = person.decide(app.authorize_url(Verifier()), [READ])
    assert [answer.status_code for answer in (entry, page)] == [503, 503]
    assert entry.headers["Retry-After"] == "1"
    assert app.exchange(code, verifier).status_code in {200, 503}
    for address in (stack.auth, stack.fit):
        status, body = readiness(address)
        assert (status, body["status"], body["checks"]["database"]) == (200, "degraded", "degraded")
        metrics = requests.get(
            f"{address}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=TIMEOUT
        )
        assert 'store_writable{store="database"} 0.0' in metrics.text.splitlines()
    assert readiness(stack.auth)[1]["checks"] == {"database": "degraded", "redis": "ok", "revocations": "ok"}


@pytest.mark.torture  # where the machine has time: who waits for one of two connections for too long is told 503
@pytest.mark.parametrize(("mode", "said"), [("transaction", True), ("transaction", False), ("session", False)])
def test_the_story_runs_through_a_pooler_that_shares_its_connections(
    postgresql_server: str, start_stack: Callable[..., Stack], mode: str, said: bool
) -> None:
    """Ten people at once on two server connections: what a connection was told for one would be told to another."""
    if pgbouncer_program() is None:
        pytest.skip("needs PgBouncer")
    auth, fit = (new_database(postgresql_server, f"{name}_{mode}_{said}".lower()) for name in ("auth", "fit"))
    with pgbouncer(auth, mode) as pooled_auth, pgbouncer(fit, mode) as pooled_fit:
        settings = {"pgbouncer": True, "fit_pgbouncer": True} if said else {}
        stack = start_stack(database_url=pooled_auth, fit_database_url=pooled_fit, **settings)
        actions = Actions(stack)
        app, outcomes = actions.app(), list[tuple[int, ...]]()

        def live(person: Person) -> None:
            tokens = app.connect(person, scopes=[READ, WRITE])
            entry = {"body_weight": "80", "unit": "kg"}
            written = [actions.fit("POST", token=tokens.access, json=entry).status_code for _ in range(8)]
            refreshed = app.refresh(tokens.refresh)
            listed = actions.fit("GET", token=refreshed.json()["access_token"])
            outcomes.append((*written, listed.status_code, len(listed.json())))

        lives = [threading.Thread(target=live, args=(actions.person(),)) for _ in range(10)]
        for life in lives:
            life.start()
        for life in lives:
            life.join(60)
        assert outcomes == [(*[201] * 8, 200, 8)] * 10
        assert [readiness(address)[1]["status"] for address in (stack.auth, stack.fit)] == ["ready", "ready"]
