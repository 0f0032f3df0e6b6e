"""What a person does in a browser window: the words in which the browser tests are written."""

from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

ARTIFACTS = Path(__file__).resolve().parents[2] / "artifacts"
OFTEN = 0.05
"""Seconds from one look to the next, while something is awaited."""


class Window:
    """A browser window, and what a person does in it."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def begin_anew(self) -> None:
        """In a tab that knows nothing of those before, which are closed: nothing is kept, not even their complaints."""
        before = self._driver.window_handles
        self._driver.switch_to.new_window("tab")
        tab = self._driver.current_window_handle
        for each in before:
            self._driver.switch_to.window(each)
            self._driver.close()
        self._driver.switch_to.window(tab)
        self._driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
        self._driver.execute_cdp_cmd("Network.clearBrowserCache", {})
        self._driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
        self.complaints()

    def open(self, address: str) -> None:
        self._driver.get(address)

    def is_secure(self) -> bool:
        """Whether the browser says so, which it does of `http://localhost` too: hence the scheme."""
        return bool(self._driver.execute_script("return window.isSecureContext && location.protocol === 'https:'"))

    def press(self, text: str) -> None:
        """A button or a link."""
        self._driver.execute_script("document.documentElement.dataset.left = 'yes'")
        self._driver.find_element(By.XPATH, f"//*[self::button or self::a][normalize-space()='{text}']").click()
        WebDriverWait(self._driver, 20, OFTEN, ignored_exceptions=[WebDriverException]).until(
            lambda driver: driver.execute_script(
                "return document.readyState === 'complete' && !document.documentElement.dataset.left"
            )
        )

    def fill(self, name: str, text: str) -> None:
        field = self._driver.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)

    def choose(self, name: str, option: str) -> None:
        Select(self._driver.find_element(By.NAME, name)).select_by_visible_text(option)

    def drop(self, file: Path, css: str) -> None:
        """Drop a file there, as from a folder's window. The browser lets nobody make a file but by choosing one."""
        made = "const chosen = document.createElement('input'); chosen.type = 'file'; document.body.append(chosen); "
        chosen = self._driver.execute_script(f"{made} return chosen")
        chosen.send_keys(str(file))
        self._driver.execute_script(
            "const [chosen, place] = arguments, dropped = new DataTransfer(); dropped.items.add(chosen.files[0]);"
            "chosen.remove(); place.dispatchEvent(new DragEvent('drop', {dataTransfer: dropped, bubbles: true}))",
            chosen,
            self._driver.find_element(By.CSS_SELECTOR, css),
        )

    def tick_only(self, *scopes: str) -> None:
        for box in self._driver.find_elements(By.NAME, "scope"):
            if box.is_selected() != (box.get_attribute("value") in scopes):
                box.click()

    def find(self, css: str, text: str = "") -> WebElement:
        """The visible element of this kind that shows this text, as soon as there is one."""

        def look(driver: webdriver.Chrome) -> WebElement | None:
            found = driver.find_elements(By.CSS_SELECTOR, css)
            return next((each for each in found if each.is_displayed() and text in each.text), None)

        waiting = WebDriverWait(self._driver, 20, OFTEN, ignored_exceptions=[WebDriverException])
        return waiting.until(look, f"there is no {css} that shows {text!r}")

    @contextmanager
    def new_window(self) -> Iterator[None]:
        """What happens in the window that was opened just now; it closes itself, or is closed."""
        [first] = self._driver.window_handles[:1]
        WebDriverWait(self._driver, 20, OFTEN).until(lambda driver: len(driver.window_handles) == 2)
        self._driver.switch_to.window(self._driver.window_handles[1])
        yield
        self._driver.switch_to.window(first)

    @property
    def windows(self) -> int:
        return len(self._driver.window_handles)

    def run(self, script: str, *arguments: object) -> Any:
        """A script of the page that is open; what it returns."""
        return self._driver.execute_script(script, *arguments)

    def wait_for(self, script: str) -> Any:
        """A script of the page that is open; what it calls its last argument with."""
        return self._driver.execute_async_script(script)

    def show(self, page: str) -> None:
        """A page in place of the one that is open, as if it had come from the same address."""
        frame = self._driver.execute_cdp_cmd("Page.getFrameTree", {})["frameTree"]["frame"]["id"]
        self._driver.execute_cdp_cmd("Page.setDocumentContent", {"frameId": frame, "html": page})

    def complaints(self) -> list[str]:
        """What the browser would not do, or could not."""
        return [entry["message"] for entry in self._driver.get_log("browser") if entry["level"] == "SEVERE"]

    def be_small(self) -> None:
        """As wide as a phone."""
        metrics = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def be_wide(self, width: int) -> None:
        """As a window of so many CSS pixels."""
        metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
        self._driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def be_as_before(self) -> None:
        """As wide as it was opened, and light."""
        self._driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        self.be_shaded("light")

    def be_slow(self, latency: int) -> None:
        """On a line that takes so many milliseconds for each answer."""
        conditions = {"offline": False, "latency": latency, "downloadThroughput": -1, "uploadThroughput": -1}
        self._driver.execute_cdp_cmd("Network.enable", {})
        self._driver.execute_cdp_cmd("Network.emulateNetworkConditions", conditions)

    def double_click(self, css: str) -> None:
        """Where it is now; the page may have changed before the second click."""
        button = self.find(css)
        ActionChains(self._driver).move_to_element(button).click().pause(0.1).click().perform()

    def type(self, *keys: str) -> None:
        """On the keyboard, wherever the focus is."""
        for key in keys:
            ActionChains(self._driver).send_keys(key).perform()

    @property
    def focus(self) -> str:
        """What an assistive technology calls the element that has the focus; nothing if that is the page."""
        element = self._driver.switch_to.active_element
        return "" if element.tag_name == "body" else element.accessible_name

    def be_shaded(self, scheme: str) -> None:
        """For somebody whose system is `light` or `dark`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def be_somewhere(self, languages: str, zone: str) -> None:
        """Of somebody who reads these languages, those that they like best first, and lives in this time zone."""
        agent = self._driver.execute_script("return navigator.userAgent")
        override = {"userAgent": agent, "acceptLanguage": languages}
        self._driver.execute_cdp_cmd("Emulation.setUserAgentOverride", override)
        self._driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})

    @property
    def keeps_its_cookie(self) -> bool:
        """Whether the cookie of the page that is open is still there when the browser was closed."""
        return any("expiry" in cookie for cookie in self._driver.get_cookies())

    @property
    def text(self) -> str:
        return self._driver.find_element(By.TAG_NAME, "main").text

    @property
    def address(self) -> str:
        return str(self._driver.current_url)

    @property
    def place(self) -> str:
        return urlsplit(self._driver.current_url).path

    def keep_picture(self, name: str) -> None:
        ARTIFACTS.mkdir(exist_ok=True)
        self._driver.save_screenshot(str(ARTIFACTS / f"{name}.png"))

    def save_page(self, file: Path) -> None:
        """All of the page, also what one would have to scroll to, and so without a bar for it."""
        self._driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        measured = "const {width, height} = document.documentElement.getBoundingClientRect(); return {width, height}"
        clip = {"x": 0, "y": 0, "scale": 1, **self.run(measured)}
        options = {"captureBeyondViewport": True, "clip": clip}
        answer = self._driver.execute_cdp_cmd("Page.captureScreenshot", options)
        file.write_bytes(b64decode(answer["data"]))

    def have_authenticator(self) -> None:
        """One that is part of the device, keeps passkeys, and verifies whoever sits there."""
        options = VirtualAuthenticatorOptions(
            protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
            transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
            has_resident_key=True,
            has_user_verification=True,
            is_user_verified=True,
        )
        self._driver.add_virtual_authenticator(options)

    def offer_no_autofill(self) -> None:
        """Of passkeys, from the next page on, as some browsers: an authenticator that is played answers it at once."""
        script = "PublicKeyCredential.isConditionalMediationAvailable = async () => false;"
        self._driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
