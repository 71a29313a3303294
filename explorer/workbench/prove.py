"""From an inspection to a proof: what to run, where, and which verdict it is compared with."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.compat import Dependency, Target, Verdict, Where
from explorer.elf import FileFormat, Linkage
from explorer.errors import IntegrityError, SourceError, UsageError
from explorer.facts import MISSING, known_or
from explorer.progress import Cancellation, ProgressCallback
from explorer.releases import Profiles, VersionCommand
from explorer.verify import (
    Expectations,
    Proof,
    ProofRequest,
    Result,
    RunLimits,
    VersionOutput,
)
from explorer.workbench.inspect import rejudge
from explorer.workbench.models import Inspection, ProofOptions
from explorer.workbench.opened import hash_file, opened_by
from explorer.workbench.proof_records import keep_proof
from explorer.workbench.verdicts import default_target

if TYPE_CHECKING:
    from explorer.fetch import Cache
    from explorer.settings import Settings
    from explorer.workbench.resources import Resources


async def prove_inspection(
    resources: Resources,
    inspection: Inspection,
    options: ProofOptions,
    progress: ProgressCallback,
    output: Callable[[str], None] | None,
) -> Proof:
    """Run the program, and keep the proof unless it did not run at all.

    Raises:
        UsageError: not a program for Linux, or nothing says what to run.
        IntegrityError: the file has changed since it was inspected.
        EngineError: no engine, image or emulation.
    """
    from explorer.verify import prove

    platform = _platform(inspection)
    usual = usual_command(inspection, resources.profiles)
    argv = _argv(inspection, options, usual)
    settings = resources.settings
    target = await resources.run(lambda _: _target(settings, options))
    _check_arch(inspection, platform, target)
    await resources.run(lambda cancel: _check_unchanged(inspection, cancel))
    engine = await resources.engine(options.engine)
    verdict, name, neighbours = await resources.run(
        lambda _: _judged(inspection, target, resources.cache)
    )
    binary = inspection.path
    assert binary is not None
    request = ProofRequest(
        engine=engine,
        binary=binary,
        platform=platform,
        image=options.image or settings.image or target.image,
        name=name,
        argv=argv,
        neighbours=neighbours,
        static=_static(inspection),
        limits=_limits(options, settings),
        run_args=settings.run_args,
        pull=options.pull and settings.pull and not settings.offline,
        expect=_expectations(inspection, options, usual),
        verdict=verdict.answer.value,
        target=target.name,
        subject=inspection.subject.name,
        sha256=known_or(inspection.file.sha256, ""),
        stand_in=inspection.subject.stand_in,
    )
    proof = await prove(request, progress=progress, output=output)
    if usual is not None and argv == usual.argv and usual.fallback and _failed(proof):
        again = replace(request, argv=usual.fallback, expect=Expectations())
        second = await prove(again, progress=progress, output=output)
        proof = proof if _failed(second) else second
    if proof.result is not Result.NOT_RUN:  # it would hide an earlier proof, and says nothing
        await resources.run(lambda _: _keep(resources, proof))
    return proof


def _limits(options: ProofOptions, settings: Settings) -> RunLimits:
    return RunLimits(
        options.seconds or settings.run_seconds,
        settings.run_output,
        settings.run_memory,
        settings.run_processes,
    )


def _check_arch(inspection: Inspection, platform: str, target: Target) -> None:
    """A verdict on another processor than the program's own cannot be proved.

    Raises:
        UsageError: the target is of another processor.
    """
    if target.arch not in ("", platform.removeprefix("linux/")):
        raise UsageError(
            f"{inspection.file.name} is a program for {platform}, and the verdict asked for is "
            f"about {target.arch}",
            "it runs on its own processor, emulated if need be",
            f"Leave /{target.arch} out",
        )


def _failed(proof: Proof) -> bool:
    """Whether the program ran and ended with an error, as for an option that it does not know."""
    return proof.result is Result.RAN and proof.exit_code != 0


def _check_unchanged(inspection: Inspection, cancel: Cancellation) -> None:
    """A proof is kept under the digest of the bytes that ran.

    Raises:
        IntegrityError: the file is not the one that was inspected.
    """
    assert inspection.path is not None
    _, sha256 = hash_file(inspection.path, cancel)
    if sha256 != inspection.file.sha256:
        raise IntegrityError(
            f"{inspection.file.name} has changed since it was inspected",
            f"sha256 was {known_or(inspection.file.sha256, 'unknown')}, and is {sha256}",
            "Inspect it again",
        )


def _judged(
    inspection: Inspection, target: Target, cache: Cache
) -> tuple[Verdict, str, tuple[tuple[str, Path], ...]]:
    """The verdict on the target, the program's name inside the container, and what goes beside."""
    verdict = rejudge(inspection, (target,), cache).verdicts[0]
    name, neighbours = _beside(inspection, verdict, cache)
    return verdict, name, neighbours


