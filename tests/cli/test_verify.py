"""``verify``: a real engine, a real image, and what is said of it."""

import contextlib
import json
import os
import pty
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import AMD64, TAG, Command
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import binary, zig_cc
from tests.support.deep_server import server
from tests.support.engine import TestEngine
from tests.support.github import GitHub

pytestmark = [pytest.mark.container, pytest.mark.xdist_group("container")]

SLEEP = "/bin/busybox sh -c 'sleep 60' {}"


@pytest.fixture
def verifier(rr: Command, engine: TestEngine) -> list[str]:
    """The options for the tests' engine and image; engine arguments are in a settings file."""
    config = rr.home / "engine.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(
        f"engine_args = {json.dumps(list(engine.engine_args))}\n"
        f"run_args = {json.dumps(list(engine.run_args))}\n",
        encoding="utf-8",
    )
    return ["--config", str(config), "--engine", engine.name, "--image", engine.musl(), "--no-pull"]


def test_a_static_go_program_runs_on_musl(rr: Command, verifier: list[str]) -> None:
    document = rr.json("verify", binary("go-static-amd64"), "--run=--version", *verifier)
    proof = document["proof"]
    assert (proof["result"], proof["platform"], proof["exit_code"], proof["agrees"]) == (
        "ran",
        "linux/amd64",
        0,
        True,
    )
    wanted = {
        "result",
        "engine",
        "image",
        "platform",
        "emulated",
        "command",
        "exit_code",
        "duration_s",
        "output",
        "checks",
        "agrees",
    }
    assert wanted <= set(proof)
    assert proof["command"].startswith(shlex.quote(verifier[3]))
    assert [words[-len(words) :] for words in proof["commands"]], "the steps can be run again"
    assert document["verdicts"][0]["answer"] == "yes"


def test_a_glibc_program_fails_there_and_the_verdict_agrees(
    rr: Command, verifier: list[str]
) -> None:
    done = rr("verify", binary("c-glibc"), "--run", "{}", *verifier)
    assert done.code == 1
    assert "▨ did not start, as predicted" in done.out
    assert "▨ failed" not in done.out
    assert "✓ agrees with the verdict" in done.out
    assert "interpreter-missing" in done.out


def test_a_release_file_is_proved_and_remembered(served: Command, verifier: list[str]) -> None:
    target = f"{TAG}/{AMD64}"
    proof = served.json("verify", target, "--run", "{} --version", *verifier)["proof"]
    assert proof["result"] == "ran"
    assert (proof["target"], proof["agrees"]) == ("musl-1.2.5", True)
    system = proof["image"]["system"]
    assert (system["libc"], system["libc_version"]) == ("musl", "1.2.5")
    kept = served.json("inspect", target)["proofs"]
    assert [one["started_at"] for one in kept] == [proof["started_at"]]
    on = ("--on", "musl-1.2.5")
    assert "▣ ran" in served("inspect", target, *on).out
    assert "▣ ran" in _row(served("assets", TAG, *on).out)


def test_the_line_to_paste_runs_a_downloaded_program_again(
    served: Command, verifier: list[str]
) -> None:
    run = ("verify", f"{TAG}/{AMD64}", "--run", "{} one 'two words'", *verifier)
    document = served.json(*run)
    assert document["line"] in served(*run).out
    words = ["sh", "-c", document["line"]]
    pasted = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert pasted.stdout == document["proof"]["output"]["stdout"]


PROFILE = """
[projects."acme/server"]
[[projects."acme/server".kinds]]
name = "server"
prefix = "server-"
programs = ["server"]
[[projects."acme/server".kinds.deep]]
step = "serve"
argv = ["{}", "serve", "{config}"]
config = "127.0.0.1:8080"
url = "http://127.0.0.1:8080/health"
[[projects."acme/server".kinds.deep]]
step = "threads"
argv = ["{}", "THREADS"]
expect = "16 threads"
"""


