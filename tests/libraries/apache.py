"""Apache with a module that Debian packages, serving one page with the settings of docs/libraries.md."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.libraries.program import installed
from tests.support.polling import eventually
from tests.support.reverse_proxies import open_folder
from tests.support.servers import answers

MODULES = Path("/usr/lib/apache2/modules")
ALWAYS = ("mpm_event", "authn_core", "authz_core", "authz_user", "dir")


@contextmanager
def apache_folder(module: str) -> Iterator[Path]:
    """Where its files go, which its user may read; without Apache or the module the test is skipped."""
    installed("apache2")
    if not (MODULES / f"mod_{module}.so").exists():
        pytest.skip(f"needs Apache's mod_{module}")
    with open_folder() as folder:
        (folder / "site").mkdir()
        yield folder


@contextmanager
def apache(folder: Path, port: int, page: str, modules: tuple[str, ...], settings: str) -> Iterator[None]:
    """Runs until the test has ended."""
    (folder / "site" / page).write_text("a page")
    lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in (*ALWAYS, *modules)]
    lines += [f"Listen 127.0.0.1:{port}", f"ServerName localhost:{port}", f"DocumentRoot {folder}/site"]
    lines += [f"PidFile {folder}/pid", f"ErrorLog {folder}/log", "User www-data", "Group www-data", settings]
    (folder / "apache.conf").write_text("\n".join(lines))
    command = [installed("apache2"), "-d", str(folder), "-f", "apache.conf", "-DFOREGROUND"]
    with subprocess.Popen(command) as running:
        try:
            eventually(lambda: answers(port), within=20)
            yield
        finally:
            running.terminate()
