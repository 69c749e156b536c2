"""Debian's WebKit, the engine of every iPad browser, with a profile that outlives the process."""

import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium.webdriver.remote.client_config import ClientConfig
from selenium.webdriver.remote.remote_connection import RemoteConnection
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.webkitgtk.options import Options

from tests.support.browser import TABLET
from tests.support.servers import Program, free_port
from tests.support.webkit_page import WebKitPage

WINDOW = Path(__file__).parent / "webkit_window.py"
LOAD_SECONDS = SCRIPT_SECONDS = 30


@contextmanager
def a_display() -> Iterator[str]:
    """A screen that nobody sees, on a display number that nobody has."""
    reading, writing = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1200x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    ) as screen:
        os.close(writing)
        try:
            ready, _, _ = select.select([reading], [], [], 30)
            number = os.read(reading, 16).decode().strip() if ready else ""
            if not number:
                raise AssertionError("Xvfb did not start")
            yield f":{number}"
        finally:
            os.close(reading)
            screen.terminate()


class WebKit:
    """One WebKit window with one profile folder. The same calls as tests.support.browser.Browser."""

    def __init__(self, display: str, profile: Path) -> None:
        self.display = display
        self.profile = profile
        self.service: Program | None = None
        self.driver: WebDriver | None = None
        self.page: WebKitPage | None = None

    @property
    def pages(self) -> list[WebKitPage]:
        return [self.page] if self.page else []

    def start(self, viewport: dict[str, int] = TABLET) -> WebKitPage:
        self.profile.mkdir(parents=True, exist_ok=True)
        driver = self._open(viewport)

        def again() -> WebDriver:
            self._end()
            return self._open(viewport)

        self.page = WebKitPage(driver, self._log, again)
        return self.page

    @property
    def _log(self) -> Path:
        return self.profile / "window.log"

    def _open(self, viewport: dict[str, int]) -> WebDriver:
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        command = [_driver_path(), f"--port={port}"]
        self.service = Program(command, self._env(), self._log, f"{url}/status").start()
        options = Options()
        options.binary_location = "/usr/bin/python3"
        for argument in (WINDOW, self.profile, viewport["width"], viewport["height"]):
            options.add_argument(str(argument))
        connection = RemoteConnection(client_config=ClientConfig(remote_server_addr=url))
        self.driver = WebDriver(connection, options=options)
        self.driver.set_script_timeout(SCRIPT_SECONDS)
        self.driver.set_page_load_timeout(LOAD_SECONDS)
        return self.driver

    def _env(self) -> dict[str, str]:
        return {
            "DISPLAY": self.display,
            "TZ": "Europe/London",
            # The sandbox needs user namespaces, which containers often lack; the only pages are our own.
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        }

    def kill(self) -> None:
        """SIGKILL to driver, window and everything they started: no page hears of it."""
        self._end()
        self.page = None
        # Signed out, as in Chromium: see Browser.start.
        for cookies in self.profile.glob("cookies.sqlite*"):
            cookies.unlink()

    def close(self) -> None:
        if self.driver is not None:
            self.driver.quit()
        if self.service is not None:
            self.service.stop()
        self._forget()
        self.page = None

    def _end(self) -> None:
        if self.service is not None:
            self.service.kill()
        self._forget()

    def _forget(self) -> None:
        if self.driver is not None:
            self.driver.command_executor.close()
        self.driver = self.service = None


def _driver_path() -> str:
    path = shutil.which("WebKitWebDriver")
    if path is None:
        raise AssertionError(
            "WebKit is missing. ./hv test installs it, or: sudo apt install webkit2gtk-driver xvfb"
        )
    return path
