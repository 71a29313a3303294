"""One throw-away container: create, copy in, start attached, inspect, and in any case remove."""

import asyncio
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from explorer.errors import EngineError
from explorer.verify.api import api_of, engine_call
from explorer.verify.client import (
    CALL_SECONDS,
    CLEANUP_SECONDS,
    Called,
    Running,
    both,
    client,
    finish,
    running,
)
from explorer.verify.engines import engine_failure
from explorer.verify.leftovers import session_label
from explorer.verify.lending import NAME_FILES, packed_resolver
from explorer.verify.models import Engine, RunLimits
from explorer.verify.outcomes import Observation
from explorer.verify.run_output import Output, RunOutput
from explorer.verify.tree import ROOT, PackedTree

SCRATCH_BYTES = 64 << 20
"""What a program may write to each of the folders below, and to any single file."""

_SCRATCH = ("/tmp", "/var/tmp", "/run/lock")  # in the container
"""Folders that everyone may write to, in Alpine's and Debian's images."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""Docker's client passes these on from its configuration, with the passwords in them."""

QEMU_GRACE_SECONDS = 1.0
"""How long qemu may take to die of the signal it has reported.

It sends itself that signal, and as a container's first process it is immune to it
(pid_namespaces(7)): then it hangs for ever, so we end it and take 128 + the signal as its code.
"""

STOP_SECONDS = 10.0
"""A killed container's output ends within a tenth of a second."""

COPY_SECONDS = 300.0
Warn = Callable[[str], None]
"""Gets a sentence that belongs beside the proof, and does not change it."""


def ignore_warning(text: str) -> None:
    """The callback of a caller who shows no warnings."""


@dataclass(frozen=True, slots=True)
class Run:
    """What ``start`` observed."""

    observed: Observation
    seconds: float
    """Wall clock of ``start --attach``."""
    truncated: bool


