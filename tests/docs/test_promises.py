"""docs/promises.md says for each promise what proves it: those tests are there, and run where the page says."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ") and "](../tests/" in line]
TESTS = re.compile(r"\]\(\.\./(tests/[^)]+)\)( †)?")


def is_torture(text: str) -> bool:
    """Whether all tests of a file are."""
    assigned = [statement for statement in ast.parse(text).body if isinstance(statement, ast.Assign)]
    marks = [ast.unparse(each.value) for each in assigned if ast.unparse(each.targets[0]) == "pytestmark"]
    return any("torture" in mark for mark in marks)


@pytest.mark.parametrize("row", ROWS, ids=[row[0].strip()[:40] for row in ROWS])
def test_each_promise_names_tests_that_are_there_and_within_what_bounds_they_look(row: list[str]) -> None:
    promise, proofs, bounds = (cell.strip() for cell in row)
    named = TESTS.findall(proofs)
    assert promise
    assert bounds
    assert named
    for name, mark in named:
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "\ndef test_" in text, name
        assert is_torture(text) == bool(mark), f"{name}: † is for what only `make torture` runs"


def test_every_row_of_the_table_is_looked_at() -> None:
    rows = [line for line in PAGE.partition("\n## Volumes")[0].splitlines() if line.startswith("| ")]
    assert len(ROWS) == len(rows) - 1 > 10
