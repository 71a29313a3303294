"""A desktop whose clipboard is real: an X server without a screen, xclip, and tmux.

The fixture ``x_server`` skips a test where they are not installed, loudly. It installs nothing:
``python -m tests.support.desktop`` is what ``make test`` calls first.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.debian import can_install, install
from tests.support.skips import do_without, report_missing

PACKAGES = {"Xvfb": "xvfb", "xclip": "xclip", "tmux": "tmux"}
"""Each program's package in Debian."""
DESKTOP, REMEDY = (
    "desktop",
    f"`make test` as root on Debian installs {', '.join(PACKAGES.values())}",
)


def missing() -> list[str]:
    """The programs that are not installed."""
    return [program for program in PACKAGES if shutil.which(program) is None]


# --- the pytest plugin ---


@pytest.fixture
def x_server() -> Iterator[str]:
    """An X server of the test's own, as ``DISPLAY`` names it."""
    if lacking := missing():
        do_without(DESKTOP, f"not installed: {', '.join(lacking)}", REMEDY)
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "64x64x8", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as numbers:
                number = numbers.readline().strip()  # written once the server answers
            assert number, "the X server did not start"
            yield f":{number}"
        finally:
            server.terminate()


# --- bringing one up ---


def main() -> int:
    """Install what is missing, say what became of it. Fails only where a skip is a failure."""
    why = ""
    if lacking := missing():
        packages = [PACKAGES[program] for program in lacking]
        why = (
            install(DESKTOP, *packages)
            if can_install()
            else f"not installed: {', '.join(packages)}"
        )
    if why:
        return report_missing(DESKTOP, why)
    print(f"desktop: {', '.join(PACKAGES)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
