"""How commands behave towards a terminal, a pipe and a signal."""

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import ARM64, TAG, Command
from tests.support.binaries import binary
from tests.support.github import GitHub

HOSTILE = "x[/foo]\x1b]0;owned\x07\x9b31m\u202egz\u200b\U000e0041"
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e0fff]"
)


def in_terminal(
    rr: Command, *words: str | Path, columns: int = 100, env: dict[str, str] | None = None
) -> tuple[int, str]:
    """Exit code and everything that a terminal of this width got, stdout and stderr together."""
    parent, child = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    environ = rr.environ({"TERM": "xterm-256color", **(env or {})})
    process = subprocess.Popen(
        rr.words(*words),
        stdin=child,
        stdout=child,
        stderr=child,
        env=environ,
        start_new_session=True,
    )
    os.close(child)
    parts: list[bytes] = []
    try:
        while select.select([parent], [], [], 60)[0]:
            try:
                part = os.read(parent, 65536)
            except OSError:  # Linux: the other side is gone
                break
            if not part:
                break
            parts.append(part)
        return process.wait(60), b"".join(parts).decode("utf-8")
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def test_colours_only_where_they_are_wanted(rr: Command) -> None:
    path = binary("c-fcntl64")
    assert "\x1b" not in rr("inspect", path).out
    assert "\x1b[31m✗ NO" in rr("inspect", path, env={"FORCE_COLOR": "1"}).out
    assert "\x1b" not in rr("inspect", path, env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).out
    assert "\x1b[31m✗ NO" in in_terminal(rr, "inspect", path)[1]
    assert "\x1b[3" not in in_terminal(rr, "inspect", path, env={"NO_COLOR": "1"})[1]
    assert "\x1b[3" not in in_terminal(rr, "inspect", path, env={"TERM": "dumb"})[1]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_tables_fit_the_terminal(rr: Command, columns: int) -> None:
    code, text = in_terminal(
        rr, "--offline", "assets", "v2025.1.15", columns=columns, env={"NO_COLOR": "1"}
    )
    assert code == 0
    lines = text.replace("\r", "").splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("file "))
    assert len(lines[start:]) >= 20
    assert max(len(line) for line in lines[start : start + 19]) <= columns


@pytest.mark.parametrize(
    ("columns", "tables", "plugin"),
    [(40, 3, False), (80, 1, False), (120, 1, False), (160, 1, True)],
)
def test_the_matrix_folds_instead_of_being_cut(
    rr: Command, columns: int, tables: int, plugin: bool
) -> None:
    words = ("--demo", "matrix", "v2025.1.15", "v1.6.2")
    code, text = in_terminal(rr, *words, columns=columns, env={"NO_COLOR": "1"})
    assert code == 0
    lines = text.replace("\r", "").splitlines()
    rows = [line for line in lines if line.startswith("v2025.1.15 ")]
    assert len(rows) == tables
    assert max(map(len, rows)) <= columns
    assert "…" not in "".join(rows), "nothing is cut"
    assert "↳" in "".join(rows)
    assert ("plugin columns not shown" in " ".join(text.split())) is not plugin
    unwrapped = " ".join(text.split())
    assert (
        "musl-arm64 → linux-arm64: yes, static Go" in unwrapped
        or "↳ linux-arm64: yes, static Go" in unwrapped
    )
    every = in_terminal(rr, *words, "--all", columns=columns, env={"NO_COLOR": "1"})[1]
    assert "not shown" not in every
    assert every.count("darwin") == 2


def test_a_process_ends_with_the_exit_code(rr: Command, tmp_path: Path) -> None:
    path = binary("c-fcntl64")
    broken = tmp_path / "rr.tar.gz"
    broken.write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 200)
    for code, words in (
        (0, ("inspect", path)),
        (1, ("inspect", path, "--exit-code")),
        (2, ("relases",)),
        (6, ("inspect", broken)),
    ):
        done = rr.process(*words)
        assert done.code == code
        assert (done.err == "") is (code < 2)


def test_progress_is_for_terminals_and_goes_away(served: Command, github: GitHub) -> None:
    github.fault("*linux-arm64*", host="assets", bytes_per_second=2_000_000)
    code, text = in_terminal(served, "inspect", f"{TAG}/{ARM64}")
    assert code == 0
    assert "downloading" in text
    assert text.rindex("\x1b[2K") < text.index("✓ YES"), (
        "the last progress line is erased before the data"
    )
    quiet = served("inspect", f"{TAG}/{ARM64}")
    assert quiet.err == ""


