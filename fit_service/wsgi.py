"""A WSGI server imports this: `gunicorn fit_service.wsgi:app`."""

from fit_service import create_app
from fit_service.settings import Settings

app = create_app(Settings.load())
