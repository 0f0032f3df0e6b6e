"""Hashes and HMACs that are made from copies are those of the standard library, and of the RFC's examples."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.crypto.hmac_key import HmacKey
from shared.resource_server import token_digest
from shared.service.hashing import sha256


@pytest.mark.parametrize(
    ("key", "message", "expected"),
    [
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
    ],
    ids=["case 1", "case 2", "case 6"],
)
def test_it_is_what_the_examples_of_rfc_4231_say(key: bytes, message: bytes, expected: str) -> None:
    assert HmacKey(key).digest(message).hex() == expected


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=200))
def test_it_is_what_the_standard_library_says_however_often_a_key_was_used(
    key: bytes, before: bytes, message: bytes
) -> None:
    ours = HmacKey(key)
    assert [ours.digest(each) for each in (before, message)] == [
        hmac.digest(key, each, "sha256") for each in (before, message)
    ]
    assert sha256(message).hexdigest() == hashlib.sha256(message).hexdigest()


def test_threads_that_hash_at_once_do_not_mix_their_messages() -> None:
    key = HmacKey(b"a key")

    def all_right(number: int) -> bool:
        message = str(number).encode() * 3_000  # so long that hashing lets other threads run
        return (
            key.digest(message) == hmac.digest(b"a key", message, "sha256")
            and sha256(message).digest() == hashlib.sha256(message).digest()
            and token_digest(message.decode()) == urlsafe_b64encode(hashlib.sha256(message).digest()).decode()[:-1]
        )

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(all_right, range(400)))
