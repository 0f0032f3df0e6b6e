"""The kit stands alone: whoever imports it gets nothing of the services and no framework."""

import ast
import subprocess
import sys

from tests.architecture.imports import ROOT, modules

PACKAGES = ("auth_service", "fit_service", "shared", "examples")


def test_the_resource_server_package_imports_only_itself_and_relatively() -> None:
    for module in modules("shared/resource_server"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module is not None
                assert not node.module.startswith("shared"), f"{module.name} must import its siblings relatively"


def test_a_bare_import_of_the_resource_server_package_brings_in_no_framework() -> None:
    program = "import sys, shared.resource_server; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "shared" in loaded
    assert loaded & {"flask", "werkzeug", "sqlalchemy", "redis", "authlib", "joserfc", "pydantic", *PACKAGES} <= {
        "shared"
    }
