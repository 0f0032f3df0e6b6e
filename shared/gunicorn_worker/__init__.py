"""A worker for gunicorn whose threads wait for requests, never for clients. Named in `gunicorn.conf.py`.

`worker` is its life, `starting` what workers know of each other. `connection` collects a request; `request_head`, by
httptools and `head_checks`, and `request_body` read it. `answering` runs the application, `answer` is what that says,
`outgoing` sends it. `refusal` is what the worker says by itself. Of gunicorn's inside they know the base class of
workers with its signals, the settings and the log.
"""

from shared.gunicorn_worker.worker import PatientWorker

__all__ = ["PatientWorker"]
