"""However many entries an app stores within a minute, the next one is compared with a bounded number of them."""

import pytest

from fit_service.rules.entry_matching import Candidate
from fit_service.storage import surroundings as read
from fit_service.storage.body_weights import BodyWeightStore
from tests.fit_storage.entries import insert, new


def test_of_one_entry_so_many_nearby_are_read_and_of_several_all(
    store: BodyWeightStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read, "NEARBY_ONE", 3)
    insert(store, *(new(80) for _ in range(5)))
    with store._database.reading() as session:
        found = [len(read.surroundings(session, "mo", [Candidate(new(81))] * count).nearby) for count in (1, 2)]
    assert found == [3, 5]