def test_hostile_text_in_every_field_is_made_visible(
    served: Command, github: GitHub, archives: dict[str, bytes]
) -> None:
    in_address = HOSTILE.replace(
        "/", ""
    )  # tags and names stand in addresses, where a slash is none of theirs
    hostile_name = f"tool-{in_address}-linux-arm64.tar.gz"
    github.add_release(
        f"v9.{in_address}",
        {hostile_name: archives[ARM64]},
        name=HOSTILE,
        body=HOSTILE,
        published_at="2026-07-01T00:00:00+00:00",
        asset_overrides={hostile_name: {"content_type": HOSTILE}},
    )
    for words in (
        ("releases",),
        ("assets", "latest"),
        ("inspect", "latest", "--platform", "linux-arm64"),
        ("cache",),
    ):
        done = served(*words)
        assert not CONTROL.search(done.out + done.err), words
    assert "␛" in served("releases").out
    for words in (
        ("releases",),
        ("assets", "latest"),
        ("inspect", "latest", "--platform", "linux-arm64"),
    ):
        served.json(*words)
    code, text = in_terminal(served, "assets", "latest", env={"NO_COLOR": "1"})
    assert code == 0
    assert not CONTROL.search(re.sub(r"\r\x1b\[2K|\r\n", "", text))


