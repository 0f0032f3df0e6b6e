"""A stranger's service installs the kit under a name of its own, without anything of ours or anybody else's."""

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import importlib.metadata
from moogle_resource_server import TokenValidator, __version__, asgi_middleware, connect, testing, wsgi_middleware

validator = connect(resource="https://x.example/", issuer="https://auth.example", client_id="x", client_secret="y")
assert isinstance(validator, TokenValidator)
assert wsgi_middleware.TokenMiddleware(None, validator) and asgi_middleware.TokenMiddleware(None, validator)
about = importlib.metadata.metadata("moogle-resource-server")
assert about["Version"] == __version__, about["Version"]
assert about["License-Expression"] == "Apache-2.0" and "fake_authorization_server" in about.get_payload()
print(*sorted({module.__name__.partition(".")[0] for module in sys.modules.values()} - set(sys.stdlib_module_names)))
"""


def test_it_installs_alone_and_needs_only_the_standard_library(tmp_path: Path) -> None:
    source, installed = tmp_path / "source", tmp_path / "installed"
    shutil.copytree(ROOT / "shared" / "resource_server", source, ignore=shutil.ignore_patterns("__pycache__"))
    before = sorted(source.rglob("*"))
    install = ["install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--target", str(installed)]
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", *install, str(source)], check=True)
    assert sorted(source.rglob("*")) == before, "it leaves nothing behind"
    alone = [sys.executable, "-I", "-S", "-c", PROGRAM, str(installed)]
    done = subprocess.run(alone, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    packed = {str(file.relative_to(installed)) for file in installed.rglob("*") if file.is_file()}
    assert "moogle_resource_server/py.typed" in packed
    assert any(name.endswith("/licenses/LICENSE") for name in packed)
    assert set(done.stdout.split()) <= {"moogle_resource_server", "__main__", "__mp_main__"}


@pytest.mark.parametrize("module", ["shared.resource_server.dpop", "shared.resource_server.dpop_nonce"])
def test_nonces_are_found_under_the_name_of_the_first_version_too(module: str) -> None:
    assert importlib.import_module(module).DpopNonces([b"a secret of all processes"]).current()


def test_the_kit_has_the_licence_of_the_whole() -> None:
    assert (ROOT / "shared/resource_server/LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
