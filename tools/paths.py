"""Where things of this checkout are kept. Everything that a run leaves behind is below `.local`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
SECRETS = LOCAL / "secrets"
LOGS = LOCAL / "log"
RUN = LOCAL / "run"
VENV = ROOT / ".venv"


def make_local_folders() -> None:
    """Make them, readable by their owner only."""
    for folder in (LOCAL, SECRETS, LOGS, RUN):
        folder.mkdir(mode=0o700, exist_ok=True)
