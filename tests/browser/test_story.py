"""The story in a real browser: Chromium without a window. Its screenshots are kept below `artifacts/`."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.support.actions import READ, Actions
from tests.support.strength_app import run_strength_app

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"


class Window:
    """A browser window, and what a person does in it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver
        self._shots = 0

    def open(self, address: str) -> None:
        self._driver.get(address)

    def press(self, text: str) -> None:
        """A button or a link."""
        self._driver.execute_script("document.documentElement.dataset.left = 'yes'")
        self._driver.find_element(By.XPATH, f"//*[self::button or self::a][normalize-space()='{text}']").click()
        WebDriverWait(self._driver, 20, ignored_exceptions=[WebDriverException]).until(
            lambda driver: driver.execute_script(
                "return document.readyState === 'complete' && !document.documentElement.dataset.left"
            )
        )

    def fill(self, name: str, text: str) -> None:
        field = self._driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def tick_only(self, *scopes: str) -> None:
        for box in self._driver.find_elements(By.NAME, "scope"):
            if box.is_selected() != (box.get_attribute("value") in scopes):
                box.click()

    @property
    def text(self) -> str:
        return self._driver.find_element(By.TAG_NAME, "main").text

    @property
    def place(self) -> str:
        return urlsplit(self._driver.current_url).path

    def keep_picture(self, name: str) -> None:
        self._shots += 1
        ARTIFACTS.mkdir(exist_ok=True)
        self._driver.save_screenshot(str(ARTIFACTS / f"{self._shots:02}-{name}.png"))


@pytest.fixture
def window() -> Iterator[Window]:
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        pytest.skip("needs chromium and chromedriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser
    for argument in ("--headless=new", "--window-size=900,900", "--disable-dev-shm-usage", "--no-proxy-server"):
        options.add_argument(argument)
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    running = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield Window(running)
    finally:
        running.quit()


@pytest.mark.timeout(300)
def test_the_story_as_a_person_lives_it(window: Window, actions: Actions, tmp_path: Path) -> None:
    mo = actions.person()
    with run_strength_app(actions.stack, tmp_path) as app:
        window.open(app.url)
        window.keep_picture("welcome")
        window.press("Connect Moogle Fit")

        window.keep_picture("sign-in")
        window.fill("username", mo.username)
        window.fill("password", "not my password")
        window.press("Sign in")
        assert "don’t match" in window.text
        window.keep_picture("wrong-password")
        window.fill("username", mo.username)
        window.fill("password", mo.password)
        window.press("Sign in")

        assert window.place == "/consent"
        assert "See your body weight" in window.text
        window.tick_only(READ)
        window.keep_picture("consent")
        window.press("Allow")

        assert "not to change it" in window.text
        window.keep_picture("read-only")
        window.press("Connect again")
        window.press("Allow")
        for weight in ("82.5", "82.1", "81.4", "81.9", "80.8"):
            window.fill("body_weight", weight)
            window.press("Add")
        assert "80.8 kg" in window.text
        window.keep_picture("chart")

        window.open(f"{actions.stack.auth}/connected-apps")
        assert "Strength" in window.text
        window.keep_picture("connected-apps")
        window.press("Account")
        window.keep_picture("account")
        window.press("Connected apps")
        window.press("End access")
        assert "No app has access" in window.text
        window.keep_picture("cut-off")

        window.open(app.url)
        assert "Connect again to go on." in window.text
        window.keep_picture("reconnect")
