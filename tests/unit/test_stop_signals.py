"""A worker is ended by SIGTERM and SIGINT, whatever it does at that moment."""

import signal
import subprocess
import sys

import pytest

_WORKER = """
import os
from shared.operations.stop_signals import set_by_stop_signals

stop = set_by_stop_signals()
with stop._cond:  # as its own `wait` does for a moment
    os.kill(os.getpid(), {number})
assert stop.wait(60)
os.kill(os.getpid(), {number})
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_as_the_worker_is_about_to_wait_ends_it(number: signal.Signals) -> None:
    subprocess.run([sys.executable, "-c", _WORKER.format(number=int(number))], check=True, timeout=60)
