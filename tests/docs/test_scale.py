"""docs/scale.md has no figures of its own: its tables are those of the results, its bounds those of the code."""

from pathlib import Path

from auth_service.settings import Settings
from auth_service.storage.grants import USES_KEPT
from benchmarks import feed_followers, grants_in_redis, report, requests_per_core
from shared.resource_server.memory.validation_cache import (
    INACTIVE_FOR,
    MAX_BYTES,
    MAX_ENTRIES,
    MAX_INACTIVE,
    PROVEN_FOR,
)

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_results() -> None:
    titles = (grants_in_redis.TITLE, requests_per_core.TITLE, requests_per_core.TLS_TITLE, feed_followers.TITLE)
    for title in titles:
        assert f"<!-- results.md: {title} -->\n\n" in PAGE, "python -m benchmarks.capacity writes it"
    assert PAGE.count("<!-- end -->") == len(titles)
    assert report.quoted(PAGE) == PAGE, "python -m benchmarks.capacity"


def test_the_bounds_are_those_of_the_code() -> None:
    polls, log, idle = (
        Settings.model_fields[name].default
        for name in ("waiting_polls", "revocation_log_lifetime", "refresh_token_idle_lifetime")
    )
    for said in (
        f"At most {MAX_ENTRIES:,} answers or {MAX_BYTES // 2**20} MiB",
        f"{MAX_INACTIVE:,} refusals for {INACTIVE_FOR:.0f} s",
        f"a proof holds for {PROVEN_FOR} s",
        f"the first use and the last {USES_KEPT})",
        f"`AUTH_WAITING_POLLS` of them ({polls} of 16 threads)\nmay wait",
        f"`AUTH_REVOCATION_LOG_LIFETIME` ({log // 3_600} hours)",
        f"`AUTH_REFRESH_TOKEN_IDLE_LIFETIME` ({idle // 86_400} days)",
    ):
        assert said in PAGE
