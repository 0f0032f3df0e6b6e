"""The direction of imports, which is the shape of the house (docs/architecture.md). Parsed, so nothing can hide."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("auth_service", "fit_service", "shared", "examples")


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


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("auth_service", ("fit_service", "examples", "tools", "tests")),
        ("fit_service", ("auth_service", "examples", "tools", "tests")),
        ("shared", ("auth_service", "fit_service", "examples", "tools", "tests")),
        ("examples", ("auth_service", "fit_service", "tools", "tests")),
    ],
)
def test_the_services_meet_only_over_http(folder: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(folder, *forbidden) == []


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("shared/service", ("shared.operations", "shared.resource_server")),
        ("shared/operations", ("shared.resource_server",)),
    ],
)
def test_the_rooms_of_shared_point_one_way(folder: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(folder, *forbidden) == []


def test_in_shared_only_two_modules_know_sql() -> None:
    knowing = {found.partition(" ")[0] for found in offenders("shared", "sqlalchemy", "psycopg", "alembic")}
    assert knowing == {"shared/service/sql_engine.py", "shared/service/sql_database.py"}


def test_of_the_examples_only_apis_use_the_kit() -> None:
    using = {found.partition(" ")[0] for found in offenders("examples", "shared.resource_server")}
    kinds = ("flask", "wsgi", "asgi", "quart", "fastapi", "django", "rest_framework")
    assert using == {f"examples/protected_{kind}.py" for kind in kinds}


AUTH_ROOMS = ("crypto", "models", "storage", "protocol", "web", "pages", "workers", "cli")
MAY_IMPORT = {
    "crypto": (),
    "models": (),
    "storage": ("crypto", "models"),
    "protocol": ("storage", "crypto", "models"),
    "web": ("protocol", "storage", "models"),
    "pages": ("web", "protocol", "storage", "models"),
    "workers": ("protocol", "storage", "models"),
    "cli": ("protocol", "storage", "crypto", "models"),
}


@pytest.mark.parametrize("room", AUTH_ROOMS)
def test_imports_of_the_authorization_server_point_one_way(room: str) -> None:
    others = [other for other in AUTH_ROOMS if other != room and other not in MAY_IMPORT[room]]
    forbidden = [f"auth_service.{other}" for other in others]
    assert offenders(f"auth_service/{room}", *forbidden) == []


@pytest.mark.parametrize("room", [room for room in AUTH_ROOMS if room != "cli"])
def test_only_the_top_and_the_command_line_know_the_composition_root(room: str) -> None:
    assert offenders(f"auth_service/{room}", "auth_service.components") == []


FIT_ROOMS = ("fit_service.api", "fit_service.storage", "fit_service.models", "fit_service.components")
FIT_RULES = (
    "body_weight_entry.py",
    "entry_batch.py",
    "entry_file.py",
    "local_days.py",
    "sample_weights.py",
    "summary.py",
    "sync_position.py",
    "weight.py",
)


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("auth_service/crypto", ("flask", "authlib", "redis", "sqlalchemy")),
        ("auth_service/models", ("flask", "redis")),
        ("auth_service/storage", ("flask", "authlib")),
        ("auth_service/protocol", ("flask", "redis", "sqlalchemy")),
        ("auth_service/pages", ("redis", "sqlalchemy")),
        ("auth_service/web", ("redis", "sqlalchemy", "authlib.oauth2.rfc6749.grants")),
        ("fit_service/api", ("redis", "sqlalchemy", "fit_service.components", "fit_service.settings")),
        ("fit_service/pages", ("redis", "sqlalchemy", "fit_service.settings", *FIT_ROOMS)),
        ("fit_service/storage", ("flask", "fit_service.api", "fit_service.components")),
        ("fit_service/webhooks", ("flask", "sqlalchemy", "fit_service.api", "fit_service.components")),
        *((f"fit_service/{rules}", ("flask", "redis", "sqlalchemy", *FIT_ROOMS)) for rules in FIT_RULES),
    ],
)
def test_each_room_keeps_to_its_subject(folder: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(folder, *forbidden) == []


def test_only_the_protocol_subclasses_authlib() -> None:
    outside = [
        f"{module.relative_to(ROOT)}: class {node.name}"
        for module in modules("auth_service")
        if "protocol" not in module.parts and module.name != "client.py"  # models/client.py is Authlib's ClientMixin
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(_imported_from_authlib(module, base) for base in node.bases)
    ]
    assert outside == []


def _imported_from_authlib(module: Path, base: ast.expr) -> bool:
    names = {name.rsplit(".", 1)[1] for name in imports(module) if name.startswith("authlib.")}
    return isinstance(base, ast.Name) and base.id in names


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
