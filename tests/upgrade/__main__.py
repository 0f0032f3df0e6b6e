"""`python -m tests.upgrade COMMIT`: from now on that is the release before."""

import sys
from pathlib import Path

from tests.upgrade.release_before import pack

pack(sys.argv[1], Path.cwd())
