"""What a WSGI server imports: `gunicorn examples.strength_app.wsgi:app`."""

from examples.strength_app import create_app
from examples.strength_app.settings import Settings

app = create_app(Settings.load())
