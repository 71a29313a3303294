"""The engine's client is ended in time, with everything that it has started."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from explorer.errors import EngineError
from explorer.verify.client import both, call, client, finish

PATIENCE = 30
"""Seconds: half of what the wrapper's child would hold us for, on however busy a machine."""


def script(folder: Path, text: str) -> str:
    """A program of a few lines of shell."""
    path = folder / "docker"
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def runs(notes: Path) -> bool:
    """Whether the child whose number is in the file runs."""
    stat = Path(f"/proc/{int(notes.read_text())}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


async def alive(notes: Path) -> bool:
    """Whether the child is still there after two seconds; False as soon as it is not."""
    for _ in range(100):
        if not runs(notes):
            return False
        await asyncio.sleep(0.02)
    return True


def is_written(notes: Path) -> bool:
    return notes.exists() and bool(notes.read_text().strip())


async def written(notes: Path) -> None:
    for _ in range(1000):
        if is_written(notes):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the child was not started")


async def test_a_wrapper_s_child_does_not_outlive_the_time_limit(tmp_path: Path) -> None:
    """A child held the pipes: 15 s became 101 s."""
    notes = tmp_path / "child"
    wrapper = script(tmp_path, f"sleep 60 & echo $! > {notes}; wait")
    began = time.monotonic()
    with pytest.raises(EngineError, match="gives no answer"):
        await call((wrapper, "info"), seconds=0.8)
    assert time.monotonic() - began < PATIENCE
    assert not await alive(notes)


async def test_a_child_in_a_session_of_its_own_does_not_hold_us(tmp_path: Path) -> None:
    notes = tmp_path / "child"
    wrapper = script(tmp_path, f"setsid sleep 60 & echo $! > {notes}; wait")
    began = time.monotonic()
    with pytest.raises(EngineError, match="gives no answer"):
        await call((wrapper, "info"), seconds=0.8)
    assert time.monotonic() - began < PATIENCE
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(notes.read_text()), signal.SIGKILL)


async def test_a_client_that_has_ended_is_not_waited_for_by_its_child(tmp_path: Path) -> None:
    notes = tmp_path / "child"
    wrapper = script(tmp_path, f"sleep 60 & echo $! > {notes}; echo done")
    began = time.monotonic()
    async with client((wrapper,)) as process:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"done\n"
    assert time.monotonic() - began < PATIENCE
    assert not await alive(notes)


async def test_cancelling_kills_the_client_at_once(tmp_path: Path) -> None:
    notes = tmp_path / "child"
    wrapper = script(tmp_path, f"trap '' TERM INT; sleep 60 & echo $! > {notes}; wait; wait")
    task = asyncio.ensure_future(call((wrapper, "info")))
    await written(notes)
    began = time.monotonic()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert time.monotonic() - began < PATIENCE
    assert not await alive(notes)


@pytest.mark.alone
async def test_cleaning_up_is_hurried_by_a_second_cancel() -> None:
    took: list[float] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            assert await finish(asyncio.sleep(60)) is False

    async def main() -> None:
        task = asyncio.ensure_future(work())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        began = time.monotonic()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        took.append(time.monotonic() - began)

    await main()
    assert took[0] < 2


async def test_what_one_of_two_raises_ends_the_other_first() -> None:
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("x")

    with pytest.raises(KeyError):
        await both(endless(), fails())
    assert ended.is_set()
