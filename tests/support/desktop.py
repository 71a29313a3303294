"""Desktops whose clipboards are real: an X server and a Wayland compositor, both without a screen,
xclip, wl-copy, and tmux.

The fixtures ``x_server`` and ``wayland`` skip a test where they are not installed, loudly. They
install nothing: ``python -m tests.support.desktop`` is what ``make test`` calls first.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.debian import can_install, install
from tests.support.skips import do_without, report_missing

PACKAGES = {
    "Xvfb": "xvfb",
    "xclip": "xclip",
    "sway": "sway",
    "wl-copy": "wl-clipboard",
    "tmux": "tmux",
}
"""Each program's package in Debian."""
NOBODY = 65534
"""The user whom sway runs as where the tests run as root, whom it refuses."""
START_LIMIT_S = 30.0
DESKTOP, REMEDY = (
    "desktop",
    f"`make test` as root on Debian installs {', '.join(PACKAGES.values())}",
)


def missing() -> list[str]:
    """The programs that are not installed."""
    return [program for program in PACKAGES if shutil.which(program) is None]


# --- the pytest plugin ---


def _need_all() -> None:
    if lacking := missing():
        do_without(DESKTOP, f"not installed: {', '.join(lacking)}", REMEDY)


@pytest.fixture
def x_server() -> Iterator[str]:
    """An X server of the test's own, as ``DISPLAY`` names it."""
    _need_all()
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


@pytest.fixture
def wayland() -> Iterator[Path]:
    """The socket of a Wayland compositor of the test's own, as ``WAYLAND_DISPLAY`` names it."""
    _need_all()
    with tempfile.TemporaryDirectory() as folder:
        command = ["sway", "--config", "/dev/null"]
        if os.geteuid() == 0:
            os.chown(folder, NOBODY, NOBODY)
            drop = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
            command = ["setpriv", *drop, *command]
        environment = os.environ | {
            "XDG_RUNTIME_DIR": folder,
            "HOME": folder,
            "WLR_BACKENDS": "headless",
            "WLR_LIBINPUT_NO_DEVICES": "1",
            "WLR_RENDERER": "pixman",
        }
        for name in ("WAYLAND_DISPLAY", "DISPLAY"):  # sway would be a window of another desktop
            environment.pop(name, None)
        log = Path(folder) / "log"
        with (
            log.open("wb") as output,
            subprocess.Popen(command, env=environment, stdout=output, stderr=output) as compositor,
        ):
            try:
                yield _socket(Path(folder), compositor, log)
            finally:
                compositor.terminate()


def _socket(folder: Path, compositor: "subprocess.Popen[bytes]", log: Path) -> Path:
    """Wait until the compositor listens."""
    end = time.monotonic() + START_LIMIT_S
    while not (sockets := [path for path in folder.glob("wayland-*") if path.is_socket()]):
        alive = compositor.poll() is None and time.monotonic() < end
        assert alive, f"the compositor did not start: {log.read_text(errors='replace')}"
        time.sleep(0.02)
    return sockets[0]


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
