"""Which file to take for a system, why, and by what it is known."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.compat import Answer, Libc, Target
from explorer.errors import ExplorerError, NotFoundError, UsageError
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.progress import ProgressCallback, ignore_progress
from explorer.releases import Asset, AssetKind, Release
from explorer.workbench.build_recipe import BuildRecipe, source_of
from explorer.workbench.known_files import FileState
from explorer.workbench.matrix import look_at
from explorer.workbench.models import Inspection

if TYPE_CHECKING:
    from explorer.workbench.workbench import Workbench

LIBCS = ("musl", "glibc")
ALIASES = {
    "aarch64": "arm64",
    "x86_64": "amd64",
    "x64": "amd64",
    "i386": "386",
    "i686": "386",
    "armv7l": "arm",
    "armhf": "arm",
}
"""What ``uname -m`` and distributions call an architecture, in Go's words."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that might serve."""

    asset: Asset
    state: FileState

    @property
    def answer(self) -> Answer:
        """Its verdict on the target; unknown where it could not be looked at."""
        return self.state.inspection.verdicts[0].answer if self.state.inspection else Answer.UNKNOWN


@dataclass(frozen=True, slots=True)
class Base:
    """The images of a Dockerfile for a target."""

    image: str
    """The settings' image where the target is the settings' too, else the target's or that of the plain system below it."""
    packages: tuple[str, ...]
    """What of the target its image does not bring."""
    tools: str
    """Where wget, sha256sum and tar are: the same image, or Alpine's where it is glibc's, for Debian's and Ubuntu's have no wget."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What to take, or that nothing published serves."""

    repo: str
    release: Release
    arch: str
    libc: str
    target: Target
    base: Base
    """What to build on."""
    chosen: Candidate | None
    candidates: tuple[Candidate, ...]
    sha256: Fact[str]
    """Of the chosen asset: the API's digest, or computed from a download."""
    sha256_from: str
    """``api``, ``download``, or empty."""
    web_url: str
    """``https://github.com`` or the Enterprise host: where sources are."""
    source: Fact[BuildRecipe]
    """What to build where nothing published serves."""
    why: str
    """One sentence."""

    @property
    def inspection(self) -> Inspection | None:
        """Of the chosen file."""
        return self.chosen.state.inspection if self.chosen else None


async def advise(
    bench: Workbench,
    tag: str = "latest",
    arch: str = "arm64",
    libc: str = "musl",
    *,
    progress: ProgressCallback = ignore_progress,
) -> Advice:
    """Look at the files of a release that might serve and choose.

    Raises:
        UsageError: an unknown libc or architecture. NotFoundError: no such release.
    """
    arch = ALIASES.get(arch.lower(), arch.lower())
    if not re.fullmatch(r"[a-z0-9]{2,12}", arch):
        raise UsageError("Not the name of an architecture", arch[:60], "For example --arch arm64")
    tag = tag or "latest"
    if libc not in LIBCS:
        raise UsageError(
            f"No advice for the libc {libc}",
            f"known: {', '.join(LIBCS)}",
            "Use --libc musl or --libc glibc",
        )
    target = await _target(bench, libc)
    catalogue = await bench.catalogue(progress=progress)
    release = catalogue.release(tag)
    if release is None:
        raise NotFoundError(
            f"{catalogue.repo} has no release {tag}", remedy="rr-explorer releases lists them"
        )
    assets = candidates_for(release, arch)
    async with asyncio.TaskGroup() as group:
        looks = [group.create_task(look_at(bench, asset, (target.name,))) for asset in assets]
    candidates = tuple(
        Candidate(asset, look.result()) for asset, look in zip(assets, looks, strict=True)
    )
    chosen = next((c for c in candidates if c.answer is Answer.YES), None) or next(
        (c for c in candidates if c.answer is Answer.YES_IF), None
    )
    sha256, source = await _sha256(bench, chosen, progress)
    if sha256 and chosen is not None and source == "download":
        chosen = Candidate(chosen.asset, await look_at(bench, chosen.asset, (target.name,)))
    build: Fact[BuildRecipe] = NotApplicable("a published file serves")
    if chosen is None:
        build = await source_of(bench, catalogue.repo, release, assets)
    return Advice(
        catalogue.repo,
        release,
        arch,
        libc,
        target,
        await _base(bench, target),
        chosen,
        candidates,
        sha256,
        source,
        _web(bench),
        build,
        _why(release, chosen, candidates, arch, libc),
    )


