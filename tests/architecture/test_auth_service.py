"""The direction of imports in the authorization server, which is the shape of the house (docs/architecture.md)."""

import ast
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT, imports, modules, offenders, reaching

AUTH_ROOMS = ("crypto", "models", "storage", "protocol", "web", "pages", "workers", "cli", "translations")
MAY_IMPORT = {
    "crypto": (),
    "models": (),
    "storage": ("crypto", "models"),
    "protocol": ("storage", "crypto", "models"),
    "web": ("protocol", "storage", "models", "translations"),
    "pages": ("web", "protocol", "storage", "models"),
    "workers": ("protocol", "storage", "models", "translations"),
    "cli": ("protocol", "storage", "crypto", "models"),
    "translations": ("models",),
}


@pytest.mark.parametrize("room", AUTH_ROOMS)
def test_imports_of_the_authorization_server_point_one_way(room: str) -> None:
    others = [other for other in AUTH_ROOMS if other != room and other not in MAY_IMPORT[room]]
    forbidden = [f"auth_service.{other}" for other in others]
    assert offenders(f"auth_service/{room}", *forbidden) == []


@pytest.mark.parametrize("room", [room for room in AUTH_ROOMS if room != "cli"])
def test_only_the_top_and_the_command_line_know_the_composition_root(room: str) -> None:
    assert reaching(f"auth_service/{room}", "auth_service.components") == []


@pytest.mark.parametrize("room", ["crypto", "models", "storage", "protocol", "translations", "workers"])
def test_what_decides_reaches_no_web_framework_and_no_server(room: str) -> None:
    assert reaching(f"auth_service/{room}", "flask", "gunicorn", "buffering_worker") == []


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("auth_service/crypto", ("flask", "authlib", "redis", "sqlalchemy")),
        ("auth_service/models", ("flask", "redis")),
        ("auth_service/storage", ("flask", "authlib")),
        ("auth_service/protocol", ("flask", "redis", "sqlalchemy")),
        ("auth_service/pages", ("redis", "sqlalchemy")),
        ("auth_service/web", ("redis", "sqlalchemy", "authlib.oauth2.rfc6749.grants")),
    ],
)
def test_each_room_keeps_to_its_subject(folder: str, forbidden: tuple[str, ...]) -> None:
    assert offenders(folder, *forbidden) == []


PROTOCOL = {
    "errors.py": (),
    "redirection.py": (),
    "identity_scopes.py": (),
    "oauth_request.py": (),
    "observer.py": (),
    "resource_indicators.py": ("errors", "identity_scopes", "oauth_request"),
    "clients": (),
    "factors": (),
    "tokens": ("clients",),
    "openid": ("tokens",),
    "authorization_server.py": ("clients", "tokens"),
    "deleted_accounts.py": ("clients",),
    "grants": ("openid", "authorization_server", "tokens", "clients"),
    "device": ("grants", "authorization_server", "tokens", "clients"),
    "authorization": ("grants", "openid", "authorization_server", "tokens", "clients"),
    "registration": ("tokens", "clients"),
    "client_documents": ("registration", "tokens", "clients"),
    "server_metadata.py": ("authorization", "grants", "openid", "authorization_server", "tokens", "clients"),
}
"""Each room of the protocol and which others it may import, beside the files of the ground."""
GROUND = ("errors", "redirection", "identity_scopes", "oauth_request", "observer", "resource_indicators")


@pytest.mark.parametrize("room", PROTOCOL)
def test_imports_of_the_protocol_point_one_way(room: str) -> None:
    ground = () if room.removesuffix(".py") in GROUND else GROUND
    allowed = {room.removesuffix(".py"), *PROTOCOL[room], *ground}
    others = [
        f"auth_service.protocol.{other}" for each in PROTOCOL if (other := each.removesuffix(".py")) not in allowed
    ]
    assert offenders(f"auth_service/protocol/{room}", *others) == []


def test_the_protocol_has_no_other_rooms() -> None:
    there = {path.name for path in (ROOT / "auth_service" / "protocol").iterdir()} - {"__init__.py", "__pycache__"}
    assert there == set(PROTOCOL)


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
