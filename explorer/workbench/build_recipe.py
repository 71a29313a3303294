"""What to build if no published file works: which Go package of a repository's sources."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.elf import GoBuild
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.releases import Asset, BuildProfile, Catalogue, Release, Role

if TYPE_CHECKING:
    from explorer.workbench.models import Inspection


@dataclass(frozen=True, slots=True)
class BuildRecipe:
    """A program in a repository whose Go module is at its top."""

    package: str
    """As ``go build`` takes it: ``./cmd/rr``, ``.``."""
    program: str
    """The name of the built file: ``rr``. From a profile or from build info: untrusted."""
    version: str = ""
    """What the program must print as its version; empty if no variable for it is known."""
    variable: str = ""
    """The variable that holds the version, by its import path."""
    tags: str = ""
    """Build tags of the published program, separated by commas. Untrusted."""
    known_from: str = ""
    """The file whose build info says so; empty if the project's profile does."""
    caveat: str = ""
    """A sentence about what is not known of this build."""


async def source_of(
    known: Callable[[Asset], Awaitable[Inspection | None]],
    catalogue: Catalogue,
    release: Release,
    candidates: Sequence[Asset],
) -> Fact[BuildRecipe]:
    """What to build from a release's sources.

    The project's profile says it, or else the build info of a program that was inspected before.

    Args:
        known: gives what an earlier look has recorded of a file; never uses the network.
    """
    repo = catalogue.repo
    profile = catalogue.profile.build(repo, release.version)
    if profile is not None:
        return _from_profile(profile, release)
    others = (
        a
        for a in release.assets
        if a.kind.role in (Role.PROGRAM, Role.OTHER)
        and a not in candidates
        and not isinstance(a.platform.os, MISSING)
    )
    files = [*candidates, *others]
    without = ""
    for asset in files:
        inspection = await known(asset)
        build = inspection.binary.go if inspection is not None else Unknown("not looked at")
        if isinstance(build, GoBuild):
            return from_build_info(build, repo, asset.name)
        without = without or (asset.name if isinstance(build, NotApplicable) else "")
    if without:
        return Unknown(f"{without} has no Go build info that could say what to build")
    if not files:
        return Unknown(f"{release.tag} has no program whose build info could say what to build")
    return Unknown(
        f"which Go package to build is not known: inspect {release.tag}/{files[0].name}, "
        "which reads it from the program, and ask again"
    )


def _from_profile(build: BuildProfile, release: Release) -> Fact[BuildRecipe]:
    """How the project's own release workflows build that version."""
    if build.absent:
        return Unknown(build.absent)
    major = release.version.partition(".")[0]
    if not major.isdecimal():
        return BuildRecipe(build.package, build.program, caveat=build.caveat)
    variable = build.variable.replace("{major}", major)
    return BuildRecipe(build.package, build.program, release.version, variable, caveat=build.caveat)


def from_build_info(build: GoBuild, repo: str, name: str) -> Fact[BuildRecipe]:
    """What a program's build info says about its package, for a repository ``OWNER/NAME``."""
    if isinstance(build.main, MISSING) or not build.main.path:
        return Unknown(f"the build info of {name} names no module")
    module = build.main.path
    if build.path != module and not build.path.startswith(f"{module}/"):
        return Unknown(f"the build info of {name} does not say which package of {module} it is")
    top = re.sub(r"/v\d+$", "", module).lower()
    if top.startswith("github.com/") and top != f"github.com/{repo.lower()}":
        return Unknown(f"{name} was built from {module}, which is not at the top of {repo}")
    inside = build.path[len(module) :].lstrip("/")
    program = posixpath.basename(inside or re.sub(r"/v\d+$", "", module))
    tags = build.setting("-tags") or ""
    caveat = (
        "That file was built with cgo: whether its sources build without it is not known."
        if build.setting("CGO_ENABLED") == "1"
        else ""
    )
    return BuildRecipe(
        f"./{inside}" if inside else ".", program, tags=tags, known_from=name, caveat=caveat
    )
