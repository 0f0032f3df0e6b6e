"""A WSGI server imports this: `gunicorn auth_service.wsgi:app`."""

from auth_service import create_app
from auth_service.settings import Settings

app = create_app(Settings.load())
