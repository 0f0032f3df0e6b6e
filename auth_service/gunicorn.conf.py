"""How gunicorn serves the authorization server: `gunicorn -c auth_service/gunicorn.conf.py`; it adds -b and -w."""

from shared.gunicorn.configuration import *

prepare(__file__)

wsgi_app = "auth_service.wsgi:app"
