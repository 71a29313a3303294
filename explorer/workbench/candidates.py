"""The files of a release that could be the program for an architecture, and looks at them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from explorer.compat import Answer, Target
from explorer.facts import known_or
from explorer.releases import Asset, Platform, Release, Role, names_no_program
from explorer.workbench.known_files import FileState
from explorer.workbench.program_in_archive import NoProgramError

if TYPE_CHECKING:
    from explorer.workbench.look import Looks

MOST_UNNAMED = 16
"""Files that are looked at although their names do not say the architecture."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that could work."""

    asset: Asset
    state: FileState

    @property
    def answer(self) -> Answer:
        """Its verdict for the architecture asked for; unknown if it could not be looked at."""
        verdict = self.state.verdict
        return verdict.answer if verdict is not None else Answer.UNKNOWN

    @property
    def runs(self) -> bool:
        """Whether it works, at least under a condition."""
        return self.answer in (Answer.YES, Answer.YES_IF)


def named_for(release: Release, arch: str) -> tuple[Asset, ...]:
    """The programs for Linux whose names say the architecture, the best first.

    The plain file comes before the musl one: RoadRunner's older musl files were built with cgo, and
    from v2.7.2 on both are the same static program.
    """
    fits = [
        asset
        for asset in _programs(release)
        if asset.platform.os == "linux" and asset.platform.arch == arch
    ]
    return tuple(sorted(fits, key=lambda a: (a.platform.libc == "musl", a.name)))


def unnamed_for(release: Release, arch: str) -> tuple[Asset, ...]:
    """The programs whose names leave open whether they are for Linux on this architecture."""
    fits = [
        asset
        for asset in _programs(release)
        if _leaves_open(asset.platform, arch) and not names_no_program(asset.name)
    ]
    return tuple(sorted(fits, key=lambda a: (a.platform.os != "linux", a.name)))[:MOST_UNNAMED]


def packages_for(release: Release, arch: str) -> tuple[Asset, ...]:
    """The packages for the architecture: what is in them can be unpacked."""
    return tuple(
        asset
        for asset in release.assets
        if asset.kind.role is Role.PACKAGE
        and known_or(asset.platform.os, "linux") == "linux"
        and asset.platform.arch == arch
    )


def _programs(release: Release) -> list[Asset]:
    """Those of a kind that the project's profile names; without a profile, whatever may be one."""
    has_own_kind = any(a.kind.role is Role.PROGRAM and a.kind.prefix for a in release.assets)
    roles = (Role.PROGRAM,) if has_own_kind else (Role.PROGRAM, Role.OTHER)
    return [asset for asset in release.assets if asset.kind.role in roles and not asset.about]


def _leaves_open(platform: Platform, arch: str) -> bool:
    os, named = known_or(platform.os, ""), known_or(platform.arch, "")
    if os not in ("linux", ""):
        return False
    if platform.may_be:
        return arch in platform.may_be
    return named == "" or (named == arch and os == "")


async def look_at_all(
    assets: Sequence[Asset], target: Target, arch: str, looks: Looks
) -> tuple[Candidate, ...]:
    """Look at files, and judge each for the architecture."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_look_at(asset, target, arch, looks)) for asset in assets]
    return tuple(task.result() for task in tasks)


async def _look_at(asset: Asset, target: Target, arch: str, looks: Looks) -> Candidate:
    state = await looks.look_at(asset, (target,), arch)
    return Candidate(asset, await judged_for(state, target, arch, looks))


async def judged_for(state: FileState, target: Target, arch: str, looks: Looks) -> FileState:
    """The same look with its verdict for the architecture."""
    verdict = state.verdict
    if state.inspection is None or verdict is None or verdict.target.arch in ("", arch):
        return state
    inspection = await looks.judge(state.inspection, (replace(target, arch=arch),))
    return replace(state, inspection=inspection)


_OTHER_FILES = frozenset(
    ("elf.not-elf", "elf.arch", "elf.os", "elf.object", "elf.shared-library", "file.script")
)
"""Codes of what is no Linux program for this architecture: nor is an installer script one."""


def is_other_file(candidate: Candidate) -> bool:
    """Whether a look has shown that a file is something else than a program for this system."""
    if isinstance(candidate.state.error, NoProgramError):
        return True
    verdict = candidate.state.verdict
    return verdict is not None and verdict.deciding.code in _OTHER_FILES
