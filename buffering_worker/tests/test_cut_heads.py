"""A head is the same whichever way it was cut on its way."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buffering_worker.request_head import LONGEST_HEAD
from buffering_worker.tests.generated_heads import HEADS, WRK
from buffering_worker.tests.head_readers import READERS, read


@settings(max_examples=100, deadline=None)
@given(HEADS, st.sampled_from([b"", WRK, b"5\r\nhello\r\n0\r\n\r\n", b"\n\n"]), st.data())
def test_a_head_is_the_same_whichever_way_it_is_cut(received: bytes, after: bytes, data: st.DataObject) -> None:
    received += after
    for name in ("default", "any line", "five fields"):
        whole = read(READERS[name], received)
        cuts = set(data.draw(st.lists(st.integers(0, len(received)), max_size=30)))
        cuts |= set(range(max(0, len(received) - len(after) - 5), len(received) + 1))
        answers = [read(READERS[name], received[:cut]) for cut in sorted(cuts)]
        assert set(map(str, answers)) <= {"None", str(whole)}
        assert all(now == whole for before, now in pairwise(answers) if before is not None)


@pytest.mark.parametrize("size", [LONGEST_HEAD - 200, LONGEST_HEAD, LONGEST_HEAD + 1, LONGEST_HEAD + 5_000])
def test_a_head_is_too_long_whichever_way_it_is_cut(size: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"".join(b"X-%d: %b\r\n" % (number, b"a" * 8_000) for number in range(8))
    head += b"Y: " + b"a" * (size - len(head) - 7) + b"\r\n\r\n"
    assert len(head) == size
    answers = {str(read(READERS["default"], head[:cut])) for cut in range(size - 10, size + 1)}
    answers |= {str(read(READERS["default"], head + WRK))}
    assert len(answers - {"None"}) == 1
    assert ("refused" in answers) == (size > LONGEST_HEAD)