def gone() -> int:
    """The writing end of a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize(
    ("words", "code", "both"),
    [
        ((), 2, True),
        (("--demo",), 0, False),
        (("--demo",), 0, True),
        (("--version",), 0, False),
        (("--version",), 0, True),
        (("inspect", "--help"), 0, False),
        (("rules",), 0, False),
        (("releases", "--offline", "--json"), 0, False),
        (("inspect", "GLIBC", "--exit-code"), 1, False),
        (("inspect", "GLIBC", "--exit-code", "--json"), 1, False),
        (("inspect", "./none"), 3, True),
    ],
)
def test_a_reader_that_goes_away_changes_no_answer(
    rr: Command, words: tuple[str, ...], code: int, both: bool
) -> None:
    """``| head`` and ``2>&1 | head`` end a command quietly, with its own exit code."""
    call = rr.words(*(binary("c-fcntl64") if word == "GLIBC" else word for word in words))
    pipe = gone()
    try:
        done = subprocess.run(
            call,
            stdin=subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe if both else subprocess.PIPE,
            text=True,
            env=rr.environ({"PYTHONUNBUFFERED": "1"} if both else {}),
            timeout=60,
            check=False,
        )
    finally:
        os.close(pipe)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in (done.stderr or "")
    assert "BrokenPipe" not in (done.stderr or "")


def test_head_ends_the_demo_quietly(rr: Command) -> None:
    words = " ".join(rr.words("--demo"))
    done = subprocess.run(
        ["bash", "-c", f"{words} | head -3; echo ${{PIPESTATUS[0]}}"],
        capture_output=True,
        text=True,
        env=rr.environ(),
        timeout=60,
        check=True,
    )
    assert done.stdout.splitlines()[0] == "1. The releases"
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("closed", "words", "code"),
    [
        (">&-", ("releases", "--offline"), 0),
        ("2>&-", ("releases", "--offline"), 0),
        ("2>&-", ("inspect", "./none"), 3),
        ("<&- >&- 2>&-", (), 2),
        ("<&-", ("inspect", "./none"), 3),
    ],
)
def test_a_stream_that_is_closed_is_written_to_nowhere(
    rr: Command, closed: str, words: tuple[str, ...], code: int
) -> None:
    call = shlex.join(rr.words(*words))
    done = subprocess.run(
        ["bash", "-c", f"{call} {closed}"],
        capture_output=True,
        text=True,
        env=rr.environ(),
        timeout=60,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert ("v2025.1.15" in done.stdout) is (closed == "2>&-" and code == 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
def test_a_full_disk_is_told(rr: Command) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            rr.words("rules"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=rr.environ(),
            timeout=60,
            check=False,
        )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_cancels_cleans_up_and_exits_with_130(
    served: Command, github: GitHub, number: signal.Signals
) -> None:
    github.fault("*linux-arm64*", host="assets", hang=True)
    process = subprocess.Popen(
        served.words("inspect", f"{TAG}/{ARM64}", "--json"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=served.environ(),
    )
    try:
        github.wait_for(
            lambda seen: any(
                "linux-arm64" in request.path and request.host == "assets" for request in seen
            ),
            30,
        )
        start = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
        github.heal()
    assert process.returncode == 130
    assert time.monotonic() - start < 30, "test_ctrl_c holds it to two seconds"
    assert out == ""
    assert json.loads(err)["error"]["kind"] == "cancelled"
    assert served("inspect", f"{TAG}/{ARM64}").code == 0, "nothing half-done stands in the way"


def test_a_stream_that_cannot_encode_a_glyph_gets_an_escape(rr: Command) -> None:
    done = rr.process(
        "inspect", binary("go-static-amd64"), env={"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    )
    assert done.code == 0
    assert "\\u2713 YES" in done.out


def test_nothing_is_written_outside_the_named_places(rr: Command, tmp_path: Path) -> None:
    empty = tmp_path / "cwd"
    empty.mkdir()
    for words in (("releases", "--offline"), ("inspect", sys.executable), ("rules",), ("--demo",)):
        rr.process(*words, cwd=empty, env={"PYTHONPATH": str(Path(__file__).parents[2])})
    assert not list(empty.iterdir())
    assert {path.name for path in rr.home.iterdir()} <= {"cache", "state", "config"}
    elsewhere = tmp_path / "elsewhere"
    rr("inspect", sys.executable, "--cache-dir", elsewhere)
    assert elsewhere.is_dir()


@pytest.mark.parametrize(
    ("shell", "word"), [("bash", "complete"), ("zsh", "#compdef rr-explorer"), ("fish", "complete")]
)
def test_completion_scripts(rr: Command, shell: str, word: str) -> None:
    done = rr("completion", shell)
    assert done.code == 0
    assert word in done.out


def test_completion_answers(rr: Command) -> None:
    def complete(line: str) -> list[str]:
        words = line.split(" ")
        env = {
            "_RR_EXPLORER_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        }
        return [item.partition(",")[2] for item in rr.process(env=env).out.splitlines() if item]

    assert complete("rr-explorer ins") == ["inspect"]
    assert "alpine-3.22" in complete("rr-explorer inspect x --on alpine-3.2")
    assert complete("rr-explorer completion f") == ["fish"]
    assert complete("rr-explorer advise --arch amd") == ["amd64"]
    assert complete("rr-explorer inspect v2025.1.15 --platform linux-") == [
        "linux-amd64",
        "linux-arm64",
    ]
    assert {"v2025.1.15", "v2025.1.14"} <= set(complete("rr-explorer assets v2025.1.1")), (
        "nothing is cached: the bundled list"
    )
    assert "v2025.1.15/roadrunner-2025.1.15-linux-arm64.tar.gz" in complete(
        "rr-explorer get v2025.1.15/roadrunner-2025.1.15-li"
    )
    assert complete("rr-explorer --repo other/project assets v") == [], "of which nothing is known"


def test_completion_offers_tags_files_and_nothing_that_a_shell_would_run(
    served: Command, github: GitHub, tmp_path: Path
) -> None:
    github.add_release("v9;touch${IFS}owned", {"$(touch owned).tar.gz": b"x"})
    github.add_release("v9.0.0", {"$(touch owned).tar.gz": b"x", "tool-9.0.0.tar.gz": b"x"})
    assert served("releases").code == 0

    def complete(*words: str) -> list[str]:
        """What bash offers for the last word, by the printed script, in a folder with one file."""
        script = served("completion", "bash").out.replace(" $1)", f" {sys.executable} -m explorer)")
        call = '_rr_explorer_completion rr-explorer; printf "%s\\n" "${COMPREPLY[@]}"'
        lines = (
            script,
            "compopt() { :; }",
            f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=()",
            call,
        )
        done = subprocess.run(
            ["bash", "-c", "\n".join(lines)],
            cwd=tmp_path,
            env=served.environ(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert complete("rr-explorer", "assets", "v9") == ["v9.0.0"]
    for command in ("inspect", "verify", "get"):
        assert complete("rr-explorer", command, "v9") == ["v9.0.0"]
    assert complete("rr-explorer", "inspect", "v9.0.0/") == ["v9.0.0/tool-9.0.0.tar.gz"]
    assert not list(tmp_path.glob("owned"))


def test_options_work_before_and_after_the_command(rr: Command) -> None:
    before = rr("--offline", "releases", "--limit", "2")
    behind = rr("releases", "--limit", "2", "--offline")
    assert before.code == behind.code == 0
    assert before.out == behind.out


def test_help_has_examples(rr: Command) -> None:
    for words in (("-h",), ("inspect", "--help"), ("verify", "-h"), ("get", "-h")):
        done = rr(*words)
        assert done.code == 0
        assert "rr-explorer " in done.out.split("Options:")[-1]
    assert rr("--version").out.startswith("rr-explorer ")