def _keep(resources: Resources, proof: Proof) -> None:
    """A cache that cannot be written costs the record and a warning, never the proof."""
    try:
        keep_proof(resources.cache, proof)
    except SourceError as error:
        resources.warn(str(error))


def _platform(inspection: Inspection) -> str:
    """``linux/ARCH`` of a program that a Linux container could start.

    Raises:
        UsageError: it is not a program for Linux.
    """
    binary, elf = inspection.binary, inspection.binary.elf
    title = f"{inspection.file.name} cannot be run in a Linux container"
    if (
        binary.format is not FileFormat.ELF
        or isinstance(binary.arch, MISSING)
        or isinstance(elf, MISSING)
    ):
        raise UsageError(title, f"it is {binary.detail}", "Choose a file for linux")
    if binary.arch.startswith("machine-"):
        raise UsageError(
            title,
            f"its processor is not supported: {binary.detail}",
            "Choose a file for amd64 or arm64",
        )
    if isinstance(elf.os_note, str):
        raise UsageError(title, f"it is a program for {elf.os_note}", "Choose a file for linux")
    if elf.linkage in (Linkage.SHARED_LIBRARY, Linkage.OBJECT, Linkage.CORE):
        raise UsageError(
            title, f"it is not a program: {binary.detail}", "Choose the program: FILE#MEMBER"
        )
    return f"linux/{binary.arch}"


def usual_command(inspection: Inspection, profiles: Profiles) -> VersionCommand | None:
    """How the program is asked for its version; None if it is not known what to run."""
    subject = inspection.subject
    name = posixpath.basename(inspection.file.name)
    kind = subject.asset.kind if subject.asset else profiles.by_program(name)
    version = subject.release.version if subject.release else ""
    return kind.command(version) if kind is not None else None


def _argv(
    inspection: Inspection, options: ProofOptions, usual: VersionCommand | None
) -> tuple[str, ...]:
    """The user's words, else the usual command."""
    if options.argv:
        return options.argv if "{}" in options.argv else ("{}", *options.argv)
    if usual is None:
        raise UsageError(
            f"What should be run of {inspection.file.name}?",
            "it is a program of no known project",
            'Say so, e.g. --run "--version"',
        )
    return usual.argv


def _target(settings: Settings, options: ProofOptions) -> Target:
    from explorer.compat import find_target, target_for_image

    if options.on:
        return find_target(options.on)
    image = options.image or settings.image
    return (target_for_image(image) if image else None) or default_target(settings)


def _expectations(
    inspection: Inspection, options: ProofOptions, usual: VersionCommand | None
) -> Expectations:
    """What the program must print by an asset's name; nothing for local files and own commands."""
    subject = inspection.subject
    if subject.asset is None or options.argv or usual is None:
        return Expectations()
    if not usual.certain:
        output = VersionOutput()
    elif usual.version:
        output = VersionOutput(
            usual.version, usual.os, usual.arch, usual.unset, usual.any_exit, certain=True
        )
    else:
        return Expectations()
    platform = subject.asset.platform
    version = subject.release.version if subject.release else ""
    return Expectations(version, known_or(platform.os, ""), known_or(platform.arch, ""), output)


def _static(inspection: Inspection) -> bool:
    elf = inspection.binary.elf
    return not isinstance(elf, MISSING) and elf.linkage in (Linkage.STATIC, Linkage.STATIC_PIE)


def _beside(
    inspection: Inspection, verdict: Verdict, cache: Cache
) -> tuple[str, tuple[tuple[str, Path], ...]]:
    """The program's name inside the container, and the libraries that ``$ORIGIN`` must find."""
    name = posixpath.basename(inspection.file.name)
    opened = opened_by(inspection)
    surroundings = opened.neighbours(cache) if opened is not None else None
    check = verdict.dependencies
    if surroundings is None or isinstance(check, MISSING):
        return name, ()
    libraries = {
        d.path: surroundings.file(d.path)
        for d in _all(check.libraries)
        if d.where is Where.BESIDE and d.path
    }
    files = {path: file for path, file in libraries.items() if file is not None}
    if not files:
        return name, ()
    program = posixpath.join(surroundings.origin, name)
    root = (
        posixpath.commonpath([posixpath.dirname(p) for p in (program, *files)])
        if surroundings.origin
        else ""
    )
    inside = {posixpath.relpath(path, root) if root else path: file for path, file in files.items()}
    return (posixpath.relpath(program, root) if root else program), tuple(inside.items())


def _all(dependencies: Iterable[Dependency]) -> Iterable[Dependency]:
    for dependency in dependencies:
        yield dependency
        yield from _all(dependency.children)
