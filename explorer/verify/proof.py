"""A proof from beginning to end: place, copy, run, look, remove, and say what it means."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from explorer.errors import EngineError, SourceError, UsageError
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.progress import Progress, ProgressCallback, ignore_progress
from explorer.verify.checks import check
from explorer.verify.container import ROOT, Container, Output, Run, to_the_end
from explorer.verify.emulate import emulation
from explorer.verify.engines import engine_failure
from explorer.verify.images import (
    describe,
    empty_image,
    is_absent,
    kept_name,
    not_pulled,
    pull_beside,
)
from explorer.verify.models import DryRun, Emulation, Image, Proof, ProofRequest, Result, RunLimits
from explorer.verify.outcomes import Meaning, classify, signalled_under_emulation
from explorer.verify.signals import stop_in_order

_LOADERS = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "386": "i386",
    "arm": "armhf",
    "riscv64": "riscv64",
    "ppc64le": "powerpc64le",
    "s390x": "s390x",
}
"""Architecture in Go's words to what musl calls its loader."""

_NO_PREEMPTION = "GODEBUG=asyncpreemptoff=1"
"""Go's preemption by signals upsets qemu-user now and then: a signal is tried once more without it."""


async def prove(
    request: ProofRequest,
    *,
    progress: ProgressCallback = ignore_progress,
    output: Output | None = None,
) -> Proof:
    """Run the binary in a throw-away container and say what was seen.

    ``output`` gets the program's lines as they come, both streams, raw: untrusted. Cancelling the task ends the run; the
    container is removed in any case.

    Raises:
        EngineError: the image or the emulation is missing, or the engine failed before the start. Says what to do.
        SourceError: the binary cannot be read. UsageError: the request makes no sense.
    """
    began, at = time.monotonic(), datetime.now(UTC)
    files = _files(request)
    argv = _argv(request)
    with stop_in_order():
        progress(Progress("preparing", unit="steps", detail=request.image))
        can = await emulation(request.engine, request.platform, request.run_args)
        if not can.available:
            raise EngineError(
                f"{request.engine.name} cannot run programs of {request.platform}",
                f"it runs on {request.engine.platform}, and no emulation is registered there",
                can.remedy,
            )
        seconds = request.limits.seconds * (2 if can.emulated else 1)
        limits = replace(request.limits, seconds=seconds)
        outcome = await _carry_out(request, _Plan(files, argv, limits, can), progress, output)
    return _proof(
        request, argv, can, outcome, at.isoformat(timespec="milliseconds"), time.monotonic() - began
    )


@dataclass(frozen=True, slots=True)
class _Plan:
    files: dict[str, Path]
    argv: tuple[str, ...]
    limits: RunLimits
    can: Emulation


@dataclass(frozen=True, slots=True)
class _Outcome:
    run: Run
    meaning: Meaning
    image: Fact[Image]
    dry_run: Fact[DryRun]
    commands: tuple[tuple[str, ...], ...]


async def _carry_out(
    request: ProofRequest, plan: _Plan, progress: ProgressCallback, output: Output | None
) -> _Outcome:
    # description and dry run go on beside the run: neither costs it time, both are wanted only at the end
    listed = asyncio.ensure_future(_dry_run(request, request.image, plan))
    described: asyncio.Future[Fact[Image]] | None = None
    try:
        async with contextlib.AsyncExitStack() as stack:
            container, why_empty, at_once = await _place(stack, request, plan, progress)
            if not at_once:
                await listed
                listed = asyncio.ensure_future(
                    _dry_run(request, "" if why_empty else container.image, plan)
                )
            progress(Progress("copying", unit="steps"))
            await container.copy_in(plan.files)
            described = asyncio.ensure_future(
                _image(request, container, why_empty)
            )  # while it runs the client has nothing to do
            run = await _run(container, plan, progress, output)
            commands = _commands(container)
            if plan.can.emulated and signalled_under_emulation(run.seen):
                again = replace(
                    container, name=f"{container.name}-2", environment=(_NO_PREEMPTION,)
                )
                created = await stack.enter_async_context(again.exists())
                if created.failed:
                    raise engine_failure(request.engine.name, created, "create")
                commands += _commands(again)
                await again.copy_in(plan.files)
                run = await _run(again, plan, progress, output)
            progress(Progress("removing", unit="steps"))
        image, dry_run = await described, await listed
    finally:
        tasks = [task for task in (described, listed) if task is not None]
        for task in tasks:
            task.cancel()
        await to_the_end(_ended(*tasks))
    meaning = classify(run.seen)
    if why_empty:
        proves = ": it proves that no libc is needed" if meaning.result is Result.RAN else ""
        meaning = replace(
            meaning, text=f"{meaning.text}. In an empty image, since {why_empty}{proves}"
        )
    return _Outcome(run, meaning, image, dry_run, commands)


