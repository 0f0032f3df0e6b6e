"""What imports what, parsed, so that nothing can hide."""

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules(folder: str) -> list[Path]:
    place = ROOT / folder
    found = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert found, f"{folder} holds no modules: has it moved?"
    return found


@functools.cache
def imports(module: Path) -> tuple[str, ...]:
    """Every imported name in full, also `from a import b` as `a.b`, wherever in the file it stands."""
    return tuple(_imports(module))


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            assert node.module is not None
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(module.relative_to(ROOT).parts[: -node.level])
            yield from (".".join(filter(None, (package, node.module, alias.name))) for alias in node.names)


def offenders(folder: str, *forbidden: str) -> list[str]:
    return [
        f"{module.relative_to(ROOT)} imports {name}"
        for module in modules(folder)
        for name in imports(module)
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in forbidden)
    ]


def module_of(name: str) -> Path | None:
    """The file of this repository that an imported name is in, if there is one."""
    parts = name.split(".")
    for length in (len(parts), len(parts) - 1):
        place = ROOT.joinpath(*parts[:length])
        if length and (file := place.with_suffix(".py")).exists():
            return file
        if length and (file := place / "__init__.py").exists():
            return file
    return None


def reaching(folder: str, *forbidden: str) -> list[str]:
    """Ways by which a folder's modules import something forbidden, be it through other modules of this repository.

    One for each module that imports it in the end: "a.py → b.py → flask". What the packages around a module import is
    no such way: `fit_service/__init__.py` composes the whole service, and Python runs it before any of its rooms.
    """
    ways = _spread(dict.fromkeys(modules(folder), ()))
    return [
        " → ".join([*(str(each.relative_to(ROOT)) for each in (*way, module)), name])
        for module, way in ways.items()
        for name in imports(module)
        if any(name == prefix or name.startswith(f"{prefix}.") for prefix in forbidden)
    ]


def _spread(ways: dict[Path, tuple[Path, ...]]) -> dict[Path, tuple[Path, ...]]:
    """Every module that is imported from these, with a shortest way to it."""
    left = list(ways)
    for module in left:
        for name in imports(module):
            found = module_of(name)
            if found is not None and found not in ways:
                ways[found] = (*ways[module], module)
                left.append(found)
    return ways
