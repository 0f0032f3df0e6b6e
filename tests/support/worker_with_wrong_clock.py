"""The authorization server on a machine whose clock is wrong by so many seconds as `TEST_CLOCK_OFF_BY` says.

Only what people set is wrong: the monotonic clock, by which waits and deadlines are measured, is the machine's.
"""

import os
import time
from datetime import UTC, datetime, timedelta

from auth_service.models import base

_off_by = float(os.environ["TEST_CLOCK_OFF_BY"])
_time = time.time


def _wrong_now() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=_off_by)


time.time = lambda: _time() + _off_by
base.now = _wrong_now  # before anything that takes it from there

from tests.support.worker_named import app  # noqa: E402

__all__ = ["app"]
