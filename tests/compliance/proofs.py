"""Which test proves which line: `@pytest.mark.clause("RFC 6749 §5.1", line=1)`, or `lines=(1, 2)`.

Read from the tests' text, which takes a fraction of a second, where collecting would import everything.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, order=True)
class Proof:
    test: str
    """As pytest names it, without parameters."""
    clause: str
    line: str

    @property
    def path(self) -> str:
        return self.test.partition("::")[0]

    @property
    def name(self) -> str:
        return self.test.rpartition("::")[2]


def proofs(tests: Path = ROOT / "tests") -> list[Proof]:
    """Of all tests below a folder."""
    found = []
    for path in sorted(tests.rglob("test_*.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        found += _of(module, path.relative_to(tests.parent).as_posix())
    return found


def _of(scope: ast.Module | ast.ClassDef, name: str) -> Iterator[Proof]:
    for node in scope.body:
        if isinstance(node, ast.ClassDef):
            yield from _of(node, f"{name}::{node.name}")
        elif isinstance(node, ast.FunctionDef):
            for clause, line in _marks(node):
                yield Proof(f"{name}::{node.name}", clause, line)


def _marks(function: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.clause":
            (clause,) = decorator.args
            for keyword in decorator.keywords:
                assert keyword.arg in {"line", "lines"}, keyword.arg
                lines = ast.literal_eval(keyword.value)
                for line in lines if keyword.arg == "lines" else (lines,):
                    yield ast.literal_eval(clause), str(line)
