"""docs/compliance.md tells the truth, and the tool that makes it lets nothing pass that isn't proven."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compliance.outcomes import FAILED, MISSING, PASSED, SKIPPED
from tests.compliance.proofs import ROOT, Proof, proofs
from tests.compliance.requirements import Requirement, requirements, shortfalls
from tests.compliance.table import page, unproven

LINES_OF_THE_CHECKLIST = 124


def test_every_claim_has_a_test_and_every_mark_names_a_claim_and_one_of_its_clauses() -> None:
    claimed = {each.line: each.clauses for each in requirements() if not each.not_followed}
    found = proofs()
    assert unproven(requirements(), found, lambda _: PASSED) == []
    assert [proof for proof in found if proof.clause not in claimed.get(proof.line, ())] == []


def test_no_line_of_the_checklist_is_passed_over() -> None:
    lines = [each.line for each in requirements()]
    assert [int(line) for line in lines if line.isdigit()] == list(range(1, len(lines) - len(parts_of(lines)) + 1))
    assert len(lines) - len(parts_of(lines)) >= LINES_OF_THE_CHECKLIST
    assert {each.line for each in requirements() if each.line in parts_of(lines) and not each.not_followed} == set()


def parts_of(lines: list[str]) -> list[str]:
    """What isn't followed of a line that is followed otherwise."""
    return [line for line in lines if not line.isdigit()]


def test_each_shortfall_of_authlib_is_mended_by_lines_that_are_claimed() -> None:
    claimed = {each.line for each in requirements() if not each.not_followed}
    assert [each.name for each in shortfalls()] == [f"P{number}" for number in range(1, 25)]
    assert all(each.lines and set(each.lines) <= claimed for each in shortfalls())


def test_the_page_is_current() -> None:
    written = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")
    assert written == page(requirements(), proofs(), shortfalls()), "run `make compliance`"


@pytest.mark.parametrize("outcome", [SKIPPED, FAILED, MISSING])
def test_a_claim_whose_test_did_not_pass_is_not_proven(outcome: str) -> None:
    claim, other = (Requirement(line, ("RFC 1 §1",), "It shall be so") for line in ("1", "2"))
    refused = Requirement("3", ("RFC 1 §2",), "It shall not", not_followed="We know better")
    found = [Proof("tests/a.py::test_a", "RFC 1 §1", "1"), Proof("tests/a.py::test_b", "RFC 1 §1", "1")]
    outcomes = {"tests/a.py::test_a": PASSED, "tests/a.py::test_b": outcome}
    assert unproven([claim, refused], found, outcomes.__getitem__) == [f"1: tests/a.py::test_b {outcome}"]
    assert unproven([claim, other], found, lambda _: PASSED) == ["2: no test"]
    assert f"passed<br>{outcome} |" in page([claim], found, [], outcomes.__getitem__)


SAMPLE = """
import pytest

@pytest.mark.parametrize("value", [1, 2, 3])
@pytest.mark.clause("RFC 1 §1", line=1)
def test_one(value): assert value != VALUE

@pytest.mark.clause("RFC 1 §1", lines=(1, 2))
def test_two(): pytest.skip("not here")

class TestMore:
    @pytest.mark.clause("RFC 1 §2", line=2)
    def test_three(self): pass

@pytest.fixture
def broken(): raise LookupError

@pytest.mark.clause("RFC 1 §3", line=3)
def test_four(broken): pass
"""


@pytest.mark.parametrize(("value", "outcome"), [(2, FAILED), (4, PASSED)])
def test_the_worst_of_what_a_test_did_counts(tmp_path: Path, value: int, outcome: str) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_sample.py").write_text(SAMPLE.replace("VALUE", str(value)))
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = clause: x\n")
    found = proofs(folder)
    assert [(proof.test.rpartition("::")[2], proof.clause, proof.line) for proof in found] == [
        ("test_one", "RFC 1 §1", "1"),
        ("test_two", "RFC 1 §1", "1"),
        ("test_two", "RFC 1 §1", "2"),
        ("test_three", "RFC 1 §2", "2"),
        ("test_four", "RFC 1 §3", "3"),
    ]
    tests = [*dict.fromkeys(proof.test for proof in found), "tests/test_sample.py::test_five"]
    program = (
        "import json, pytest; from tests.compliance.outcomes import Outcomes; seen = Outcomes();"
        f"pytest.main(['-q', '--rootdir', {str(tmp_path)!r}, {str(folder)!r}], plugins=[seen]);"
        f"print(json.dumps([seen.of(test) for test in {tests!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [outcome, SKIPPED, PASSED, FAILED, MISSING]
