"""The real program in a real terminal: a pty, and a terminal emulator that reads what comes out."""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

COLUMNS, LINES = 100, 30
PROGRAM = """
import sys
from pathlib import Path
from explorer.settings import Settings
from explorer.tui import run_app
home = Path(sys.argv[1])
sys.exit(run_app(Settings(demo=True, cache_dir=home / "cache", config_file=home / "config.toml")))
"""


class Terminal:
    """A program on a pty, its screen as a person sees it, and every byte it sent."""

    def __init__(self, home: Path, nohup: bool = False) -> None:
        self.screen = pyte.Screen(COLUMNS, LINES)
        self._stream = pyte.ByteStream(self.screen)
        self.sent = b""
        # COLUMNS and LINES, which a parallel test run sets, would take precedence.
        env = {
            name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")
        }
        env |= {
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        self.pid, self._master = pty.fork()
        if self.pid == 0:  # the size is set from inside, before the program can ask for it
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
            signal.signal(signal.SIGHUP, signal.SIG_IGN if nohup else signal.SIG_DFL)
            os.execvpe(sys.executable, [sys.executable, "-c", PROGRAM, str(home)], env)

    def read(self, seconds: float) -> bool:
        """Take in what the program draws; False when it has ended."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.sent += data
        self._stream.feed(data)
        return bool(data)

    def shows(self, *words: str, limit: float = 30.0) -> str:
        """Wait until all the words stand on the screen."""
        end = time.monotonic() + limit
        while True:
            text = "\n".join(self.screen.display)
            if all(word in text for word in words):
                return text
            assert time.monotonic() < end, f"{words} did not appear:\n{text}"
            assert self.read(0.2), f"the program has ended:\n{text}"

    def lacks(self, word: str, limit: float = 30.0) -> None:
        """Wait until the word stands on the screen no more."""
        end = time.monotonic() + limit
        while word in (text := "\n".join(self.screen.display)):
            assert time.monotonic() < end, f"{word} is still there:\n{text}"
            assert self.read(0.2), f"the program has ended:\n{text}"

    def frame_colour(self, title: str) -> str:
        """The colour of the frame with this title: another one where the focus is."""
        line = next(
            number for number, text in enumerate(self.screen.display) if f"╭─ {title}" in text
        )
        return str(self.screen.buffer[line][self.screen.display[line].index(f"╭─ {title}")].fg)

    def focuses(self, title: str, before: str, limit: float = 30.0) -> None:
        """Wait until the frame has another colour than ``before``."""
        end = time.monotonic() + limit
        while self.frame_colour(title) == before:
            assert time.monotonic() < end, f"{title} does not get the focus"
            assert self.read(0.2), "the program has ended"

    def type(self, keys: str) -> None:
        """Send keys as a keyboard does."""
        os.write(self._master, keys.encode())

    def ended(self, limit: float = 20.0) -> int:
        """Wait for the end; gives the exit code."""
        end = time.monotonic() + limit
        while self.read(0.2):
            assert time.monotonic() < end, "it does not end"
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def hang_up(self) -> float:
        """Close the terminal under the program. Returns the seconds until the program has ended."""
        os.close(self._master)
        self._master = -1
        started = time.monotonic()
        while os.waitpid(self.pid, os.WNOHANG)[0] == 0:
            assert time.monotonic() < started + 20, "it does not end"
            time.sleep(0.01)  # a process that is no longer on a terminal gives no other sign
        return time.monotonic() - started

    def close(self) -> None:
        """Leave nothing behind, whatever the test did."""
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        if self._master >= 0:
            os.close(self._master)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """The app in a terminal of 100 by 30."""
    opened = Terminal(tmp_path)
    yield opened
    opened.close()


def test_the_whole_way_from_the_list_to_the_clipboard(terminal: Terminal) -> None:
    text = terminal.shows("Releases", "v2025.1.15", "✓ yes", "206 releases")
    assert "Demo: files marked stand-in" in text
    before = terminal.frame_colour("v2025.1.15")
    terminal.type("\r")
    terminal.focuses("v2025.1.15", before)
    terminal.type("\x1b[B")  # from the file that answers the question, for arm64, to the next
    terminal.shows("YES, runs on Alpine", "), amd64")
    terminal.type("\r")
    terminal.shows("elf.static", "Verdict", "esc back")
    terminal.type("\x1b")
    # It has been obeyed: an escape and a letter sent together would be alt and that letter.
    terminal.shows("› roadrunner-2025.1.15-unknown-musl-amd64.tar.gz")
    terminal.type("/quit")  # all at once: none of it is a command
    terminal.shows("/ quit", "nothing matches")
    terminal.type("\x1b")
    terminal.lacks("nothing matches")
    terminal.type("y")
    terminal.shows("Copy", "command line")
    terminal.type("platform\r")
    terminal.shows("platform copied")
    assert b"\x1b]52;c;bGludXgtYW1kNjQ=" in terminal.sent, "OSC 52 with linux-amd64"
    terminal.type("q")
    assert terminal.ended() == 0
    assert b"\x1b[?1049l" in terminal.sent, "the terminal is given back as it was"
    assert b"Traceback" not in terminal.sent


def test_what_nothing_took_is_printed_below_the_app(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("WAYLAND_DISPLAY")
    opened = Terminal(tmp_path)
    try:
        opened.shows("✓ yes")
        opened.type("y")
        opened.shows("Copy", "command line")
        opened.type("command\r")
        opened.shows("select the text here")
        opened.type("p")
        opened.shows("rr-explorer --demo assets v2025.1.15", "Press Enter to go back")
        opened.type("\r")
        opened.shows("select the text here")
        opened.type("\x1b")
        opened.lacks("select the text here")
        opened.type("q")
        assert opened.ended() == 0
    finally:
        opened.close()


@pytest.mark.alone
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_a_way_to_quit_that_gives_the_terminal_back(
    terminal: Terminal, number: signal.Signals
) -> None:
    terminal.shows("✓ yes")
    os.kill(terminal.pid, number)
    assert terminal.ended() == 128 + number
    assert b"\x1b[?1049l" in terminal.sent
    assert b"Traceback" not in terminal.sent


@pytest.mark.alone
@pytest.mark.parametrize("nohup", [False, True], ids=["SIGHUP", "SIGHUP ignored"])
def test_a_terminal_that_is_gone_ends_the_app(tmp_path: Path, nohup: bool) -> None:
    opened = Terminal(tmp_path, nohup)
    try:
        opened.shows("✓ yes")
        assert opened.hang_up() < 1.0
    finally:
        opened.close()


@pytest.mark.alone
def test_keys_at_machine_speed_in_the_palette_act_on_what_was_typed(terminal: Terminal) -> None:
    terminal.shows("✓ yes")
    terminal.type("\x10zzzz\r")  # the palette, a query without results, enter
    terminal.shows("No matches found")
    terminal.type("\x1b")
    terminal.lacks("No matches found")
    terminal.type("\x10settings\r")
    terminal.shows("cache_limit")
    terminal.type("\x1b")
    terminal.lacks("cache_limit")
    terminal.type("\x10qu\x7f\x7fquit\r")
    assert terminal.ended() == 0
    assert b"Traceback" not in terminal.sent
