"""The engine's own command-line client, as asyncio subprocesses: argument lists, no shell, bounded output.

Every client runs in a session of its own: Ctrl+C in the terminal reaches us alone, and we decide what is stopped.
"""

import asyncio
import contextlib
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from explorer.errors import EngineError

ANSWER_LIMIT = 4 << 20
"""Bytes of an engine's own answer (``inspect``, ``info``) that are read; real ones have 2 to 20 KB."""


@dataclass(frozen=True, slots=True)
class Called:
    """How a call of the client ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def failed(self) -> bool:
        """The client said that it did not work."""
        return self.code != 0


@contextlib.asynccontextmanager
async def client(command: Sequence[str], *, stdin: int = DEVNULL) -> AsyncIterator[Process]:
    """A running client with piped output. It has ended when the block is left, however that is left.

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
        if process.returncode is None:
            # a cancelled task must not leave before the process is gone, else it is left behind
            await asyncio.shield(asyncio.ensure_future(_end(process)))


async def _end(process: Process) -> None:
    """Kill it unless it is ending anyway, read what it has left in its pipes (else it is never reaped), wait for it."""
    streams = (process.stdout, process.stderr)
    if all(stream is None or stream.at_eof() for stream in streams):
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 1.0)
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    for stream in streams:
        while stream is not None and await stream.read(65536):
            pass
    await process.wait()


async def call(command: Sequence[str], *, seconds: float = 60.0) -> Called:
    """Run one short command of the client to its end.

    Raises:
        EngineError: no such program, or no answer within ``seconds``.
    """
    try:
        async with asyncio.timeout(seconds), client(command) as process:
            outputs = await asyncio.gather(_bounded(process.stdout), _bounded(process.stderr))
            code = await process.wait()
    except TimeoutError:
        raise EngineError(
            f"{command[0]} gives no answer",
            f"{' '.join(command[:4])} … was given {seconds:.0f} s",
            f"Look at it with: {command[0]} info",
        ) from None
    return Called(code, *(part.decode(errors="replace") for part in outputs))


async def call_with(
    command: Sequence[str], feed: Callable[[int], None], *, seconds: float = 300.0
) -> Called:
    """As ``call``, with a standard input that ``feed`` writes to a file descriptor, in a thread.

    ``feed`` must stop at an ``OSError``: that is how it learns that the client has gone.
    """
    reader, writer = os.pipe()
    loop = asyncio.get_running_loop()
    feeding: asyncio.Future[None] | None = None
    try:
        async with asyncio.timeout(seconds), client(command, stdin=reader) as process:
            os.close(reader)
            reader = -1
            feeding = loop.run_in_executor(None, _feed, feed, writer)
            outputs = await asyncio.gather(_bounded(process.stdout), _bounded(process.stderr))
            code = await process.wait()
    except TimeoutError:
        raise EngineError(
            f"{command[0]} takes too long", f"{' '.join(command[:4])} … was given {seconds:.0f} s"
        ) from None
    finally:
        if reader >= 0:
            os.close(reader)
        if feeding is None:
            os.close(writer)
        else:  # its reader is gone, so it ends at once
            await asyncio.shield(feeding)
    return Called(code, *(part.decode(errors="replace") for part in outputs))


def _feed(feed: Callable[[int], None], descriptor: int) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb", closefd=True):
        feed(descriptor)


async def _bounded(stream: asyncio.StreamReader | None) -> bytes:
    """All of a stream, kept up to the limit, read to its end."""
    kept = bytearray()
    while stream is not None and (part := await stream.read(65536)):
        if len(kept) < ANSWER_LIMIT:
            kept += part
    return bytes(kept)
