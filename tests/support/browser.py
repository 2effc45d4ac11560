"""Chromium without a screen, driven by its own driver; nothing is downloaded."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

WITHIN_S: Final = 10.0
PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--autoplay-policy=no-user-gesture-required",
)


def chromium() -> tuple[str, str]:
    """Browser and driver. Skips the test where there are none and none can be had; elsewhere CI has to have them."""
    browser = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    if browser is None or driver is None:
        missing = "no Chromium with its chromedriver here (Debian: apt install chromium chromium-driver)"
        if os.environ.get("CI") and shutil.which("apt-get"):
            pytest.fail(missing)
        pytest.skip(missing)
    return browser, driver


class Browser:
    """One window, with what tests ask of it. Elements are found by CSS."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, url: str) -> None:
        self.driver.get(url)

    def find(self, css: str, within_s: float = WITHIN_S) -> WebElement:
        """The first one, as soon as it can be seen."""

        def visible(driver: webdriver.Chrome) -> WebElement | bool:
            return next((found for found in driver.find_elements(By.CSS_SELECTOR, css) if found.is_displayed()), False)

        found = WebDriverWait(self.driver, within_s, poll_frequency=0.05, ignored_exceptions=(Exception,)).until(
            visible, f"nothing to be seen at {css}"
        )
        assert isinstance(found, WebElement)
        return found

    def count(self, css: str) -> int:
        return len(self.driver.find_elements(By.CSS_SELECTOR, css))

    def text(self, css: str) -> str:
        return self.find(css).text

    def wait(self, condition: Callable[[], object], what: str, within_s: float = WITHIN_S) -> None:
        WebDriverWait(self.driver, within_s, poll_frequency=0.05, ignored_exceptions=(Exception,)).until(
            lambda _: condition(), what
        )

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def module(self, name: str, expression: str) -> Any:
        """What an expression of a module ``m`` of the page comes to."""
        load = f"import('/console/page/{name}').then((m) => ({{ value: {expression} }}))"
        code = f"const done = arguments[0]; {load}.then(done, (error) => done({{ error: String(error.stack) }}))"
        answer = self.driver.execute_async_script(code)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def command(self, name: str, **parameters: object) -> None:
        """Of the browser's own protocol."""
        self.driver.execute_cdp_cmd(name, parameters)

    def resize(self, width: int, height: int, *, scale: float = 1, is_phone: bool = False) -> None:
        self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=is_phone,
        )

    def prefer(self, scheme: str) -> None:
        """``light`` or ``dark``."""
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def complaints(self) -> list[str]:
        """What the browser's console has to say since the last time: refused by policy, not found, thrown."""
        entries: list[dict[str, Any]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]  # selenium's
        return [json.dumps(entry) for entry in entries if entry["level"] in ("SEVERE", "WARNING")]


@contextmanager
def browsing(profile: Path, *, language: str = "es-CO", microphone: Path | None = None) -> Iterator[Browser]:
    """A window on a profile of its own. ``microphone``: a WAV file that is heard over and over."""
    program, driver_program = chromium()
    options = Options()
    options.binary_location = program
    for flag in (*FLAGS, f"--user-data-dir={profile}", f"--lang={language}", "--window-size=1440,900"):
        options.add_argument(flag)
    options.add_experimental_option("prefs", {"intl.accept_languages": language})
    if microphone is not None:
        options.add_argument("--use-fake-device-for-media-stream")
        options.add_argument("--use-fake-ui-for-media-stream")
        options.add_argument(f"--use-file-for-fake-audio-capture={microphone}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_program))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
