"""Which public keys a client may be registered with (RFC 7517)."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from tests.support.actions import CALLBACK, READ, Actions
from tests.support.signing_app import ec_key, ed25519_key, jwks, rsa_key

GOOD = ec_key().as_dict(private=False)


def with_member(**members: Any) -> dict[str, Any]:
    return {"keys": [{**GOOD, **members}]}


def rsa_modulus(bits: int) -> str:
    return RSAKey.generate_key(2048).as_dict(private=False)["n"][: bits // 6]  # type: ignore[index]


REFUSED: dict[str, Any] = {
    "not JSON": "{",
    "too deep": "[" * 20_000,
    "no object": [],
    "no keys": {},
    "an empty set": {"keys": []},
    "keys that are no list": {"keys": {"kty": "EC"}},
    "a key that is no object": {"keys": ["x"]},
    "too many": jwks(*[ec_key() for _ in range(11)]),
    "a private key": {"keys": [ec_key().as_dict(private=True)]},
    "a shared secret": {"keys": [OctKey.generate_key(256).as_dict(private=True)]},
    "an unknown kind": with_member(kty="AKP"),
    "a kind that is no text": with_member(kty=["EC"]),
    "another curve": {"keys": [ECKey.generate_key("P-384").as_dict(private=False)]},
    "a key for agreement": {"keys": [OKPKey.generate_key("X25519").as_dict(private=False)]},
    "a short RSA key": {"keys": [{"kty": "RSA", "e": "AQAB", "n": rsa_modulus(1024)}]},
    "a huge RSA key": {"keys": [{"kty": "RSA", "e": "AQAB", "n": "-" * 20_000}]},
    "an RSA key without modulus": {"keys": [{"kty": "RSA", "e": "AQAB"}]},
    "an even exponent": {"keys": [{**rsa_key().as_dict(private=False), "e": "AQAA"}]},
    "a point off the curve": with_member(y=GOOD["x"]),
    "a missing coordinate": {"keys": [{"kty": "EC", "crv": "P-256", "x": GOOD["x"]}]},
    "a coordinate that is no base64url": with_member(x="+" * 43),
    "an empty coordinate": with_member(x=""),
    "an algorithm of another key": with_member(alg="RS256"),
    "no signature": with_member(alg="none"),
    "a key for encryption": with_member(use="enc"),
    "a kid with a line break": with_member(kid="a\nb"),
    "a long kid": with_member(kid="k" * 201),
    "two keys of one name": jwks(ec_key("a"), ec_key("a")),
}


@pytest.mark.clause("RFC 7517 §5")
@pytest.mark.parametrize("reason", REFUSED)
def test_keys_that_we_could_not_use_are_refused_at_registration(actions: Actions, reason: str) -> None:
    document = REFUSED[reason] if isinstance(REFUSED[reason], str) else json.dumps(REFUSED[reason])
    result = register(actions, document)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")


@pytest.mark.clause("RFC 7517 §4")
def test_what_we_do_not_know_of_a_key_is_left_out(actions: Actions) -> None:
    keys = jwks(ec_key("a"), rsa_key(), ed25519_key())
    keys["keys"][0].update({"x5c": ["x"], "ext": True, "use": "sig", "alg": "ES256", "key_ops": ["verify"]})
    registered = json.loads(register(actions, json.dumps(keys)).stdout)["jwks"]["keys"]
    assert set(registered[0]) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert [key["kty"] for key in registered] == ["EC", "RSA", "OKP"]


def test_a_client_with_keys_has_no_secret_to_change_and_one_with_a_secret_no_keys(actions: Actions) -> None:
    with_keys = json.loads(register(actions, json.dumps(jwks(ec_key()))).stdout)["client_id"]
    with_secret = actions.app().client_id
    runner = actions.stack.auth_app.test_cli_runner()
    assert runner.invoke(args=["client", "rotate-secret", with_keys]).exit_code == 2
    assert runner.invoke(args=["client", "set-keys", with_secret, "-"], input=json.dumps(jwks(ec_key()))).exit_code == 2
    both = ["client", "create", "x", "--public", "--jwks", "-", "--scope", READ, "--redirect-uri", CALLBACK]
    assert runner.invoke(args=both, input=json.dumps(jwks(ec_key()))).exit_code == 2


def register(actions: Actions, document: str) -> Any:
    arguments = ["client", "create", "Keys", "--jwks", "-", "--redirect-uri", CALLBACK, "--scope", READ]
    return actions.stack.auth_app.test_cli_runner().invoke(args=arguments, input=document)


def test_automation_does_not_turn_a_client_with_keys_into_one_with_a_secret(actions: Actions, tmp_path: Path) -> None:
    client_id = json.loads(register(actions, json.dumps(jwks(ec_key()))).stdout)["client_id"]
    for way in (["--secret-file", str(tmp_path / "secret")], ["--public"]):
        options = ["--client-id", client_id, "--redirect-uri", CALLBACK, "--scope", READ, *way]
        result = actions.stack.auth_app.test_cli_runner().invoke(args=["client", "ensure", "A name", *options])
        assert (result.exit_code, result.stdout) == (2, "")
        assert "client set-keys" in result.stderr
    (listed,) = [each for each in actions.stack.command("client", "list") if each["client_id"] == client_id]
    assert listed["token_endpoint_auth_method"] == "private_key_jwt"
