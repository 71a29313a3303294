"""No container and no process is left: after a cancel, Ctrl+C, SIGTERM, and, at the next start,
after a kill."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from explorer.errors import EngineError
from explorer.verify import Engine, ProofRequest, RunLimits, prove, sweep
from explorer.verify.leftovers import host, is_dead, session_label
from tests.support.binaries import ROOT
from tests.support.engine import TestEngine
from tests.verify.conftest import act, both_ways, by_the_client

Requests = Callable[..., ProofRequest]

SESSION = """
import asyncio, json, sys
from pathlib import Path
from explorer.verify import ProofRequest, RunLimits, close_apis, engines, find_engine, prove

async def main():
    told = json.loads(sys.argv[1])
    engine = await find_engine(told["engine"], tuple(told["engine_args"]))
    engines._mounting.clear()  # copied, so that there is a volume
    if told["way"] == "client":
        await close_apis()
    request = ProofRequest(
        engine,
        Path(told["binary"]),
        "linux/amd64",
        told["image"],
        argv=("{}", told["what"]),
        name=told["name"],
        static=True,
        run_args=tuple(told["run_args"]),
        limits=RunLimits(seconds=60),
    )
    await prove(request, output=lambda line: print(line, flush=True))

try:
    asyncio.run(main())
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.fixture
def ours(monkeypatch: pytest.MonkeyPatch) -> str:
    """What only this test's labels hold.

    A proof that is cancelled twice may leave a container for as long as its process lives, and
    another test in this process must not take it for its own.
    """
    label = f"{session_label().rpartition('/')[0]}/{time.time_ns()}"
    monkeypatch.setattr("explorer.verify.container.session_label", lambda: label)
    return label.partition("/")[2]


def containers(engine: TestEngine, session: int | str) -> list[str]:
    """Names of the containers of a session, by its number or more of its label."""
    listed = engine.run("ps", "--all", "--format", "{{.Names}}", "--filter", "label=rr-explorer")
    ours = []
    for name in listed.stdout.split():
        label = engine.run(
            "inspect",
            "--type=container",
            "--format",
            '{{index .Config.Labels "rr-explorer"}}',
            name,
        )
        if f"/{session}/" in f"{label.stdout.strip()}/":
            ours.append(name)
    return ours


def volumes(engine: TestEngine, session: int | str) -> list[str]:
    """Names of the volumes of one session."""
    form = '{{.Name}} {{.Label "rr-explorer"}}'
    listed = engine.run("volume", "ls", "--format", form, "--filter", "label=rr-explorer")
    return [line.split()[0] for line in listed.stdout.splitlines() if f"/{session}/" in f"{line}/"]


def processes(word: str) -> list[str]:
    """Command lines of the running processes that name a word."""
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if word in line and int(entry.parent.name) != os.getpid():
                lines.append(line)
    return lines


@contextlib.asynccontextmanager
async def session(
    engine: TestEngine, what: str, name: str, way: str = "api"
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of its own that is in the middle of a proof."""
    wanted = {
        "engine": engine.name,
        "engine_args": engine.engine_args,
        "run_args": engine.run_args,
        "binary": str(act()),
        "image": engine.musl(),
        "what": what,
        "name": name,
        "way": way,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SESSION, json.dumps(wanted)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert await asyncio.wait_for(process.stdout.readline(), 30) == b"serving\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@pytest.fixture
def slow_removal(engine: TestEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A client on the PATH whose first ``rm`` takes a minute; gives a FIFO that it closes then."""
    client, began, folder = shutil.which(engine.name), tmp_path / "began", tmp_path / "bin"
    folder.mkdir()
    os.mkfifo(began)
    slow = f"if [ -p {began} ]; then exec 3>{began}; rm {began}; exec 3>&- sleep 60; fi"
    lines = ("#!/bin/sh", f'case " $* " in *" rm "*) {slow};; esac', f'exec {client} "$@"', "")
    (folder / engine.name).write_text("\n".join(lines), encoding="utf-8")
    (folder / engine.name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return began


@both_ways
@pytest.mark.container
async def test_ctrl_c_takes_everything_back_first(engine: TestEngine, way: str) -> None:
    async with session(engine, "serve", "stopped-by-sigint", way) as process:
        assert len(containers(engine, process.pid)) == 1
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 30) == 130
        assert not containers(engine, process.pid)
        assert not processes("/rr-explorer/stopped-by-sigint")


@pytest.mark.container
async def test_what_a_killed_session_left_is_removed_at_the_next_start(
    engine: TestEngine, real: Engine
) -> None:
    async with (
        session(engine, "serve", "killed") as dead,
        session(engine, "serve", "alive") as alive,
    ):
        dead.kill()
        await dead.wait()
        (left,) = containers(engine, dead.pid)
        await sweep(real)  # another test's process may have swept it already
        assert engine.run("inspect", "--type=container", left).returncode != 0
        assert not processes("/rr-explorer/killed")
        assert len(containers(engine, alive.pid)) == 1, (
            "a living session's container was taken away"
        )
        alive.send_signal(signal.SIGINT)
        await alive.wait()


@pytest.mark.container
async def test_a_volume_without_its_container_is_removed_at_the_next_start(
    engine: TestEngine, real: Engine
) -> None:
    """A client that is killed in ``rm`` may leave it: without ``--volumes`` it always stays."""
    if engine.name != "docker":
        return  # the others do not label volumes
    async with (
        session(engine, "serve", "killed") as dead,
        session(engine, "serve", "alive") as alive,
    ):
        of_dead, of_alive = volumes(engine, dead.pid), volumes(engine, alive.pid)
        assert (len(of_dead), len(of_alive)) == (1, 1)
        names = containers(engine, dead.pid)
        dead.kill()
        await dead.wait()
        assert engine.run("rm", "--force", *names).returncode == 0
        await sweep(real)
        assert not volumes(engine, dead.pid)
        assert volumes(engine, alive.pid) == of_alive
        alive.send_signal(signal.SIGINT)
        await alive.wait()
        assert not volumes(engine, alive.pid)


@both_ways
@pytest.mark.container
@pytest.mark.parametrize("what", ["serve", "flood"])
async def test_a_cancelled_proof_leaves_nothing(
    what: str, engine: TestEngine, request_for: Requests, ours: str
) -> None:
    name = f"cancelled-{what}"
    running = asyncio.Event()
    wanted = request_for(
        act(), what, name=name, static=True, limits=RunLimits(seconds=60, output_bytes=1 << 40)
    )
    task = asyncio.ensure_future(prove(wanted, output=lambda _: running.set()))
    await asyncio.wait_for(running.wait(), 30)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 30)
    assert not processes(f"/rr-explorer/{name}")
    assert not containers(engine, ours)
    assert not volumes(engine, ours)


