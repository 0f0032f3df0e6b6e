"""`/health/live` and `/health/ready`: is the process up, and can it do its work? Each service judges only itself.

A process whose stores can be read but not written is ready, because it can still say truthfully what a token is worth.
It is degraded, which the answer, a metric and the log say.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping

from flask import Blueprint
from flask.typing import ResponseReturnValue
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.operations.draining import is_draining
from shared.service.outages import one_line

Check = Callable[[], object]
"""A check raises when the thing that it is named after doesn't work."""

PROBE_EVERY = 5.0
"""A store is probed once in so many seconds: a probe writes to it, and load balancers ask often."""

_log = logging.getLogger(__name__)


class Writability(Collector):
    """It knows which stores can't be written. One probe in `PROBE_EVERY` seconds finds out, whoever asks."""

    def __init__(self, probes: Mapping[str, Check], clock: Callable[[], float] = time.monotonic) -> None:
        self._probes = {name: _Watched(f"writable: {name}", probe) for name, probe in probes.items()}
        self._clock = clock
        self._lock = threading.Lock()
        self._probed_at = float("-inf")
        self._writable: dict[str, bool] = {}

    def writable(self) -> Mapping[str, bool]:
        """Return whether each store, by its name, can be written."""
        with self._lock:
            if self._clock() - self._probed_at >= PROBE_EVERY:
                self._writable = {name: probe.passes() for name, probe in self._probes.items()}
                self._probed_at = self._clock()
            return self._writable

    def collect(self) -> Iterable[Metric]:
        """Yield the gauge for Prometheus, of the process that is asked."""
        gauge = GaugeMetricFamily("store_writable", "Whether a store can be written", labels=["store"])
        for name, writable in self.writable().items():
            gauge.add_metric([name], float(writable))
        yield gauge


def health_endpoints(checks: Mapping[str, Check], writability: Writability | None = None) -> Blueprint:
    """Return a blueprint with both endpoints. Why a check fails is for the log, not for whoever asks.

    The service is ready if all checks pass; a store with the name of a check makes it degraded if it can't be written.
    """
    blueprint = Blueprint("health", __name__, url_prefix="/health")
    watched = {name: _Watched(f"ready: {name}", check) for name, check in checks.items()}

    @blueprint.get("/live")
    def live() -> ResponseReturnValue:
        return {"status": "live"}

    @blueprint.get("/ready")
    def ready() -> ResponseReturnValue:
        if is_draining():
            return {"status": "stopping"}, 503
        states = {name: "ok" if check.passes() else "failing" for name, check in watched.items()}
        if "failing" in states.values():
            return {"status": "not ready", "checks": states}, 503
        for name, writable in writability.writable().items() if writability else ():
            if not writable:
                states[name] = "degraded"
        return {"status": "degraded" if "degraded" in states.values() else "ready", "checks": states}

    return blueprint


class _Watched:
    """It is a check that leaves a line in the log when its outcome changes, and not each time."""

    def __init__(self, passing: str, check: Check) -> None:
        self._passing = passing
        self._check = check
        self._passed = True

    def passes(self) -> bool:
        try:
            self._check()
        except Exception as error:
            if self._passed:
                _log.error("no longer %s: %s: %s", self._passing, type(error).__name__, one_line(error))
            self._passed = False
        else:
            if not self._passed:
                _log.warning("again %s", self._passing)
            self._passed = True
        return self._passed
