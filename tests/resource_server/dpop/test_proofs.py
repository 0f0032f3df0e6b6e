"""Every check of RFC 9449 §4.3, on the function that both servers use."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.resource_server.dpop import (
    ALGORITHMS,
    CLOCK_WINDOW,
    DpopNonces,
    InvalidProofError,
    Proof,
    read_proof,
)
from shared.resource_server.dpop.nonces import WINDOW
from tests.support.dpop import DpopKey, base64url

METHOD, ADDRESS = "POST", "https://api.example/plans/7"
KEY, RSA_KEY = DpopKey(), DpopKey("RS256")
NOW = 2_000_000_000.25


def claims(**changes: Any) -> dict[str, Any]:
    whole = {"jti": "an-id", "htm": METHOD, "htu": ADDRESS, "iat": int(NOW), **changes}
    return {name: value for name, value in whole.items() if value is not None}


def read(proof: str, *, address: str = ADDRESS, now: float = NOW, token: str | None = None) -> Proof:
    return read_proof(proof, method=METHOD, address=address, now=now, access_token=token)


def refused(proof: str, **options: Any) -> str:
    """What the client is told."""
    with pytest.raises(InvalidProofError) as problem:
        read(proof, **options)
    return str(problem.value)


@pytest.mark.clause("RFC 9449 §4.3")
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_good_proof_names_its_key(algorithm: str) -> None:
    key = DpopKey(algorithm)
    proof = read(key.sign(claims(nonce="a nonce", extension=["is", "ignored"]), extension={"too": 1}))
    assert (proof.jkt, proof.nonce) == (key.thumbprint, "a nonce")


@pytest.mark.clause("RFC 9449 §4.2")
def test_the_example_of_the_rfc_is_good_at_its_time_and_place() -> None:
    proof = (
        "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rs"
        "cEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2"
        "In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm9"
        "0ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVF"
        "FbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
    )
    good = read_proof(
        proof,
        method="GET",
        address="https://resource.example.org/protectedresource",
        now=1562262618,
        access_token="Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
    )
    assert good.jkt == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize("change", ["two", "twice", "none", "two parts", "five parts", "blank", "long", "padded"])
def test_what_is_not_exactly_one_jwt_is_refused(change: str) -> None:
    proof = KEY.sign(claims())
    header = {
        "two": f"{proof},{KEY.sign(claims(jti='another'))}",
        "twice": f"{proof}, {proof}",
        "none": "",
        "two parts": proof.rpartition(".")[0],
        "five parts": f"{proof}.x.y",
        "blank": f" {proof}",
        "long": KEY.sign(claims(filling="x" * 4096)),
        "padded": f"{proof}==",
    }[change]
    assert refused(header) == "Send exactly one DPoP header with one compact JWT."


@pytest.mark.clause("RFC 9449 §4.3")
@pytest.mark.parametrize(
    "segment", [b"", b"[]", b'"text"', b"1", b"{", b"\xff\xfe", b"[" * 1000, '{"typ":1}'.encode("utf-16")]
)
def test_a_jwt_that_holds_no_json_objects_is_refused(segment: bytes) -> None:
    header, payload, signature = KEY.sign(claims()).split(".")
    assert refused(f"{base64url(segment) or 'x'}.{payload}.{signature}").startswith("The proof is not")
    assert refused(f"{header}.{base64url(segment) or 'x'}.{signature}").startswith("The proof is not")


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize("typ", [None, "JWT", "dpop+JWT", "at+jwt", "application/dpop+jwt", 1, ["dpop+jwt"]])
def test_another_typ_is_refused(typ: Any) -> None:
    assert refused(KEY.sign(claims(), typ=typ)) == "The proof's typ is not dpop+jwt."


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize("alg", [None, "none", "None", "HS256", "ES384", "ES256K", "Ed448", "", 1, ["ES256"], {}])
def test_an_algorithm_that_is_not_offered_is_refused(alg: Any) -> None:
    assert refused(KEY.sign(claims(), alg=alg)).startswith("The proof's alg is none of ES256, ")


@pytest.mark.clause("RFC 7515 §4.1.11")
@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], None])
def test_a_critical_extension_is_refused(crit: Any) -> None:
    proof = KEY.sign(claims(), **({"crit": crit, "b64": False} if crit is not None else {"b64": False}))
    if crit is None:
        assert read(proof).jkt == KEY.thumbprint
    else:
        assert refused(proof) == "The proof demands an extension that is not known here."


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize("key", [KEY, RSA_KEY, DpopKey("Ed25519")], ids=lambda key: key.algorithm)
def test_a_private_key_is_refused_whatever_part_of_it_is_sent(key: DpopKey) -> None:
    for name in set(key.private) - set(key.public):
        jwk = {**key.public, name: key.private[name]}
        assert refused(key.sign(claims(), jwk=jwk)) == "The proof's jwk is not a public key."


@pytest.mark.clause("RFC 9449 §4.3")
@pytest.mark.parametrize("jwk", [None, "a key", [], {"kty": "oct", "k": "c2VjcmV0"}])
def test_what_is_no_public_key_is_refused(jwk: Any) -> None:
    assert refused(KEY.sign(claims(), jwk=jwk)) == "The proof's jwk is not a public key."


@pytest.mark.clause("RFC 9449 §4.3")
@pytest.mark.parametrize(
    "change",
    [
        {"kty": "OKP"},
        {"kty": None},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"x": None},
        {"x": ""},
        {"x": 7},
        {"x": 10**42},
        {"x": "é" * 43},
        {"y": "A" * 44},
        {"y": ["A" * 43]},
    ],
)
def test_a_key_of_another_kind_or_form_is_refused(change: dict[str, Any]) -> None:
    assert refused(KEY.sign(claims(), jwk={**KEY.public, **change})) == "The proof's jwk is no key for ES256."


@pytest.mark.clause("RFC 9449 §11.6")
@pytest.mark.parametrize("change", [{"e": "Aw"}, {"e": "A" * 400}, {"n": "B" * 341}, {"n": "B" * 684}])
def test_an_rsa_key_that_is_weak_or_slow_is_refused(change: dict[str, str]) -> None:
    assert refused(RSA_KEY.sign(claims(), jwk={**RSA_KEY.public, **change})) == "The proof's jwk is no key for RS256."


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize("jwk", [DpopKey().public, {**KEY.public, "y": "A" * 43}], ids=["another", "off the curve"])
def test_a_signature_by_another_key_is_refused(jwk: dict[str, Any]) -> None:
    assert refused(KEY.sign(claims(), jwk=jwk)) == "The proof's signature is not made with its jwk."


@pytest.mark.clause("RFC 9449 §4.3")
def test_a_changed_proof_is_refused() -> None:
    header, payload, signature = KEY.sign(claims()).split(".")
    changed = base64url(json.dumps(claims(jti="another")).encode())
    for proof in (f"{header}.{changed}.{signature}", f"{header}.{payload}.{signature[:-4]}", f"{header}.{payload}.A"):
        assert refused(proof).startswith("The proof")


@pytest.mark.clause("RFC 9449 §4.3")
@pytest.mark.parametrize("jti", [None, "", 1, ["x"], "x" * 257])
def test_a_jti_that_cannot_be_remembered_is_refused(jti: Any) -> None:
    assert refused(KEY.sign(claims(jti=jti))).startswith("The proof's jti is not a string of 1 to 256")


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize("htm", [None, "GET", "post", "POST ", 1, ["POST"]])
def test_another_method_is_refused(htm: Any) -> None:
    assert refused(KEY.sign(claims(htm=htm))) == "The proof's htm is another method than the request's."


@pytest.mark.clause("RFC 9449 §4.3", line=110)
@pytest.mark.parametrize(
    "htu",
    [
        None,
        "",
        1,
        ["https://api.example/plans/7"],
        "/plans/7",
        "//api.example/plans/7",
        "http://api.example/plans/7",
        "https://evil.example/plans/7",
        "https://api.example.evil.example/plans/7",
        "https://api.example@evil.example/plans/7",
        "https://mo@api.example/plans/7",
        "https://api.example:444/plans/7",
        "https://api.example:x/plans/7",
        "https://api.example:70000/plans/7",
        "https://[api.example/plans/7",
        "https://api.example",
        "https://api.example/plans/7/",
        "https://api.example/plans/8",
        "https://api.example/Plans/7",
        "https://api.example//plans/7",
        "https://api.example/plans/7%00",
        "https://api.example/plans/7\n",
        "https://api.example/plans/７",
    ],
)
def test_another_address_is_refused(htu: Any) -> None:
    assert refused(KEY.sign(claims(htu=htu))) == "The proof's htu is another address than the request's."


def test_two_addresses_that_are_none_are_not_the_same() -> None:
    refused(KEY.sign(claims(htu="nowhere")), address="nowhere")


@pytest.mark.clause("RFC 9449 §4.3")
@pytest.mark.parametrize(
    "htu",
    [
        "https://api.example/plans/7?page=2",
        "https://api.example/plans/7#top",
        "HTTPS://API.Example/plans/7",
        "https://api.example:443/plans/7",
        "https://api.example:/plans/7",
        "https://api.example/%70lans/%37",
        "https://api.example/./plans/x/../7",
        "https://api.example/../plans/7",
        "https://api.example/%2e%2E/plans/7",
    ],
)
def test_the_same_address_in_other_words_is_the_same(htu: str) -> None:
    assert read(KEY.sign(claims(htu=htu))).jkt == KEY.thumbprint


@pytest.mark.clause("RFC 3986 §6.2.2")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://localhost:8001", "http://LOCALHOST:8001/"),
        ("http://[::1]:80/a/", "http://[::1]/a/b/.."),
        ("http://h/a/", "http://h/a/."),
        ("http://h/a%c3%a9", "http://h/a%C3%A9"),
        ("http://h/mo%40h", "http://h/mo@h"),
    ],
)
def test_addresses_are_compared_in_their_normal_form(one: str, other: str) -> None:
    assert read(KEY.sign(claims(htu=one)), address=other).jkt == KEY.thumbprint
    assert read(KEY.sign(claims(htu=other)), address=one).jkt == KEY.thumbprint


@pytest.mark.clause("RFC 9449 §11.1")
@pytest.mark.parametrize("offset", [-CLOCK_WINDOW + 1, 0, CLOCK_WINDOW - 1, 0.5])
def test_a_proof_of_now_is_good(offset: float) -> None:
    assert read(KEY.sign(claims(iat=NOW + offset))).jkt == KEY.thumbprint


@pytest.mark.clause("RFC 9449 §11.1", line=110)
@pytest.mark.parametrize(
    "iat",
    [None, NOW - CLOCK_WINDOW - 1, NOW + CLOCK_WINDOW + 1, 0, -1, 10**400, float("nan"), float("inf"), True, str(NOW)],
)
def test_a_proof_of_another_time_or_none_is_refused(iat: Any) -> None:
    assert refused(KEY.sign(claims(iat=iat))) == "The proof's iat is not within 60 seconds of now."


@pytest.mark.clause("RFC 9449 §4.3", line=110)
def test_with_a_token_the_proof_has_to_name_it() -> None:
    named = KEY.proof(METHOD, ADDRESS, token="the token", iat=NOW)
    assert read(named, token="the token").jkt == KEY.thumbprint
    for proof in (named, KEY.sign(claims()), KEY.sign(claims(ath="")), KEY.sign(claims(ath=["x"]))):
        assert refused(proof, token="another token") == "The proof's ath is not the hash of the access token."


@pytest.mark.clause("RFC 9449 §11.1")
def test_a_proof_is_told_from_every_other_by_key_method_address_and_id() -> None:
    digest = read(KEY.sign(claims())).digest
    assert read(KEY.sign(claims(iat=NOW + 1, htu=f"{ADDRESS}?again"))).digest == digest
    other = DpopKey()
    others = [
        read(KEY.sign(claims(jti="another"))),
        read(other.sign(claims())),
        read(KEY.sign(claims(htu="https://api.example/")), address="https://api.example/"),
        read_proof(KEY.sign(claims(htm="GET")), method="GET", address=ADDRESS, now=NOW),
    ]
    assert len({digest, *(proof.digest for proof in others)}) == 5


@given(st.text(), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_whatever_is_sent_is_either_good_or_refused(text: str, value: Any) -> None:
    for proof in (
        text,
        KEY.sign(value),
        KEY.sign(dict.fromkeys(claims(), value)),
        KEY.sign(claims(), typ=value, alg=value, jwk=value),
        KEY.sign(claims(), jwk=dict.fromkeys(KEY.public, value)),
    ):
        refused(proof)


@pytest.mark.clause("RFC 9449 §8")
def test_a_nonce_is_good_for_a_while_and_at_every_process_with_the_key() -> None:
    def nonces(*keys: bytes, at: float) -> DpopNonces:
        return DpopNonces(keys, clock=lambda: at)

    nonce = nonces(b"one", at=NOW).current()
    assert len(base64.urlsafe_b64decode(nonce + "==")) == 16
    assert nonces(b"two", b"one", at=NOW).is_recent(nonce)
    assert nonces(b"one", at=NOW + WINDOW).is_recent(nonce)
    assert not nonces(b"one", at=NOW + 2 * WINDOW).is_recent(nonce)
    assert not nonces(b"two", at=NOW).is_recent(nonce)
    for wrong in (None, "", "é", "\ud800", nonce[:-1], nonce + "A"):
        assert not nonces(b"one", at=NOW).is_recent(wrong)
