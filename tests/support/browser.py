"""A real browser for the tests that look at a page as a reader would: headless Chromium.

The fixture ``browser`` skips a test where there is none, loudly, and with ``CI=true`` that is a
failure. It installs nothing. ``python -m tests.support.browser`` is what ``make test`` calls first:
as root on Debian it installs ``chromium``.
"""

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.debian import can_install, install
from tests.support.skips import do_without, report_missing

NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER, REMEDY = (
    "browser",
    "`make test` as root on Debian installs chromium; elsewhere install it, or set RR_TEST_BROWSER",
)
FLAGS = (
    *(
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--hide-scrollbars",
        "--force-color-profile=srgb",
    ),
    *(
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
    ),
)


@dataclass(frozen=True)
class Browser:
    """A browser that starts. Each call has a new, empty profile."""

    program: str

    def dom(self, page: Path, *flags: str) -> str:
        """The page's document as it stands after it was loaded, as HTML."""
        return self._run(page, "--dump-dom", *flags)

    def screenshot(
        self, page: Path, into: Path, *flags: str, width: int = 1200, height: int = 900
    ) -> Path:
        """A picture of the page, as PNG."""
        self._run(page, f"--screenshot={into}", f"--window-size={width},{height}", *flags)
        assert into.is_file(), "the browser made no picture"
        return into

    def printed(self, page: Path, into: Path) -> Path:
        """The page as PDF."""
        self._run(page, f"--print-to-pdf={into}", "--no-pdf-header-footer")
        assert into.is_file(), "the browser printed nothing"
        return into

    def _run(self, page: Path, *words: str) -> str:
        with tempfile.TemporaryDirectory(
            prefix="rr-explorer-browser-", ignore_cleanup_errors=True
        ) as profile:
            command = [
                self.program,
                *FLAGS,
                f"--user-data-dir={profile}",
                *words,
                page.absolute().as_uri(),
            ]
            done = subprocess.run(
                command,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=90,
                check=False,
            )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout


@functools.cache
def find() -> Browser | str:
    """The browser that is installed, or why there is none."""
    chosen = os.environ.get("RR_TEST_BROWSER", "")
    for name in [chosen] if chosen else NAMES:
        if (program := shutil.which(name)) is not None:
            return Browser(program)
    return f"none of {', '.join([chosen] if chosen else NAMES)} is installed"


# --- the pytest plugin ---


@pytest.fixture(scope="session")
def browser() -> Browser:
    """Headless Chromium."""
    found = find()
    if isinstance(found, str):
        do_without(BROWSER, found, REMEDY)
    return found


# --- bringing one up ---


def bring_up() -> str:
    """Have a browser; why not, or an empty string.

    Installs one only as root on Debian and its descendants.
    """
    if not isinstance(why := find(), str):
        return ""
    if not can_install():
        return why
    if failed := install(BROWSER, "chromium"):
        return failed
    find.cache_clear()
    found = find()
    return found if isinstance(found, str) else ""


def main() -> int:
    """Bring it up, say what became of it. Fails only where a skip is a failure (``CI=true``)."""
    why = bring_up()
    if why:
        return report_missing(BROWSER, why)
    found = find()
    print(f"browser: {found.program if isinstance(found, Browser) else found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
