"""How long until a program in a real terminal has drawn something: a pty, a clock and the bytes
that come out."""

import contextlib
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ENTER_SCREEN = b"\x1b[?1049h"
"""Switching to the alternate screen: Textual does so before its first frame."""


def time_until(
    command: Sequence[str],
    marker: bytes,
    env: Mapping[str, str],
    size: tuple[int, int] = (120, 40),
    limit: float = 20.0,
) -> tuple[float, float]:
    """Seconds, and seconds of processor time, from the start of ``command`` until ``marker`` stands
    in what it drew after entering its screen.

    Raises:
        TimeoutError: it did not appear.
    """
    pid, master = pty.fork()
    if pid == 0:  # the size is set from inside, before the program can ask for it
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        os.execvpe(command[0], list(command), dict(env))
    started = time.perf_counter()
    drawn = b""
    try:
        while (left := started + limit - time.perf_counter()) > 0:
            if not select.select([master], [], [], left)[0]:
                break
            try:
                drawn += os.read(master, 65536)
            except OSError:
                break
            _, entered, after = drawn.partition(ENTER_SCREEN)
            if entered and marker in after:
                took = time.perf_counter() - started
                os.kill(pid, signal.SIGKILL)
                _, _, used = os.wait4(pid, 0)
                pid = 0
                return took, used.ru_utime + used.ru_stime
        raise TimeoutError(
            f"{marker!r} was not drawn in {limit} s; the last of it: {drawn[-300:]!r}"
        )
    finally:
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(master)


def use_once(
    command: Sequence[str], marker: bytes, keys: bytes, env: Mapping[str, str], limit: float
) -> None:
    """Run ``command`` until ``marker`` is drawn, type ``keys``, and wait for its own end.

    Raises:
        TimeoutError: it does not draw that, or does not end.
    """
    pid, master = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execvpe(command[0], list(command), dict(env))
    end = time.perf_counter() + limit
    drawn = b""
    try:
        while (left := end - time.perf_counter()) > 0:
            if not select.select([master], [], [], left)[0]:
                break
            try:
                drawn += os.read(master, 65536)
            except OSError:  # it has ended
                os.waitpid(pid, 0)
                pid = 0
                return
            if marker in drawn:
                os.write(master, keys)
                marker, drawn = b"\0 never drawn", b""
        raise TimeoutError(f"{command} did not draw {marker!r} and end in {limit} s")
    finally:
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(master)


BARE_APP = """
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.widgets import DataTable, Footer, Static

class Bare(App):
    BINDINGS = [
        ("q", "quit", "Quit"),
        ("d", "x", "Download"),
        ("v", "x", "Verify"),
        ("t", "x", "Target"),
        ("m", "x", "Matrix"),
    ]
    def compose(self) -> ComposeResult:
        yield Static("bare", id="head")
        with Horizontal():
            yield DataTable(id="left")
            yield DataTable(id="right")
        yield Static("FIRST-PAINT", id="banner")
        yield Footer()
    def on_mount(self) -> None:
        releases, files = self.query(DataTable)
        releases.add_columns("release", "date", "files")
        files.add_columns("file", "kind", "platform", "size", "on musl", "because")
        for number in range(206):
            releases.add_row(f"v2025.1.{number}", "2026-06-17", "16")
        for number in range(18):
            name = f"roadrunner-2025.1.15-linux-{number}.tar.gz"
            files.add_row(name, "program", "linux-arm64", "24.1 MB", "yes", "static")

Bare().run()
"""


def bare_command(folder: Path) -> list[str]:
    """A Textual app of the same widgets that does nothing: what Textual itself costs."""
    script = folder / "bare.py"
    script.write_text(BARE_APP)
    return [sys.executable, str(script)]
