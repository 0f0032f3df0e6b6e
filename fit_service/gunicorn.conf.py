"""How gunicorn serves the Fit API: `gunicorn -c fit_service/gunicorn.conf.py`; it adds -b and -w."""

from shared.gunicorn.configuration import *

prepare(__file__)

wsgi_app = "fit_service.wsgi:app"
