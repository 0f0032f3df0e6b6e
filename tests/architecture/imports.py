"""What imports what, parsed, so that nothing can hide."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def modules(folder: str) -> list[Path]:
    place = ROOT / folder
    found = [place] if place.is_file() else sorted(place.rglob("*.py"))
    assert found, f"{folder} holds no modules: has it moved?"
    return found


def imports(module: Path) -> Iterator[str]:
    """Every imported name in full, also `from a import b` as `a.b`, wherever in the file it stands."""
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


def reached_from(folder: str) -> set[str]:
    """Modules of this repository that a folder's modules import, and those that these import, and so on."""
    reached, left = set[Path](), modules(folder)
    while left:
        module = left.pop()
        if module not in reached:
            reached.add(module)
            left += [found for name in imports(module) if (found := module_of(name))]
    return {str(module.relative_to(ROOT)) for module in reached}
