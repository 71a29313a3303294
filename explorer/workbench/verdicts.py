"""Verdicts of a binary on targets, and which targets a caller means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from explorer.compat import Answer, Reason, Target, Verdict
from explorer.elf import Binary, FileFormat
from explorer.facts import Unknown, known_or
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


def claimed_arch(subject: Subject, binary: Binary) -> str:
    """The architecture that the file's name claims; empty if it claims none.

    A vague word claims nothing against those that it is used for: ``x86`` of a program for amd64.
    """
    from explorer.releases import parse_asset_name

    if subject.member:
        return ""
    if subject.asset is not None:
        name, platform = subject.asset.name, subject.asset.platform
    else:
        name = subject.path.name if subject.path is not None else ""
        platform = parse_asset_name(name).platform
    if known_or(platform.os, "linux") != "linux" or _FOR_ANOTHER.search(name.lower()):
        return ""
    if platform.may_be:
        return "" if binary.arch in platform.may_be else platform.may_be[0]
    return known_or(platform.arch, "")


def verdicts_of(
    binary: Binary,
    targets: Sequence[Target],
    surroundings: Surroundings | None = None,
    claimed: str = "",
) -> tuple[Verdict, ...]:
    """One verdict per target, in their order.

    Args:
        claimed: the architecture that the file's name claims. A target without an architecture of
            its own gets this one, so that a mislabelled file is not taken for what it says.
    """
    if binary.format is not FileFormat.UNSEEN:
        return tuple(_judged(binary, target, surroundings, claimed) for target in targets)
    reason = _unseen(binary)
    why = Unknown(binary.detail)
    return tuple(Verdict(t, Answer.UNKNOWN, reason, (reason,), why) for t in targets)


def _judged(
    binary: Binary, target: Target, surroundings: Surroundings | None, claimed: str
) -> Verdict:
    from explorer.compat import judge

    if target.arch or not claimed:
        return judge(binary, target, surroundings)
    verdict = judge(binary, replace(target, arch=claimed), surroundings)
    deciding = verdict.deciding
    if deciding.code == "elf.arch" and deciding.answer is Answer.NO:
        loud = replace(
            deciding,
            text=f"It is mislabelled: its name says {claimed}, but the program in it is built for "
            f"{known_or(binary.arch, 'another processor')}.",
            remedy=f"Do not use it on {claimed}, and tell the project",
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
            "Unpack it and inspect the program that was in it, or name a member: FILE#MEMBER",
            short=why,
        )
    return Reason(
        "peek.unseen",
        Answer.UNKNOWN,
        "The first bytes of the asset do not reach the program.",
        why,
        "Download it: d, or inspect without --peek",
        short=f"not reached: {why}",
    )


def difference(peeked: Sequence[Verdict], whole: Sequence[Verdict]) -> str:
    """A sentence if the whole file gets another answer than its first bytes did.

    Empty where both agree, or where the first bytes did not suffice for an answer.
    """
    for before in peeked:
        for after in whole:
            if before.target.name == after.target.name and before.answer not in (
                after.answer,
                Answer.UNKNOWN,
            ):
                return (
                    f"The first bytes said {before.answer} for {after.target.title}, the whole "
                    f"file says {after.answer}: the file has changed on the server, or "
                    "rr-explorer is wrong. Please report it."
                )
    return ""
