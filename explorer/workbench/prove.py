"""From an inspection to a proof: what to run, where, and which verdict it is compared with."""

from __future__ import annotations

import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from explorer.compat import Answer, Libc, Target, Verdict, claims_too_much_memory
from explorer.elf import FileFormat, Linkage, is_numbered
from explorer.errors import SourceError, UsageError
from explorer.facts import MISSING, Fact, NotApplicable, known_or
from explorer.progress import ProgressCallback
from explorer.releases import DEFAULT_COMMANDS, AssetKind, Profiles, VersionCommand
from explorer.verify import (
    DeepStep,
    Expectations,
    Proof,
    ProofRequest,
    Result,
    RunLimits,
    VersionOutput,
)
from explorer.workbench.inspect import rejudge
from explorer.workbench.models import Inspection, ProofOptions
from explorer.workbench.opened import opened_by
from explorer.workbench.proof_records import keep_proof
from explorer.workbench.proof_tree import ProofTree, proof_tree
from explorer.workbench.verdicts import default_target

_APE = (b"MZqFpD='", b"jartsr='", b"APEDBG='")

if TYPE_CHECKING:
    from explorer.fetch import Cache
    from explorer.settings import Settings
    from explorer.workbench.engine_pool import EnginePool
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
        UsageError: not a program for Linux.
        IntegrityError: the file has changed since it was inspected.
        EngineError: no engine, image or emulation.
    """
    from explorer.verify import prove

    platform = container_platform(inspection)
    usual = usual_command(inspection, resources.profiles)
    settings, cache, path = resources.settings, resources.cache, inspection.path
    target = await resources.run(lambda _: proof_target(settings, options))
    _check_arch(inspection, platform, target)
    pool = await resources.pool(options.engine)
    own = f"linux/{target.arch}" if target.arch else pool.engines[0].platform
    platform = platform or own
    verdict, tree = await resources.run(lambda _: _judged(inspection, target, cache))
    assert path is not None
    request = ProofRequest(
        engine=pool.engines[0],
        binary=path,
        platform=platform,
        image=wanted_image(settings, options, target, platform.partition("/")[2]),
        name=tree.name,
        argv=_argv(options, usual),
        by_shell=needs_shell(inspection),
        beside=tree.beside,
        static=_static(inspection),
        may_be_packed=_may_be_packed(inspection),
        too_large=_too_large(inspection),
        limits=_limits(options, settings),
        run_args=settings.run_args,
        pull=options.pull and settings.pull and not settings.offline,
        expect=_expectations(inspection, options, usual),
        verdict=verdict.unaided.value,
        needs_packages=bool(verdict.packages),
        target=target.name.partition("/")[0],
        libc=target.libc.value,
        subject=inspection.subject.name,
        sha256=known_or(inspection.file.sha256, ""),
        stand_in=inspection.subject.stand_in,
    )
    run = partial(prove, progress=progress, output=output, warn=resources.warn)
    proof = await _on_any(pool, run, request, () if options.argv else usual.fallback)
    proof = await resources.run(
        lambda _: compared_with(cache, inspection, proof, target, bool(options.on))
    )
    if options.deep:
        proof = await _deepened(resources, inspection, request, proof, progress)
    await resources.run(lambda _: _keep(resources, proof))
    return proof


async def _on_any(
    pool: EnginePool,
    run: Callable[[ProofRequest], Awaitable[Proof]],
    request: ProofRequest,
    fallback: tuple[str, ...],
) -> Proof:
    """The proof, by an engine of the pool."""
    return await pool.run(
        request.platform,
        lambda engine: _run_or_fall_back(run, replace(request, engine=engine), fallback),
    )


async def _deepened(
    resources: Resources,
    inspection: Inspection,
    request: ProofRequest,
    proof: Proof,
    progress: ProgressCallback,
) -> Proof:
    """The proof with the steps of the project's profile."""
    from explorer.verify import prove_deeply

    if not isinstance(proof.engine, MISSING):
        request = replace(request, engine=proof.engine)
    steps = deep_steps(inspection, resources.profiles)
    deep = await prove_deeply(request, proof, steps, progress=progress, warn=resources.warn)
    return replace(proof, deep=deep)


async def _run_or_fall_back(
    run: Callable[[ProofRequest], Awaitable[Proof]],
    request: ProofRequest,
    fallback: tuple[str, ...],
) -> Proof:
    """The proof of the request; if the program fails, of the fallback that succeeds."""
    proof = await run(request)
    if not fallback or not _failed(proof):
        return proof
    second = await run(replace(request, argv=fallback, expect=Expectations()))
    return proof if _failed(second) else second


