"""A worker for gunicorn that buffers requests and answers, so that its threads never wait for a client.

`worker.BufferingWorker` is what `worker_class` names. An application whose thread is about to wait for something else
than a client may say so: `concurrency_limit.release_slot`.
"""
