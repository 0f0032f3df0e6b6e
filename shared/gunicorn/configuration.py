"""gunicorn's settings and hooks, the same for each service: its `gunicorn.conf.py` imports all of these names.

gunicorn's master reads this before it forks, and workers inherit what the master has imported. So nothing here imports
a service: a reload then serves its new code.
"""

import select
from pathlib import Path
from typing import Any

import gunicorn.http.wsgi

from shared.gunicorn.metrics import forget_worker, share_metrics_among_workers
from shared.gunicorn.settings_check import refuse_bad_settings
from shared.gunicorn.worker_setup import setup_of
from shared.operations.draining import drain_before_stop, set_drain_time
from shared.operations.log_config import configure_logging, log_what_nobody_catches

__all__ = [
    "child_exit",
    "control_socket_disable",
    "forwarded_allow_ips",
    "forwarder_headers",
    "graceful_timeout",
    "keepalive",
    "logger_class",
    "post_worker_init",
    "prepare",
    "secure_scheme_headers",
    "threads",
    "when_ready",
    "worker_class",
    "workers",
]

gunicorn.http.wsgi.SERVER = "Moogle"  # type: ignore[attr-defined]  # what gthread says: no product, no version (ASVS 13.4.6)

worker_class = "buffering_worker.worker.BufferingWorker" if hasattr(select, "epoll") else "gthread"
workers = 2
threads = 16
keepalive = 75
graceful_timeout = 10
control_socket_disable = True
logger_class = "shared.gunicorn.log.JsonLogger"
forwarded_allow_ips = ""  # proxies are counted by …_TRUSTED_PROXIES alone …
forwarder_headers = ""  # … also on a Unix socket, where gunicorn takes everybody for one
secure_scheme_headers: dict[str, str] = {}  # likewise


def prepare(configuration: str) -> None:
    """Check the settings of the service whose `gunicorn.conf.py` this is, and have its lines and numbers collected."""
    service = Path(configuration).parent
    refuse_bad_settings(service / "settings.py")
    configure_logging(service.name, "INFO")
    log_what_nobody_catches()
    share_metrics_among_workers()


def when_ready(master: Any) -> None:
    """Let a stop begin with the drain time. Called before the first worker is forked."""
    drain_before_stop(master)


def post_worker_init(worker: Any) -> None:
    """Set a worker up as its service wants it. Called in the worker, which has loaded the application."""
    setup = setup_of(worker.wsgi)
    if setup is None:
        return
    worker.max_body_size = setup.max_body_size
    worker.refusal_headers = setup.refusal_headers
    worker.unavailable = setup.unavailable
    worker.urgent_paths = setup.urgent_paths
    set_drain_time(setup.drain_time)
    setup.start()
    if worker.age == 1:
        setup.start_once()


def child_exit(_master: Any, worker: Any) -> None:
    """Forget the numbers of a worker that has ended. Called in the master."""
    forget_worker(worker.pid)