def compared_with(
    cache: Cache, inspection: Inspection, proof: Proof, asked: Target, chosen: bool
) -> Proof:
    """The proof, compared with the verdict on the target that the image was."""
    from explorer.verify import agreement, target_of

    target = target_of(proof.image, asked, chosen=chosen)
    agrees: Fact[bool] = proof.agrees
    if target is None:
        if not isinstance(agrees, MISSING):
            agrees = NotApplicable(f"no target is like its image, {image_name(proof)}")
        return replace(proof, target="", verdict="", agrees=agrees)
    verdict = rejudge(inspection, (target,), cache).verdicts[0]
    target, lacking = _with_what_it_holds(proof, target, verdict)
    if lacking:
        proof = replace(proof, text=f"{proof.text}. {lacking}")
    name = target.name.partition("/")[0]
    if name == proof.target:
        return proof
    if target is not verdict.target:
        verdict = rejudge(inspection, (target,), cache).verdicts[0]
    if not isinstance(agrees, MISSING) or proof.verdict == Answer.UNKNOWN:
        agrees = agreement(verdict.unaided.value, proof.result)
    return replace(proof, target=name, verdict=verdict.unaided.value, agrees=agrees)


def held_again(
    cache: Cache, inspection: Inspection, proof: Proof, asked: Target, chosen: bool
) -> Proof:
    """An earlier proof, held against the verdict of today. Blocking."""
    from explorer.verify import agreement

    if proof.target == asked.name.partition("/")[0]:
        verdict = _own_verdict(inspection, asked, cache).unaided.value
        if verdict != proof.verdict and not isinstance(proof.agrees, MISSING):
            agrees = agreement(verdict, proof.result)
            proof = replace(proof, verdict=verdict, agrees=agrees)
    return compared_with(cache, inspection, proof, asked, chosen)


def _with_what_it_holds(proof: Proof, target: Target, verdict: Verdict) -> tuple[Target, str]:
    """The target with the packages that make the program run, if the image holds them all.

    Otherwise the target as it is, and a sentence that names what the image lacks.
    """
    from explorer.compat import with_packages

    system = NotApplicable("") if isinstance(proof.image, MISSING) else proof.image.system
    if not verdict.packages or isinstance(system, MISSING):
        return target, ""
    lacking = [name for name in verdict.packages if name not in system.packages]
    if not lacking:
        return with_packages(target, verdict.packages), ""
    words = f"The image lacks {', '.join(lacking)}; with {verdict.install} it may run there"
    return target, words


def image_name(proof: Proof) -> str:
    """What the image says it is, else its reference."""
    if isinstance(proof.image, MISSING):
        return "(unknown)"
    system = proof.image.system
    name = "" if isinstance(system, MISSING) else system.name
    return name or proof.image.reference


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
    if platform and target.arch not in ("", platform.removeprefix("linux/")):
        raise UsageError(
            f"{inspection.file.name} is a program for {platform}, and the verdict asked for is "
            f"about {target.arch}",
            "it runs on its own processor, emulated if need be",
            f"Leave /{target.arch} out",
        )


def _failed(proof: Proof) -> bool:
    """Whether the program ran and ended with an error, as for an option that it does not know."""
    return proof.result is Result.RAN and proof.exit_code != 0


def _judged(inspection: Inspection, target: Target, cache: Cache) -> tuple[Verdict, ProofTree]:
    """The verdict on the target, and what is copied into the container."""
    opened = opened_by(inspection)
    assert opened is not None, "only a whole file is proved"
    tree = proof_tree(opened, static=_static(inspection))
    return _own_verdict(inspection, target, cache), tree


def _own_verdict(inspection: Inspection, target: Target, cache: Cache) -> Verdict:
    """The verdict on the target with the program's own processor."""
    own = target if target.arch else replace(target, arch=known_or(inspection.binary.arch, ""))
    return rejudge(inspection, (own,), cache).verdicts[0]


def _keep(resources: Resources, proof: Proof) -> None:
    """A cache that cannot be written costs the record and a warning, never the proof."""
    if proof.result is Result.NOT_RUN:  # it would hide an earlier proof, and says nothing
        return
    try:
        keep_proof(resources.cache, proof)
    except SourceError as error:
        resources.warn(str(error))


