"""What a WSGI server imports: `gunicorn auth_service.wsgi:app`."""

from auth_service import create_app

app = create_app()
