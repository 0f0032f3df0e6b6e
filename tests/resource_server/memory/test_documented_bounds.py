"""docs/scale.md says how much is remembered and for how long: what the code says."""

from pathlib import Path

import pytest

from shared.resource_server.memory import validation_cache as bounds

PAGE = Path(__file__).resolve().parents[3] / "docs" / "scale.md"


@pytest.mark.parametrize(
    "said",
    [
        f"At most {bounds.MAX_ENTRIES:,} answers or {bounds.MAX_BYTES // 2**20} MiB",
        f"{bounds.MAX_INACTIVE:,} refusals for {bounds.INACTIVE_FOR:.0f} s",
        f"a proof holds for {bounds.PROVEN_FOR} s",
    ],
)
def test_the_page_about_limits_says_the_bounds_of_memory(said: str) -> None:
    assert said in PAGE.read_text(encoding="utf-8")
