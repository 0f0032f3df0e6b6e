"""Work that threads go on with while a block runs."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def in_threads(works: Iterable[Callable[[], None]], stop: threading.Event) -> Iterator[None]:
    """Run each in a thread of its own. When the block ends `stop` is set, at which they return."""
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
