"""The README tells the truth: its commands run, its links lead somewhere, its tables name every setting."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import requests
from flask import Flask

import auth_service.settings
import fit_service.settings
from shared.resource_server import TokenValidator
from shared.service.environment import EnvironmentSettings
from tests.docs.examples import shell
from tests.support.actions import TIMEOUT, Actions
from tests.support.servers import free_port, serve

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> list[str]:
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    assert found
    return found


def test_every_shell_command_of_the_readme_runs(actions: Actions, tmp_path: Path) -> None:
    if shutil.which("jq") is None or shutil.which("curl") is None:
        pytest.skip("needs curl and jq")
    stack = actions.stack
    (tmp_path / ".local").mkdir()
    script = "set -euo pipefail\n" + "\n".join(blocks("sh"))
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=shell(stack), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert [*tmp_path.iterdir()] == [tmp_path / ".local"], "git ignores nothing else"
    assert '"active": true' in done.stdout
    assert "realm=" in done.stdout


def test_the_five_lines_protect_a_service(actions: Actions) -> None:
    other = actions.stack.other_credentials
    [lines] = blocks("python")
    names: dict[str, object] = {"__name__": "diary", "AUTH": actions.stack.auth, "DIARY_SECRET": other.secret}
    for name, ours in (
        ('"diary"', f'"{other.name}"'),
        ("https://diary.example/", other.resource),
        ("diary:", "plans:"),
    ):
        assert name in lines
        lines = lines.replace(name, ours)
    exec(lines, names)
    app, validator, port = names["app"], names["validator"], free_port()
    assert isinstance(app, Flask)
    assert isinstance(validator, TokenValidator)
    token = actions.app("--grant-type", "client_credentials", scopes=["plans:read"]).client_credentials().json()
    with serve(app, port):
        diary = f"http://127.0.0.1:{port}/diary"
        allowed = requests.get(diary, headers={"Authorization": f"Bearer {token['access_token']}"}, timeout=TIMEOUT)
        refused = requests.get(diary, timeout=TIMEOUT)
    validator.close()
    assert (allowed.status_code, refused.status_code) == (200, 401)


@pytest.mark.parametrize(
    ("service", "prefix", "settings"),
    [
        ("auth_service", auth_service.settings.Settings.prefix, auth_service.settings.Settings),
        ("fit_service", fit_service.settings.Settings.prefix, fit_service.settings.Settings),
    ],
)
def test_the_table_names_every_setting(service: str, prefix: str, settings: type[EnvironmentSettings]) -> None:
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in settings.model_fields.items():
        default = "required" if field.is_required() else f"`{_shown(field.get_default())}`"
        rows.append(f"| `{prefix}{name.upper()}` | {default} | {field.description or ''} |")
    table = "\n".join(rows)
    assert f"### Settings of {service}\n" in README
    assert table in README, f"put this table below “Settings of {service}”:\n\n{table}\n"


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value) or "none"
    return "unset" if value is None else str(value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", " ".join(re.findall(r"`([^`]+)`|^(?:make .*)$", README, re.MULTILINE))))
    assert named
    assert named <= targets