def _commands(container: Container) -> tuple[tuple[str, ...], ...]:
    return (
        container.create_command,
        container.copy_command,
        container.start_command,
        container.remove_command,
    )


async def _ended(*tasks: "asyncio.Future[Any]") -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


async def _run(
    container: Container, plan: _Plan, progress: ProgressCallback, output: Output | None
) -> Run:
    progress(Progress("running", unit="steps", detail="emulated" if plan.can.emulated else ""))
    return await container.start(output)


async def _place(
    stack: contextlib.AsyncExitStack, request: ProofRequest, plan: _Plan, progress: ProgressCallback
) -> tuple[Container, str | None, bool]:
    """A created container; why it is made from the empty image (None: it is not); whether the image was there as it was named."""

    async def create(image: str) -> tuple[Container, bool]:
        container = Container(
            request.engine, image, request.platform, plan.argv, plan.limits, request.run_args
        )
        created = await stack.enter_async_context(container.exists())
        if created.failed and not is_absent(created):
            raise engine_failure(request.engine.name, created, "create")
        return container, not created.failed

    if request.image:
        names = [request.image]
        if request.platform != request.engine.platform:
            names.append(kept_name(request.image, request.platform))
        for name in names:
            container, there = await create(name)
            if there:
                return container, None, name == request.image
    try:
        if not request.image:
            raise EngineError(
                "No image to run it in", "the target has none", "Choose one with --image"
            )
        if not request.pull:
            raise not_pulled(request.engine, request.image, request.platform)
        container, there = await create(
            await pull_beside(request.engine, request.image, request.platform, progress)
        )
        if there:
            return container, None, False
        raise EngineError(
            f"No such image for {request.platform}: {request.image}",
            "what was pulled is of another platform",
            "Choose another with --image",
        )
    except EngineError as error:
        if not request.static:
            raise
        why = (
            f"{error.title[0].lower()}{error.title[1:]}"
            if request.image
            else "the target has no image"
        )
    container, there = await create(await empty_image(request.engine, request.platform))
    if not there:
        raise EngineError(
            f"{request.engine.name} does not take an empty image",
            "",
            "Choose an image that is there with --image",
        )
    return container, why, not request.image


async def _image(request: ProofRequest, container: Container, why_empty: str | None) -> Fact[Image]:
    reference = request.image if why_empty is None else "rr-explorer/empty"
    found = await describe(request.engine, container.image, reference)
    return replace(found, empty=why_empty is not None) if isinstance(found, Image) else found


