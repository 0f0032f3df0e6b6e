"""The direction of imports in the Fit API, which is the shape of the house (docs/architecture.md)."""

import pytest

from tests.architecture.imports import ROOT, offenders, reaching

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
    assert reaching(f"fit_service/{room}", *(f"fit_service.{other}" for other in others)) == []


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_only_the_top_and_the_command_line_know_settings_and_the_composition_root(room: str) -> None:
    assert reaching(f"fit_service/{room}", "fit_service.components", "fit_service.settings") == []


def test_the_rules_know_no_http_no_store_and_nothing_of_what_services_share() -> None:
    assert reaching("fit_service/rules", *HTTP, *STORES, "shared") == []


@pytest.mark.parametrize("room", ["models", "storage", "workers"])
def test_what_is_beside_requests_knows_no_web_framework_and_no_server(room: str) -> None:
    assert reaching(f"fit_service/{room}", "flask", "gunicorn", "buffering_worker") == []


@pytest.mark.parametrize("room", ["web", "api", "pages", "workers", "cli"])
def test_only_storage_and_models_ask_stores_themselves(room: str) -> None:
    assert offenders(f"fit_service/{room}", "redis", "sqlalchemy", "alembic") == []


def test_what_the_openapi_document_is_made_of_knows_nothing_that_views_share() -> None:
    shared_by_views = [f"fit_service.web.{module.stem}" for module in (ROOT / "fit_service/web").glob("*.py")]
    assert "fit_service.web.access" in shared_by_views
    assert reaching("fit_service/web/openapi", *shared_by_views) == []
