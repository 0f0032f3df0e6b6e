"""Has gunicorn's master refuse settings with which no worker could start. Imported by `configuration.py` only.

Left to themselves, workers would each write a traceback among gunicorn's own lines, and its exit code would be 3.
"""

import importlib
import os
import runpy
from pathlib import Path

_checked: list[Path] = []


def refuse_bad_settings(settings: Path) -> None:
    """End this process with exit code 2, and one line on stderr, if its environment doesn't fit a `settings.py`.

    What a setting has to fit outside of the process, its function `check_at_start` asks. A child does all that, so that
    the master has no modules that workers would inherit, even after a reload with new code.
    At a reload nothing is checked: a master that ends takes the workers with it that still serve.
    """
    if settings in _checked:
        return
    _checked.append(settings)
    child = os.fork()
    if child == 0:
        try:
            load_or_exit = importlib.import_module("shared.service.environment").load_or_exit
            module = runpy.run_path(str(settings))
            loaded = load_or_exit(module["Settings"].load)
            load_or_exit(lambda: module.get("check_at_start", _check_nothing)(loaded))
        except SystemExit:
            os._exit(2)
        finally:
            os._exit(0)  # also after a fault of the code: workers will show it
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2:
        raise SystemExit(2)


def _check_nothing(_settings: object) -> None:
    pass
