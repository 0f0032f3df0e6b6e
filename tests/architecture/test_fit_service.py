"""The direction of imports in the Fit API, which is the shape of the house (docs/architecture.md)."""

import pytest

from tests.architecture.imports import offenders

ROOMS = ("rules", "models", "storage", "web", "api", "pages", "workers", "cli")
MAY_IMPORT = {
    "rules": (),
    "models": (),
    "storage": ("rules", "models"),
    "web": ("rules", "storage"),
    "api": ("rules", "storage", "web"),
    "pages": (),
    "workers": ("rules", "models", "storage"),
    "cli": ("rules", "models", "storage"),
}


@pytest.mark.parametrize("room", ROOMS)
def test_imports_point_one_way(room: str) -> None:
    others = [other for other in ROOMS if other != room and other not in MAY_IMPORT[room]]
    assert offenders(_place(room), *(f"fit_service.{other}" for other in others)) == []


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "cli"])
def test_only_the_top_and_the_command_line_know_settings_and_the_composition_root(room: str) -> None:
    assert offenders(_place(room), "fit_service.components", "fit_service.settings") == []


@pytest.mark.parametrize(
    ("room", "forbidden"),
    [
        ("rules", ("flask", "redis", "sqlalchemy")),
        ("models", ("flask", "redis")),
        ("storage", ("flask",)),
        ("web", ("redis", "sqlalchemy")),
        ("api", ("redis", "sqlalchemy")),
        ("pages", ("redis", "sqlalchemy")),
        ("workers", ("flask", "redis", "sqlalchemy")),
    ],
)
def test_each_room_keeps_to_its_subject(room: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(_place(room), *forbidden) == []


def _place(room: str) -> str:
    return "fit_service/models.py" if room == "models" else f"fit_service/{room}"
