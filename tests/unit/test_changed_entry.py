"""What a PATCH makes of an entry."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from fit_service.rules.body_weight_entry import BodyWeightEntry, changed_entry
from fit_service.rules.refusals import InvalidValueError
from fit_service.rules.weight import Weight

NOW, FAR_AHEAD = datetime(2026, 1, 31, tzinfo=UTC), datetime(2150, 1, 1, tzinfo=UTC)


def test_an_old_entry_of_the_far_future_can_be_sent_back_whole_but_not_moved_on() -> None:
    entry = BodyWeightEntry(Weight(Decimal("82.5"), "kg"), FAR_AHEAD, "0" * 24, 1, "somebody")
    sent = {**entry.to_json(), "body_weight": "82"}
    assert changed_entry(entry, sent, NOW).created_at == FAR_AHEAD
    with pytest.raises(InvalidValueError, match="a day from now"):
        changed_entry(entry, {**sent, "created_at": "2150-01-01T00:00:01Z"}, NOW)
