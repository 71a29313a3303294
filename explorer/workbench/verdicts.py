"""Verdicts of a binary on targets, and which targets a caller means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.compat import Answer, Reason, Target, Verdict
from explorer.elf import Binary, FileFormat
from explorer.facts import MISSING, Unknown, known_or
from explorer.workbench.asked import wanted_platform
from explorer.workbench.models import Subject

if TYPE_CHECKING:
    from explorer.compat import Surroundings
    from explorer.settings import Settings


_FOR_ANOTHER = re.compile(
    r"(?<![a-z0-9])(?:qemu|cross|toolchain|gcc|clang|binutils|gdb|emulator|firmware)(?![a-z0-9])"
)
"""Words of tools whose names say the architecture that they are *about*: qemu-aarch64-static."""


def default_target(settings: Settings) -> Target:
    """The settings' target, else musl of the current Alpine. Reads the packaged data once.

    Raises:
        UsageError: the settings name no known target.
    """
    from explorer.compat import default_target as current_alpine
    from explorer.compat import find_target

    return find_target(settings.target) if settings.target else current_alpine()


def named_targets(names: Sequence[str], settings: Settings) -> tuple[Target, ...]:
    """The targets with these names; the default target if there are no names.

    Raises:
        UsageError: no such target; names the nearest ones.
    """
    from explorer.compat import find_target

    return tuple(find_target(name) for name in names) or (default_target(settings),)


@dataclass(frozen=True, slots=True)
class WantedArch:
    """The architecture that a file is judged for."""

    arch: str = ""
    """In Go's words; empty: the program's own."""
    asked: bool = False
    """Whether a user asked for it; else the file's name claims it."""


OWN_ARCH = WantedArch()
_OF_A_RELEASE = re.compile(
    r"\b(?:the|a) ((?:[\w.]+ )*?)file of this release\b(?:, if it has one\b)?"
)


def wanted_arch(subject: Subject, binary: Binary) -> WantedArch:
    """The architecture asked for, else the one that the file's name claims.

    A vague word claims nothing against those that it is used for: ``x86`` of a program for amd64.
    """
    platform, asked = wanted_platform(subject), subject.platform
    if known_or(platform.os, "linux") != "linux":
        return OWN_ARCH
    if asked is not None and not isinstance(asked.arch, MISSING):
        return WantedArch(asked.arch, asked=True)
    if subject.asset is not None:
        name = subject.asset.name
    else:
        name = subject.path.name if subject.path is not None else ""
    if subject.member or _FOR_ANOTHER.search(name.lower()):
        return OWN_ARCH
    if platform.may_be:
        return OWN_ARCH if binary.arch in platform.may_be else WantedArch(platform.may_be[0])
    return WantedArch(known_or(platform.arch, ""))


def verdicts_of(
    binary: Binary,
    targets: Sequence[Target],
    surroundings: Surroundings | None = None,
    wanted: WantedArch = OWN_ARCH,
) -> tuple[Verdict, ...]:
    """One verdict per target, in their order.

    Args:
        wanted: a target without an architecture of its own gets this one, so that a mislabelled
            file is not taken for what it says.
    """
    if binary.format is not FileFormat.UNSEEN:
        return tuple(_judged(binary, target, surroundings, wanted) for target in targets)
    reason = _unseen(binary)
    why = Unknown(binary.detail)
    return tuple(Verdict(t, Answer.UNKNOWN, reason, (reason,), why, why) for t in targets)


def without_release(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    """The verdicts of a local file: their remedies name no file of a release."""
    return tuple(_local(verdict) for verdict in verdicts)


def _local(verdict: Verdict) -> Verdict:
    def told(remedy: str) -> str:
        return _OF_A_RELEASE.sub(_a_build, remedy)

    reasons = tuple(
        replace(
            reason,
            remedy=told(reason.remedy),
            ways=tuple(len(told(reason.remedy[:end])) for end in reason.ways),
        )
        for reason in verdict.reasons
    )
    deciding = reasons[verdict.reasons.index(verdict.deciding)]
    return replace(verdict, reasons=reasons, deciding=deciding)


def _a_build(match: re.Match[str]) -> str:
    """``the Linux file of this release``: ``a Linux build``."""
    build = f"{match[1] or ''}build"
    return f"an {build}" if build[0] in "aeiou8" else f"a {build}"


def _judged(
    binary: Binary, target: Target, surroundings: Surroundings | None, wanted: WantedArch
) -> Verdict:
    from explorer.compat import judge

    if target.arch or not wanted.arch:
        return judge(binary, target, surroundings)
    verdict = judge(binary, replace(target, arch=wanted.arch), surroundings)
    if wanted.asked:
        return verdict
    deciding = verdict.deciding
    if deciding.code == "elf.arch" and deciding.answer is Answer.NO:
        loud = replace(
            deciding,
            text=f"It is mislabelled: its name says {wanted.arch}, but the program in it is built "
            f"for {known_or(binary.arch, 'another processor')}.",
            remedy=f"Do not use it on {wanted.arch}, and tell the project",
            short=f"mislabelled: {known_or(binary.arch, 'another processor')}",
        )
        reasons = tuple(loud if reason == deciding else reason for reason in verdict.reasons)
        verdict = replace(verdict, deciding=loud, reasons=reasons)
    return verdict


def _unseen(binary: Binary) -> Reason:
    """Why there is no verdict on a program of which no byte was reached."""
    why = binary.detail
    if isinstance(binary.size, Unknown) and binary.size.needs is None:  # more bytes do not help
        return Reason(
            "archive.undecided",
            Answer.UNKNOWN,
            f"{why}.",
            "",
            "Unpack it and inspect the program in it, or say which: FILE#MEMBER, --platform",
            short=why,
        )
    return Reason(
        "peek.unseen",
        Answer.UNKNOWN,
        "The first bytes of the asset do not reach the program.",
        why,
        "Download it: d in the app; on the command line without --peek",
        short=f"not reached: {why}",
        shortest=why,
    )


def difference(
    peeked: Sequence[Verdict], whole: Sequence[Verdict], *, repeated: bool = False
) -> str:
    """A sentence if the whole file gets another answer than its first bytes did.

    Empty where both agree, or where the first bytes did not suffice for an answer. ``repeated``:
    the program is the later of two members of one name.
    """
    why = "the file has changed on the server, or rr-explorer is wrong. Please report it"
    if repeated:
        why = "the archive holds the program twice, and the later one is unpacked"
    for before in peeked:
        for after in whole:
            if before.target.name == after.target.name and before.answer not in (
                after.answer,
                Answer.UNKNOWN,
            ):
                return (
                    f"The first bytes said {before.answer} for {after.target.title}, the whole "
                    f"file says {after.answer}: {why}."
                )
    return ""
