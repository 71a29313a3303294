"""Ctrl+C, twice at most, ends any command within two seconds and with exit code 130."""

import bz2
import contextlib
import io
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import AMD64, TAG, Command
from tests.cli.test_verify import SLEEP, containers_of, verifier
from tests.support.archives import zst
from tests.support.binaries import binary
from tests.support.engine import TestEngine
from tests.support.github import GitHub

__all__ = ["verifier"]
pytestmark = pytest.mark.alone

LIMIT = 2.0
"""Seconds from the first Ctrl+C to the end of the process."""
PAUSE = 0.3
"""Seconds between the two."""
PATIENCE = 60.0
"""Seconds for what is not measured."""
MIB = 1 << 20
NO_API = 'case " $* " in *" context "*) exit 1;; esac'
"""For a client that hides where its engine's socket is, so that it is used itself."""


def seconds_to_stop(process: subprocess.Popen[str]) -> float:
    """Press Ctrl+C, and again if that is not enough; how long the process took to end."""
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(PAUSE)
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE)
    return time.monotonic() - begun


@contextlib.contextmanager
def started(rr: Command, *words: str | Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own; it must end by Ctrl+C, in words, and in time."""
    process = subprocess.Popen(
        rr.words(*words), stderr=subprocess.PIPE, text=True, env=rr.environ(env)
    )
    try:
        yield process
        assert process.poll() is None, process.communicate()[1]
        took = seconds_to_stop(process)
        _, err = process.communicate(timeout=PATIENCE)
        assert (process.returncode, took < LIMIT) == (130, True), f"{took:.1f} s: {err}"
        assert "Cancelled" in err
        assert "Traceback" not in err
    finally:
        process.kill()
        process.communicate()


@dataclass
class SilentDaemon:
    """A socket that takes every connection and never answers."""

    path: Path
    asked: threading.Event = field(default_factory=threading.Event)
    connections: list[socket.socket] = field(default_factory=list)

    def accept(self, server: socket.socket) -> None:
        """Take connections until the server is closed."""
        with contextlib.suppress(OSError):
            while True:
                self.connections.append(server.accept()[0])
                self.asked.set()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[SilentDaemon]:
    """A container engine's daemon that hangs."""
    silent = SilentDaemon(tmp_path / "silent.sock")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(silent.path))
        server.listen()
        thread = threading.Thread(target=silent.accept, args=(server,), daemon=True)
        thread.start()
        yield silent
        server.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE)
    for connection in silent.connections:
        connection.close()


@pytest.mark.container
@pytest.mark.parametrize("command", ["verify", "doctor"])
def test_a_daemon_that_hangs(
    command: str, rr: Command, engine: TestEngine, daemon: SilentDaemon
) -> None:
    host = {"DOCKER_HOST": f"unix://{daemon.path}", "CONTAINER_HOST": f"unix://{daemon.path}"}
    words: list[str | Path] = [
        "verify",
        binary("c-static"),
        "--run=--help",
        "--engine",
        engine.name,
    ]
    with started(rr, *(words if command == "verify" else ["--offline", command]), **host):
        assert daemon.asked.wait(PATIENCE)


@pytest.mark.container
def test_a_sweep(rr: Command, verifier: list[str], engine: TestEngine, tmp_path: Path) -> None:
    """Four containers at a time, and none is left."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for number in range(6):
        (folder / f"tool{number}-linux-amd64").write_bytes(binary("c-static").read_bytes())
    words = ["verify", "--all", "--folder", str(folder), "--run", SLEEP, "--time", "90", *verifier]
    with started(rr, *words) as process:
        end = time.monotonic() + PATIENCE
        while len(containers_of(engine, process.pid)) < 4 and time.monotonic() < end:
            time.sleep(0.1)  # the engine has no event that can be waited for
        assert len(containers_of(engine, process.pid)) == 4
    assert not containers_of(engine, process.pid)


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("api", ["releases"]),
        ("api", ["matrix"]),
        ("api", ["doctor"]),
        ("assets", ["assets", TAG, "--peek"]),
        ("assets", ["matrix"]),
        ("assets", ["inspect", f"{TAG}/{AMD64}"]),
        ("assets", ["get", f"{TAG}/{AMD64}", "-o", "out"]),
        ("assets", ["advise", TAG]),
    ],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_a_server_that_hangs(
    host: str, words: list[str], served: Command, github: GitHub, tmp_path: Path
) -> None:
    github.fault("*", host=host, hang=True)
    words = [str(tmp_path / word) if word == "out" else word for word in words]
    # no engine answers: doctor waits for the server alone
    with started(served, *words, DOCKER_HOST="unix:///none", CONTAINER_HOST="unix:///none"):
        github.wait_for(lambda seen: any(one.host == host for one in seen), PATIENCE)
    github.heal()


def slow_archive(folder: Path) -> Path:
    """A tar.bz2 whose one member takes many seconds to unpack, made of a block used again."""
    block, count = random.Random(1).randbytes(4 * MIB), 60
    with io.BytesIO() as head:
        with tarfile.open(fileobj=head, mode="w") as archive:
            member = tarfile.TarInfo("tool-linux-amd64")
            member.size = count * len(block)
            archive.addfile(member, io.BytesIO(bytes(member.size)))
        header = head.getvalue()[:512]
    path = folder / "tool-linux-amd64.tar.bz2"
    packed = bz2.compress(block, 1)
    end = bz2.compress(bytes(1024))
    path.write_bytes(bz2.compress(header) + packed * count + end)
    return path


@pytest.mark.parametrize("command", ["inspect", "get"])
def test_a_big_archive(command: str, rr: Command, tmp_path: Path) -> None:
    archive = slow_archive(tmp_path)
    more: list[str | Path] = ["-o", tmp_path / "out"] if command == "get" else []
    with started(rr, command, archive, *more) as process:
        _until(lambda: archive in _open_files(process.pid))
    assert not list(tmp_path.glob("out/*")), "nothing is left half written"


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def _open_files(pid: int) -> set[Path]:
    files = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):  # it is closed by now
            files.add(link.readlink())
    return files


def test_endless_frames_are_refused_in_time(rr: Command, tmp_path: Path) -> None:
    """A stream of 500,000 empty frames cost 25 seconds until its packing was known."""
    frames = tmp_path / "frames.tar.zst"
    frames.write_bytes(zst(b"") * 500_000)
    begun = time.monotonic()
    done = rr.process("inspect", frames)
    assert time.monotonic() - begun < LIMIT
    assert done.code == 6


@dataclass
class SlowClient:
    """The engine's client, but for one command that never ends."""

    folder: Path
    told: Path
    """A FIFO: gets the process's number and its words when the command is called."""

    def wait(self) -> list[str]:
        """Wait for the call; its process's number and its words."""
        return self.told.read_text().split()