@pytest.mark.parametrize(("word", "code"), [("threads", 0), ("broken", 1)])
def test_a_deep_proof_is_printed_and_remembered(
    word: str, code: int, rr: Command, verifier: list[str]
) -> None:
    with Path(verifier[1]).open("a", encoding="utf-8") as config:
        config.write(PROFILE.replace("THREADS", word))
    done = rr("verify", server(), "--deep", "--json", *verifier)
    assert done.code == code, done.err
    steps = json.loads(done.out)["proof"]["deep"]
    status = {step["name"]: step["status"] for step in steps}
    assert status["threads"] == ("fail" if code else "pass")
    assert (status["health"], status["SIGTERM"], status["tls"]) == (
        "pass",
        "pass",
        "not-applicable",
    )
    assert rr.json("inspect", server())["proofs"][0]["deep"] == steps
    text = rr("verify", server(), "--deep", *verifier).out
    assert "it answered 200 inside the container" in text
    assert ("✗ fail" in text) is (code == 1)


def _row(table: str) -> str:
    return next(line for line in table.splitlines() if "linux-amd64" in line)


def test_a_proof_is_shown_for_the_target_that_it_counts_for(
    served: Command, verifier: list[str]
) -> None:
    """A failure on musl that agreed with another verdict stood under YES, runs on Debian 12."""
    target = f"{TAG}/{AMD64}"
    elsewhere = "▢ not tested on Debian 12 (on musl 1.2.5: started, as predicted)"
    on = ("--on", "debian-12")
    done = served("verify", target, "--run", "{}", *on, *verifier)
    assert elsewhere in done.out
    assert elsewhere in served("inspect", target, *on).out
    assert "▣ ran" not in _row(served("assets", TAG, *on).out)
    assert served.json("inspect", target)["proofs"][0]["target"] == "musl-1.2.5"


@pytest.mark.parametrize(("printed", "code"), [("2025.2.7", 0), ("2025.2.6", 1)])
def test_a_program_that_differs_from_its_release_exits_with_1(
    printed: str, code: int, served: Command, github: GitHub, verifier: list[str]
) -> None:
    """It runs, and yet ``verify`` must not pass a file that reports another version."""
    built = "(build time: 2026-06-17T16:05:23+0000, go1.26.4), OS: linux, arch: amd64"
    text = f"rr version {printed} {built}"
    program = zig_cc(
        "rr",
        f'#include <stdio.h>\nint main(void) {{ puts("{text}"); return 0; }}\n',
        "x86_64-linux-musl",
        "-s",
        "-static",
    )
    root = "roadrunner-2025.2.7-linux-amd64"
    github.add_release(
        "v2025.2.7", {f"{root}.tar.gz": make_archive("tar.gz", root, roadrunner_members(program))}
    )
    document = served.json(
        "verify", "v2025.2.7", "--platform", "linux-amd64", *verifier, code=code
    )["proof"]
    assert (document["result"], document["agrees"]) == ("ran", True)
    assert [check["name"] for check in document["checks"] if not check["ok"]] == (
        ["version"] if code else []
    )
    shown = served("verify", "v2025.2.7", "--platform", "linux-amd64", *verifier)
    assert shown.code == code
    assert ("✗ version DIFFERS: expected 2025.2.7, seen 2025.2.6" in shown.out) is bool(code)


def test_an_image_that_is_not_there_is_an_engine_error(rr: Command, engine: TestEngine) -> None:
    error = rr.json_error(
        "verify",
        binary("c-musl"),
        "--run",
        "{}",
        "--image",
        "localhost/rr-explorer-test/none:1",
        "--no-pull",
        "--engine",
        engine.name,
    )
    assert (error["kind"], error["exit_code"]) == ("engine", 5)
    assert error["remedy"]


def test_what_a_container_prints_is_made_visible(
    rr: Command, verifier: list[str], tmp_path: Path, engine: TestEngine
) -> None:
    script = r"printf '\033]0;owned\007\302\233 end\n'"
    done = rr(
        "verify",
        binary("c-static"),
        "--run",
        shlex.join(["/bin/busybox", "sh", "-c", script, "{}"]),
        *verifier,
    )
    assert "\x1b" not in done.out
    assert "\x07" not in done.out
    assert "␛]0;owned␇" in done.out


