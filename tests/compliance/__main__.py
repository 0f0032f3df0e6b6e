"""`make compliance`: run the tests behind every claimed line, print the table, write docs/compliance.md."""

import sys

import pytest

from tests.compliance.outcomes import Outcomes
from tests.compliance.proofs import ROOT, proofs
from tests.compliance.requirements import requirements, shortfalls
from tests.compliance.table import page, unproven


def main() -> int:
    """0 if everything that is claimed is proven."""
    outcomes, claimed, found = Outcomes(), requirements(), proofs()
    tests = sorted({proof.test for proof in found})
    pytest.main(["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile", *tests], plugins=[outcomes])
    written = page(claimed, found, shortfalls(), outcomes.of)
    (ROOT / "docs" / "compliance.md").write_text(written, encoding="utf-8")
    print(written)
    problems = unproven(claimed, found, outcomes.of)
    print("\n".join(["Claimed and not proven:", *problems] if problems else ["Everything that is claimed is proven."]))
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
