"""A proof from beginning to end: place, copy, run, look, remove, and say what it means."""

import asyncio
import contextlib
import io
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from explorer.compat import musl_loader
from explorer.errors import EngineError, IntegrityError, UsageError
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.progress import Cancellation, Progress, ProgressCallback, ignore_progress
from explorer.verify.checks import check
from explorer.verify.client import finish
from explorer.verify.container import Container, Run, Warn, ignore_warning
from explorer.verify.emulation import emulation_of
from explorer.verify.engines import engine_failure, mounts_files
from explorer.verify.image_system import EMPTY_SYSTEM, read_system
from explorer.verify.images import describe
from explorer.verify.lending import lent_folder
from explorer.verify.models import DryRun, Emulation, Image, Proof, ProofRequest, Result, RunLimits
from explorer.verify.outcomes import (
    EMULATOR_REFUSED,
    KnownProgram,
    Meaning,
    classify,
    signalled_under_emulation,
)
from explorer.verify.placing import Placed, Placer
from explorer.verify.run_output import Output
from explorer.verify.tree import ROOT, SHELL, PackedTree, inner_path, pack, spread

T = TypeVar("T")

_NO_PREEMPTION = "GODEBUG=asyncpreemptoff=1"
"""Go's preemption by signals upsets qemu-user now and then: a signal is tried once more without."""

Starting = Callable[[str], object]
Start = Callable[[Coroutine[Any, Any, T]], "asyncio.Task[T]"]


