"""A browser window: Chromium without a screen. A picture of where a test failed is kept below `artifacts/`."""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from tests.browser.album import Album
from tests.browser.window import Window

_HAS_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def browser() -> Iterator[Window]:
    with open_window() as window:
        yield window


@pytest.fixture
def window(browser: Window, request: pytest.FixtureRequest) -> Iterator[Window]:
    """Of somebody who was nowhere before."""
    browser.begin_anew()
    yield browser
    if request.node.stash.get(_HAS_FAILED, False):
        browser.keep_picture(request.node.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_HAS_FAILED] = report.failed or item.stash.get(_HAS_FAILED, False)
    return report


@pytest.fixture
def album(window: Window, request: pytest.FixtureRequest) -> Album:
    return Album(window, is_kept=request.config.getoption("--screenshots"))


@contextmanager
def open_window(home: Path | None = None, profile: Path | None = None) -> Iterator[Window]:
    """Of a person with this home folder, where Chromium looks whom they trust; and with what a profile has kept."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ("--headless=new", "--window-size=900,900", "--disable-dev-shm-usage", "--no-proxy-server"):
        options.add_argument(argument)
    if profile:
        options.add_argument(f"--user-data-dir={profile}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    environment = {**os.environ, **({"HOME": str(home)} if home else {})}
    running = webdriver.Chrome(options=options, service=Service(driver, env=environment))
    try:
        yield Window(running)
    finally:
        running.quit()
