"""The kit stands alone: whoever imports it gets nothing of the services and no framework. It is used by its doors."""

import ast
import re
import subprocess
import sys

import pytest

from tests.architecture.imports import ROOT, imports, modules, offenders

PACKAGES = ("auth_service", "fit_service", "shared", "examples")
KIT = "shared.resource_server"
DOORS = (
    *("wsgi_middleware", "asgi_middleware", "resource_protector", "quart_protector", "fastapi_security"),
    *("django_middleware", "rest_framework_authentication", "dpop", "private_key_jwt", "event_loop"),
    *("deleted_accounts", "revocation_feed", "back_channel", "process", "wire", "testing"),
)
"""Modules of the kit that are public beside the package itself (docs/resource_server.md, "What is public")."""
KIT_TESTS = ("tests/resource_server", "tests/support/plans_service.py")
"""They may look inside. The second is a service that forgets to doubt: with it, tests of the feed prove their eyes."""


def test_the_resource_server_package_imports_only_itself_and_relatively() -> None:
    for module in modules("shared/resource_server"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module is not None
                assert not node.module.startswith("shared"), f"{module.name} must import its siblings relatively"


ROOMS = ("process", "back_channel", "introspection", "dpop", "memory", "revocation_feed", "event_loop")
KIT_MAY_IMPORT = {
    "process": (),
    "back_channel": ("process",),
    "introspection": ("process", "back_channel"),
    "dpop": ("process", "introspection"),
    "memory": ("process", "back_channel", "introspection"),
    "revocation_feed": ("process", "back_channel", "memory"),
    "event_loop": ("process", "introspection", "memory"),
}


def public_names(module: str) -> set[str]:
    """What `__all__` says; without one, all names without an underscore that the module doesn't import."""
    place = ROOT / module.replace(".", "/")
    text = (place / "__init__.py" if place.is_dir() else place.with_suffix(".py")).read_text(encoding="utf-8")
    defined: set[str] = set()
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            if node.targets[0].id == "__all__":
                return set(ast.literal_eval(node.value))
            defined.add(node.targets[0].id)
    return {name for name in defined if not name.startswith("_")}


def public() -> set[str]:
    doors = (KIT, *(f"{KIT}.{door}" for door in DOORS))
    return {*doors, *(f"{door}.{name}" for door in doors for name in public_names(door))}


def test_nothing_outside_the_kit_reaches_behind_its_doors() -> None:
    known = public()
    outside = [
        module
        for folder in ("auth_service", "fit_service", "shared", "examples", "tools", "benchmarks", "tests")
        for module in modules(folder)
        if not str(module.relative_to(ROOT)).startswith(("shared/resource_server", *KIT_TESTS))
    ]
    reaching = [
        f"{module.relative_to(ROOT)} imports {name}"
        for module in outside
        for name in imports(module)
        if name.startswith(f"{KIT}.") and name not in known
    ]
    assert reaching == []


def test_the_documents_name_the_doors_and_go_through_no_other_way() -> None:
    page = (ROOT / "docs/resource_server.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (`.+?) \| [^|]+ \|$", page.partition("\n## What is public\n")[2].partition("\n## ")[0], re.MULTILINE
    )
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(DOORS)
    known = public()
    for document in (ROOT / "README.md", ROOT / "shared/resource_server/README.md", *(ROOT / "docs").glob("*.md")):
        text = document.read_text(encoding="utf-8").replace("moogle_resource_server", KIT)
        for module, names in re.findall(rf"^from ({KIT}[\w.]*) import ([\w, ]+)", text, re.MULTILINE):
            assert {f"{module}.{name.strip()}" for name in names.split(",")} <= known, document.name


@pytest.mark.parametrize("room", ROOMS)
def test_the_rooms_of_the_kit_point_one_way(room: str) -> None:
    others = [other for other in ROOMS if other != room and other not in KIT_MAY_IMPORT[room]]
    assert offenders(f"shared/resource_server/{room}", *(f"{KIT}.{other}" for other in others)) == []


def test_a_bare_import_of_the_resource_server_package_brings_in_no_framework() -> None:
    program = "import sys, shared.resource_server; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "shared" in loaded
    assert loaded & {"flask", "werkzeug", "sqlalchemy", "redis", "authlib", "joserfc", "pydantic", *PACKAGES} <= {
        "shared"
    }
