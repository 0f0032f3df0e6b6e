"""A service that is to stop first says so at `/health/ready`, so that load balancers leave it, and goes on for a while.

`gunicorn.conf.py` hands gunicorn's master over; its workers know what it knows, by memory that they share.
"""

import mmap
import signal
import struct
from typing import Any

_shared = mmap.mmap(-1, 16)
_DRAINING, _SECONDS = 0, 8
"""A flag and a float are at these places."""


def set_drain_time(seconds: float) -> None:
    """Say for how long the service goes on after it was told to stop. A worker says it, who knows the settings."""
    struct.pack_into("d", _shared, _SECONDS, seconds)


def is_draining() -> bool:
    """Return whether the service was told to stop."""
    return bool(_shared[_DRAINING])


def drain_before_stop(master: Any) -> None:
    """Let SIGTERM stop the master only after the drain time, and the second one at once.

    Args:
        master: gunicorn's arbiter, of which `signal` is what it does about a signal.
    """

    def stop(*_: object) -> None:
        master.signal(signal.SIGTERM, None)

    def drain(*_: object) -> None:
        (seconds,) = struct.unpack_from("d", _shared, _SECONDS)
        if is_draining() or not seconds:
            stop()
        else:
            _shared[_DRAINING] = True
            signal.setitimer(signal.ITIMER_REAL, seconds)

    signal.signal(signal.SIGALRM, stop)
    signal.signal(signal.SIGTERM, drain)
