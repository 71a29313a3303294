"""Stopping a command, bugs in one, and its log."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from explorer.workbench import Workbench
from tests.cli.conftest import TAG, Command
from tests.support.archives import make_archive
from tests.support.github import GitHub

PATIENCE = 60
"""Seconds for what takes two, on a machine that does something else, too."""


def test_a_bug_is_one_line_that_asks_for_a_report(
    rr: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def broken(self: Workbench) -> None:
        raise RuntimeError("boom \x1b[31m\n" + "x" * 10)

    monkeypatch.setattr(Workbench, "rules", broken)
    done = rr("rules")
    assert (done.code, done.out) == (70, "")
    assert "Traceback" not in done.err
    assert "RuntimeError: boom ␛[31m" in done.err
    assert "test_stopping.py:" in done.err, "where it was raised"
    assert "Please report it" in done.err
    assert rr.json_error("rules")["kind"] == "unexpected"
    log = tmp_path / "log"
    assert rr("rules", "--log", log).code == 70
    assert "Traceback" in log.read_text("utf-8"), "the log has all of it"


def test_a_bug_in_a_task_of_several_is_reported_the_same_way(
    served: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(self: Workbench, *_: object, **__: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(Workbench, "look_at", broken)
    done = served("assets", TAG, "--peek")
    assert done.code == 70
    assert "KeyError: 'lost'" in done.err


def test_the_log_tells_the_requests_and_never_the_token(
    served: Command, github: GitHub, tmp_path: Path
) -> None:
    token = "ghs_1_" + "aB3-_." * 86
    log = tmp_path / "log"
    github.tokens.add(token)
    done = served.process("releases", "-vv", "--log", log, env={"GITHUB_TOKEN": token})
    assert done.code == 0
    assert any(request.headers.get("authorization") for request in github.requests())
    text = log.read_text("utf-8")
    for said in (text, done.err):
        assert "/repos/" in said
        assert token not in said
        assert token[10:60] not in said
        assert "releases" in said
    assert TAG in done.out, "stdout is data alone"
    quiet = served.process("releases", "--offline")
    assert "INFO" not in quiet.err


def test_the_log_is_named_by_the_environment_too(rr: Command, tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = rr("--demo", "releases", "--limit", "1", env={"RR_EXPLORER_LOG": str(log)})
    assert done.code == 0
    assert "setting" not in done.err, "it is not an unknown setting"
    assert "--demo" in log.read_text("utf-8")


def test_help_lists_commands_in_the_order_of_use(rr: Command) -> None:
    text = rr("--help").out
    listed = text.split("Commands:")[1].split("\n\n")[0].splitlines()[1:]
    names = [line.split()[0] for line in listed]
    assert names[:5] == ["releases", "assets", "inspect", "where", "verify"]
    assert all(line.endswith(".") and not line.endswith("...") for line in listed)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("download", "get"),
        ("download latest", "get latest"),
        ("list", "releases"),
        ("prove ./rr", "verify ./rr"),
        ("diff v1 v2", "compare v1 v2"),
        ("diff", "compare"),
        ("dockerfile", "advise --print dockerfile"),
        ("verfy x", "verify x"),
        ("downlaod x", "get x"),
    ],
)
def test_words_of_other_tools_are_understood(line: str, meant: str, rr: Command) -> None:
    done = rr(*line.split())
    assert done.code == 2
    assert f"Did you mean {meant}?" in done.err


def test_help_is_a_word_too(rr: Command) -> None:
    assert rr("help").out == rr("--help").out
    assert rr("help", "get").out == rr("get", "--help").out
    done = rr("help", "verfy")
    assert (done.code, "Did you mean verify?" in done.err) == (2, True)


def test_the_help_names_files_and_targets(rr: Command) -> None:
    text = rr("inspect", "--help").out
    assert "inspect [OPTIONS] FILE" in text
    assert "--on TARGET" in text
    every = subprocess.run(
        [sys.executable, "-m", "explorer", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert max(map(len, every.splitlines())) <= 100
    assert "[COMMAND | FILE]" in every


def test_json_says_cancelled_after_two_signals(served: Command, github: GitHub) -> None:
    github.fault("*linux-arm64*", host="assets", hang=True)
    words = served.words("inspect", f"{TAG}/roadrunner-2025.1.15-linux-arm64.tar.gz", "--json")
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=served.environ())
    try:
        github.wait_for(
            lambda seen: any("linux-arm64" in one.path and one.host == "assets" for one in seen), 30
        )
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.wait()
        github.heal()
    assert process.returncode == 130
    assert json.loads(err)["error"]["kind"] == "cancelled"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("packing", ["tar.gz", "raw"])
def test_a_get_that_is_killed_leaves_nothing_for_long(
    rr: Command, github: GitHub, tmp_path: Path, packing: str, number: signal.Signals
) -> None:
    """An archive's hidden folder stays after SIGKILL only, until the next ``get`` removes it."""
    name = "tool-linux-amd64" + ("" if packing == "raw" else f".{packing}")
    program = b"\x7fELF" + os.urandom(1 << 20)
    data = program if packing == "raw" else make_archive(packing, "", {"tool": program})
    github.add_release("v1", {name: data}, repo="acme/tool")
    github.fault("*amd64*", host="assets", bytes_per_second=100_000)
    command = Command(rr.home, github.api_url)
    words = ("--repo", "acme/tool", "get", f"v1/{name}", "-o", tmp_path / "out")
    process = subprocess.Popen(
        command.words(*words), stdout=subprocess.DEVNULL, env=command.environ()
    )
    try:
        github.wait_for(
            lambda seen: any("amd64" in one.path and one.host == "assets" for one in seen), 30
        )
        deadline = time.monotonic() + 30
        while packing == "tar.gz" and not list(tmp_path.glob("out/.rr-explorer-*/tool")):
            assert time.monotonic() < deadline
        process.send_signal(number)
        process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        github.heal()
    stays = number is signal.SIGKILL and packing == "tar.gz"
    assert (tmp_path / "out").exists() is stays
    assert command.process(*words).code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == [
        name if packing == "raw" else "tool"
    ]
