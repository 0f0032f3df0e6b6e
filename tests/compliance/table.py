"""docs/compliance.md: specification, section, requirement, test, result."""

from collections.abc import Callable, Iterable, Sequence

from tests.compliance.outcomes import MISSING, PASSED
from tests.compliance.proofs import Proof
from tests.compliance.requirements import Requirement, Shortfall

_HEAD = """\
# Compliance

What each specification demands of us, line by line, and the tests that hold us to it, over HTTP wherever it can be seen
there. `make compliance` runs them and writes this page; a claimed line without a test, or whose test was skipped or
failed, fails it. The gate fails when the page and the tests no longer agree.

A test carries its lines as marks: `@pytest.mark.clause("RFC 6749 §5.1", line=1)`. The wording of the lines is in
[requirements.toml](../tests/compliance/requirements.toml).
"""
_AUTHLIB = """
## Where stock Authlib falls short

Authlib 1.9.9 with its Flask integration, as it comes. "We use Authlib" is not "we conform": what mends it is in
`auth_service/protocol/`, and the lines on the right prove it.

| | Stock Authlib | Mended here: lines |
|---|---|---|
"""

OutcomeOf = Callable[[str], str]
"""What came of a test."""


def page(
    requirements: Sequence[Requirement],
    proofs: Iterable[Proof],
    shortfalls: Iterable[Shortfall],
    outcome: OutcomeOf = lambda _: PASSED,
) -> str:
    """The page in Markdown."""
    by_line = _by_line(proofs)
    parts = [_HEAD]
    for specification in dict.fromkeys(each.specification for each in requirements):
        parts.append(f"\n## {specification}\n\n| | Section | Requirement | Test | Result |\n|---|---|---|---|---|\n")
        parts += [_row(each, by_line, outcome) for each in requirements if each.specification == specification]
    parts.append(_AUTHLIB)
    parts += [f"| {each.name} | {each.says} | {', '.join(each.lines)} |\n" for each in shortfalls]
    return "".join(parts)


def unproven(requirements: Iterable[Requirement], proofs: Iterable[Proof], outcome: OutcomeOf) -> list[str]:
    """What is claimed and not proven, and why."""
    by_line = _by_line(proofs)
    problems = []
    for requirement in requirements:
        results = {test.test: outcome(test.test) for test in by_line.get(requirement.line, [])}
        if not requirement.not_followed:
            problems += [f"{requirement.line}: no test"] if not results else []
            problems += [f"{requirement.line}: {test} {result}" for test, result in results.items() if result != PASSED]
    return problems


def _by_line(proofs: Iterable[Proof]) -> dict[str, list[Proof]]:
    by_line: dict[str, dict[str, Proof]] = {}
    for proof in sorted(proofs):
        by_line.setdefault(proof.line, {}).setdefault(proof.test, proof)
    return {line: list(by_test.values()) for line, by_test in by_line.items()}


def _row(requirement: Requirement, by_line: dict[str, list[Proof]], outcome: OutcomeOf) -> str:
    tests = by_line.get(requirement.line, [])
    shown = "<br>".join(f"[{test.name}](../{test.path})" for test in tests)
    result = "<br>".join(outcome(test.test) for test in tests) or MISSING
    if requirement.not_followed:
        shown, result = requirement.not_followed, "not followed"
    number = requirement.line if requirement.line.isdigit() else ""
    return f"| {number} | {requirement.sections} | {requirement.says} | {shown} | {result} |\n"
