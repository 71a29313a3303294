"""The engine's command-line client as asyncio subprocesses: argument lists, no shell, limits.

Each client runs in a session of its own: Ctrl+C in the terminal reaches us alone, and we decide
what is stopped. It is killed with its whole process group, since ``docker`` may be a wrapper whose
child would go on and hold the pipes open.
"""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeVar

from explorer.errors import EngineError

T = TypeVar("T")

ANSWER_LIMIT = 4 << 20
"""Bytes of an engine's answer (``inspect``, ``info``, a file of an image) that are kept."""

CALL_SECONDS = 30.0
"""What a short call may take; a daemon that hangs must not hold anything up for long."""

END_SECONDS = 0.5
"""How long a killed client may take to be gone, with everything that holds its pipes."""


CLEANUP_SECONDS = 10.0
"""What removing a container may take when its proof is cancelled."""
HURRY_SECONDS = 0.7
"""The same once it is cancelled again; what is left then is removed at the next start."""


@dataclass(frozen=True, slots=True)
class Called:
    """How a call of the client ended."""

    code: int
    stdout: str
    stderr: str
    data: bytes = b""
    """Standard output as it came."""

    @property
    def failed(self) -> bool:
        """Whether the client reported a failure."""
        return self.code != 0


@dataclass(frozen=True, slots=True)
class Running:
    """A container whose output is being read."""

    reading: "asyncio.Future[Any]"
    """Ends with the output; raises what the receiver of the output raised."""
    code: Callable[[], Awaitable[int | None]]
    """Waits for the end and gives the exit code; None if it is not known."""


@contextlib.asynccontextmanager
async def running(
    read: Coroutine[Any, Any, object], code: Callable[[], Awaitable[int | None]]
) -> AsyncIterator[Running]:
    """Read for as long as the block lasts."""
    reading = asyncio.ensure_future(read)
    try:
        yield Running(reading, code)
    finally:
        reading.cancel()
        await finish(_ended(reading))


async def _ended(task: "asyncio.Future[Any]") -> None:
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # retrieved, else asyncio complains of it at some later time


@contextlib.asynccontextmanager
async def client(
    command: Sequence[str], *, stdin: int | BinaryIO = DEVNULL
) -> AsyncIterator[Process]:
    """Start a client with piped output. It has ended when the block is left, in whatever way.

    Raises:
        EngineError: there is no such program.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=stdin, stdout=PIPE, stderr=PIPE, start_new_session=True
        )
    except FileNotFoundError:
        raise EngineError(
            f"{command[0]} is not installed",
            remedy=f"Install {command[0]}, or choose another engine",
        ) from None
    except OSError as error:
        raise EngineError(
            f"{command[0]} cannot be started", error.strerror or str(error)
        ) from error
    try:
        yield process
    finally:
        await finish(_end(process))  # a cancelled task, too, leaves once the process is gone


async def _end(process: Process) -> None:
    """Kill the client's process group unless it has ended, and close its pipes."""
    streams = [stream for stream in (process.stdout, process.stderr) if stream is not None]
    if process.returncode is None and all(stream.at_eof() for stream in streams):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), END_SECONDS)
    if process.returncode is not None and all(stream.at_eof() for stream in streams):
        return
    _kill_group(process)
    try:
        async with asyncio.timeout(END_SECONDS):
            for stream in streams:  # asyncio reaps a process once its pipes have been read
                while await stream.read(65536):
                    pass
            await process.wait()
    except TimeoutError:  # a child in a session of its own still holds the pipes
        pass
    finally:
        process._transport.close()  # type: ignore[attr-defined]  # nothing public closes them


def _kill_group(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


async def call(
    command: Sequence[str], *, stdin: int | BinaryIO = DEVNULL, seconds: float = CALL_SECONDS
) -> Called:
    """Run one command of the client to its end.

    Raises:
        EngineError: no such program, or no answer within ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds), client(command, stdin=stdin) as process:
            stdout, stderr = await both(_bounded(process.stdout), _bounded(process.stderr))
            code = await process.wait()
    except TimeoutError:
        raise EngineError(
            f"{command[0]} gives no answer",
            f"{' '.join(command[:4])} … did not end within {seconds:.0f} s",
            f"Look at it with: {command[0]} info",
        ) from None
    return Called(code, stdout.decode(errors="replace"), stderr.decode(errors="replace"), stdout)


async def both(first: Coroutine[Any, Any, T], second: Coroutine[Any, Any, T]) -> tuple[T, T]:
    """Run two that end together: what one raises cancels the other, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(first), group.create_task(second)
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return tasks[0].result(), tasks[1].result()


async def _bounded(stream: asyncio.StreamReader | None) -> bytes:
    """Read a stream to its end and keep the first ``ANSWER_LIMIT`` bytes."""
    kept = bytearray()
    while stream is not None and (part := await stream.read(65536)):
        if len(kept) < ANSWER_LIMIT:
            kept += part
    return bytes(kept)


async def finish(work: Awaitable[None]) -> bool:
    """Clean up, even if the task is cancelled meanwhile; then be cancelled. Whether it was done.

    A task that is cancelled again and again is in a hurry: each time leaves ``HURRY_SECONDS``.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    current = asyncio.current_task()
    hurried = current is not None and current.cancelling() > 0
    deadline = loop.time() + (CLEANUP_SECONDS if hurried else 4 * CLEANUP_SECONDS)
    while not task.done() and (left := deadline - loop.time()) > 0:
        try:
            await asyncio.wait((task,), timeout=left)
        except asyncio.CancelledError as error:
            cancelled = error
            deadline = min(deadline, loop.time() + HURRY_SECONDS)
    done = task.done()
    if not done:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait((task,))
    if not task.cancelled():
        task.result()
    if cancelled is not None:
        raise cancelled
    return done
