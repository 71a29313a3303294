"""Which file to use on a system, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from itertools import chain
from typing import TYPE_CHECKING

from explorer.archive import Format, Member
from explorer.compat import Answer, Libc, Target
from explorer.errors import ExplorerError, NotFoundError, UsageError
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.platforms import ALIASES, go_arch, is_arch
from explorer.progress import ProgressCallback, ignore_progress
from explorer.releases import Asset, Catalogue, Release
from explorer.workbench.build_recipe import BuildRecipe, source_of
from explorer.workbench.candidates import (
    Candidate,
    is_other_file,
    look_at_all,
    named_for,
    packages_for,
    unnamed_for,
)
from explorer.workbench.download import unreachable_error
from explorer.workbench.known_files import FileState
from explorer.workbench.models import Depth, Inspection
from explorer.workbench.verdicts import default_target

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench.catalogue_service import CatalogueService
    from explorer.workbench.known_programs import AffectingAdvisories
    from explorer.workbench.look import Looks
    from explorer.workbench.resources import Resources

LIBCS = ("musl", "glibc")
NO_DATABASE = NotApplicable("no vulnerability database is here")


@dataclass(frozen=True, slots=True)
class Base:
    """The images of a Dockerfile for a target."""

    image: str
    """The settings' image if the target is the settings' too; else the target's image, or that of
    the plain system that the target extends."""
    packages: tuple[str, ...]
    """The packages that the image lacks: the target's, and those that the chosen file needs."""
    run: str
    """The shell command for a Dockerfile that installs them; empty without packages."""
    tools: str
    """An image with wget, sha256sum and tar: Alpine's for glibc, as Debian's and Ubuntu's images
    have no wget."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Which file to use, or that no published file works."""

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
    published_by: str
    """What to call the place that the release is from: ``GitHub``."""
    archive_url: str
    """Where the release's sources are, as a tar.gz; empty if not known."""
    source: Fact[BuildRecipe]
    """What to build if no published file works, or only with packages installed."""
    why: str
    """One sentence."""
    vulnerabilities: Fact[AffectingAdvisories] = NO_DATABASE
    """Of the chosen file."""

    @property
    def inspection(self) -> Inspection | None:
        """Of the chosen file."""
        return self.chosen.state.inspection if self.chosen else None

    @property
    def is_open(self) -> bool:
        """Whether none was chosen, but one of which too little is known may work."""
        return self.chosen is None and any(c.answer is Answer.UNKNOWN for c in self.candidates)


@dataclass(frozen=True, slots=True)
class AdviceQuestion:
    """What a file is wanted for."""

    tag: str = "latest"
    arch: str = "arm64"
    """As Go, ``uname -m`` or a distribution calls it."""
    libc: str = "musl"
    """``musl`` or ``glibc``."""


async def advise(
    question: AdviceQuestion,
    listings: CatalogueService,
    looks: Looks,
    resources: Resources,
    progress: ProgressCallback = ignore_progress,
) -> Advice:
    """Look at the files of a release that could work, and choose one.

    Raises:
        UsageError: an unknown libc or architecture. NotFoundError: no such release.
    """
    arch, libc = _checked(question)
    settings = resources.settings
    target = await resources.run(lambda _: _target(settings, libc))
    catalogue = await listings.ask(progress)
    release = catalogue.release(question.tag or "latest")
    if release is None:
        raise _no_release(catalogue, question.tag)
    wanted = replace(target, arch=arch)
    candidates = tuple(
        Candidate(c.asset, _with_reason(c.asset, c.state, settings))
        for c in await _candidates(release, target, arch, looks)
    )
    if _chosen(candidates) is None:
        candidates = await _with_packages_known(candidates, wanted, listings, looks, progress)
    chosen = _chosen(candidates)
    digest = _published_digest(chosen)
    if chosen is not None and isinstance(digest, MISSING):
        digest, chosen = await _read_whole(chosen, wanted, listings, looks, progress)
    build: Fact[BuildRecipe] = NotApplicable("a published file works")
    if chosen is None or _needs_packages(chosen):
        build = await source_of(
            lambda asset: looks.known(asset, (target,)),
            catalogue,
            release,
            [c.asset for c in candidates],
        )
    return Advice(
        repo=catalogue.repo,
        release=release,
        arch=arch,
        libc=libc,
        target=target,
        base=_base(settings, target, chosen),
        chosen=chosen,
        candidates=candidates,
        sha256=digest.sha256 if isinstance(digest, _Digest) else digest,
        sha256_from=digest.origin if isinstance(digest, _Digest) else "",
        published_by=listings.source.name,
        archive_url=listings.source.archive_url(release.tag),
        source=build,
        why=_why(release, chosen, candidates, arch, libc),
    )


