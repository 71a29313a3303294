"""What changed between two files, and between two releases."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from explorer.advisories import AdvisoryMatch, AdvisoryStatus
from explorer.bytesource import FileSource
from explorer.compat import Verdict, floor_of
from explorer.elf import Binary, Elf, GoBuild, GoModule, Sameness
from explorer.errors import UsageError
from explorer.facts import MISSING, NEEDS_FILE, Fact, NotApplicable, Unknown
from explorer.progress import Cancellation, ProgressCallback
from explorer.releases import Asset, Release
from explorer.workbench.known_files import FileState
from explorer.workbench.models import Depth, Inspection, Subject

if TYPE_CHECKING:
    from explorer.compat import Target
    from explorer.elf import Differences, Dynamic
    from explorer.workbench.go_program import Vulnerabilities
    from explorer.workbench.look import Looks
    from explorer.workbench.resources import Resources

T = TypeVar("T")
LOOKS = 8
"""Files of two releases that are looked at side by side."""
DOWNLOADS = 2
"""Files that are downloaded, unpacked or read whole at once."""
_OPEN = (AdvisoryStatus.AFFECTED, AdvisoryStatus.MODULE_LEVEL)
_NO_DATABASE = NotApplicable("there is no vulnerability database here: vulns FILE downloads one")


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact that is not the same in both files, or not known of one. Texts are untrusted."""

    key: str
    title: str
    before: Fact[str]
    after: Fact[str]

    @property
    def is_known(self) -> bool:
        """Whether both are known, so that it is a change and not a gap."""
        return not isinstance(self.before, Unknown) and not isinstance(self.after, Unknown)


@dataclass(frozen=True, slots=True)
class SizeChange:
    """A part whose size changed, in bytes; None: the file does not have it."""

    name: str
    before: int | None
    after: int | None

    @property
    def grown(self) -> int:
        """Bytes that the part gained; negative if it lost some."""
        return (self.after or 0) - (self.before or 0)


@dataclass(frozen=True, slots=True)
class ModuleChange:
    """A Go module that was added (no ``before``), removed (no ``after``) or moved."""

    path: str
    before: GoModule | None
    after: GoModule | None


@dataclass(frozen=True, slots=True)
class VerdictChange:
    """Two verdicts on one target that have another answer or another deciding reason."""

    before: Verdict
    after: Verdict


@dataclass(frozen=True, slots=True)
class VulnerabilityChanges:
    """Advisories that only one of the two files is affected by, or may be."""

    fixed: tuple[AdvisoryMatch, ...]
    introduced: tuple[AdvisoryMatch, ...]
    database: str
    """Where the advisories were read from."""


@dataclass(frozen=True, slots=True)
class FileComparison:
    """Two files held against each other. Only what differs is listed."""

    before: Inspection
    after: Inspection
    bytes: Fact[Differences]
    facts: tuple[FactChange, ...]
    libraries_added: tuple[str, ...]
    libraries_gone: tuple[str, ...]
    hardening: tuple[FactChange, ...]
    sections: Fact[tuple[SizeChange, ...]]
    packages: Fact[tuple[SizeChange, ...]]
    """Go packages by the size of their code."""
    modules: Fact[tuple[ModuleChange, ...]]
    settings: Fact[tuple[FactChange, ...]]
    """Settings of Go's build info; NotApplicable where a file does not have it."""
    verdicts: tuple[VerdictChange, ...]
    vulnerabilities: Fact[VulnerabilityChanges]
    libraries_unknown: str = ""
    """Why the libraries of a file that is not here are not known; else empty."""

    @property
    def same_program(self) -> bool:
        """Whether nothing but build ids and the time of the build differs, as far as is known."""
        if isinstance(self.bytes, MISSING):
            return False
        return self.bytes.sameness in (Sameness.IDENTICAL, Sameness.BUILD_TIME)

    @property
    def is_whole(self) -> bool:
        """Whether both files were read to their ends."""
        return self.before.path is not None and self.after.path is not None


