"""How gunicorn serves the Fit API: `gunicorn -c fit_service/gunicorn.conf.py`; it adds -b and -w."""

import select
from pathlib import Path

import gunicorn.http.wsgi

from shared.gunicorn_metrics import forget_worker, share_metrics_among_workers
from shared.gunicorn_settings import refuse_bad_settings
from shared.operations.draining import drain_before_stop, set_drain_time
from shared.operations.log_config import configure_logging
from shared.service.redis_replay import ask_whether_redis_replays

refuse_bad_settings(Path(__file__).with_name("settings.py"))
configure_logging("fit_service", "INFO")

gunicorn.http.wsgi.SERVER = "Moogle"  # what gthread says: no product, no version (ASVS 13.4.6)

wsgi_app = "fit_service.wsgi:app"
worker_class = "buffering_worker.worker.BufferingWorker" if hasattr(select, "epoll") else "gthread"
workers = 2
threads = 16
keepalive = 75
graceful_timeout = 10
control_socket_disable = True
logger_class = "shared.gunicorn_log.JsonLogger"
forwarded_allow_ips = ""  # proxies are counted by FIT_TRUSTED_PROXIES alone …
forwarder_headers = ""  # … also on a Unix socket, where gunicorn takes everybody for one
secure_scheme_headers = {}  # likewise


def when_ready(master):
    """Told when the master is about to start workers."""
    drain_before_stop(master)


def post_worker_init(worker):
    """Say what the application takes and which headers it sends. The first worker asks Redis whether it will forget."""
    # Here, because the service imports prometheus_client, which looks for its folder then; the master has none yet.
    import redis  # noqa: PLC0415

    from fit_service.storage.redis_connection import redis_pool  # noqa: PLC0415

    worker.largest_body = max(getattr(view, "max_body", 0) for view in worker.wsgi.view_functions.values())
    worker.refusal_headers = worker.wsgi.config["STANDING_HEADERS"]
    set_drain_time(worker.wsgi.extensions["fit_service"].settings.drain_time)
    redis_url = worker.wsgi.extensions["fit_service"].settings.redis_url
    if redis_url and worker.age == 1:
        ask_whether_redis_replays(redis.Redis(connection_pool=redis_pool(redis_url)))


share_metrics_among_workers()


def child_exit(_server, worker):
    """Told when a worker has ended."""
    forget_worker(worker.pid)