def test_an_attempt_that_showed_nothing_hides_no_proof(rr: Command, verifier: list[str]) -> None:
    path = binary("c-static")
    assert rr("verify", path, "--run", "{}", *verifier).code == 0
    assert rr("verify", path, "--run", SLEEP, "--time", "1", *verifier).code == 5
    assert [proof["result"] for proof in rr.json("inspect", path)["proofs"]] == ["ran"]


def test_leftovers_that_cannot_be_removed_cost_only_a_warning(
    rr: Command, verifier: list[str], engine: TestEngine, tmp_path: Path
) -> None:
    """The engine is the real one, but for a ``ps`` that fails."""
    client = shutil.which(engine.name)
    (tmp_path / engine.name).write_text(
        '#!/bin/sh\ncase " $* " in *" ps "*) echo "no such luck" >&2; exit 1;; esac\n'
        f'exec {client} "$@"\n'
    )
    (tmp_path / engine.name).chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = rr("verify", binary("go-static-amd64"), "--run=--version", *verifier, env=path)
    assert done.code == 0, done.err
    assert "▣ ran" in done.out
    assert "no such luck" in done.err


@contextlib.contextmanager
def proving(
    rr: Command, engine: TestEngine, *words: str, **streams: int
) -> Iterator[subprocess.Popen[str]]:
    """A ``verify`` in a process of its own, whose container is there."""
    call = rr.words("verify", binary("c-static"), "--run", SLEEP, "--time", "90", *words)
    process = subprocess.Popen(  # type: ignore[call-overload]  # streams by name
        call, text=True, env=rr.environ(), **streams
    )
    try:
        deadline = time.monotonic() + 90
        while (
            not (seen := containers_of(engine, process.pid))
            and process.poll() is None
            and time.monotonic() < deadline
        ):
            time.sleep(
                0.1
            )  # the engine has no event that can be waited for without another process
        assert seen, "a container is there before the stop"
        yield process
    finally:
        process.kill()
        process.communicate()


PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


@pytest.mark.alone  # a busy engine may need longer than an impatient user leaves it
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_repeated_signals_leave_no_container(
    number: signal.Signals, rr: Command, verifier: list[str], engine: TestEngine
) -> None:
    with proving(rr, engine, *verifier, **PIPES) as process:
        process.send_signal(number)
        while process.poll() is None:  # an impatient user: until it is gone
            process.send_signal(number)
            time.sleep(0.02)
        out, err = process.communicate(timeout=30)
        assert process.returncode == 130, err
        assert (out, err) == ("", "rr-explorer: Cancelled\n")
        assert not containers_of(engine, process.pid)


def test_a_closed_terminal_leaves_no_container(
    rr: Command, verifier: list[str], engine: TestEngine
) -> None:
    parent, child = pty.openpty()
    with proving(rr, engine, *verifier, stdin=child, stdout=child, stderr=child) as process:
        os.close(child)
        os.close(parent)  # from now on it writes into a terminal that is gone
        process.send_signal(signal.SIGHUP)
        assert process.wait(30) == 130
        assert not containers_of(engine, process.pid)


def test_nohup_is_respected(rr: Command, verifier: list[str], engine: TestEngine) -> None:
    before = signal.signal(
        signal.SIGHUP, signal.SIG_IGN
    )  # as nohup does; a child has it from its parent
    try:
        with proving(rr, engine, *verifier, **PIPES) as process:
            process.send_signal(signal.SIGHUP)
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 130
    finally:
        signal.signal(signal.SIGHUP, before)


def containers_of(engine: TestEngine, pid: int) -> list[str]:
    """The containers, running or not, whose label names this process."""
    words = [
        *engine.command,
        "ps",
        "--all",
        "--format",
        "{{.ID}} {{.Labels}}",
        "--filter",
        "label=rr-explorer",
    ]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if f"/{pid}/" in line]
