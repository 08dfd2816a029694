"""A real browser: Debian's Chromium, driven in a thread of its own.

``axe`` gives the script of axe-core, which checks a page for who cannot see or point.
"""

import asyncio
import os
import subprocess
import tarfile
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from support.needs import needs

T = TypeVar("T")

PATIENCE_S = 30
AXE = "axe-core@4"
SWITCHES = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One browser; what a test does with it runs beside the loop that serves the page."""

    driver: WebDriver
    base: str
    thread: ThreadPoolExecutor

    async def do(self, act: Callable[["Window"], T]) -> T:
        """Return what ``act`` does in the browser's thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, act, self)

    def go(self, path: str) -> None:
        """Open a page."""
        self.driver.get(self.base + path)

    def sign_in(self, password: str) -> None:
        """Open the first page with a password."""
        self.go("/login")
        self.find("#password").send_keys(password)
        self.press("Sign in")

    def find(self, selector: str) -> Any:
        """Return the first element that a selector names, once it is there."""
        waits = WebDriverWait(self.driver, PATIENCE_S)
        return waits.until(lambda driver: driver.find_element(By.CSS_SELECTOR, selector))

    def press(self, words: str) -> None:
        """Press the button that says this."""
        self._click(By.XPATH, f"//button[starts-with(normalize-space(.), '{words}')]")

    def follow(self, words: str) -> None:
        """Follow the link that says this."""
        self._click(By.LINK_TEXT, words)

    def says(self, words: str) -> None:
        """Return once the page says this."""
        self._waits.until(lambda _: words in self.words)

    def misses(self, words: str) -> None:
        """Return once the page says this no more."""
        self._waits.until(lambda _: words not in self.words)

    def becomes(self, script: str, wanted: object) -> None:
        """Return once a script finds this."""
        self._waits.until(lambda driver: driver.execute_script(script) == wanted)

    def _click(self, by: str, what: str) -> None:
        """Click on an element; the page may put a fresh one in its place just then."""

        def click(driver: WebDriver) -> bool:
            driver.find_element(by, what).click()
            return True

        self._waits.until(click)

    @property
    def _waits(self) -> "WebDriverWait[WebDriver]":
        """Waits, also while the page puts fresh elements in the place of old ones."""
        gone = [NoSuchElementException, StaleElementReferenceException]
        return WebDriverWait(self.driver, PATIENCE_S, ignored_exceptions=gone)

    @property
    def words(self) -> str:
        """What the page shows."""
        return str(self.driver.find_element(By.TAG_NAME, "body").text)

    def size(self, width: int, height: int = 900) -> None:
        """Make the window as wide as this."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def overhang(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        script = "return document.documentElement.scrollWidth - window.innerWidth"
        return int(self.driver.execute_script(script))

    def complaints(self) -> list[str]:
        """Return what the console has said since it was last asked, but for advice."""
        lines = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [one["message"] for one in lines if one["level"] in ("SEVERE", "WARNING")]

    def faults(self, axe: str) -> list[str]:
        """Return what axe finds serious."""
        self.driver.execute_script(axe)
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then(found => done(found.violations))"
        )
        serious = [one for one in found if one["impact"] in ("serious", "critical")]
        return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in serious]


@asynccontextmanager
async def window(
    base: str, profile: Path, *, dark: bool = False, scripts: bool = True
) -> AsyncIterator[Window]:
    """Open a browser with an empty profile."""
    programs = needs("chromium"), needs("chromedriver")
    with ThreadPoolExecutor(max_workers=1) as thread:
        loop = asyncio.get_running_loop()
        options = _options(programs[0], profile, scripts=scripts)
        driver = await loop.run_in_executor(thread, _started, options, programs[1], dark)
        try:
            yield Window(driver=driver, base=base, thread=thread)
        finally:
            await loop.run_in_executor(thread, driver.quit)


def axe(folder: Path) -> str:
    """Return the script of axe-core: the file that ``AXE_CORE`` names, or npm's."""
    if given := os.environ.get("AXE_CORE"):
        return Path(given).read_text()
    packed = subprocess.run(
        [needs("npm"), "pack", "--silent", AXE],
        cwd=folder,
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
    )
    with tarfile.open(folder / packed.stdout.strip()) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script, "the package has the script"
        return script.read().decode()


def _options(chromium: str, profile: Path, *, scripts: bool) -> Options:
    options = Options()
    options.binary_location = chromium
    for switch in (*SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2}
        )
    return options


def _started(options: Options, chromedriver: str, dark: bool) -> WebDriver:
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    return driver