async def _dry_run(request: ProofRequest, image: str, plan: _Plan) -> Fact[DryRun]:
    """The loader's own ``--list`` in a container like the other: it maps the libraries and resolves the symbols, and runs nothing."""
    if request.static or not image:
        return NotApplicable("a static program has no loader")
    machine = _LOADERS.get(request.platform.split("/")[1])
    if machine is None or plan.argv[0] != _inside(request):
        return NotApplicable(
            "only for a binary of an architecture whose loader is known, run by itself"
        )
    argv = (f"/lib/ld-musl-{machine}.so.1", "--list", plan.argv[0])
    container = Container(
        request.engine, image, request.platform, argv, plan.limits, request.run_args
    )
    try:
        async with container.exists() as created:
            if created.failed:
                return Unknown("the engine refused a second container")
            await container.copy_in(plan.files)
            run = await container.start(look=False)
    except (EngineError, SourceError) as error:
        return Unknown(f"it could not be done: {error.title}")
    seen = run.seen
    if seen.timed_out or seen.flooded or seen.exit_code is None:
        return Unknown("the loader was stopped at a limit")
    if (
        f'"{argv[0]}"' in seen.stderr or f"`{argv[0]}`" in seen.stderr
    ):  # the engine quotes the program that it cannot start
        return NotApplicable("the image has no musl loader")
    return DryRun(argv, seen.exit_code, seen.stdout + seen.stderr)


def _proof(
    request: ProofRequest,
    argv: tuple[str, ...],
    can: Emulation,
    outcome: _Outcome,
    at: str,
    total: float,
) -> Proof:
    seen, meaning, agrees = (
        outcome.run.seen,
        outcome.meaning,
        agreement(request.verdict, outcome.meaning.result),
    )
    if argv[0] != _inside(request) and meaning.result is not Result.NOT_RUN:
        meaning = replace(
            meaning,
            text=f"{meaning.text}. That is {argv[0]}: what it did with the binary its output tells",
        )
        agrees = NotApplicable("another program was run, which says nothing about the binary")
    code: Fact[int] = NotApplicable(
        "it was stopped" if seen.timed_out or seen.flooded else "it never began"
    )
    if seen.exit_code is not None and not (seen.timed_out or seen.flooded):
        code = seen.exit_code
    return Proof(
        result=meaning.result,
        meaning=meaning.code,
        text=meaning.text,
        engine=request.engine,
        image=outcome.image,
        platform=request.platform,
        emulated=can.emulated,
        command=outcome.commands,
        argv=argv,
        exit_code=code,
        started_at=at,
        duration_s=round(outcome.run.seconds, 4) if seen.begun else NotApplicable("it never began"),
        total_s=round(total, 4),
        stdout=seen.stdout,
        stderr=seen.stderr,
        output_truncated=outcome.run.truncated,
        checks=check(
            meaning.result,
            code if isinstance(code, int) else None,
            f"{seen.stdout}\n{seen.stderr}",
            request.expect,
        ),
        agrees=agrees,
        verdict=request.verdict,
        target=request.target,
        dry_run=outcome.dry_run,
        sha256=request.sha256,
        subject=request.subject,
        stand_in=request.stand_in,
    )


def agreement(verdict: str, result: Result) -> Fact[bool]:
    """Whether what was seen is what was predicted: ``yes`` and ``yes-if`` that it runs, ``no`` that it does not."""
    if result is Result.NOT_RUN:
        return NotApplicable("nothing was proved")
    if verdict not in ("yes", "yes-if", "no"):
        return NotApplicable(
            "the verdict was unknown" if verdict else "there is no verdict to compare with"
        )
    return (verdict != "no") == (result is Result.RAN)


def _inside(request: ProofRequest) -> str:
    return f"{ROOT}/{_relative(request.name or request.binary.name)}"


def _files(request: ProofRequest) -> dict[str, Path]:
    return {
        _relative(name): path
        for name, path in (
            (request.name or request.binary.name, request.binary),
            *request.neighbours,
        )
    }


def _relative(name: str) -> str:
    """A path below ``ROOT``. Names come from archives: nothing in them may point anywhere else."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or "\0" in name:
        raise UsageError(f"Not a name for a file in a container: {name!r}")
    return "/".join(parts)


def _argv(request: ProofRequest) -> tuple[str, ...]:
    argv = tuple(_inside(request) if word == "{}" else word for word in request.argv or ("{}",))
    if any("\0" in word for word in argv) or not argv[0]:
        raise UsageError("A command must have a program, and no zero byte in it")
    if request.platform.count("/") < 1:
        raise UsageError(f"Not a platform: {request.platform!r}", remedy="linux/amd64, for example")
    return argv
