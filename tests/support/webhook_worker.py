"""The worker that delivers webhooks, in a thread beside a running stack."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fit_service.components import Components
from fit_service.storage.feed_position import FeedPositionStore
from tests.support.polling import eventually
from tests.support.stack import Stack


def parts_of(stack: Stack) -> Components:
    parts = stack.fit_app.extensions["fit_service"]
    assert isinstance(parts, Components)
    return parts


@contextmanager
def delivering(stack: Stack) -> Iterator[None]:
    """A worker delivers, and has begun to follow the revocation feed."""
    stop, parts = threading.Event(), parts_of(stack)
    thread = threading.Thread(target=parts.webhook_worker.run, args=[stop])
    thread.start()
    try:
        eventually(FeedPositionStore(parts.database).read)
        yield
    finally:
        stop.set()
        thread.join()
