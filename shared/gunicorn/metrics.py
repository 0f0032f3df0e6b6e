"""What gunicorn's master does so that all workers' numbers can be added up. Imported by `configuration.py` only.

prometheus_client decides when it is imported whether processes share their numbers, so this sets the folder first.
"""

import atexit
import os
import shutil
import tempfile


def share_metrics_among_workers() -> None:
    """Give the workers of this gunicorn a fresh folder for their numbers, which goes when its master ends."""
    folder, master = tempfile.mkdtemp(prefix="metrics-"), os.getpid()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    atexit.register(lambda: shutil.rmtree(folder, ignore_errors=True) if os.getpid() == master else None)


def forget_worker(pid: int) -> None:
    """Drop what only made sense while the worker lived."""
    from prometheus_client import multiprocess  # noqa: PLC0415 - not before the folder is set

    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
