"""What changed between two files."""

from __future__ import annotations

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
from explorer.workbench.models import Depth, Inspection, Subject

if TYPE_CHECKING:
    from explorer.compat import Target
    from explorer.elf import Differences, Dynamic
    from explorer.workbench.look import Looks
    from explorer.workbench.resources import Resources

T = TypeVar("T")
_OPEN = (AdvisoryStatus.AFFECTED, AdvisoryStatus.MODULE_LEVEL)
NO_DATABASE = NotApplicable("there is no vulnerability database here: vulns FILE downloads one")


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
    libraries_added: Fact[tuple[str, ...]]
    """Unknown where those of either file are; no file without a dynamic section has any."""
    libraries_gone: Fact[tuple[str, ...]]
    hardening: Fact[tuple[FactChange, ...]]
    sections: Fact[tuple[SizeChange, ...]]
    packages: Fact[tuple[SizeChange, ...]]
    """Go packages by the size of their code."""
    modules: Fact[tuple[ModuleChange, ...]]
    settings: Fact[tuple[FactChange, ...]]
    """Settings of Go's build info; NotApplicable where a file does not have it."""
    verdicts: tuple[VerdictChange, ...]
    vulnerabilities: Fact[VulnerabilityChanges]

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
    return await resources.run(lambda cancel: compared(before, after, cancel))


def compared(before: Inspection, after: Inspection, cancel: Cancellation) -> FileComparison:
    """What differs between two files as far as was read, vulnerabilities left out.

    Blocking: call from a worker thread.

    Raises:
        UsageError: a file does not hold one program that could be compared.
    """
    from explorer.workbench.go_program import with_modules

    pair = before, after
    is_whole = before.path is not None and after.path is not None
    bytes_ = _bytes_of(pair, cancel) if is_whole else _digests(pair)
    elves = before.binary.elf, after.binary.elf
    added, gone = _library_changes(_dynamic(before.binary), _dynamic(after.binary))
    builds = before.binary.go, after.binary.go
    listed = _listed_build(before), _listed_build(after)
    modules = with_modules(listed[0]), with_modules(listed[1])
    packages: Fact[tuple[SizeChange, ...]]
    packages = _missing_of(builds) if not _both(builds) else Unknown(NEEDS_FILE)
    if is_whole and _both(builds):
        packages = _package_changes(pair, cancel)
    return FileComparison(
        before,
        after,
        bytes_,
        tuple(_changed_facts(before, after)),
        added,
        gone,
        _hardening_changes(*elves),
        _section_changes(*elves),
        packages,
        _of_both(modules, _module_changes),
        _of_both(listed, _setting_changes),
        tuple(_verdict_changes(before.verdicts, after.verdicts)),
        NO_DATABASE,
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


def _changed_facts(before: Inspection, after: Inspection) -> Iterator[FactChange]:
    """What differs, and what is not known of one or of both."""
    facts = [dict(_facts(each)) for each in (before, after)]
    for title, value in facts[0].items():
        other = facts[1][title]
        if value != other or isinstance(value, Unknown):
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


def _dynamic(binary: Binary) -> Fact[Dynamic]:
    return binary.elf if isinstance(binary.elf, MISSING) else binary.elf.dynamic


def _library_changes(
    before: Fact[Dynamic], after: Fact[Dynamic]
) -> tuple[Fact[tuple[str, ...]], Fact[tuple[str, ...]]]:
    """The libraries that were added, and those that are gone."""
    needed: list[tuple[str, ...]] = []
    for dynamic in (before, after):
        if isinstance(dynamic, Unknown):
            return dynamic, dynamic
        needed.append(() if isinstance(dynamic, NotApplicable) else dynamic.needed)
    return (
        tuple(name for name in needed[1] if name not in needed[0]),
        tuple(name for name in needed[0] if name not in needed[1]),
    )


def _hardening_changes(before: Fact[Elf], after: Fact[Elf]) -> Fact[tuple[FactChange, ...]]:
    """Protections that differ, and those that are not known of one or of both."""
    if isinstance(before, MISSING) and isinstance(after, MISSING):
        return before if isinstance(before, Unknown) else after
    one, other = _protections(before, after), _protections(after, before)
    return tuple(
        FactChange(key, title, value, other[key][1])
        for key, (title, value) in one.items()
        if _plain(value) != _plain(other[key][1]) or isinstance(value, Unknown)
    )


def _protections(elf: Fact[Elf], other: Fact[Elf]) -> dict[str, tuple[str, Fact[str]]]:
    """Titles and degrees by key; of no ELF file why there are none, for what the other has."""
    from explorer.elf import hardening

    if not isinstance(elf, MISSING):
        return {each.key: (each.title, each.degree) for each in hardening(elf)}
    listed = () if isinstance(other, MISSING) else hardening(other)
    return {each.key: (each.title, elf) for each in listed}


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


def _listed_build(inspection: Inspection) -> Fact[GoBuild]:
    """Go's build info with all its dependencies and settings, which a record does not keep."""
    go = inspection.binary.go
    is_cut = inspection.recorded and not isinstance(go, MISSING)
    return Unknown(NEEDS_FILE) if is_cut else go


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
    """Modules by path. Vendored ones have no checksum: that alone is no change."""
    modules = [{module.path: module for module in build.dependencies} for build in (before, after)]
    changes = []
    for path in sorted({*modules[0], *modules[1]}):
        one, other = modules[0].get(path), modules[1].get(path)
        if one is None or other is None or _moved(one, other):
            changes.append(ModuleChange(path, one, other))
    return tuple(changes)


def _moved(one: GoModule, other: GoModule) -> bool:
    sums = {module.sum for module in (one, other) if module.sum}
    return _identity(one) != _identity(other) or len(sums) > 1


def _identity(module: GoModule) -> tuple[str, ...]:
    replaced = module.replace
    return (module.version, *((replaced.path, replaced.version) if replaced else ()))


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


def vulnerability_changes(
    before: Iterable[AdvisoryMatch], after: Iterable[AdvisoryMatch], database: str
) -> VulnerabilityChanges:
    """Advisories of one file that the other is not affected by."""
    open_ = [
        {match.advisory.id: match for match in matches if match.status in _OPEN}
        for matches in (before, after)
    ]
    return VulnerabilityChanges(
        tuple(match for name, match in open_[0].items() if name not in open_[1]),
        tuple(match for name, match in open_[1].items() if name not in open_[0]),
        database,
    )
