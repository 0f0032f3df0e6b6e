"""Waiting until the services say that they are ready."""

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping

from tools.console import Problem
from tools.paths import CA_FILE, LOGS


def ready(address: str) -> bool:
    """Whether the service at this address says so."""
    try:
        tls = ssl.create_default_context(cafile=CA_FILE) if address.startswith("https:") else None
        with urllib.request.urlopen(f"{address}/health/ready", timeout=2, context=tls) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def wait_until_ready(
    services: Mapping[str, str],
    within: float,
    check: Callable[[], None] = lambda: None,
    ask: Callable[[str], bool] = ready,
) -> None:
    """Until all of these are, for so many seconds. `check` may say earlier that it is hopeless. Raises Problem."""
    waiting = dict(services)
    deadline = time.monotonic() + within
    while waiting:
        check()
        for name in [name for name, address in waiting.items() if ask(address)]:
            del waiting[name]
        if waiting and time.monotonic() > deadline:
            raise Problem(f"{', '.join(waiting)} not ready after {within:g} s; see `make logs` or {LOGS}")
        time.sleep(0.1)
