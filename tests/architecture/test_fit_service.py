"""The direction of imports in the Fit API, which is the shape of the house (docs/architecture.md)."""

import pytest

from tests.architecture.imports import offenders, reaching

ROOMS = ("rules", "models", "storage", "web", "api", "pages", "workers", "cli")
MAY_IMPORT = {
    "rules": (),
    "models": (),
    "storage": ("rules", "models"),
    "web": ("rules", "models", "storage"),
    "api": ("rules", "models", "storage", "web"),
    "pages": (),
    "workers": ("rules", "models", "storage"),
}
HTTP = ("flask", "werkzeug", "http", "wsgiref", "gunicorn", "buffering_worker")
STORES = ("redis", "sqlalchemy", "alembic", "shared.service.sql_engine", "shared.service.sql_database")


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_imports_point_one_way(room: str) -> None:
    others = [other for other in ROOMS if other != room and other not in MAY_IMPORT[room]]
    assert reaching(_place(room), *(f"fit_service.{other}" for other in others)) == []


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_only_the_top_and_the_command_line_know_settings_and_the_composition_root(room: str) -> None:
    assert reaching(_place(room), "fit_service.components", "fit_service.settings") == []


def test_the_rules_know_no_http_no_store_and_nothing_of_what_services_share() -> None:
    assert reaching("fit_service/rules", *HTTP, *STORES, "shared") == []


@pytest.mark.parametrize("room", ["models", "storage", "workers"])
def test_what_is_beside_requests_knows_no_web_framework_and_no_server(room: str) -> None:
    assert reaching(_place(room), "flask", "gunicorn", "buffering_worker") == []


@pytest.mark.parametrize("room", ["web", "api", "pages", "workers", "cli"])
def test_only_storage_and_models_ask_stores_themselves(room: str) -> None:
    assert offenders(_place(room), "redis", "sqlalchemy", "alembic") == []


def _place(room: str) -> str:
    return "fit_service/models.py" if room == "models" else f"fit_service/{room}"
