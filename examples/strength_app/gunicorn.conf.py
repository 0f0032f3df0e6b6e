"""How gunicorn serves the strength app: `gunicorn -c examples/strength_app/gunicorn.conf.py`; it adds -b."""

from pathlib import Path

from shared.gunicorn_settings import refuse_bad_settings
from shared.operations.log_config import configure_logging

refuse_bad_settings(Path(__file__).with_name("settings.py"))
configure_logging("strength_app", "INFO")

wsgi_app = "examples.strength_app.wsgi:app"
worker_class = "gthread"
workers = 2
threads = 8
keepalive = 75
graceful_timeout = 10
control_socket_disable = True
logger_class = "shared.gunicorn_log.JsonLogger"
forwarded_allow_ips = ""  # nobody is believed who says that a request had another path or scheme …
forwarder_headers = ""  # … also on a Unix socket, where gunicorn takes everybody for a proxy
secure_scheme_headers = {}  # likewise
