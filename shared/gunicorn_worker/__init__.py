"""A worker for gunicorn whose threads wait for requests, never for clients. Named in `gunicorn.conf.py`.

`worker` is its life, `connection` collects a request, `request_head` and `request_body` read it, `answer` sends.
"""

from shared.gunicorn_worker.worker import PatientWorker

__all__ = ["PatientWorker"]
