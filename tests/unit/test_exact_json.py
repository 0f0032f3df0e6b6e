"""JSON is read in portions: what is cut at the end of one is not taken for the whole."""

import io
from decimal import Decimal

import pytest

from fit_service.rules import exact_json

PORTION = 64 * 1024
VALUES = {
    "1234567": 1234567,
    "-12.5e+3": Decimal("-12.5e+3"),
    '"a\\u00e9\\\\"': "aé\\",
    "true": True,
    "null": None,
    '{"a":[1,{"b":2}]}': {"a": [1, {"b": 2}]},
}


@pytest.mark.parametrize("text", VALUES)
def test_a_value_is_whole_wherever_a_portion_ends(text: str) -> None:
    for before in range(PORTION - len(text) - 3, PORTION + 2):
        file = f"[{' ' * (before - 1)}{text} ,{text}]".encode()
        assert list(exact_json.items(io.BytesIO(file))) == [VALUES[text]] * 2, before
        lines = f"{' ' * before}{text}\n{text}".encode()
        assert list(exact_json.values(io.BytesIO(lines))) == [VALUES[text]] * 2, before


def test_the_items_of_a_member_are_found_and_all_around_them_is_read() -> None:
    file = b'{"a": {"x": 0}, "b": {"c": [1, 2], "d": "e"}, "f": []}'
    assert list(exact_json.items(io.BytesIO(file), "b", "c")) == [1, 2]
    for spoiled in (file[:-1], file + b"0", file.replace(b'"f"', b'"b"'), file.replace(b'"c"', b'"g"'), file[4:]):
        with pytest.raises(exact_json.UnreadableJsonError):
            list(exact_json.items(io.BytesIO(spoiled), "b", "c"))


@pytest.mark.parametrize("text", ["[1,]", "[,1]", "[1 2]", "[1", "[1,", "1", "{}", "[1]]", "", "[tru]", '["a]'])
def test_what_is_no_array_is_refused(text: str) -> None:
    with pytest.raises(exact_json.UnreadableJsonError):
        list(exact_json.items(io.BytesIO(text.encode())))


def test_an_item_has_an_end() -> None:
    longest = "x" * (exact_json.MAX_ITEM - 2)
    assert list(exact_json.items(io.BytesIO(f'["{longest}"]'.encode()))) == [longest]
    with pytest.raises(exact_json.UnreadableJsonError, match="more than 1048576 characters"):
        list(exact_json.items(io.BytesIO(b'["' + b"x" * 3 * exact_json.MAX_ITEM + b'"]')))
