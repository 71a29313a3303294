"""One throw-away container: create, copy in, start attached, inspect, and in any case remove."""

import asyncio
import codecs
import contextlib
import io
import json
import os
import re
import tarfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from explorer.errors import EngineError, SourceError
from explorer.verify.client import Called, call, call_with, client
from explorer.verify.engines import engine_failure
from explorer.verify.models import Engine, RunLimits
from explorer.verify.outcomes import Observation
from explorer.verify.sessions import session_label

ROOT = "/rr-explorer"
"""Where files are put. A directory of our own: no name of a binary can collide with the image's."""

SCRATCH_BYTES = 64 << 20
"""What a program may write to /tmp and /var/tmp, each."""

QEMU_GRACE_SECONDS = 1.0
"""How long qemu may take to die of the signal it has reported. It sends itself that signal, and as a container's first process
it is immune to it (pid_namespaces(7)): then it hangs for ever, and we end it and take 128 + the signal as its exit code."""

STOP_SECONDS = 10.0
"""A killed container's output ends within a tenth of a second."""

Output = Callable[[str], None]

_QEMU_SIGNAL = re.compile(rb"^qemu: uncaught target signal (\d{1,2}) ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """What ``start`` saw."""

    seen: Observation
    seconds: float
    """Wall clock of ``start --attach``."""
    truncated: bool


@dataclass(frozen=True, slots=True)
class Container:
    """One container, by a name of our own, so that it can be removed whatever became of the call that made it."""

    engine: Engine
    image: str
    platform: str
    argv: tuple[str, ...]
    """The command inside, its program as an absolute path."""
    limits: RunLimits
    run_args: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    """``NAME=value``."""
    name: str = field(default_factory=lambda: f"rr-explorer-{uuid.uuid4().hex[:12]}")

    @property
    def create_command(self) -> tuple[str, ...]:
        """No network, no capability, no new privileges, nobody's rights, little of everything; standard input is /dev/null.

        Not ``--read-only``: the engine then refuses ``cp``. Nothing outside the two small /tmp is writable to nobody, and
        no log is kept by the engine: a flood of output must not fill its disk.
        """
        memory = str(self.limits.memory_bytes)
        scratch = f"rw,exec,nosuid,nodev,size={SCRATCH_BYTES},mode=1777"
        return (
            *(*self.engine.command, "create", "--name", self.name, "--label", session_label()),
            *("--platform", self.platform, "--pull=never", "--network=none", "--user=65534:65534"),
            *(
                "--cap-drop=ALL",
                "--security-opt=no-new-privileges",
                f"--memory={memory}",
                f"--memory-swap={memory}",
            ),
            *(f"--pids-limit={self.limits.processes}", "--ulimit=core=0:0", "--log-driver=none"),
            *(f"--tmpfs=/tmp:{scratch}", f"--tmpfs=/var/tmp:{scratch}"),
            *(word for pair in self.environment for word in ("--env", pair)),
            *(*self.run_args, f"--entrypoint={self.argv[0]}", self.image, *self.argv[1:]),
        )

    @property
    def copy_command(self) -> tuple[str, ...]:
        """Reads a tar of the files from its standard input: name and mode inside need not be those of the file here.

        Podman would give them to the container's user, who could then write there; docker does not, and its flag is another.
        """
        own = ("--archive=false",) if self.engine.name == "podman" else ()
        return (*self.engine.command, "cp", *own, "-", f"{self.name}:/")

    @property
    def start_command(self) -> tuple[str, ...]:
        """Attached: its output is the program's, and it ends with the program."""
        return (*self.engine.command, "start", "--attach", self.name)

    @property
    def remove_command(self) -> tuple[str, ...]:
        """Ends it too, if it still runs."""
        return (*self.engine.command, "rm", "--force", "--volumes", self.name)

    @contextlib.asynccontextmanager
    async def exists(self) -> AsyncIterator[Called]:
        """Created, for as long as the block lasts; gives how ``create`` ended. Removed even if cancelled, more than once."""
        creating = asyncio.ensure_future(call(self.create_command))
        try:
            # shielded: a client that is killed in the middle may leave a container that appears after it was "removed"
            yield await asyncio.shield(creating)
        finally:
            await to_the_end(self._remove(creating))

    async def copy_in(self, files: Mapping[str, Path]) -> None:
        """Copy files below ``ROOT``, executable; keys are relative POSIX paths.

        Raises:
            SourceError: a file cannot be read. EngineError: the engine refused.
        """
        copied = await call_with(
            self.copy_command, lambda descriptor: _write_tar(descriptor, files)
        )
        if copied.failed:
            raise engine_failure(self.engine.name, copied, "cp")

    async def start(self, output: Output | None = None, *, look: bool = True) -> Run:
        """Run it to its end, or to one of the limits. ``output`` gets its lines as they come, raw.

        Exit code 0 is the client's word for it: nothing but a program that began and ended well gives it, and not to ask saves
        a call. Without ``look`` any exit code is. What ``output`` raises ends the run and is raised.
        """
        keeper = _Keeper(self.limits.output_bytes, output)
        began = time.monotonic()
        timed_out = False
        async with client(self.start_command) as process:
            reading = asyncio.gather(
                keeper.read(process.stdout, "stdout"), keeper.read(process.stderr, "stderr")
            )
            stop = asyncio.ensure_future(keeper.stop.wait())
            try:
                try:
                    async with asyncio.timeout(self.limits.seconds):
                        await asyncio.wait((stop, reading), return_when=asyncio.FIRST_COMPLETED)
                        if keeper.signal and not reading.done():
                            await asyncio.wait((reading,), timeout=QEMU_GRACE_SECONDS)
                except TimeoutError:
                    timed_out = True
                took = time.monotonic() - began
                if stopped := not reading.done():
                    # read on, without keeping: the engine ends a container only once its output has been taken away
                    killed = await call((*self.engine.command, "kill", self.name))
                    stopped = not killed.failed  # else it has ended by itself meanwhile
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STOP_SECONDS):
                        await asyncio.wait((reading,))
                        reading.result()  # an error of whoever is shown the output is the caller's to see
                        await process.wait()
            finally:
                stop.cancel()
                reading.cancel()
                await to_the_end(_ended(reading))
            code = process.returncode
        seen = Observation(
            code,
            keeper.text("stdout"),
            keeper.text("stderr"),
            timed_out=timed_out,
            flooded=keeper.full,
        )
        if look and (code != 0 or stopped):
            seen = await self._look(seen)
        if stopped and keeper.signal and not (timed_out or keeper.full):
            seen = replace(seen, exit_code=128 + keeper.signal)
        return Run(seen, took, keeper.full)

    async def _look(self, seen: Observation) -> Observation:
        """Complete what was seen by what the engine knows: docker's client gives 1 where it could not start, the engine 127."""
        told = await call((*self.engine.command, "inspect", "--type=container", self.name))
        try:
            state = json.loads(told.stdout)[0]["State"]
            begun = state.get("Status") != "created"
            code = int(state["ExitCode"])
            killed = bool(state.get("OOMKilled", False))
        except (ValueError, LookupError, TypeError, AttributeError):
            raise engine_failure(self.engine.name, told, "inspect") from None
        return replace(seen, begun=begun, exit_code=code if begun else None, out_of_memory=killed)

    async def _remove(self, creating: "asyncio.Future[Called]") -> None:
        try:
            if (await creating).failed:
                return
        except EngineError:
            pass  # no answer: the engine may have made it nevertheless
        for _ in range(2):
            removed = await call(self.remove_command)
            if not removed.failed or "no such container" in removed.stderr.lower():
                return
        raise engine_failure(self.engine.name, removed, f"{' '.join(self.remove_command)}")


