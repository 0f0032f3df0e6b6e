"""A worker for gunicorn that buffers requests and responses, so that its threads never wait for a client.

`worker.BufferingWorker` is what `worker_class` names. An application whose thread is about to wait for something else
may say so with `concurrency_limit.release_slot`.

Threads of gunicorn's own workers wait for clients. Of servers that buffer, Waitress has no worker processes that a
reload could replace, and Granian accepts framing that a proxy may read otherwise.

In the order of a request: `worker` is the life of the process, `connections` accepts clients and waits for them, and
`exchange` takes one step with one of them. A `connection` buffers a request; `request_head` (by httptools and
`head_checks`) and `request_body` read it. `application_call` runs the application, `response` writes what it says, and
`send_buffer` keeps what the client doesn't take yet. A `queue_probe` knows when requests wait for too long, and
`late_requests` has them answered without the application. `refusal` is what the worker says by itself.
"""

__version__ = "0.1.0"
