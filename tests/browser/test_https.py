"""`make up TLS=1` in a real browser, whose owner did what docs/operations.md says."""

import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from selenium.common.exceptions import NoSuchElementException, WebDriverException

from tests.browser.conftest import open_window
from tests.support.actions import READ, Actions
from tests.support.compose import published_stack
from tests.support.gunicorn_process import ROOT


# Werkzeug's server leaves the file of an answer open whose taker is gone: the browser leaves a page, the proxy closes.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.timeout(300)
def test_a_browser_that_trusts_the_authority_lives_the_story(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("certutil") is None:
        pytest.skip("needs certutil")
    home = tmp_path / "home"
    home.mkdir()
    with published_stack(tmp_path, redis_url, monkeypatch, tls=True) as published:
        mo = Actions(published.stack).person()
        with open_window(home) as window:
            with suppress(WebDriverException):  # ERR_CERT_AUTHORITY_INVALID, unless there is a page that warns
                window.open(published.app.url)
            with pytest.raises(NoSuchElementException):
                window.press("Connect Moogle Fit")
        follow_documentation(home, tmp_path / "ca.crt")
        with open_window(home) as window:
            window.open(published.app.url)
            window.press("Connect Moogle Fit")
            window.fill("username", mo.username)
            window.fill("password", mo.password)
            window.press("Sign in")
            window.tick_only(READ)
            window.press("Allow")
            assert "not to change it" in window.text
            assert window.is_secure()


def follow_documentation(home: Path, authority: Path) -> None:
    """Run the commands for Chromium on Linux."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [commands] = [block for block in page.split("```bash\n")[1:] if "certutil" in block]
    script = "set -eu\n" + commands.partition("```")[0].replace(".local/tls/ca.crt", str(authority))
    subprocess.run(["bash", "-c", script], env={"PATH": "/usr/bin:/bin", "HOME": str(home)}, check=True)
