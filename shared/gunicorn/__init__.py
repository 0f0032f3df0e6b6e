"""What the services have in common under gunicorn: `configuration` is what each `gunicorn.conf.py` takes over."""
