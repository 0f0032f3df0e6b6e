"""How gunicorn serves the strength app: `gunicorn -c examples/strength_app/gunicorn.conf.py`; it adds -b."""

from pathlib import Path

from shared.gunicorn_settings import refuse_bad_settings

refuse_bad_settings(Path(__file__).with_name("settings.py"))

wsgi_app = "examples.strength_app.wsgi:app"
worker_class = "gthread"
workers = 2
threads = 8
keepalive = 75
graceful_timeout = 10
control_socket_disable = True
forwarded_allow_ips = ""  # nobody is believed who says that a request had another path or scheme …
forwarder_headers = ""  # … also on a Unix socket, where gunicorn takes everybody for a proxy
secure_scheme_headers = {}  # likewise