def container_platform(inspection: Inspection) -> str:
    """``linux/ARCH`` of a program that a Linux container could start; empty if it runs on any.

    Raises:
        UsageError: it is not a program for Linux.
    """
    binary, elf = inspection.binary, inspection.binary.elf
    if binary.format is FileFormat.SCRIPT or needs_shell(inspection):
        return ""
    title = f"{inspection.file.name} cannot be run in a Linux container"
    if inspection.about is not None:
        raise UsageError(title, f"it is {inspection.about.in_words}", "Name a program")
    if binary.format is FileFormat.UNSEEN:
        raise UsageError(title, binary.detail, "Name the program: FILE#MEMBER")
    if (
        binary.format is not FileFormat.ELF
        or isinstance(binary.arch, MISSING)
        or isinstance(elf, MISSING)
    ):
        raise UsageError(title, f"it is {binary.detail}", "Choose a file for linux")
    if is_numbered(binary.arch):
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
    # x32 and n32 need the kernel of the 64-bit processor, and no image is named after them.
    return f"linux/{binary.arch.replace('p32', '')}"


def needs_shell(inspection: Inspection) -> bool:
    """Whether a shell starts it, since the kernel does not: an Actually Portable Executable.

    Such a file begins like a Windows program, and its first lines are a shell script (cosmopolitan,
    ape/specification.md).
    """
    if inspection.path is None or inspection.binary.format not in (FileFormat.PE, FileFormat.DATA):
        return False
    with inspection.path.open("rb") as file:
        return file.read(8) in _APE


def usual_command(inspection: Inspection, profiles: Profiles) -> VersionCommand:
    """How the program is asked for its version: as its project's profile says, else as most are."""
    kind = kind_of_program(inspection, profiles)
    release = inspection.subject.release
    return kind.command(release.version if release else "") if kind else DEFAULT_COMMANDS[0]


def deep_steps(inspection: Inspection, profiles: Profiles) -> tuple[DeepStep, ...]:
    """The steps of a deep proof that the project's profile describes for this version."""
    kind = kind_of_program(inspection, profiles)
    release = inspection.subject.release
    commands = kind.deep_commands(release.version if release else "") if kind else ()
    return tuple(
        DeepStep(
            name=step.step,
            argv=step.argv,
            config=step.config,
            config_name=step.config_name,
            url=step.url,
            expect=step.expect,
            fails=step.fails,
        )
        for step in commands
    )


def kind_of_program(inspection: Inspection, profiles: Profiles) -> AssetKind | None:
    """The kind of files that it belongs to; None for a local program of no known project."""
    asset = inspection.subject.asset
    return asset.kind if asset else profiles.by_program(posixpath.basename(inspection.file.name))


def _argv(options: ProofOptions, usual: VersionCommand) -> tuple[str, ...]:
    """The user's words, else the usual command."""
    if options.argv:
        return options.argv if "{}" in options.argv else ("{}", *options.argv)
    return usual.argv


ARCH = "{arch}"
"""In the name of an image: stands for the architecture of the program."""


def wanted_image(
    settings: Settings, options: ProofOptions, target: Target, arch: str, *, named: bool = False
) -> str:
    """The image that a proof runs in; empty: the empty one.

    ``named``: one of several targets that a user named. An image of the settings cannot be each of
    them: it stands in only for a target that has none.
    """
    own = target.image
    if named:
        other = "" if target.libc is Libc.NONE else settings.image
        image = options.image or own or other
    else:
        image = options.image or settings.image or own
    return image.replace(ARCH, arch)


def is_usual_run(
    inspection: Inspection, options: ProofOptions, profiles: Profiles, proof: Proof
) -> bool:
    """Whether an earlier proof ran the command that one with these options would run."""
    from explorer.verify import ran_as

    usual = usual_command(inspection, profiles)
    fallback = () if options.argv else usual.fallback
    return ran_as(proof, _argv(options, usual)) or (bool(fallback) and ran_as(proof, fallback))


def proof_target(settings: Settings, options: ProofOptions) -> Target:
    from explorer.compat import find_target, target_for_image

    if options.on:
        return find_target(options.on)
    image = options.image or settings.image
    return (target_for_image(image) if image else None) or default_target(settings)


def _expectations(
    inspection: Inspection, options: ProofOptions, usual: VersionCommand
) -> Expectations:
    """What the program must print by an asset's name; nothing for local files and own commands."""
    subject = inspection.subject
    if subject.asset is None or options.argv:
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


def _too_large(inspection: Inspection) -> bool:
    elf = inspection.binary.elf
    return not (isinstance(elf, MISSING) or isinstance(elf.segments, MISSING)) and (
        claims_too_much_memory(elf.segments)
    )


def _may_be_packed(inspection: Inspection) -> bool:
    """Whether another program, whose linkage is not known to be static, may be inside."""
    elf = inspection.binary.elf
    if isinstance(elf, MISSING) or elf.linkage is not Linkage.PACKED:
        return False
    inside = elf.packed
    return isinstance(inside, MISSING) or inside.linkage not in (Linkage.STATIC, Linkage.STATIC_PIE)
