"""The stack's generated secrets: made at the first start, kept below `.local`, readable by their owner only."""

import base64
import json
import secrets
from pathlib import Path

from tools.paths import SECRETS


def secret_file(name: str) -> Path:
    """The file that holds a secret of this name: 256 random bits in base64url, which serve as key and as password."""
    file = SECRETS / name
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="), encoding="utf-8")
    return file


def secret(name: str) -> str:
    """The secret of this name."""
    return secret_file(name).read_text(encoding="utf-8")


def remember(name: str, values: dict[str, str]) -> None:
    """Keep something that was printed once, such as the demo account's password."""
    file = SECRETS / f"{name}.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(values), encoding="utf-8")


def remembered(name: str) -> dict[str, str] | None:
    """What was kept."""
    file = SECRETS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
