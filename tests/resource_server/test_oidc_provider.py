"""The kit against a real authorization server of others: node-oidc-provider, fetched from npm."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from joserfc.jwk import ECKey

from shared.resource_server import (
    InsufficientScopeError,
    InvalidTokenError,
    MisconfiguredError,
    connect_to_other_server,
)
from shared.resource_server.private_key_jwt import PrivateKeyJwt
from tests.support.polling import eventually
from tests.support.servers import free_port

pytestmark = pytest.mark.torture
RESOURCE, VERSION = "https://journal.example/", "9"
KEY = ECKey.generate_key("P-256")
PROGRAM = Path(__file__).with_name("oidc_provider.mjs")


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("needs Node.js and npm")
    folder, port = tmp_path_factory.mktemp("oidc-provider"), free_port()
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), f"oidc-provider@{VERSION}"]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip("npm could not fetch oidc-provider")
    shutil.copy(PROGRAM, folder)
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [node, PROGRAM.name, str(port), json.dumps(KEY.as_dict(private=False))], cwd=folder, stdout=log, stderr=log
        ) as running,
    ):
        try:
            eventually(lambda: b"ready" in (folder / "log").read_bytes())
            yield f"http://127.0.0.1:{port}"
        finally:
            running.kill()


def issued(issuer: str, scope: str, resource: str = RESOURCE) -> str:
    form = {"grant_type": "client_credentials", "scope": scope, "resource": resource}
    token: str = requests.post(f"{issuer}/token", form, auth=("app", "app-secret"), timeout=60).json()["access_token"]
    return token


def test_its_tokens_are_validated_and_refused(issuer: str) -> None:
    connection = {
        "resource": RESOURCE,
        "audience": RESOURCE,
        "issuer": issuer,
        "client_id": "journal",
        "deadline": 30.0,
    }
    validator = connect_to_other_server(**connection, client_secret="a secret")
    validator.check()
    token = issued(issuer, "journal:read")
    assert validator.validate(f"Bearer {token}", "journal:read").client_id == "app"
    with pytest.raises(InsufficientScopeError):
        validator.validate(f"Bearer {token}", "journal:write")
    with pytest.raises(InvalidTokenError):
        validator.validate(f"Bearer {issued(issuer, 'journal:read', 'https://other.example/')}")
    requests.post(f"{issuer}/token/revocation", {"token": token}, auth=("app", "app-secret"), timeout=60)
    with pytest.raises(InvalidTokenError):
        validator.validate(f"Bearer {token}")
    stranger = connect_to_other_server(**connection, client_secret="wrong")
    with pytest.raises(MisconfiguredError, match="client_secret"):
        stranger.check()
    for each in (validator, stranger):
        each.close()


def test_it_knows_us_by_our_signature(issuer: str) -> None:
    connection = {"resource": RESOURCE, "audience": RESOURCE, "issuer": issuer, "client_id": "signer", "deadline": 30.0}
    keys = (KEY, ECKey.generate_key("P-256"))
    ours, other = (
        connect_to_other_server(**connection, client_key=PrivateKeyJwt(key.as_pem(private=True).decode()))
        for key in keys
    )
    token = issued(issuer, "journal:read")
    assert [ours.validate(f"Bearer {token}").client_id for _ in range(2)] == ["app", "app"]
    with pytest.raises(MisconfiguredError):
        other.validate(f"Bearer {token}")
    for each in (ours, other):
        each.close()
