"""A third service, protected by the kit, and the authorization server that it asks."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from shared.resource_server import ActiveToken, connect, token_digest
from shared.resource_server.resource_protector import ResourceProtector
from tests.support.stub_authorization_server import StubAuthorizationServer

RESOURCE, ISSUER = "https://plans.example/", "https://auth.example"
PATIENCE = 30.0
"""Seconds that no machine is too busy for."""
TOKEN = "mat_a-token"


def active(**changes: Any) -> dict[str, Any]:
    """The answer about TOKEN that lets it through; a claim that is None is left out."""
    claims = {
        "active": True,
        "scope": "plans:read",
        "client_id": "client_1",
        "username": "mo",
        "sub": "sub_1",
        "aud": [RESOURCE],
        "iss": ISSUER,
        "exp": int(time.time()) + 86_400,  # of some, made before a whole suite begins
        "iat": int(time.time()) - 5,
        "token_type": "Bearer",
        "jti": token_digest(TOKEN),
        "grant_id": "0" * 32,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


@dataclass
class Service:
    """The protected service, called without a network."""

    http: FlaskClient
    authorization_server: StubAuthorizationServer

    def get(self, path: str = "/plans", authorization: str | None = f"Bearer {TOKEN}", **options: Any) -> Any:
        headers = {"Authorization": authorization} if authorization is not None else {}
        return self.http.get(path, headers=headers, **options)


@pytest.fixture
def deadline() -> float:
    """Of each validation, unless a test is parametrized with a shorter one."""
    return PATIENCE


@pytest.fixture
def service(deadline: float) -> Iterator[Service]:
    with StubAuthorizationServer.running() as stub:
        app = Flask(__name__)
        validator = connect(
            resource=RESOURCE,
            issuer=ISSUER,
            client_id="plans",
            client_secret="a secret",
            auth_url=stub.address,
            realm="plans",
            follow_revocations=False,
            deadline=deadline,
        )
        require_token = ResourceProtector(validator)

        @app.get("/plans")
        @require_token("plans:read")
        def plans(token: ActiveToken) -> str:
            return f"plans of {token.subject}"

        @app.get("/changes")
        @require_token("plans:read", "plans:write")
        def changes(token: ActiveToken) -> str:
            return f"changes of {token.subject}"

        yield Service(app.test_client(), stub)
        validator.close()
