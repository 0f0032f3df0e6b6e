"""The services meet only over HTTP, and what is shared is nobody's."""

import subprocess
import sys

import pytest

from tests.architecture.imports import offenders

MCP_SERVER = "examples/agents/server.py"
"""It is an API too, and is tried elsewhere than those of one file."""


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("auth_service", ("fit_service", "examples", "tools", "tests")),
        ("fit_service", ("auth_service", "examples", "tools", "tests")),
        ("shared", ("auth_service", "fit_service", "examples", "tools", "tests")),
        ("examples", ("auth_service", "tools", "tests")),
    ],
)
def test_the_services_meet_only_over_http(folder: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(folder, *forbidden) == []


def test_of_the_examples_only_the_app_that_reads_files_itself_has_the_rules_of_the_fit_api() -> None:
    """They know no HTTP and no store; with the API itself it speaks over HTTP only, as every app does."""
    found = [each.split(" imports ") for each in offenders("examples", "fit_service")]
    assert {module for module, _ in found} == {
        f"examples/strength_app/import_{name}.py" for name in ("reading", "work")
    }
    assert [name for _, name in found if not name.startswith("fit_service.rules.")] == []


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("shared/service", ("shared.operations", "shared.resource_server")),
        ("shared/operations", ("shared.resource_server",)),
    ],
)
def test_the_rooms_of_shared_point_one_way(folder: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(folder, *forbidden) == []


def test_in_shared_only_nine_modules_know_sql() -> None:
    knowing = {found.partition(" ")[0] for found in offenders("shared", "sqlalchemy", "psycopg", "alembic")}
    names = [f"sql_{name}" for name in ("backup", "database", "engine", "question", "statement", "tables", "traces")]
    assert knowing == {f"shared/service/{name}.py" for name in ("postgresql_connection", "postgresql_engine", *names)}


def test_nobody_waits_for_libraries_of_what_they_may_never_do() -> None:
    """They take a seventh of all that is loaded; each command begins with that, and each worker."""
    program = "import sys, auth_service, fit_service; print(*{'psycopg', 'webauthn', 'alembic'} & {*sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert loaded.split() == []


def test_of_the_examples_only_apis_use_the_kit() -> None:
    using = {found.partition(" ")[0] for found in offenders("examples", "shared.resource_server")} - {MCP_SERVER}
    kinds = ("flask", "wsgi", "asgi", "quart", "fastapi", "django", "rest_framework")
    apis = {f"examples/protected_{kind}.py" for kind in kinds}
    assert using == apis | {"examples/erase_deleted_accounts.py"}
