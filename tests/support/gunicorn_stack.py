"""The authorization server as it is deployed: gunicorn with two workers on a real Redis. Shows what threads can't."""

import base64
import hashlib
import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import auth_service
from auth_service.components import Components
from auth_service.crypto.token_handle import TokenKind, new_grant_id
from auth_service.models.account import Account
from auth_service.models.client import Client
from auth_service.models.secret import secret_digest
from auth_service.settings import Settings
from tests.support.actions import ACCESS_TOKEN, DEVICE_CODE, TOKEN_EXCHANGE
from tests.support.begun_grants import begin_grant
from tests.support.gunicorn_process import GunicornProcess
from tests.support.migrated import migrate
from tests.support.servers import free_port
from tests.support.stack import TOKEN_KEY

REDIRECT_URI, RESOURCE, SCOPE = "http://127.0.0.1:9/callback", "http://localhost:9/api/", "body_weight:read"
SECRET = "the-secret-of-all-clients-of-the-gunicorn-stack"
VERIFIER = "v" * 43


@dataclass(frozen=True)
class Answer:
    """What a worker answered, and which one it was."""

    status: int
    body: dict[str, Any]
    worker: str

    @property
    def kind(self) -> tuple[int, str | None]:
        """For histograms: the status and, of a refusal, its error code."""
        return self.status, self.body.get("error")


@dataclass(frozen=True)
class GunicornStack:
    """A running server, and its stores from within this process."""

    process: GunicornProcess
    parts: Components
    client: Client
    account: Account

    @property
    def port(self) -> int:
        return self.process.port

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def code(self, lifetime: int = 60) -> dict[str, str]:
        """The form that exchanges a fresh code, which lives for so many seconds."""
        return {
            "grant_type": "authorization_code",
            "code": self._begun_grant(TokenKind.AUTHORIZATION_CODE, lifetime),
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }

    def device_code(self) -> dict[str, str]:
        """The form that redeems a device code which a person has allowed."""
        return {"grant_type": DEVICE_CODE, "device_code": self._begun_grant(TokenKind.DEVICE_CODE, 60)}

    def exchange(self, token: str) -> dict[str, str]:
        """The form that gets a token for another one."""
        return {"grant_type": TOKEN_EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN}

    def _begun_grant(self, kind: TokenKind, lifetime: int) -> str:
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        return begin_grant(
            self.parts,
            self.account,
            self.client.client_id,
            scopes=(SCOPE,),
            audience=(RESOURCE,),
            redirect_uri=REDIRECT_URI,
            challenge=challenge,
            kind=kind,
            lifetime=lifetime,
        )

    def tokens(self) -> dict[str, Any]:
        """A fresh pair."""
        with self.connection() as connection:
            answer = self.ask(connection, "/token", self.code())
        assert answer.status == 200, answer
        return answer.body

    def revoke(self, token: str) -> None:
        """Return when the end of the token is acknowledged."""
        with self.connection() as connection:
            answer = self.ask(connection, "/revoke", {"token": token})
        assert answer.status == 200, answer

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        """A kept connection; gunicorn may hand each to another worker."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            yield connection
        finally:
            connection.close()

    def ask(
        self, connection: http.client.HTTPConnection, path: str, form: dict[str, str], key: str | None = None
    ) -> Answer:
        """Post a form as the client; to /introspect, as the resource server."""
        name = "moogle-fit" if path == "/introspect" else self.client.client_id
        headers = {
            "Host": f"localhost:{self.port}",
            "Authorization": "Basic " + base64.b64encode(f"{name}:{SECRET}".encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            **({"Idempotency-Key": key} if key else {}),
        }
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        return Answer(answer.status, json.loads(answer.read() or b"{}"), answer.headers["X-Test-Worker"])


@contextmanager
def run_gunicorn_stack(
    folder: Path, redis_url: str, *options: str, app: str = "tests.support.worker_named:app", **environment: str
) -> Iterator[GunicornStack]:
    """Start the server and wait until it is ready. `options` are gunicorn's."""
    port = free_port()
    variables = {
        "AUTH_ISSUER": f"http://localhost:{port}",
        "AUTH_DATABASE_URL": f"sqlite:///{folder / 'auth.sqlite'}",
        "AUTH_REDIS_URL": redis_url,
        "AUTH_TOKEN_KEYS": TOKEN_KEY,
        "AUTH_COMPACT_GRANTS": "true",
        "AUTH_TRUSTED_HOSTS": "127.0.0.1",
        "AUTH_LOG_LEVEL": "ERROR",
        **environment,
    }
    parts: Components = auth_service.create_app(Settings.load(variables)).extensions["auth_service"]
    migrate(parts.database)
    parts.resource_servers.save("moogle-fit", RESOURCE, secret_digest(SECRET), {SCOPE: "See it"}, new=True)
    account = parts.accounts.create("mo", "a password of mo, long enough")
    client = Client(
        client_id="racer",
        name="Racer",
        secret_digest=secret_digest(SECRET),
        redirect_uris=(REDIRECT_URI,),
        grant_types=("authorization_code", "refresh_token", DEVICE_CODE, TOKEN_EXCHANGE),
        exchange_from=(RESOURCE,),
        scopes=(SCOPE,),
        own_grant_id=new_grant_id(),
    )
    parts.clients.create(client, (RESOURCE,))
    options = ("-c", "auth_service/gunicorn.conf.py", *options)
    with GunicornProcess.running(app, port, variables, *options, log=folder / "auth.log") as process:
        process.wait_until_ready()
        yield GunicornStack(process, parts, client, account)
    parts.database.close()
