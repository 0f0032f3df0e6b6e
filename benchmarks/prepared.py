"""An authorization server as it runs in production, on one worker, with everything that the load needs made before.

Grants are made through the store, not through the pages: what is measured is what happens to them afterwards.
"""

import base64
import hashlib
import json
import os
import secrets
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import auth_service
from auth_service.components import Components
from auth_service.crypto.token_handle import TokenKind, new_grant_id
from auth_service.models.base import now
from auth_service.models.client import Client
from auth_service.models.grant import GrantRecord
from auth_service.models.secret import secret_digest
from auth_service.models.tokens import NewGrant
from auth_service.settings import Settings
from benchmarks.processes import LOAD_CORE, SERVER_CORE, gunicorn, pinned, running, wait_until_answering

REDIRECT_URI = "http://127.0.0.1:9/callback"
SCOPE, RESOURCE = "body_weight:read", "http://localhost:9/api/"
SECRET = "a-secret-of-the-benchmark-00000000000000000"
VERIFIER = "v" * 43


@dataclass(frozen=True, slots=True)
class PreparedServer:
    """A running server, and bodies and headers for the load."""

    url: str
    pid: int
    redis_pid: int
    redis_url: str
    folder: Path
    parts: Components
    client: Client
    account_id: str

    @property
    def client_authorization(self) -> str:
        """The client's Basic header."""
        return _basic(self.client.client_id)

    @property
    def caller_authorization(self) -> str:
        """The resource server's Basic header."""
        return _basic("moogle-fit")

    def codes(self, count: int) -> list[str]:
        """Bodies that exchange so many fresh codes."""
        bodies, records = [], []
        for _ in range(count):
            grant_id = new_grant_id()
            code = self.parts.keys.make(TokenKind.AUTHORIZATION_CODE, grant_id, 0)
            records.append(self._record(grant_id))
            self.parts.grants.create(self.new_grant(grant_id, code.digest), 3_600)
            bodies.append(
                f"grant_type=authorization_code&code={code.text}&redirect_uri={REDIRECT_URI}&code_verifier={VERIFIER}"
            )
        with self.parts.database.writing() as session:
            session.add_all(records)
        return bodies

    def new_grant(self, grant_id: str, code_digest: str) -> NewGrant:
        """Return a grant with this code, of the client and the person that there are."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        return NewGrant(
            grant_id=grant_id,
            client_id=self.client.client_id,
            subject=self.account_id,
            scopes=(SCOPE,),
            audience=(RESOURCE,),
            expires_at=(now() + timedelta(days=1)).timestamp(),
            redirect_uri=REDIRECT_URI,
            code_challenge=challenge,
            code_digest=code_digest,
        )

    def tokens(self, count: int) -> list[dict[str, str]]:
        """So many fresh token answers."""
        answers = []
        for body in self.codes(count):
            headers = {
                "Authorization": self.client_authorization,
                "Content-Type": "application/x-www-form-urlencoded",
            }
            request = urllib.request.Request(f"{self.url}/token", body.encode(), headers)
            with urllib.request.urlopen(request, timeout=10) as answer:
                answers.append(json.load(answer))
        return answers

    def file(self, name: str, lines: list[str]) -> str:
        """The path of a file with these lines, for the load."""
        path = self.folder / f"{name}.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return os.fspath(path)

    def _record(self, grant_id: str) -> GrantRecord:
        return GrantRecord(
            id=grant_id,
            account_id=self.account_id,
            client_id=self.client.client_id,
            scopes=(SCOPE,),
            audience=(RESOURCE,),
            expires_at=now() + timedelta(days=1),
        )


@contextmanager
def prepared_server(
    folder: Path,
    port: int,
    redis_port: int,
    *,
    core: int | None = SERVER_CORE,
    options: Sequence[str] = (),
    **settings: str,
) -> Iterator[PreparedServer]:
    """Redis on the load's core, one gunicorn worker on the given one. `options` are gunicorn's.

    `settings` are more of them, or other ones.
    """
    redis_url, url = f"redis://127.0.0.1:{redis_port}/0", f"http://localhost:{port}"
    environment = {
        "AUTH_ISSUER": url,
        "AUTH_DATABASE_URL": f"sqlite:///{folder / 'auth.sqlite'}",
        "AUTH_REDIS_URL": redis_url,
        "AUTH_TOKEN_KEYS": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AUTH_COMPACT_GRANTS": "1",
        "AUTH_METRICS_TOKEN": secrets.token_urlsafe(16),
        **settings,
    }
    redis = ["redis-server", "--port", str(redis_port), "--save", "", "--dir", str(folder)]
    server = [*gunicorn(port), "-c", "auth_service/gunicorn.conf.py", *options]
    with running(redis) if core is None else pinned(LOAD_CORE, redis) as redis_pid:
        parts: Components = auth_service.create_app(Settings.load(environment)).extensions["auth_service"]
        parts.database.upgrade()
        parts.resource_servers.save("moogle-fit", RESOURCE, secret_digest(SECRET), {SCOPE: "See it"}, new=True)
        account = parts.accounts.create("mo", secrets.token_urlsafe(16))
        client = _client(parts)
        with running(server, environment) if core is None else pinned(core, server, environment) as pid:
            wait_until_answering(f"{url}/health/ready")
            yield PreparedServer(url, pid, redis_pid, redis_url, folder, parts, client, account.id)


def _client(parts: Components) -> Client:
    client = Client(
        client_id="benchmark",
        name="Benchmark",
        secret_digest=secret_digest(SECRET),
        redirect_uris=(REDIRECT_URI,),
        grant_types=("authorization_code", "refresh_token", "client_credentials"),
        scopes=(SCOPE,),
        own_grant_id=new_grant_id(),
    )
    parts.clients.create(client, (RESOURCE,))
    return client


def _basic(name: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{SECRET}".encode()).decode()
