"""`/health/live` and `/health/ready`: is the process up, and can it do its work? Each service judges only itself."""

import logging
from collections.abc import Callable, Mapping

from flask import Blueprint
from flask.typing import ResponseReturnValue

Check = Callable[[], object]
"""Raises when the thing it is named after doesn't work."""

_log = logging.getLogger(__name__)


def health_endpoints(checks: Mapping[str, Check]) -> Blueprint:
    """A blueprint with both endpoints. Why a check fails is for the log, not for whoever asks."""
    blueprint = Blueprint("health", __name__, url_prefix="/health")

    @blueprint.get("/live")
    def live() -> ResponseReturnValue:
        return {"status": "live"}

    @blueprint.get("/ready")
    def ready() -> ResponseReturnValue:
        results = {name: _passes(name, check) for name, check in checks.items()}
        is_ready = all(results.values())
        answer = {
            "status": "ready" if is_ready else "not ready",
            "checks": {name: "ok" if passed else "failing" for name, passed in results.items()},
        }
        return answer, 200 if is_ready else 503

    return blueprint


def _passes(name: str, check: Check) -> bool:
    try:
        check()
    except Exception:
        _log.warning("not ready: %s", name, exc_info=True)
        return False
    return True