def _with_reason(asset: Asset, state: FileState, settings: Settings) -> FileState:
    """A file that no look can reach, with the reason."""
    if not state.unreachable:
        return state
    return replace(state, error=unreachable_error(settings, asset))


def _checked(question: AdviceQuestion) -> tuple[str, str]:
    """The architecture in Go's words, and the libc."""
    arch = go_arch(question.arch)
    if not is_arch(arch):
        near = get_close_matches(arch[:60], (*ALIASES, *chain.from_iterable(ALIASES.values())), 1)
        hint = f"Did you mean {go_arch(near[0])}?" if near else "For example --arch arm64"
        raise UsageError("Not the name of an architecture", arch[:60], hint)
    if question.libc not in LIBCS:
        raise UsageError(
            f"No advice for the libc {question.libc}",
            f"known: {', '.join(LIBCS)}",
            "Use --libc musl or --libc glibc",
        )
    return arch, question.libc


async def _candidates(
    release: Release, target: Target, arch: str, looks: Looks
) -> tuple[Candidate, ...]:
    """The files that could work, looked at.

    If none of those works whose names say so, the others are asked whose names leave it open;
    packages only if there is nothing else.
    """
    named = await look_at_all(named_for(release, arch), target, arch, looks)
    if any(candidate.runs for candidate in named):
        return named
    unnamed = await look_at_all(unnamed_for(release, arch), target, arch, looks)
    candidates = (*named, *(c for c in unnamed if not is_other_file(c)))
    if candidates:
        return candidates
    packages = await look_at_all(packages_for(release, arch), target, arch, looks)
    return tuple(candidate for candidate in packages if not is_other_file(candidate))


def _no_release(catalogue: Catalogue, tag: str) -> NotFoundError:
    if not catalogue.releases:
        return NotFoundError(f"{catalogue.repo} has no releases")
    lists = "rr-explorer releases lists them"
    return NotFoundError(f"{catalogue.repo} has no release {tag}", remedy=lists)


def _chosen(candidates: Sequence[Candidate]) -> Candidate | None:
    """The first that certainly works, else the first that works under a condition.

    A 7z only if nothing else works as well: no common image has a tool that unpacks it.
    """
    for answer in (Answer.YES, Answer.YES_IF):
        fits = [candidate for candidate in candidates if candidate.answer is answer]
        if fits:
            return min(fits, key=_is_seven_zip)
    return None


def _is_seven_zip(candidate: Candidate) -> bool:
    inspection = candidate.state.inspection
    member = inspection.member if inspection is not None else None
    return isinstance(member, Member) and member.packing is Format.SEVEN_ZIP


@dataclass(frozen=True, slots=True)
class _Digest:
    """A file's sha256, and where it is from: ``api`` or ``download``."""

    sha256: str
    origin: str


def _published_digest(chosen: Candidate | None) -> _Digest | Unknown:
    if chosen is None:
        return Unknown("no file was chosen")
    digest = chosen.asset.digest
    if isinstance(digest, str) and digest.startswith("sha256:"):
        return _Digest(digest.removeprefix("sha256:"), "api")
    return Unknown("the API publishes no digest")


