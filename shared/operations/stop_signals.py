"""SIGTERM and SIGINT end a worker that is a process of its own, such as `mail deliver`."""

import os
import signal
import threading


def set_by_stop_signals() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets; called in the main thread, once in a process.

    A handler runs amid whatever the main thread does, so it mustn't set the event itself: where that thread is about to
    wait for it, it holds the lock which setting needs, and both would wait for ever.
    """
    event = threading.Event()
    reader, writer = os.pipe()

    def set_when_told() -> None:
        os.read(reader, 1)
        event.set()

    threading.Thread(target=set_when_told, name="stop-signals", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os.write(writer, b"."))
    return event