@dataclass(frozen=True, slots=True)
class Container:
    """One container, by a name of our own: it can be removed whatever became of the call."""

    engine: Engine
    image: str
    platform: str
    argv: tuple[str, ...]
    """The command inside, its program as an absolute path."""
    limits: RunLimits
    run_args: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    """``NAME=value``."""
    lent: str = ""
    """A folder of this machine that is mounted, instead of a copied tree."""
    plain: bool = False
    """Without the restrictions that some engines do not know."""
    has_volume: bool = True
    """Whether something is copied in."""
    tree_of: str = ""
    """The container whose copied tree it shares, read-only; empty: it has its own."""
    labels_volume: bool = True
    """Whether docker's volume is labelled; what only calls itself docker may not know how."""
    network: str = "none"
    """``container:NAME``: it shares that container's."""
    name: str = field(default_factory=lambda: f"rr-explorer-{uuid.uuid4().hex[:12]}")

    @property
    def create_command(self) -> tuple[str, ...]:
        """No network, no capability, no new privileges, no user's rights, little of everything.

        Standard input is /dev/null. The root is read-only, and the program's tree a volume, the one
        place of such a container that ``cp`` can write to; what can be written is in small tmpfs.
        The engine keeps no log: a flood of output must not fill its disk. It is killed at once when
        it is removed: podman would wait 10 s after a SIGTERM that a first process may ignore.
        """
        memory = str(self.limits.memory_bytes)
        scratch = f"rw,exec,nosuid,nodev,size={SCRATCH_BYTES},mode=1777"
        return (
            *(*self.engine.command, "create", "--name", self.name, "--label", session_label()),
            *("--platform", self.platform, "--pull=never", f"--network={self.network}"),
            *("--user=65534:65534", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
            *(f"--memory={memory}", f"--memory-swap={memory}"),
            *(f"--pids-limit={self.limits.processes}", "--log-driver=none"),
            "--stop-signal=SIGKILL",
            *("--ulimit=core=0:0", "--ulimit=nofile=1024:4096"),
            f"--ulimit=fsize={SCRATCH_BYTES}:{SCRATCH_BYTES}",
            *(() if self.plain else self._restrictions()),
            *self._volume(),
            *(f"--tmpfs={folder}:{scratch}" for folder in _SCRATCH),
            *self._without_proxies(),
            *(word for pair in self.environment for word in ("--env", pair)),
            *(*self.run_args, f"--entrypoint={self.argv[0]}", self.image, *self.argv[1:]),
        )

    def _restrictions(self) -> tuple[str, ...]:
        cpus = (f"--cpus={self.limits.cpus:g}",) if self.engine.limits_cpus else ()
        return (*cpus, "--ipc=none", "--read-only")

    def _volume(self) -> tuple[str, ...]:
        """Labelled where the engine can, so that a sweep finds it without its container."""
        if not self.has_volume:
            return ()
        if self.lent:
            places = {self.lent: ROOT, **self._name_files()}
            mounts = (
                f"type=bind,src={one},dst={inside},readonly" for one, inside in places.items()
            )
            return tuple(word for mount in mounts for word in ("--mount", mount))
        if self.tree_of:
            return (f"--volumes-from={self.tree_of}:ro",)
        if not self.labels_volume or self.engine.name != "docker":
            return (f"--volume={ROOT}",)
        return ("--mount", f"type=volume,dst={ROOT},volume-label={session_label()}")

    def _name_files(self) -> dict[str, str]:
        """The files beside the lent folder; not where a user may have chosen a network."""
        if self.run_args:
            return {}
        folder = Path(self.lent).parent
        return {str(folder / name): f"/etc/{name}" for name in NAME_FILES}

    def _without_proxies(self) -> tuple[str, ...]:
        if self.engine.name == "podman":
            return ("--http-proxy=false",)
        names = [name for proxy in _PROXIES for name in (proxy, proxy.lower())]
        return tuple(word for name in names for word in ("--env", f"{name}="))

    @property
    def copy_command(self) -> tuple[str, ...]:
        """Reads a tar from its standard input: names and modes need not be those of files here.

        Podman would give the files to the container's user, who could then write there; docker does
        not, and its flag is another.
        """
        return self._copy_to(ROOT)

    def _copy_to(self, place: str) -> tuple[str, ...]:
        own = ("--archive=false",) if self.engine.name == "podman" else ()
        return (*self.engine.command, "cp", *own, "-", f"{self.name}:{place}")

    @property
    def start_command(self) -> tuple[str, ...]:
        """Attached: its output is the program's, and it ends with the program."""
        return (*self.engine.command, "start", "--attach", self.name)

    @property
    def remove_command(self) -> tuple[str, ...]:
        """Ends it too, if it still runs."""
        return (*self.engine.command, "rm", "--force", "--volumes", self.name)

    @contextlib.asynccontextmanager
    async def exists(self, warn: Warn = ignore_warning) -> AsyncIterator[Called]:
        """Create it for as long as the block lasts; gives how ``create`` ended.

        It is removed in any case. If that fails, ``warn`` gets a sentence: it changes no proof.
        """
        creating = asyncio.ensure_future(self._call(self.create_command))
        try:
            # a client killed in the middle may leave a container that appears after its removal
            yield await asyncio.shield(creating)
        finally:
            removing = asyncio.ensure_future(self._remove(creating, warn))
            try:
                await finish(removing)
            finally:  # however often this task is cancelled, what is left over is named
                if removing.cancelled():
                    warn(f"The container {self.name} may be left over: the next start removes it")

    async def copy_in(self, tree: PackedTree) -> None:
        """Copy the program and what is beside it below ``ROOT``.

        Raises:
            EngineError: the engine refused.
        """
        async with tree.opened() as file:
            await self._copy(self.copy_command, file)

    async def use_resolver(self) -> None:
        """Before the start: let it ask the resolver on the loopback of the network it shares.

        Docker gives it the ``resolv.conf`` of that network's container. Podman gives a container
        without another network none and refuses ``--dns`` there: it reads its image's, which may
        name any server.

        Raises:
            EngineError: the engine refused.
        """
        if self.engine.name == "podman":
            with packed_resolver() as file:
                await self._copy(self._copy_to("/"), file)

    async def _copy(self, command: tuple[str, ...], file: BinaryIO) -> None:
        copied = await self._call(command, stdin=file, seconds=COPY_SECONDS)
        if copied.failed:
            raise engine_failure(self.engine.name, copied, "cp")

    async def start(self, output: Output | None = None, *, look: bool = True) -> Run:
        """Run it to its end, or to one of the limits.

        Exit code 0 is not checked with the engine: only a program that began and ended well gives
        it. Without ``look`` no exit code is. What ``output`` raises ends the run and is raised.
        """
        keeper = RunOutput(self.limits.output_bytes, output)
        began = time.monotonic()
        code: int | None = None
        async with self._started(keeper) as run:
            timed_out = await self._wait(run.reading, keeper)
            took = time.monotonic() - began
            stopped = await self._stop(run.reading)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await asyncio.wait((run.reading,))
                    run.reading.result()  # an error of ``output`` is the caller's
                    code = await run.code()
        observed = Observation(
            code,
            keeper.text("stdout"),
            keeper.text("stderr"),
            timed_out=timed_out,
            flooded=keeper.full,
        )
        if look and (code != 0 or stopped):
            observed = await self._look(observed)
        if stopped and keeper.signal and not (timed_out or keeper.full):
            observed = replace(observed, exit_code=128 + keeper.signal)
        return Run(observed, took, keeper.full)

    @contextlib.asynccontextmanager
    async def _started(self, keeper: RunOutput) -> AsyncIterator[Running]:
        """Start it, attached: by the API where that is open, else by the client."""
        if (api := api_of(self.engine)) is not None:
            async with api.attached(self.name, keeper) as run:
                yield run
            return
        async with client(self.start_command) as process:
            read = both(
                keeper.read(process.stdout, "stdout"), keeper.read(process.stderr, "stderr")
            )
            async with running(read, process.wait) as run:
                yield run

    async def _call(
        self, command: tuple[str, ...], stdin: BinaryIO | None = None, seconds: float = CALL_SECONDS
    ) -> Called:
        words = command[len(self.engine.command) :]
        return await engine_call(self.engine, words, stdin=stdin, seconds=seconds)

    async def _wait(self, reading: "asyncio.Future[Any]", keeper: RunOutput) -> bool:
        """Wait for the run's end or for a reason to stop it; whether the time limit was one."""
        stop = asyncio.ensure_future(keeper.stop.wait())
        try:
            async with asyncio.timeout(self.limits.seconds):
                await asyncio.wait((stop, reading), return_when=asyncio.FIRST_COMPLETED)
                if keeper.signal and not reading.done():
                    await asyncio.wait((reading,), timeout=QEMU_GRACE_SECONDS)
        except TimeoutError:
            return True
        finally:
            stop.cancel()
        return False

    async def _stop(self, reading: "asyncio.Future[Any]") -> bool:
        """Kill the container if its output has not ended; whether that was needed.

        The output is read on, without keeping it: the engine ends a container only once its output
        has been taken away.
        """
        if reading.done():
            return False
        killed = await engine_call(self.engine, ("kill", self.name), seconds=STOP_SECONDS)
        return not killed.failed  # else it has ended by itself meanwhile

    async def _look(self, observed: Observation) -> Observation:
        """Add what the engine knows: docker's client gives 1 for a failed start, the engine 127."""
        answer = await engine_call(self.engine, ("inspect", "--type=container", self.name))
        try:
            state = json.loads(answer.stdout)[0]["State"]
            begun = state.get("Status") != "created"
            code = int(state["ExitCode"])
            killed = bool(state.get("OOMKilled", False))
        except (ValueError, LookupError, TypeError, AttributeError):
            raise engine_failure(self.engine.name, answer, "inspect") from None
        exit_code = code if begun else None
        return replace(observed, begun=begun, exit_code=exit_code, out_of_memory=killed)

    async def _remove(self, creating: "asyncio.Future[Called]", warn: Warn) -> None:
        with contextlib.suppress(EngineError):  # no answer: the engine may have made it anyway
            if (await creating).failed:
                return
        try:
            for _ in range(2):
                removed = await self._call(self.remove_command, seconds=CLEANUP_SECONDS)
                if not removed.failed or "no such container" in removed.stderr.lower():
                    return
            error = engine_failure(self.engine.name, removed, "rm")
        except EngineError as failure:
            error = failure
        warn(f"The container {self.name} is left over: {error}. The next start removes it")
