"""How gunicorn serves the strength app: `gunicorn -c examples/strength_app/gunicorn.conf.py`; it adds -b."""

from shared.gunicorn.configuration import *

prepare(__file__)

wsgi_app = "examples.strength_app.wsgi:app"
worker_class = "gthread"
threads = 8
