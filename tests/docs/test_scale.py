"""docs/scale.md has no figures of its own: its tables are those of the results, its bounds those of the code."""

from pathlib import Path

from auth_service.settings import Settings
from auth_service.storage.token_uses import USES_KEPT
from benchmarks import feed_followers, grants_in_redis, overload, report, requests_per_core
from buffering_worker.queue_probe import SHORT_QUEUE
from buffering_worker.worker import BufferingWorker

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_results() -> None:
    of_capacity = (grants_in_redis.TITLE, requests_per_core.TITLE, requests_per_core.TLS_TITLE, feed_followers.TITLE)
    titles = (*of_capacity, overload.TITLE)
    for title in titles:
        assert f"<!-- results.md: {title} -->\n\n" in PAGE, "python -m benchmarks.capacity and .overload write it"
    assert PAGE.count("<!-- end -->") == len(titles)
    assert report.quoted(PAGE) == PAGE, "python -m benchmarks.capacity"


def test_the_bounds_are_those_of_the_authorization_server() -> None:
    polls, log, idle = (
        Settings.model_fields[name].default
        for name in ("waiting_polls", "revocation_log_lifetime", "refresh_token_idle_lifetime")
    )
    for said in (
        f"the first use and the last {USES_KEPT})",
        f"`AUTH_WAITING_POLLS` of them ({polls} of 16 threads)\nmay wait",
        f"`AUTH_REVOCATION_LOG_LIFETIME` ({log // 3_600} hours)",
        f"`AUTH_REFRESH_TOKEN_IDLE_LIFETIME` ({idle // 86_400} days)",
    ):
        assert said in PAGE


def test_the_bounds_of_overload_are_those_of_the_worker() -> None:
    said = f"waited for more than {BufferingWorker.longest_wait:g} s (behind at least {SHORT_QUEUE} others)"
    assert said in PAGE