async def _read_whole(
    chosen: Candidate,
    target: Target,
    listings: CatalogueService,
    looks: Looks,
    progress: ProgressCallback,
) -> tuple[_Digest | Unknown, Candidate]:
    """Download the chosen file to have a digest, and with it all of the facts."""
    try:
        inspection = await looks.look(
            listings.subject(chosen.asset), (target,), Depth.WHOLE, progress
        )
    except ExplorerError as error:
        return Unknown(error.title), chosen
    sha256 = inspection.asset_sha256
    digest = _Digest(sha256, "download") if isinstance(sha256, str) else Unknown("not computed")
    return digest, Candidate(chosen.asset, FileState(inspection))


def _needs_packages(candidate: Candidate) -> bool:
    verdict = candidate.state.verdict
    return verdict is not None and bool(verdict.packages)


async def _with_packages_known(
    candidates: Sequence[Candidate],
    target: Target,
    listings: CatalogueService,
    looks: Looks,
    progress: ProgressCallback,
) -> tuple[Candidate, ...]:
    """The candidates; the first that only packages could make run is read whole, to know which."""
    out = list(candidates)
    for place, candidate in enumerate(candidates):
        verdict = candidate.state.verdict
        if verdict is None or candidate.asset.stand_in:
            continue
        if verdict.answer is Answer.UNKNOWN and verdict.unaided is Answer.NO:
            _, out[place] = await _read_whole(candidate, target, listings, looks, progress)
            break
    return tuple(out)


def _target(settings: Settings, libc: str) -> Target:
    """The default target if it has this libc, else the usual one that has."""
    wanted = Libc.MUSL if libc == "musl" else Libc.GLIBC
    chosen = default_target(settings)
    return chosen if chosen.libc is wanted else _usual(wanted)


def _usual(libc: Libc) -> Target:
    """The target that new images are built on: the current Alpine or Debian."""
    from explorer.compat import default_target as current_alpine
    from explorer.compat import find_target

    return current_alpine() if libc is Libc.MUSL else find_target("debian")


def _base(settings: Settings, target: Target, chosen: Candidate | None) -> Base:
    """What to build on, with the packages that the chosen file needs."""
    from explorer.compat import image_command

    base = _plain_base(settings, target)
    verdict = chosen.state.verdict if chosen is not None else None
    extra = verdict.packages if verdict is not None else ()
    packages = (*base.packages, *(name for name in extra if name not in base.packages))
    return replace(base, packages=packages, run=image_command(target, packages))


def _plain_base(settings: Settings, target: Target) -> Base:
    from explorer.compat import all_targets

    alpine = _usual(Libc.MUSL).image
    own = settings.image if target == default_target(settings) else ""
    if own or target.image:
        image = own or target.image
        return Base(image, (), "", image if target.libc is Libc.MUSL else alpine)
    fits = [t for t in all_targets() if t.libc is target.libc and t.image]
    plain = next((t for t in fits if t.name == target.name.partition("+")[0]), None)
    plain = plain or next(
        (t for t in fits if t.libc_version == target.libc_version), _usual(target.libc)
    )
    return Base(
        plain.image,
        tuple(sorted(target.packages)),
        "",
        alpine if target.libc is not Libc.MUSL else plain.image,
    )


def _why(
    release: Release,
    chosen: Candidate | None,
    candidates: Sequence[Candidate],
    arch: str,
    libc: str,
) -> str:
    if chosen is not None and (verdict := chosen.state.verdict) is not None:
        as_good = [c for c in candidates if c is not chosen and c.answer is chosen.answer]
        also = f" {as_good[0].asset.name} works too." if as_good else ""
        return verdict.deciding.text + also
    if not candidates:
        return f"{release.tag} has no Linux file for {arch}."
    unknown = next((c for c in candidates if c.answer is Answer.UNKNOWN), None)
    if unknown is not None:
        return f"Whether {unknown.asset.name} runs on {libc} is not known: {_reason(unknown)}"
    return f"{candidates[0].asset.name} does not run on {libc}: {_reason(candidates[0])}"


def _reason(candidate: Candidate) -> str:
    """Why a candidate has its answer, as a sentence."""
    if candidate.state.verdict is not None:
        return candidate.state.verdict.deciding.text
    error = candidate.state.error
    return f"{error.title if error else 'it was not looked at'}."
