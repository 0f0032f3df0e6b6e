"""What came of each test: the worst of its parameters, and nothing that differs from run to run."""

import pytest

PASSED, SKIPPED, FAILED, MISSING = "passed", "skipped", "failed", "missing"


class Outcomes:
    """A plugin that watches a run."""

    def __init__(self) -> None:
        self._seen: dict[str, set[str]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        test = report.nodeid.partition("[")[0]
        if report.when == "call" or report.outcome != PASSED:
            self._seen.setdefault(test, set()).add(report.outcome)

    def of(self, test: str) -> str:
        seen = self._seen.get(test, {MISSING})
        return next(outcome for outcome in (MISSING, FAILED, SKIPPED, PASSED) if outcome in seen)