@dataclass(frozen=True, slots=True)
class AssetPair:
    """A file of one release and its successor in another."""

    before: Asset
    after: Asset
    states: tuple[FileState, FileState]
    """What is known of both; empty for files that run nowhere."""
    modules: Fact[tuple[ModuleChange, ...]]
    """Between the programs of both files."""


@dataclass(frozen=True, slots=True)
class ReleaseComparison:
    """Two releases, matched file by file by what their names claim."""

    before: Release
    after: Release
    pairs: tuple[AssetPair, ...]
    added: tuple[Asset, ...]
    gone: tuple[Asset, ...]


async def compare_files(
    resources: Resources,
    looks: Looks,
    subjects: tuple[Subject, Subject],
    targets: Sequence[Target],
    depth: Depth,
    progress: ProgressCallback,
) -> FileComparison:
    """List what differs between two files, vulnerabilities left out.

    Raises:
        SourceError, IntegrityError, FormatError: of the server or of a file.
        UsageError: a file does not hold one program that could be compared.
    """
    before, after = [await looks.look(each, targets, depth, progress) for each in subjects]
    if depth is Depth.WHOLE or (before.path is not None and after.path is not None):
        before, after = [await looks.with_files(each, progress) for each in (before, after)]
    return await resources.run(lambda cancel: _compared(before, after, cancel))


def _compared(before: Inspection, after: Inspection, cancel: Cancellation) -> FileComparison:
    from explorer.elf import hardening

    pair = before, after
    is_whole = before.path is not None and after.path is not None
    bytes_ = _bytes_of(pair, cancel) if is_whole else _digests(pair)
    elves = before.binary.elf, after.binary.elf
    libraries = [_libraries(each.binary) for each in pair]
    builds = _builds(before.binary, after.binary)
    protections = [
        {p.key: (p.title, p.degree) for p in (() if isinstance(elf, MISSING) else hardening(elf))}
        for elf in elves
    ]
    unread = [each for each in (_dynamic(one.binary) for one in pair) if isinstance(each, Unknown)]
    if unread and not is_whole:
        libraries = [(), ()]
    packages: Fact[tuple[SizeChange, ...]]
    packages = _missing_of(builds) if not _both(builds) else Unknown(NEEDS_FILE)
    if is_whole and _both(builds):
        packages = _package_changes(pair, cancel)
    return FileComparison(
        before,
        after,
        bytes_,
        tuple(_changed_facts(before, after, gaps=not is_whole)),
        tuple(name for name in libraries[1] if name not in libraries[0]),
        tuple(name for name in libraries[0] if name not in libraries[1]),
        tuple(_changed_texts(protections[0], protections[1], gaps=not is_whole)),
        _section_changes(*elves),
        packages,
        _of_both(builds, _module_changes),
        _of_both(builds, _setting_changes),
        tuple(_verdict_changes(before.verdicts, after.verdicts)),
        _NO_DATABASE,
        unread[0].why if unread and not is_whole else "",
    )


def _bytes_of(pair: tuple[Inspection, Inspection], cancel: Cancellation) -> Differences:
    from explorer.elf import differences_of

    paths = [_program(each) for each in pair]
    with FileSource(paths[0]) as one, FileSource(paths[1]) as other:
        return differences_of(one, other, (pair[0].binary, pair[1].binary), cancel)


def _digests(pair: tuple[Inspection, Inspection]) -> Fact[Differences]:
    """What the API's digests tell of two files: that they are the same one, or nothing."""
    from explorer.elf import Differences

    for each in pair:
        if each.about is not None:
            _program(each)
    subjects = [each.subject for each in pair]
    digests = {each.asset.digest if each.asset else Unknown("local") for each in subjects}
    if len(digests) > 1 or subjects[0].member != subjects[1].member:
        return Unknown(NEEDS_FILE)
    if not isinstance(digests.pop(), str) or pair[0].member != pair[1].member:
        return Unknown(NEEDS_FILE)
    return Differences(Sameness.IDENTICAL, (), 0, 0, "the API names one sha256 for both")


