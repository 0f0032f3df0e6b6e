"""What an Idempotency-Key header stands for."""

import pytest

from shared.service.idempotency_key import idempotency_key

KEY = "a-key-of-sixteen"


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.1")
@pytest.mark.parametrize(
    ("header", "key"),
    [
        (KEY, KEY),
        (f'"{KEY}"', KEY),
        (f' \t"{KEY}" ', KEY),
        (f'"{KEY} and more"', f"{KEY} and more"),
        (rf'"{KEY} \"quoted\" \\"', f'{KEY} "quoted" ' + "\\"),
        ('"' + r"\\" * 16 + '"', "\\" * 16),
        (f'"{"x" * 255}"', "x" * 255),
    ],
)
def test_it_is_a_string_of_structured_fields_or_the_same_without_quotes(header: str, key: str) -> None:
    assert idempotency_key(header) == key


@pytest.mark.clause("draft-ietf-httpapi-idempotency-key-header-07 §2.1")
@pytest.mark.parametrize(
    "header",
    [
        "",
        KEY[1:],
        f'"{KEY[1:]}"',
        "x" * 256,
        f'"{"x" * 256}"',
        f'"{KEY}',
        f'{KEY}"',
        f"{KEY} and more",
        rf"{KEY}\\",
        f'{KEY}"{KEY}',
        rf'"{KEY}\x"',
        rf'"{KEY}\"',
        f'"{KEY}"{KEY}"',
        f'"{KEY}\t"',
        f'"{KEY}é"',
        f"{KEY}\n",
        f'"{KEY}", "{KEY}"',
        f'"{KEY}"; a',
    ],
    ids=ascii,
)
def test_whatever_else_it_is_stands_for_nothing(header: str) -> None:
    assert idempotency_key(header) is None
