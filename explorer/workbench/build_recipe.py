"""What to build where nothing published serves: which Go package of a repository's sources makes the program."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.elf import GoBuild
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.releases import Asset, AssetKind, Release

if TYPE_CHECKING:
    from explorer.workbench.models import Inspection

ROADRUNNER = ("roadrunner-server/roadrunner", "spiral/roadrunner")
"""RoadRunner's repository and what it was called before."""
_VERSION = re.compile(r"v?((\d+)\.(\d+)\.(\d+).*)")
_ELSEWHERE = ((2, 0, 0), (2, 7, 1))
"""First and last version whose tags hold RoadRunner's library only: no ``cmd/rr``."""
_OLD = "RoadRunner 1 was written for Go 1.15 and older: whether today's Go builds it was not tried."


@dataclass(frozen=True, slots=True)
class BuildRecipe:
    """A program in a repository whose module lies at the top."""

    package: str
    """As ``go build`` takes it: ``./cmd/rr``, ``.``."""
    program: str
    """The file that comes out: ``rr``. From RoadRunner or from a program's build info: untrusted."""
    version: str = ""
    """What the program is to print as its version; empty where nobody knows which variable holds it."""
    variable: str = ""
    """The variable that holds it, by its import path."""
    tags: str = ""
    """Build tags of the published program, with commas. Untrusted."""
    known_from: str = ""
    """The file whose build info says so; empty for RoadRunner."""
    caveat: str = ""
    """What is not known of building it, as a sentence."""


async def source_of(
    known: Callable[[Asset], Awaitable[Inspection | None]],
    repo: str,
    release: Release,
    candidates: Sequence[Asset],
) -> Fact[BuildRecipe]:
    """What to build of a release's sources: known of RoadRunner, else read from a program that was inspected before.

    Args:
        known: gives what an earlier look has recorded of a file; never uses the network.
    """
    if repo.lower() in ROADRUNNER:
        return _roadrunner(release.tag)
    others = (
        a
        for a in release.assets
        if a.kind is AssetKind.OTHER
        and a not in candidates
        and not isinstance(a.platform.os, MISSING)
    )
    files = [*candidates, *others]
    without = ""
    for asset in files:
        found = await known(asset)
        elf = found.binary.elf if found is not None else Unknown("not looked at")
        build = elf if isinstance(elf, MISSING) else elf.go
        if isinstance(build, GoBuild):
            return from_build_info(build, repo, asset.name)
        without = without or (asset.name if isinstance(build, NotApplicable) else "")
    if without:
        return Unknown(f"{without} has no Go build info that could say what to build")
    if not files:
        return Unknown(f"{release.tag} has no program whose build info could say what to build")
    return Unknown(
        f"which Go package to build is not known. inspect {release.tag}/{files[0].name} reads it from the program: ask again then"
    )


def _roadrunner(tag: str) -> Fact[BuildRecipe]:
    """As RoadRunner's own release workflows build it."""
    found = _VERSION.fullmatch(tag)
    if found is None:
        return BuildRecipe("./cmd/rr", "rr", caveat=_OLD)
    version, major = found[1], int(found[2])
    if _ELSEWHERE[0] <= (major, int(found[3]), int(found[4])) <= _ELSEWHERE[1]:
        return Unknown(
            "the sources of RoadRunner 2.0.0 to 2.7.1 hold no program: it was built from spiral/roadrunner-binary"
        )
    if major < 2:
        return BuildRecipe(
            "./cmd/rr",
            "rr",
            version,
            "github.com/spiral/roadrunner/cmd/rr/cmd.Version",
            caveat=_OLD,
        )
    return BuildRecipe(
        "./cmd/rr",
        "rr",
        version,
        f"github.com/roadrunner-server/roadrunner/v{major}/internal/meta.version",
    )


def from_build_info(build: GoBuild, repo: str, name: str) -> Fact[BuildRecipe]:
    """What a published program's build info says of its package, for a repository ``OWNER/NAME``."""
    if isinstance(build.main, MISSING) or not build.main.path:
        return Unknown(f"the build info of {name} names no module")
    module = build.main.path
    if build.path != module and not build.path.startswith(f"{module}/"):
        return Unknown(f"the build info of {name} does not say which package of {module} it is")
    top = re.sub(r"/v\d+$", "", module).lower()
    if top.startswith("github.com/") and top != f"github.com/{repo.lower()}":
        return Unknown(f"{name} was built from {module}, which does not lie at the top of {repo}")
    inside = build.path[len(module) :].lstrip("/")
    program = posixpath.basename(inside or re.sub(r"/v\d+$", "", module))
    tags = build.setting("-tags") or ""
    caveat = (
        "That one was built with cgo: whether its sources build without is not known."
        if build.setting("CGO_ENABLED") == "1"
        else ""
    )
    return BuildRecipe(
        f"./{inside}" if inside else ".", program, tags=tags, known_from=name, caveat=caveat
    )
