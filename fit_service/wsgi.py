"""What a WSGI server imports: `gunicorn fit_service.wsgi:app`."""

from fit_service import create_app

app = create_app()
