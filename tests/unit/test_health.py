"""Whether stores can be written: found out seldom, said once."""

import logging

import pytest

from shared.operations.health import PROBE_EVERY, Writability
from shared.service.outages import REMIND_EVERY, OutageLog


def test_one_probe_in_some_seconds_finds_out_for_everybody() -> None:
    probes, now = list[str](), 0.0

    def probe() -> None:
        probes.append("asked")

    writability = Writability({"database": probe}, lambda: now)
    for _ in range(10):
        writability.writable()
        list(writability.collect())
    assert len(probes) == 1
    now = PROBE_EVERY
    writability.writable()
    assert len(probes) == 2


def test_a_store_that_stops_and_starts_being_writable_leaves_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    now, full = 0.0, False

    def probe() -> None:
        if full:
            raise OSError("no space left\nand much background")

    writability = Writability({"database": probe}, lambda: now)
    with caplog.at_level(logging.WARNING):
        for full in (False, True, True, False, False):
            assert writability.writable() == {"database": not full}
            now += PROBE_EVERY
    assert [record.getMessage() for record in caplog.records] == [
        "no longer writable: database: OSError: no space left",
        "again writable: database",
    ]


def test_an_outage_leaves_a_line_when_it_begins_and_one_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now, outages = 0.0, OutageLog(clock=lambda: now)
    with caplog.at_level(logging.ERROR):
        for _ in range(100):
            outages.add(ConnectionError("refused\n\tIs it running?"))
        now = REMIND_EVERY
        outages.add(ConnectionError("refused"))
    assert [record.getMessage() for record in caplog.records] == [
        "outage: ConnectionError: refused",
        "outage: ConnectionError: refused (and 99 more since the last line)",
    ]
