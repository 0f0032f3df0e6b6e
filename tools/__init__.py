"""What runs the product on this machine: `make up`, `make down`, `make demo`. Nothing here is part of the services."""

import sys

OLDEST_PYTHON = (3, 11)

if sys.version_info < OLDEST_PYTHON:  # here, because an older one can't even read the other modules
    sys.exit(
        f"problem: Python 3.11 or newer is needed, and {sys.executable} is {sys.version.split()[0]}. "
        "If you have a newer one, name it: `make up PYTHON=python3.12`"
    )