async def to_the_end(work: Awaitable[None]) -> None:
    """Finish this before anything else, however often the task is cancelled meanwhile; then be cancelled."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


async def _ended(task: "asyncio.Future[Any]") -> None:
    await asyncio.wait((task,))
    if not task.cancelled():
        task.exception()  # taken note of: asyncio would complain of it from within a garbage collection, at any time


class _Keeper:
    """Keeps the output up to a limit, over both streams together, and hands on lines as they come."""

    def __init__(self, limit: int, output: Output | None) -> None:
        self._left = limit
        self._output = output
        self._kept = {"stdout": bytearray(), "stderr": bytearray()}
        self.full = False
        """More came than the limit."""
        self.signal = 0
        """The fatal signal that qemu has reported."""
        self.stop = asyncio.Event()
        """There is a reason to stop it."""

    async def read(self, stream: asyncio.StreamReader | None, name: str) -> None:
        """Read a stream to its end; beyond the limit nothing is kept."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        line = ""
        while stream is not None and (part := await stream.read(16384)):
            kept = part[: self._left]
            self._left -= len(kept)
            self._kept[name] += kept
            if kept:
                line = self._show(line + decoder.decode(kept))
            if len(kept) < len(part):
                self.full = True
                self.stop.set()
            elif name == "stderr" and (found := _QEMU_SIGNAL.search(self._kept[name][-4096:])):
                self.signal = int(found[1])
                self.stop.set()
        if line:
            self._show(line + "\n")

    def text(self, name: str) -> str:
        """What was kept of a stream."""
        return self._kept[name].decode(errors="replace")

    def _show(self, text: str) -> str:
        """Hand on whole lines, and pieces of lines longer than a screen; what is left is the start of the next one."""
        if self._output is None:
            return ""
        *lines, rest = text.split("\n")
        for line in lines:
            self._output(line.rstrip("\r"))
        while len(rest) > 4096:
            self._output(rest[:4096])
            rest = rest[4096:]
        return rest


