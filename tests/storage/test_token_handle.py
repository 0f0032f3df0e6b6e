"""The token string: only what we made ourselves is one, whatever it looks like."""

import base64
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.crypto.token_handle import TokenKeyRing, TokenKind, new_grant_id, token_digest

OLD, NEW = b"old key " * 4, b"new key " * 4
RING = TokenKeyRing([OLD])
BASE64URL = string.ascii_letters + string.digits + "-_"
KINDS = st.sampled_from(list(TokenKind))


@given(KINDS, st.binary(min_size=16, max_size=16), st.integers(0, 2**32 - 1))
def test_what_was_made_is_parsed_again(kind: TokenKind, grant: bytes, generation: int) -> None:
    made = RING.make(kind, grant.hex(), generation)
    assert RING.parse(made.text) == made
    assert made.text.startswith(kind)
    assert len(made.text) == 100


@given(st.text())
def test_no_text_is_a_token_by_chance(text: str) -> None:
    assert RING.parse(text) is None


@given(KINDS, st.text(BASE64URL, min_size=96, max_size=96))
def test_what_only_looks_like_a_token_is_none(kind: TokenKind, rest: str) -> None:
    assert RING.parse(kind + rest) is None


@given(KINDS, st.integers(0, 99), st.characters(codec="utf-8"))
def test_a_token_with_one_other_character_is_none(kind: TokenKind, position: int, character: str) -> None:
    text = RING.make(kind, new_grant_id(), 1).text
    changed = text[:position] + character + text[position + 1 :]
    assert changed == text or RING.parse(changed) is None


@given(KINDS, st.text(max_size=3), st.text(max_size=3))
def test_a_token_with_something_around_it_is_none(kind: TokenKind, before: str, after: str) -> None:
    text = RING.make(kind, new_grant_id(), 1).text
    assert before + after == "" or RING.parse(before + text + after) is None


@pytest.mark.parametrize("kind", list(TokenKind))
@pytest.mark.parametrize("other", list(TokenKind))
def test_no_kind_passes_for_another(kind: TokenKind, other: TokenKind) -> None:
    text = RING.make(kind, new_grant_id(), 1).text
    assert (RING.parse(other + text[4:]) is None) == (kind is not other)


@given(st.integers(0, 71), st.integers(0, 7))
def test_each_bit_is_authenticated(byte: int, bit: int) -> None:
    text = RING.make(TokenKind.REFRESH_TOKEN, new_grant_id(), 1).text
    raw = bytearray(base64.urlsafe_b64decode(text[4:]))
    raw[byte] ^= 1 << bit
    assert RING.parse(text[:4] + base64.urlsafe_b64encode(raw).decode()) is None


def test_a_token_shows_neither_its_string_nor_its_secret_when_printed() -> None:
    handle = RING.make(TokenKind.ACCESS_TOKEN, new_grant_id(), 1)
    assert handle.text not in repr(handle)
    assert repr(handle.secret) not in repr(handle)
    assert handle.digest == token_digest(handle.text) != handle.text


def test_a_new_key_in_front_makes_tokens_and_the_old_one_still_verifies() -> None:
    of_old = RING.make(TokenKind.REFRESH_TOKEN, new_grant_id(), 1)
    both = TokenKeyRing([NEW, OLD])
    of_new = both.make(TokenKind.REFRESH_TOKEN, new_grant_id(), 1)
    assert both.parse(of_old.text) == of_old
    assert both.parse(of_new.text) == of_new
    assert RING.parse(of_new.text) is None
    assert TokenKeyRing([OLD, NEW]).parse(of_new.text) == of_new
    assert TokenKeyRing([NEW]).parse(of_old.text) is None


def test_a_successor_is_the_same_each_time_and_another_for_every_input() -> None:
    first = RING.make(TokenKind.REFRESH_TOKEN, new_grant_id(), 1)
    nonce, key_id = secrets.token_bytes(16), RING.newest_key_id
    successor = RING.derive(TokenKind.REFRESH_TOKEN, first, nonce, key_id)
    assert successor is not None
    assert successor.generation == 2
    assert RING.derive(TokenKind.REFRESH_TOKEN, first, nonce, key_id) == successor
    assert TokenKeyRing([NEW, OLD]).derive(TokenKind.REFRESH_TOKEN, first, nonce, key_id) == successor
    assert TokenKeyRing([NEW]).derive(TokenKind.REFRESH_TOKEN, first, nonce, key_id) is None
    others = [
        RING.derive(TokenKind.ACCESS_TOKEN, first, nonce, key_id),
        RING.derive(TokenKind.REFRESH_TOKEN, first, secrets.token_bytes(16), key_id),
        RING.derive(TokenKind.REFRESH_TOKEN, RING.make(TokenKind.REFRESH_TOKEN, first.grant_id, 1), nonce, key_id),
    ]
    assert {other.secret for other in others if other}.isdisjoint({successor.secret})


@pytest.mark.clause("RFC 6749 §10.10", line=26)
def test_of_ten_thousand_tokens_of_one_grant_none_is_like_another() -> None:
    grant_id, nonce = new_grant_id(), secrets.token_bytes(16)
    made = [RING.make(TokenKind.REFRESH_TOKEN, grant_id, 1) for _ in range(5_000)]
    derived = [RING.derive(TokenKind.REFRESH_TOKEN, token, nonce, RING.newest_key_id) for token in made]
    assert len({token.secret for token in (*made, *derived) if token}) == 10_000
    assert {len(token.secret) for token in (*made, *derived) if token} == {32}


def test_a_key_that_is_there_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="share an id"):
        TokenKeyRing([OLD, OLD])
