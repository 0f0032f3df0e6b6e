"""`.env`, by which Compose fills in docker-compose.yml: secrets, ports, options of `make up`, the project's name."""

import hashlib
import os
import re
import secrets
from pathlib import Path

from tools.addresses import Addresses
from tools.paths import CERTIFICATE_FILE, LOCAL, ROOT
from tools.redis_users import users_file
from tools.secrets_store import secret

FILE = ROOT / ".env"
_PROJECT = "COMPOSE_PROJECT_NAME"
_PROXY_CONFIGURATION = ROOT / "deploy" / "proxy" / "haproxy.cfg"
_SECRETS = {
    "POSTGRES_PASSWORD": "postgres-password",
    "AUTH_DATABASE_PASSWORD": "auth-database-password",
    "FIT_DATABASE_PASSWORD": "fit-database-password",
    "AUTH_REDIS_PASSWORD": "redis-password",
    "AUTH_TOKEN_KEYS": "token-key",
    "FIT_REDIS_PASSWORD": "fit-redis-password",
    "FIT_CLIENT_SECRET": "fit-client-secret",
    "FIT_WEBHOOK_KEYS": "fit-webhook-key",
    "APP_CLIENT_SECRET": "app-client-secret",
    "APP_SECRET_KEY": "app-secret-key",
}


def write(addresses: Addresses, wanted_replicas: int) -> None:
    """Write it, readable by its owner only, and the file of Redis' users, who are known by digests."""
    values = {_PROJECT: project()}
    values |= {name: secret(kept) for name, kept in _SECRETS.items()}
    values |= {
        "AUTH_PORT": str(addresses.auth_port),
        "FIT_PORT": str(addresses.fit_port),
        "APP_PORT": str(addresses.app_port),
    }
    values["PROXY_FILES"] = _digest(_PROXY_CONFIGURATION, *([CERTIFICATE_FILE] if addresses.tls else []))
    if addresses.tls:
        values |= {
            "PUBLIC_SCHEME": "https",
            "PROXY_BIND": ":8080 ssl crt /etc/moogle/site.pem alpn h2,http/1.1",
            "CA_FILE": "/etc/moogle/ca.crt",
        }
    if wanted_replicas == 2:
        values |= {
            "COMPOSE_PROFILES": "replicas",
            "AUTH_2": "auth-2:8000",
            "FIT_2": "fit-2:8001",
            "DRAIN_TIME": "5",  # seconds, in which the proxy notices: it asks each second
        }
    FILE.touch(mode=0o600)
    FILE.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    folder = LOCAL / "compose"
    folder.mkdir(exist_ok=True)
    users = users_file(values["AUTH_REDIS_PASSWORD"], values["FIT_REDIS_PASSWORD"])
    (folder / "users.acl").write_text(users, encoding="utf-8")
    (folder / "users.acl").chmod(0o644)  # Redis' own user reads it; the folder above is the owner's only


def replicas() -> int:
    """How many of each service there were last time: two or one."""
    kept = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    return 2 if "\nAUTH_2=" in kept else 1


def project() -> str:
    """Compose's name for this checkout's containers and volumes, kept in `.env` and other than any other checkout's.

    An `.env` without one was written when Compose still named everything after the folder: there the data are.
    """
    if name := os.environ.get(_PROJECT):
        return name
    kept = FILE.read_text(encoding="utf-8") if FILE.exists() else None
    folder = re.sub(r"[^-_a-z0-9]", "", ROOT.name.lower()).lstrip("-_")
    if kept is None:
        return f"{folder or 'moogle'}-{secrets.token_hex(4)}"
    named = re.search(rf"^{_PROJECT}=(.+)$", kept, re.MULTILINE)
    return named[1] if named else folder


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