def _program(inspection: Inspection) -> Path:
    if inspection.path is None:
        raise UsageError(
            f"Nothing in {inspection.subject.name} can be compared",
            inspection.binary.detail,
            "Name a program, or a member of the archive: FILE#MEMBER",
        )
    return inspection.path


# ------------------------------------------------------------------ facts


def _changed_facts(
    before: Inspection, after: Inspection, *, gaps: bool = False
) -> Iterator[FactChange]:
    """What differs; with ``gaps`` also what is not known of one or of both."""
    facts = [dict(_facts(each)) for each in (before, after)]
    for title, value in facts[0].items():
        other = facts[1][title]
        if value != other or (gaps and _unknown(value, other)):
            yield FactChange(title.replace(" ", "-"), title, value, other)


def _facts(inspection: Inspection) -> Iterator[tuple[str, Fact[str]]]:
    """What is compared of any file, in the order in which it is shown."""
    binary = inspection.binary
    yield "size", _as_text(inspection.file.size, lambda size: f"{size:,} bytes")
    yield "format", binary.detail
    yield "architecture", binary.arch
    elf = binary.elf
    parts: dict[str, Callable[[Elf], Fact[str]]] = {
        "linkage": lambda e: _as_text(e.linkage, lambda linkage: linkage.value),
        "loader": lambda e: e.interpreter,
        "newest glibc symbols": _newest_glibc,
        "kernel": _kernel,
        "packer": lambda e: e.packer,
        "stripped": lambda e: _as_text(e.stripped, lambda yes: "yes" if yes else "no"),
        "time zones": lambda e: _as_text(e.tzdata, lambda yes: "embedded" if yes else "no"),
        "ISA level": lambda e: e.isa,
    }
    for title, part in parts.items():
        yield title, elf if isinstance(elf, MISSING) else part(elf)
    yield "toolchain", _as_text(binary.go, lambda go: go.version)
    yield "main package", _as_text(binary.go, lambda go: go.path)
    yield "main module", _as_text(binary.go, _main_module)
    floor = floor_of(inspection.verdicts) if inspection.verdicts else NotApplicable("no program")
    yield "needs at least", floor


def _as_text(fact: Fact[T], show: Callable[[T], str]) -> Fact[str]:
    return fact if isinstance(fact, (Unknown, NotApplicable)) else show(fact)


def _main_module(build: GoBuild) -> str:
    return "" if isinstance(build.main, MISSING) else f"{build.main.path} {build.main.version}"


def _newest_glibc(elf: Elf) -> Fact[str]:
    if isinstance(elf.linking, MISSING):
        return elf.linking
    versions = [
        version.removeprefix("GLIBC_")
        for need in elf.linking.versions
        for version in need.versions
        if version.startswith("GLIBC_") and version[6:7].isdigit()
    ]
    return max(versions, key=_numbers) if versions else NotApplicable("none are needed")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _kernel(elf: Elf) -> Fact[str]:
    """The oldest kernel that the C library was built for, as a note says."""
    if isinstance(elf.notes, MISSING):
        return elf.notes
    tags = [note.text for note in elf.notes if note.name == "NT_GNU_ABI_TAG"]
    return tags[0] if tags else NotApplicable("no note names one")


def _libraries(binary: Binary) -> tuple[str, ...]:
    dynamic = _dynamic(binary)
    return () if isinstance(dynamic, MISSING) else dynamic.needed


def _dynamic(binary: Binary) -> Fact[Dynamic]:
    return binary.elf if isinstance(binary.elf, MISSING) else binary.elf.dynamic


def _changed_texts(
    before: Mapping[str, tuple[str, Fact[str]]],
    after: Mapping[str, tuple[str, Fact[str]]],
    *,
    gaps: bool = False,
) -> Iterator[FactChange]:
    nothing = NotApplicable("not an ELF file")
    for key in dict.fromkeys([*before, *after]):
        title, value = before.get(key, ("", nothing))
        other_title, other = after.get(key, ("", nothing))
        if _plain(value) != _plain(other) or (gaps and _unknown(value, other)):
            yield FactChange(key, title or other_title, value, other)


