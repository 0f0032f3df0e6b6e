"""The authorization server with failpoints: between computing an answer and sending it, and around the script that ends
a grant. See `failpoints.py`.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from auth_service.models.ending import EndedGrant
from auth_service.storage.grant_ends import GrantEnds
from tests.support.failpoints import VARIABLE, Failpoints
from tests.support.worker_named import app

__all__ = ["app"]

_failpoints = Failpoints(Path(os.environ[VARIABLE]))
_answer, _revoke_grants = app.wsgi_app, GrantEnds.revoke_grants


def _answered(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    computed = list(_answer(environ, start_response))
    _failpoints.reach(f"answer to {environ['PATH_INFO'].strip('/')}")
    return computed


def _revoked(ends: GrantEnds, ended: list[EndedGrant]) -> None:
    if ended:
        _failpoints.reach("before the revoking script")
    _revoke_grants(ends, ended)
    if ended:
        _failpoints.reach("after the revoking script")


app.wsgi_app = _answered  # type: ignore[method-assign]
GrantEnds.revoke_grants = _revoked  # type: ignore[method-assign]
