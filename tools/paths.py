"""Where things of this checkout are kept. Everything that a run leaves behind is below `.local`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
SECRETS = LOCAL / "secrets"
LOGS = LOCAL / "log"
RUN = LOCAL / "run"
VENV = ROOT / ".venv"
CA_FILE = LOCAL / "tls" / "ca.crt"
"""The authority to trust with `make up TLS=1`. Containers see its folder."""
CERTIFICATE_FILE = LOCAL / "tls-key" / "site.pem"
"""The certificate that it signed, and its key. The proxy alone sees its folder."""


def make_local_folders() -> None:
    """Make them, readable by their owner only; containers see what they need of `.local`."""
    for folder in (LOCAL, SECRETS, LOGS, RUN, CERTIFICATE_FILE.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
    CA_FILE.parent.mkdir(mode=0o755, exist_ok=True)