def _unknown(*facts: Fact[str]) -> bool:
    return any(isinstance(each, Unknown) for each in facts)


def _plain(fact: Fact[str]) -> object:
    """A fact without the reason why it is missing."""
    return type(fact) if isinstance(fact, MISSING) else fact


# ------------------------------------------------------------------ parts


def _section_changes(before: Fact[Elf], after: Fact[Elf]) -> Fact[tuple[SizeChange, ...]]:
    sizes: list[dict[str, int]] = []
    for elf in (before, after):
        if isinstance(elf, MISSING):
            return elf
        if isinstance(elf.sections, MISSING):
            return elf.sections
        named: dict[str, int] = {}
        for section in elf.sections:
            if section.type != "NULL":
                named[section.name] = named.get(section.name, 0) + section.size
        sizes.append(named)
    return _size_changes(*sizes)


def _size_changes(before: Mapping[str, int], after: Mapping[str, int]) -> tuple[SizeChange, ...]:
    """Those that changed, the largest change first."""
    changes = (
        SizeChange(name, before.get(name), after.get(name))
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    )
    return tuple(sorted(changes, key=lambda change: (-abs(change.grown), change.name)))


def _package_changes(
    pair: Sequence[Inspection], cancel: Cancellation
) -> Fact[tuple[SizeChange, ...]]:
    from explorer.workbench.go_program import go_table

    sizes: list[dict[str, int]] = []
    for inspection in pair:
        table = go_table(inspection, cancel)
        if isinstance(table, MISSING):
            return table
        sizes.append({package.path: package.size for package in table.packages()})
    return _size_changes(*sizes)


_Builds = tuple[Fact[GoBuild], Fact[GoBuild]]


def _builds(before: Binary, after: Binary) -> _Builds:
    return before.go, after.go


def _both(builds: _Builds) -> bool:
    return isinstance(builds[0], GoBuild) and isinstance(builds[1], GoBuild)


def _missing_of(builds: _Builds) -> Unknown | NotApplicable:
    """Why there is nothing to compare; unknown if that is so of either file."""
    missing = [build for build in builds if isinstance(build, (Unknown, NotApplicable))]
    return next((one for one in missing if isinstance(one, Unknown)), missing[0])


def _of_both(builds: _Builds, change: Callable[[GoBuild, GoBuild], T]) -> Fact[T]:
    before, after = builds
    if isinstance(before, GoBuild) and isinstance(after, GoBuild):
        return change(before, after)
    return _missing_of(builds)


def _module_changes(before: GoBuild, after: GoBuild) -> tuple[ModuleChange, ...]:
    """Modules by path; checksums are not compared where version and replacement are the same."""
    modules = [{module.path: module for module in build.dependencies} for build in (before, after)]
    changes = []
    for path in sorted({*modules[0], *modules[1]}):
        one, other = modules[0].get(path), modules[1].get(path)
        if one is None or other is None or _identity(one) != _identity(other):
            changes.append(ModuleChange(path, one, other))
    return tuple(changes)


def _identity(module: GoModule) -> tuple[str, ...]:
    replaced = module.replace
    return (module.version, module.sum, *((replaced.path, replaced.version) if replaced else ()))


def _setting_changes(before: GoBuild, after: GoBuild) -> tuple[FactChange, ...]:
    absent = NotApplicable("not recorded")
    settings = [dict(build.settings) for build in (before, after)]
    return tuple(
        FactChange(key, key, settings[0].get(key, absent), settings[1].get(key, absent))
        for key in dict.fromkeys([*settings[0], *settings[1]])
        if settings[0].get(key) != settings[1].get(key)
    )


def _verdict_changes(
    before: Iterable[Verdict], after: Iterable[Verdict]
) -> Iterator[VerdictChange]:
    others = {verdict.target.name: verdict for verdict in after}
    for verdict in before:
        other = others.get(verdict.target.name)
        if other is not None and (
            (verdict.answer, verdict.deciding.code) != (other.answer, other.deciding.code)
        ):
            yield VerdictChange(verdict, other)


