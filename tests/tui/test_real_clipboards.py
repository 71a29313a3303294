"""Copying with the programs themselves: tmux, xclip on an X server, wl-copy on Wayland."""

import asyncio
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from explorer.settings import Settings
from tests.tui.conftest import opened

TEXT = "sha256 ✓\n\ttwo lines, no end"
COPIES = f"""
import asyncio, explorer.tui.clipboard as clipboard
assert asyncio.run(clipboard.put_on_clipboard({TEXT!r})) == ("xclip",)
"""


class Tmux:
    """A tmux server with one session."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket

    def __call__(self, *words: str) -> str:
        """Run a command of tmux, and give what it printed."""
        command = ["tmux", "-f", "/dev/null", "-S", str(self.socket), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        return done.stdout


def pasted(display: str) -> str:
    """What an X program would paste."""
    command = ["xclip", "-display", display, "-selection", "clipboard", "-out"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    return done.stdout.decode()


@pytest.fixture
def x_display(x_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The only desktop that there is."""
    monkeypatch.delenv("WAYLAND_DISPLAY")
    monkeypatch.setenv("DISPLAY", x_server)
    return x_server


async def test_y_puts_it_on_the_clipboard_of_x(demo: Settings, x_display: str) -> None:
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("y", *"tag", "enter")
        await ui.shows("tag copied (xclip)")
        assert await asyncio.to_thread(pasted, x_display) == "v2025.1.15"


async def test_y_puts_it_on_the_clipboard_of_wayland(
    demo: Settings, wayland: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAYLAND_DISPLAY", str(wayland))
    monkeypatch.setenv("PATH", os.environ["PATH"].partition(":")[2])  # without the stand-in
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("y", *"tag", "enter")
        await ui.shows("tag copied (wl-copy)")
        done = await asyncio.to_thread(
            subprocess.run, ["wl-paste", "--no-newline"], capture_output=True, timeout=30
        )
        assert done.stdout == b"v2025.1.15"


async def test_y_puts_it_into_the_buffer_of_tmux_and_on_the_clipboard(
    demo: Settings, x_display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmux = Tmux(tmp_path / "tmux")
    await asyncio.to_thread(tmux, "new-session", "-d", "sleep 60")
    monkeypatch.setenv("TMUX", f"{tmux.socket},1,0")
    async with opened(demo) as ui:
        await ui.shows("✓ yes")
        await ui.press("y", *"tag", "enter")
        await ui.shows("tag copied (tmux and xclip)")
        assert await asyncio.to_thread(tmux, "show-buffer") == "v2025.1.15"
        assert await asyncio.to_thread(pasted, x_display) == "v2025.1.15"
    await asyncio.to_thread(tmux, "kill-server")


def test_what_was_copied_outlives_the_terminal(x_display: str) -> None:
    """Xclip serves the clipboard from the background, where a terminal that closes ends it."""
    copies = shlex.join([sys.executable, "-c", COPIES])
    command = ["script", "--quiet", "--return", "--command", copies, "/dev/null"]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=60)
    assert pasted(x_display) == TEXT