@both_ways
@pytest.mark.container
@pytest.mark.parametrize("turns", [0, 5, 60, 200])
async def test_a_proof_cancelled_at_any_moment_leaves_nothing_unsaid(
    turns: int, engine: TestEngine, request_for: Requests, ours: str
) -> None:
    """Cancelled after some turns of the event loop, and again while it cleans up."""
    began, warnings = asyncio.Event(), list[str]()
    wanted = request_for(act(), "hang", static=True)
    task = asyncio.ensure_future(
        prove(wanted, progress=lambda _: began.set(), warn=warnings.append)
    )
    await began.wait()
    for _ in range(turns):
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)
    named = [text.split()[2] for text in warnings]
    assert set(containers(engine, ours)) <= set(named)
    if named:  # a busy engine, and no time to wait for it
        engine.run("rm", "--force", "--volumes", *named)
    else:
        assert not volumes(engine, ours)


@by_the_client
@pytest.mark.container
async def test_what_a_hurried_cancellation_may_leave_is_named(
    engine: TestEngine, request_for: Requests, ours: str, slow_removal: Path
) -> None:
    """Cancelled twice, a proof does not wait for a slow engine: that is said, with the name."""
    said: list[str] = []
    running = asyncio.Event()
    wanted = request_for(act(), "serve", static=True)
    task = asyncio.ensure_future(prove(wanted, output=lambda _: running.set(), warn=said.append))
    await asyncio.wait_for(running.wait(), 60)
    (name,) = await asyncio.to_thread(containers, engine, ours)
    task.cancel()
    await asyncio.wait_for(asyncio.to_thread(slow_removal.read_bytes), 60)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 60)
    assert said == [f"The container {name} may be left over: the next start removes it"]
    engine.run("rm", "--force", "--volumes", name)


@both_ways
@pytest.mark.container
async def test_a_failed_proof_leaves_nothing(
    engine: TestEngine, request_for: Requests, ours: str, tmp_path: Path
) -> None:
    with pytest.raises(EngineError):
        await prove(replace(request_for(act()), run_args=("--no-such-flag",)))
    file = tmp_path / "empty"
    file.write_bytes(b"")
    await prove(request_for(file))
    assert not containers(engine, ours)
    assert not volumes(engine, ours)


def test_a_session_is_its_process_and_not_its_number() -> None:
    own = session_label().removeprefix("rr-explorer=")
    assert not is_dead(own)
    name, pid, start, seconds = own.split("/")
    assert name == host()
    assert is_dead(f"{name}/{pid}/{int(start) - 1}/{seconds}"), (
        "the number is used again by another process"
    )
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    label = session_label(process.pid).removeprefix("rr-explorer=")
    assert not is_dead(label)
    process.communicate(b"\n")
    assert is_dead(label)


@pytest.mark.parametrize(
    "value", ["", "1", "elsewhere/1/1/1", f"{host()}/x/1/1", "a/b/c/d/e", f"{host()}/1"]
)
def test_what_is_not_surely_ours_is_left_alone(value: str) -> None:
    assert not is_dead(value)


def test_a_number_means_nothing_in_another_pid_namespace() -> None:
    """Two containers of one machine share its kernel, its engine, and perhaps a host name."""
    own = session_label().removeprefix("rr-explorer=")
    name, _, start, seconds = own.split("/")
    namespace = name.rpartition("+")[2]
    assert namespace.startswith("pid")
    other = f"{name.removesuffix(namespace)}pid__1_"
    assert not is_dead(f"{other}/999999/{start}/{seconds}"), "that process cannot be seen from here"
    assert is_dead(f"{name}/999999/{start}/{seconds}")