def vulnerability_changes(before: Vulnerabilities, after: Vulnerabilities) -> VulnerabilityChanges:
    """Advisories of one file that the other is not affected by."""
    open_ = [
        {match.advisory.id: match for match in result.matches if match.status in _OPEN}
        for result in (before, after)
    ]
    return VulnerabilityChanges(
        tuple(match for name, match in open_[0].items() if name not in open_[1]),
        tuple(match for name, match in open_[1].items() if name not in open_[0]),
        after.database.name,
    )


# ------------------------------------------------------------------ releases


def matched_assets(
    before: Release, after: Release
) -> tuple[list[tuple[Asset, Asset]], list[Asset], list[Asset]]:
    """Pairs, files that were added, and files that are gone.

    Files match by their names without the version, else by kind, platform and packing, else by
    kind and platform: where just one file of each release has them.
    """
    pairs: list[tuple[Asset, Asset]] = []
    gone, added = list(before.assets), list(after.assets)
    by_name = {_without_version(asset, after): asset for asset in added}
    for one in tuple(gone):
        other = by_name.pop(_without_version(one, before), None)
        if other is not None:
            pairs.append((one, other))
            gone.remove(one)
            added.remove(other)
    for packing in (True, False):
        claims = [_by_claim(assets, packing) for assets in (gone, added)]
        for claim, asset in claims[0].items():
            successor = claims[1].get(claim)
            if asset is not None and successor is not None:
                pairs.append((asset, successor))
                gone.remove(asset)
                added.remove(successor)
    places = {asset.name: place for place, asset in enumerate(before.assets)}
    pairs.sort(key=lambda pair: places[pair[0].name])
    return pairs, added, gone


def _without_version(asset: Asset, release: Release) -> str:
    name = asset.name.lower()
    for words in (release.tag, release.version):
        name = name.replace(words.lower(), "*") if words else name
    return name


def _by_claim(assets: Iterable[Asset], packing: bool) -> dict[tuple[str, ...], Asset | None]:
    """Files by what their names claim; None where several claim the same."""
    claims: dict[tuple[str, ...], Asset | None] = {}
    for asset in assets:
        if asset.runs_nowhere or asset.platform.slug == "?":
            continue
        claim = (asset.kind.value, asset.platform.slug, asset.archive if packing else "")
        claims[claim] = None if claim in claims else asset
    return claims


async def compare_releases(
    looks: Looks,
    releases: tuple[Release, Release],
    targets: Sequence[Target],
    *,
    download: bool,
    progress: ProgressCallback,
) -> ReleaseComparison:
    """Match the files of two releases and look at those that run.

    ``download``: whether their programs are fetched for the modules in them; else modules are known
    of the files on disk, and there is at most a peek at each.
    """
    before, after = releases
    pairs, added, gone = matched_assets(before, after)
    limit, downloads = asyncio.Semaphore(LOOKS), asyncio.Semaphore(DOWNLOADS)

    async def state(asset: Asset) -> FileState:
        async with limit:
            return await looks.look_at(asset, targets)

    async def compared(one: Asset, other: Asset) -> AssetPair:
        if one.runs_nowhere or other.runs_nowhere:
            nowhere = NotApplicable("not a program")
            return AssetPair(one, other, (FileState(), FileState()), nowhere)
        async with asyncio.TaskGroup() as both:
            states = [both.create_task(state(each)) for each in (one, other)]
        async with downloads:
            builds = [
                await looks.go_build(each, targets, download=download, progress=progress)
                for each in (one, other)
            ]
        changes = _of_both((builds[0], builds[1]), _module_changes)
        return AssetPair(one, other, (states[0].result(), states[1].result()), changes)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(compared(one, other)) for one, other in pairs]
    looked = tuple(task.result() for task in tasks)
    return ReleaseComparison(before, after, looked, tuple(added), tuple(gone))