def _write_tar(descriptor: int, files: Mapping[str, Path]) -> None:
    """The files as a tar (POSIX.1-1988 with GNU's long names), directories first, owned by root, mode 0755.

    By hand around ``tarfile``'s headers: 62 MB take 0.05 s this way, and 0.2 s through its streams of 10 KB.
    """
    with os.fdopen(descriptor, "wb", buffering=0, closefd=False) as pipe:
        made: set[str] = set()
        for name, path in files.items():
            inside = f"{ROOT[1:]}/{name}"
            parts = inside.split("/")[:-1]
            for depth in range(1, len(parts) + 1):
                if (folder := "/".join(parts[:depth])) not in made:
                    made.add(folder)
                    member = tarfile.TarInfo(folder)
                    member.type, member.mode = tarfile.DIRTYPE, 0o755
                    _write(pipe, member.tobuf(tarfile.GNU_FORMAT))
            _add(pipe, inside, path)
        _write(pipe, bytes(2 * tarfile.BLOCKSIZE))


def _add(pipe: io.RawIOBase, inside: str, path: Path) -> None:
    try:
        file = path.open("rb", buffering=0)
    except OSError as error:
        raise SourceError(
            f"Cannot read {path}", error.strerror or str(error), "Check that it is still there"
        ) from error
    with file:
        member = tarfile.TarInfo(inside)
        member.mode, member.size = 0o755, os.fstat(file.fileno()).st_size
        _write(pipe, member.tobuf(tarfile.GNU_FORMAT))
        left = member.size
        while left:
            try:
                part = file.read(min(left, 1 << 20))
            except OSError as error:
                raise SourceError(
                    f"Cannot read {path}", error.strerror or str(error), "Check the disk"
                ) from error
            if not part:
                raise SourceError(
                    f"{path} became shorter while it was read",
                    remedy="Let nothing write to it, and try again",
                )
            left -= len(part)
            _write(pipe, part)
        _write(pipe, bytes(-member.size % tarfile.BLOCKSIZE))


def _write(pipe: io.RawIOBase, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[pipe.write(view) or 0 :]
