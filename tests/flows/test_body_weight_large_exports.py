"""An export of any length, in any format, has a few hundred entries in memory at a time."""

import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from fit_service.models.base import to_microseconds
from fit_service.models.entries import BodyWeight, ChangeCounter
from fit_service.rules.export_formats import FORMATS
from tests.support.actions import Actions
from tests.support.webhook_worker import parts_of

MANY = 100_000
ENOUGH = 24 * 1024 * 1024
"""Bytes for the whole process meanwhile; the entries alone, kept in memory, take more than twice that."""


def store_entries(actions: Actions, subject: str, count: int) -> None:
    """Put them where imports would put them, in less time."""
    begin = datetime(1950, 1, 1, tzinfo=UTC)
    rows = [
        {
            "id": f"{count:x}{number:016x}",
            "subject": subject,
            "thousandths": 60_000 + number % 40_000,
            "unit": "kg",
            "created_at": to_microseconds(begin + timedelta(hours=6 * number)),
            "change": number + 1,
        }
        for number in range(count)
    ]
    with parts_of(actions.stack).database.writing() as session:
        session.execute(insert(BodyWeight), rows)
        session.add(ChangeCounter(subject=subject, last_change=count, forgotten=0))


def memory_of_export(actions: Actions, token: str, name: str) -> int:
    """How many bytes were in use at most, beside those before."""
    client, lines = actions.stack.fit_app.test_client(), 0
    tracemalloc.start()
    try:
        answer = client.get(
            f"/api/body_weight/export?format={name}",
            base_url=actions.stack.fit,
            headers={"Authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200
        for part in answer.iter_encoded():
            lines += part.count(b"\n")
        assert lines >= MANY
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.torture
@pytest.mark.timeout(1200)
def test_a_hundred_thousand_entries_are_exported_in_little_memory(actions: Actions) -> None:
    mo = actions.person()
    store_entries(actions, mo.subject, MANY)
    token = actions.app().connect(mo).access
    memory = {each.name: memory_of_export(actions, token, each.name) for each in FORMATS}
    assert max(memory.values()) < ENOUGH, memory