def slow_client(engine: TestEngine, folder: Path, command: str) -> SlowClient:
    """A folder for the PATH with such a client."""
    slow = SlowClient(folder, folder / "called")
    os.mkfifo(slow.told)
    script = folder / engine.name
    script.write_text(
        f"#!/bin/sh\n{NO_API}\n"
        f'case " $* " in *" {command} "*) echo "$$ $*" > {slow.told}; exec sleep 300;; esac\n'
        f'exec {shutil.which(engine.name)} "$@"\n'
    )
    script.chmod(0o755)
    return slow


@pytest.mark.container
@pytest.mark.parametrize("command", ["ps", "create", "cp", "start", "inspect"])
def test_an_engine_that_hangs_at_some_step(
    command: str, rr: Command, verifier: list[str], engine: TestEngine, tmp_path: Path
) -> None:
    """``ps`` is the sweep of what earlier sessions left."""
    slow = slow_client(engine, tmp_path, command)
    path = f"{tmp_path}:{os.environ['PATH']}"
    # ``false`` ends with 1, which makes us inspect the container
    words: list[str | Path] = [
        "verify",
        binary("c-static"),
        "--run",
        "/bin/busybox false {}",
        *verifier,
    ]
    with started(rr, *words, PATH=path):
        called = slow.wait()
        ended = os.pidfd_open(int(called[0]))
    assert select.select([ended], [], [], PATIENCE)[0], "no client is left behind"
    os.close(ended)
    _remove(engine, called)


@pytest.mark.container
def test_a_proof_that_goes_on(
    rr: Command, verifier: list[str], engine: TestEngine, tmp_path: Path
) -> None:
    started_at = tmp_path / "started"
    os.mkfifo(started_at)
    client = tmp_path / engine.name
    client.write_text(
        f'#!/bin/sh\n{NO_API}\ncase " $* " in *" start "*) echo yes > {started_at};; esac\n'
        f'exec {shutil.which(engine.name)} "$@"\n'
    )
    client.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    words: list[str | Path] = [
        "verify",
        binary("c-static"),
        "--run",
        SLEEP,
        "--time",
        "90",
        *verifier,
    ]
    with started(rr, *words, PATH=path) as process:
        assert started_at.read_text()
    left = engine.run("ps", "--all", "--format", '{{.Label "rr-explorer"}}').stdout
    assert f"/{process.pid}/" not in left


@pytest.mark.container
def test_an_engine_that_removes_nothing(
    rr: Command, verifier: list[str], engine: TestEngine, tmp_path: Path
) -> None:
    slow = slow_client(engine, tmp_path, "rm")
    path = f"{tmp_path}:{os.environ['PATH']}"
    words: list[str | Path] = ["verify", binary("c-static"), "--run=--help", *verifier]
    called: list[str] = []
    try:
        with started(rr, *words, PATH=path):
            called = slow.wait()
            ended = os.pidfd_open(int(called[0]))
        assert select.select([ended], [], [], PATIENCE)[0], "no client is left behind"
        os.close(ended)
    finally:
        _remove(engine, called)


def _remove(engine: TestEngine, called: list[str]) -> None:
    names = [word for word in called if word.startswith("rr-explorer-")]
    if names:
        engine.run("rm", "--force", "--volumes", *names)
