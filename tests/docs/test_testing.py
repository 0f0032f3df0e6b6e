"""docs/testing.md names every suite, and every file of the suites that it explains file by file."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")


def test_every_suite_is_explained() -> None:
    suites = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert suites
    assert {suite for suite in suites if f"`tests/{suite}`" not in PAGE} == set()


def test_every_file_of_the_fault_suite_is_explained() -> None:
    files = {path.name for path in (ROOT / "tests" / "faults").glob("test_*.py")}
    assert files
    assert {name for name in files if f"](../tests/faults/{name})" not in PAGE} == set()