def candidates_for(release: Release, arch: str) -> tuple[Asset, ...]:
    """The Linux programs of a release for an architecture: RoadRunner itself, the plain file before the musl one (older
    musl files were built with cgo, and from v2.7.2 on both are the same static program)."""
    server = any(a.kind is AssetKind.SERVER for a in release.assets)
    kind = AssetKind.SERVER if server else AssetKind.OTHER
    fits = [
        a
        for a in release.assets
        if a.kind is kind and a.platform.os == "linux" and a.platform.arch == arch
    ]
    return tuple(sorted(fits, key=lambda a: (a.platform.libc == "musl", a.name)))


async def _sha256(
    bench: Workbench, chosen: Candidate | None, progress: ProgressCallback
) -> tuple[Fact[str], str]:
    if chosen is None:
        return Unknown("no file was chosen"), ""
    digest = chosen.asset.digest
    if isinstance(digest, str) and digest.startswith("sha256:"):
        return digest.removeprefix("sha256:"), "api"
    try:
        found = await bench.inspect(bench.subject(chosen.asset), progress=progress)
    except ExplorerError as error:
        return Unknown(error.title), ""
    return found.asset_sha256 if isinstance(found.asset_sha256, str) else Unknown(
        "not computed"
    ), "download"


async def _target(bench: Workbench, libc: str) -> Target:
    """The default target where it has this libc, else the newest plain one that has."""
    wanted = Libc.MUSL if libc == "musl" else Libc.GLIBC
    chosen = await bench.default_target()
    if chosen.libc is wanted:
        return chosen
    return _newest(bench, wanted)


def _newest(bench: Workbench, libc: Libc) -> Target:
    fits = [t for t in bench.targets() if t.libc is libc and t.image]
    return max(
        fits, key=lambda t: tuple(int(part) for part in t.libc_version.split(".") if part.isdigit())
    )


async def _base(bench: Workbench, target: Target) -> Base:
    alpine = _newest(bench, Libc.MUSL).image
    own = bench.settings.image if target == await bench.default_target() else ""
    if own or target.image:
        image = own or target.image
        return Base(image, (), image if target.libc is Libc.MUSL else alpine)
    fits = [t for t in bench.targets() if t.libc is target.libc and t.image]
    plain = next((t for t in fits if t.name == target.name.partition("+")[0]), None)
    plain = plain or next(
        (t for t in fits if t.libc_version == target.libc_version), _newest(bench, target.libc)
    )
    return Base(
        plain.image,
        tuple(sorted(target.packages)),
        alpine if target.libc is not Libc.MUSL else plain.image,
    )


def _web(bench: Workbench) -> str:
    api = bench.settings.api_url.rstrip("/")
    if api == "https://api.github.com":
        return "https://github.com"
    return api.removesuffix("/api/v3").removesuffix("/api")


def _why(
    release: Release,
    chosen: Candidate | None,
    candidates: Sequence[Candidate],
    arch: str,
    libc: str,
) -> str:
    if chosen is not None and chosen.state.inspection is not None:
        verdict = chosen.state.inspection.verdicts[0]
        both = [c for c in candidates if c is not chosen and c.answer is chosen.answer]
        also = f" {both[0].asset.name} does as well." if both else ""
        return verdict.deciding.text + also
    if not candidates:
        return f"{release.tag} has no Linux file for {arch}."
    said = [c for c in candidates if c.state.inspection is not None]
    if not said:
        error = candidates[0].state.error
        return f"Nothing could be looked at: {error.title if error else 'unknown'}."
    if all(c.answer is Answer.UNKNOWN for c in candidates):
        return f"Whether {candidates[0].asset.name} runs on {libc} is not known: {said[0].state.inspection.verdicts[0].deciding.text}"  # type: ignore[union-attr]
    worst = next((c for c in said if c.answer is Answer.NO), said[0])
    assert worst.state.inspection is not None
    return f"{worst.asset.name} does not run on {libc}: {worst.state.inspection.verdicts[0].deciding.text}"