async def prove(
    request: ProofRequest,
    *,
    progress: ProgressCallback = ignore_progress,
    output: Output | None = None,
    warn: Warn = ignore_warning,
    starting: Starting = lambda _: None,
) -> Proof:
    """Run the binary in a throw-away container and say what happened.

    Cancelling the task ends the run; the container is removed in any case.

    Args:
        output: gets the program's lines as they come, both streams, raw: untrusted.
        warn: gets a sentence if a container could not be removed.
        starting: gets the name of the container in which it is started next.

    Raises:
        EngineError: the image or the emulation is missing, or the engine failed before the start.
        IntegrityError: the binary is not the one that ``sha256`` names.
        SourceError: the binary cannot be read. UsageError: the request makes no sense.
    """
    began, at = time.monotonic(), datetime.now(UTC)
    argv = _argv(request)
    progress(Progress("preparing", unit="steps", detail=request.image))
    emulation = await emulation_of(request.engine, request.platform, request.run_args)
    if not emulation.available:
        raise EngineError(
            f"{request.engine.name} cannot run programs of {request.platform}",
            f"it runs on {request.engine.platform}, and no emulation is registered there",
            emulation.remedy,
        )
    seconds = request.limits.seconds * (2 if emulation.emulated else 1)
    plan = _Plan(request, argv, replace(request.limits, seconds=seconds), emulation)
    outcome = await _Proving(plan, progress, output, warn, starting).carry_out()
    return _proof(plan, outcome, at.isoformat(timespec="milliseconds"), time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class _Plan:
    request: ProofRequest
    argv: tuple[str, ...]
    limits: RunLimits
    emulation: Emulation

    @property
    def can_lend(self) -> bool:
        """Whether the program and what is beside it is mounted instead of copied."""
        return mounts_files(self.request.engine)

    @property
    def runs_binary(self) -> bool:
        """The command is the binary itself, or the shell that starts it."""
        inside = _inside(self.request)
        return self.argv[0] == inside or (
            self.request.by_shell and self.argv[:2] == (SHELL, inside)
        )

    @property
    def known(self) -> KnownProgram:
        """What is known of the command's program."""
        request = self.request
        if request.by_shell or not self.runs_binary:
            return KnownProgram(self.argv[0])
        return KnownProgram(self.argv[0], request.static, request.may_be_packed, request.too_large)

    def container(self, argv: tuple[str, ...], image: str = "") -> Container:
        request = self.request
        network = f"container:{request.network_of}" if request.network_of else "none"
        made = Container(
            request.engine, image, request.platform, argv, self.limits, request.run_args
        )
        return replace(made, network=network)


@dataclass(frozen=True, slots=True)
class _Outcome:
    run: Run
    image: Fact[Image]
    dry_run: Fact[DryRun]
    commands: tuple[tuple[str, ...], ...]
    sha256: str
    why_empty: str


@dataclass(frozen=True, slots=True)
class _Proving:
    """One proof under way."""

    plan: _Plan
    progress: ProgressCallback
    output: Output | None
    warn: Warn
    starting: Starting

    async def carry_out(self) -> _Outcome:
        """Run it. The tree is packed while the container is created; what the image is and what the
        loader lists are found out beside the run."""
        request = self.plan.request
        with contextlib.ExitStack() as places:
            lent = places.enter_context(lent_folder()) if self.plan.can_lend else ""
            return await self._carry_out(request, lent)

    async def _carry_out(self, request: ProofRequest, lent: str) -> _Outcome:
        async with _packed(request, lent) as packing, _background() as start:
            copied = asyncio.Event()
            async with contextlib.AsyncExitStack() as stack:
                model = replace(self.plan.container(self.plan.argv), lent=lent)
                placer = Placer(stack, request, model, self.warn)
                placed = await placer.place(self.progress)
                tree = await asyncio.shield(packing)
                if lent and not placed.container.lent:  # the engine refused it
                    tree = await asyncio.shield(await stack.enter_async_context(_packed(request)))
                listing = start(self._dry_run(placed, copied))
                self.progress(Progress("copying", unit="steps"))
                if not placed.container.lent:
                    await placed.container.copy_in(tree)
                copied.set()
                describing = start(_image(request, placed))
                run, commands = await self._run(placer, placed.container)
                image, dry_run = await describing, await listing
                self.progress(Progress("removing", unit="steps"))
            return _Outcome(run, image, dry_run, commands, tree.sha256, placed.why_empty)

    async def _run(
        self, placer: Placer, container: Container
    ) -> tuple[Run, tuple[tuple[str, ...], ...]]:
        """Run it, and once more if qemu reports a signal."""
        detail = "emulated" if self.plan.emulation.emulated else ""
        self.progress(Progress("running", unit="steps", detail=detail))
        run = await self._start(container)
        commands = _commands(container)
        if not detail or not signalled_under_emulation(run.observed):
            return run, commands
        name = f"{container.name}-2"
        again = replace(container, name=name, environment=(_NO_PREEMPTION,))
        again = _sharing(again, container)
        created = await placer.create(again)
        if created.failed:
            raise engine_failure(container.engine.name, created, "create")
        self.progress(Progress("running", unit="steps", detail=detail))
        return await self._start(again), commands + _commands(again)

    async def _start(self, container: Container) -> Run:
        if self.plan.request.resolves_here:
            await container.use_resolver()
        self.starting(container.name)
        return await container.start(self.output)

    async def _dry_run(self, placed: Placed, copied: asyncio.Event) -> Fact[DryRun]:
        """The loader's own ``--list`` in a second container that shares the tree of the first.

        It maps the libraries and resolves the symbols, and runs nothing of the file.
        """
        request, argv = self.plan.request, self.plan.argv
        loader = musl_loader(request.platform.split("/")[1])
        if request.static or request.by_shell or placed.why_empty or not request.image:
            return NotApplicable("a static program has no loader")
        if not loader or not self.plan.runs_binary:
            return NotApplicable(
                "only for a binary that is run by itself, of an architecture that musl knows"
            )
        container = self.plan.container((loader, "--list", argv[0]), placed.container.image)
        container = _sharing(replace(container, plain=placed.container.plain), placed.container)
        try:
            async with container.exists(self.warn) as created:
                if created.failed:
                    return Unknown("the engine refused a second container")
                await copied.wait()
                run = await container.start(look=False)
        except EngineError as error:
            return Unknown(f"it could not be done: {error.title}")
        return _listed(run, container.argv)


def _listed(run: Run, argv: tuple[str, ...]) -> Fact[DryRun]:
    observed = run.observed
    if observed.timed_out or observed.flooded or observed.exit_code is None:
        return Unknown("the loader was stopped at a limit")
    if f'"{argv[0]}"' in observed.stderr or f"`{argv[0]}`" in observed.stderr:
        # the engine quotes the program that it cannot start
        return NotApplicable("the image has no musl loader")
    return DryRun(argv, observed.exit_code, observed.stdout + observed.stderr)


@contextlib.asynccontextmanager
async def _packed(
    request: ProofRequest, lent: str = ""
) -> "AsyncIterator[asyncio.Future[PackedTree]]":
    """Pack the tree in a thread; closed, and the thread ended, when the block is left.

    Args:
        lent: the folder that it is written to instead.
    """
    cancel = Cancellation()
    name = inner_path(request.name or request.binary.name)

    def work() -> PackedTree:
        beside = request.beside(cancel)
        if lent:
            digest = spread(Path(lent), name, request.binary, beside, cancel)
            tree = PackedTree(io.BytesIO(), digest, asyncio.Lock())
        else:
            tree = pack(name, request.binary, beside, cancel)
        if request.sha256 and tree.sha256 != request.sha256:
            tree.file.close()
            raise IntegrityError(
                f"{request.binary.name} has changed since it was inspected",
                f"its sha256 was {request.sha256}, and is {tree.sha256} now",
                "Inspect it again: what would run is another program",
            )
        return tree

    packing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        yield packing
    finally:
        cancel.cancel()
        await finish(_close(packing))


async def _close(packing: "asyncio.Future[PackedTree]") -> None:
    await asyncio.wait((packing,))
    if not packing.cancelled() and packing.exception() is None:
        packing.result().file.close()


@contextlib.asynccontextmanager
async def _background() -> AsyncIterator[Start[Any]]:
    """Tasks that end, cancelled if need be, when the block is left."""
    tasks: list[asyncio.Task[Any]] = []

    def start(work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.ensure_future(work)
        tasks.append(task)
        return task

    async def ended() -> None:
        await asyncio.gather(*tasks, return_exceptions=True)

    try:
        yield start
    finally:
        for task in tasks:
            task.cancel()
        await finish(ended())


def _sharing(container: Container, other: Container) -> Container:
    """A container that sees the same program as another one."""
    if other.lent:
        return replace(container, lent=other.lent)
    return replace(container, tree_of=other.name)


def _commands(container: Container) -> tuple[tuple[str, ...], ...]:
    return (
        container.create_command,
        *(() if container.tree_of or container.lent else (container.copy_command,)),
        container.start_command,
        container.remove_command,
    )


async def _image(request: ProofRequest, placed: Placed) -> Fact[Image]:
    empty = bool(placed.why_empty)
    reference = "rr-explorer/empty" if empty else request.image
    image = await describe(request.engine, placed.container.image, reference)
    if not isinstance(image, Image):
        return image
    system = (
        EMPTY_SYSTEM
        if empty
        else await read_system(placed.container, image.id, packages=request.needs_packages)
    )
    return replace(image, empty=empty, system=system)


def _proof(plan: _Plan, outcome: _Outcome, at: str, total: float) -> Proof:
    request, observed = plan.request, outcome.run.observed
    stopped = observed.timed_out or observed.flooded
    code: Fact[int] = NotApplicable("it was stopped" if stopped else "it never began")
    if observed.exit_code is not None and not stopped:
        code = observed.exit_code
    meaning = _meaning(plan, outcome)
    printed = f"{observed.stdout}\n{observed.stderr}"
    return Proof(
        result=meaning.result,
        meaning=meaning.code,
        text=meaning.text,
        engine=request.engine,
        image=outcome.image,
        platform=request.platform,
        emulated=plan.emulation.emulated,
        command=outcome.commands,
        argv=plan.argv,
        exit_code=code,
        started_at=at,
        duration_s=(
            round(outcome.run.seconds, 4) if observed.begun else NotApplicable("it never began")
        ),
        total_s=round(total, 4),
        stdout=observed.stdout,
        stderr=observed.stderr,
        output_truncated=outcome.run.truncated,
        checks=check(
            meaning.result, code if isinstance(code, int) else None, printed, request.expect
        ),
        agrees=_agrees(plan, meaning),
        verdict=request.verdict,
        target=request.target,
        dry_run=outcome.dry_run,
        sha256=outcome.sha256,
        subject=request.subject,
        stand_in=request.stand_in,
    )


def _agrees(plan: _Plan, meaning: Meaning) -> Fact[bool]:
    if not plan.runs_binary:
        return NotApplicable("another program was run, which says nothing about the binary")
    agrees = agreement(plan.request.verdict, meaning.result)
    if agrees is False and meaning.code == EMULATOR_REFUSED:
        return NotApplicable("only the emulator refused it: its own processor may start it")
    return agrees


def _meaning(plan: _Plan, outcome: _Outcome) -> Meaning:
    meaning = classify(outcome.run.observed, plan.known)
    if plan.argv[0] == SHELL and plan.runs_binary and meaning.code == "file-missing":
        meaning = Meaning(Result.FAILED, "interpreter-missing", f"The image has no {SHELL}")
    text = meaning.text
    if outcome.why_empty:
        proves = ": it proves that no libc is needed" if meaning.result is Result.RAN else ""
        text = f"{text}. In an empty image, since {outcome.why_empty}{proves}"
    if not plan.runs_binary and meaning.result is not Result.NOT_RUN:
        text = f"{text}. That is {plan.argv[0]}: its output shows what it did with the binary"
    return replace(meaning, text=text)


def agreement(verdict: str, result: Result) -> Fact[bool]:
    """Whether the result is the predicted one: a start for ``yes`` and ``yes-if``.

    That a program does not start without its condition contradicts no ``yes-if``.
    """
    if result is Result.NOT_RUN:
        return NotApplicable("nothing was proved")
    if verdict not in ("yes", "yes-if", "no"):
        return NotApplicable(
            "the verdict was unknown" if verdict else "there is no verdict to compare with"
        )
    if verdict == "yes-if" and result is Result.FAILED:
        return NotApplicable("the verdict is yes, if: its condition may not hold in this image")
    return (verdict != "no") == (result is Result.RAN)


def _inside(request: ProofRequest) -> str:
    return f"{ROOT}/{inner_path(request.name or request.binary.name)}"


def _argv(request: ProofRequest) -> tuple[str, ...]:
    argv = tuple(_inside(request) if word == "{}" else word for word in request.argv or ("{}",))
    if any("\0" in word for word in argv) or not argv[0]:
        raise UsageError("A command must have a program, and no zero byte in it")
    if request.platform.count("/") < 1:
        raise UsageError(f"Not a platform: {request.platform!r}", remedy="linux/amd64, for example")
    return (SHELL, *argv) if request.by_shell and argv[0] == _inside(request) else argv
