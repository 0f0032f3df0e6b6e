"""What goes on beside requests leaves one line of an outage too, however often it tries again meanwhile."""

import logging
import threading
from pathlib import Path

import pytest

from auth_service.components import build
from auth_service.settings import Settings
from auth_service.storage.redis_connection import connect_redis
from auth_service.storage.redis_node import RedisNode
from auth_service.storage.revocation_tail import RevocationTail
from tests.support.polling import eventually
from tests.unit.test_settings import REQUIRED

NOBODY = "redis://127.0.0.1:1"


def test_the_reconciler_says_once_that_redis_is_away(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    elsewhere = {"AUTH_REDIS_URL": NOBODY, "AUTH_DATABASE_URL": f"sqlite:///{tmp_path / 'auth.sqlite'}"}
    reconciler = build(Settings.load({**REQUIRED, **elsewhere, "AUTH_RECONCILE_INTERVAL": "0.01"})).reconciler
    attempts, tell = list[None](), reconciler.tell

    def counted(node: RedisNode) -> bool:
        attempts.append(None)
        return tell(node)

    reconciler.tell = counted  # type: ignore[method-assign]
    with caplog.at_level(logging.WARNING):
        stop = reconciler.start()
        eventually(lambda: len(attempts) > 4, within=30)
        stop.set()
    [record] = caplog.records
    assert record.getMessage().startswith("revocations could not be reconciled: ConnectionError: ")


def test_whoever_follows_the_log_of_revocations_does_too(caplog: pytest.LogCaptureFixture) -> None:
    tail, attempts = RevocationTail(connect_redis(NOBODY), ["log"]), list[None]()

    def counted() -> None:
        attempts.append(None)
        if len(attempts) > 4:
            threading.Event().wait()  # it would go on for as long as the process

    tail._wake = counted  # type: ignore[method-assign]
    with caplog.at_level(logging.WARNING):
        tail.wait(0, 0.0)
        eventually(lambda: len(attempts) > 4, within=30)
    [record] = caplog.records
    assert record.getMessage().startswith("the revocation log can't be followed: ConnectionError: ")
