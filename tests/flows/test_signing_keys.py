"""The published keys and their rotation from the command line."""

from typing import Any

import pytest
import requests
from joserfc.jwk import JWKRegistry

from tests.support.actions import TIMEOUT, Actions

ALGORITHMS = {"ES256": {"kty", "crv", "x", "y"}, "RS256": {"kty", "n", "e"}}


def published(actions: Actions) -> dict[str, dict[str, Any]]:
    answer = requests.get(f"{actions.stack.auth}/jwks", timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    return {key["kid"]: key for key in answer.json()["keys"]}


@pytest.mark.clause("RFC 7517 §5", line=133)
def test_the_public_halves_are_published_and_nothing_else_of_them(actions: Actions) -> None:
    keys = published(actions)
    assert {key["alg"] for key in keys.values()} == set(ALGORITHMS)
    for key in keys.values():
        assert set(key) == {*ALGORITHMS[key["alg"]], "use", "alg", "kid"}
        assert key["use"] == "sig"
        assert JWKRegistry.import_key(key).thumbprint() == key["kid"]


@pytest.mark.clause("RFC 7517 §5")
def test_they_are_found_through_the_metadata_and_may_be_kept_for_an_hour(actions: Actions) -> None:
    metadata = requests.get(f"{actions.stack.auth}/.well-known/oauth-authorization-server", timeout=TIMEOUT).json()
    answer = requests.get(metadata["jwks_uri"], timeout=TIMEOUT)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=3600")
    assert "Set-Cookie" not in answer.headers


def test_a_rotation_publishes_a_key_that_does_not_sign_yet(actions: Actions) -> None:
    before = published(actions)
    listed = actions.stack.command("signing-key", "rotate", "--algorithm", "ES256")
    after = published(actions)
    [new] = after.keys() - before.keys()
    assert before.items() <= after.items()
    [added] = [key for key in listed if key["kid"] == new]
    assert (added["algorithm"], added["state"], added["signs_until"]) == ("ES256", "waiting", None)
    assert listed == actions.stack.command("signing-key", "list")


def test_a_rotation_at_once_replaces_every_key_now(actions: Actions) -> None:
    before = published(actions)
    listed = actions.stack.command("signing-key", "rotate", "--at-once")
    assert [key["state"] for key in listed] == ["signing", "signing"]
    assert published(actions).keys() == {key["kid"] for key in listed}
    assert not published(actions).keys() & before.keys()


def test_the_command_line_refuses_what_it_does_not_know(actions: Actions) -> None:
    for arguments in (["--algorithm", "HS256"], ["--algorithm", "none"], ["everything"]):
        result = actions.stack.auth_app.test_cli_runner().invoke(args=["signing-key", "rotate", *arguments])
        assert result.exit_code == 2
