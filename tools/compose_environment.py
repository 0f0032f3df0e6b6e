"""`.env`, by which Compose fills in docker-compose.yml: secrets, ports, options of `make up`, the project's name."""

import hashlib
import os
import re
import secrets
from pathlib import Path

from tools.addresses import Addresses
from tools.paths import CERTIFICATE_FILE, LOCAL, ROOT
from tools.redis_pair import PLACES, first_files
from tools.redis_users import users_file, users_of_pair
from tools.secrets_store import secret

FILE = ROOT / ".env"
_PROJECT = "COMPOSE_PROJECT_NAME"
_COMPACT_GRANTS = "AUTH_COMPACT_GRANTS"
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
    """Write it, readable by its owner only, and the files that Redis and Sentinel read; users are known by digests."""
    values = {_PROJECT: project()}
    if not FILE.exists() or _kept(_COMPACT_GRANTS):
        values[_COMPACT_GRANTS] = "true"
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
    wants_mail = mail()
    if wants_mail:
        values |= {
            "COMPOSE_PROFILES": "mail",
            "AUTH_SMTP_URL": "smtp+plain://mail-server:1025",
            "AUTH_MAIL_SENDER": "Moogle <no-reply@moogle.example>",
            "AUTH_SIGN_UP": "true",
        }
    folder = LOCAL / "compose"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # Redis' own user reads its users here; the folder above is the owner's only
    users = users_file(values["AUTH_REDIS_PASSWORD"], values["FIT_REDIS_PASSWORD"])
    if wanted_replicas == 2:
        passwords = secret("redis-replica-password"), secret("sentinel-password")
        users += users_of_pair(*passwords)
        for name, text in first_files(*passwords).items():
            _write_privately(folder / f"{name}.conf", text)
        pair = _pair()
        values |= {
            "COMPOSE_PROFILES": "mail,replicas" if wants_mail else "replicas",
            "AUTH_2": "auth-2:8000",
            "FIT_2": "fit-2:8001",
            "DRAIN_TIME": "5",  # seconds, in which the proxy notices: it asks each second
            "REDIS_PAIR": pair,
            "REDIS_START": f"sh /usr/local/bin/start_with_own_file.sh {pair}",
            "REDIS_SCHEME": "redis+sentinel",
            "REDIS_PLACES": PLACES,
        }
    _write_privately(FILE, "".join(f"{name}={value}\n" for name, value in values.items()))
    (folder / "users.acl").write_text(users, encoding="utf-8")
    (folder / "users.acl").chmod(0o644)


def note_update() -> None:
    """Note that no process of a release before runs any more, nor will: from the next `make up` on, grants are compact.

    An `.env` that says nothing of it was written by one of them, or by a `make up` that went wrong since.
    """
    if _kept(_COMPACT_GRANTS) is None:
        _write_privately(FILE, f"{FILE.read_text(encoding='utf-8')}{_COMPACT_GRANTS}=false\n")


def replicas() -> int:
    """How many of each service there were last time: two or one."""
    return 2 if _kept("AUTH_2") else 1


def mail() -> bool:
    """Whether mail is sent, to a server that shows it: as `MAIL` says, or as last time."""
    return (os.environ.get("MAIL") or ("1" if _kept("AUTH_SMTP_URL") else "0")) == "1"


def project() -> str:
    """Compose's name for this checkout's containers and volumes, kept in `.env` and other than any other checkout's.

    An `.env` without one was written when Compose still named everything after the folder: there the data are.
    """
    if name := os.environ.get(_PROJECT):
        return name
    folder = re.sub(r"[^-_a-z0-9]", "", ROOT.name.lower()).lstrip("-_")
    if not FILE.exists():
        return f"{folder or 'moogle'}-{secrets.token_hex(4)}"
    return _kept(_PROJECT) or folder


def _pair() -> str:
    """The name of the pair of Redis, while there is one. What it leaves decides nothing for the next."""
    return _kept("REDIS_PAIR") or secrets.token_hex(4)


def _kept(name: str) -> str | None:
    """What stands in the file since it was written last."""
    kept = FILE.read_text(encoding="utf-8") if FILE.exists() else ""
    found = re.search(rf"^{name}=(.+)$", kept, re.MULTILINE)
    return found[1] if found else None


def _write_privately(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text, encoding="utf-8")


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
