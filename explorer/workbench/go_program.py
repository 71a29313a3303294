"""What a Go program is made of, and which known vulnerabilities it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from explorer.advisories import AdvisoryMatch, AdvisoryStatus
from explorer.bytesource import ByteSource, FileSource, WindowSource
from explorer.elf import Binary, GoBuild
from explorer.errors import NotFoundError, UsageError
from explorer.facts import MISSING, Fact, NotApplicable, Unknown
from explorer.golang import GoTable
from explorer.releases import Release
from explorer.workbench.models import Inspection

if TYPE_CHECKING:
    from explorer.advisories import GoProgram
    from explorer.progress import Cancellation
    from explorer.workbench.resources import Resources
    from explorer.workbench.vuln_database import DatabaseFile


@dataclass(frozen=True, slots=True)
class Vulnerabilities:
    """The advisories that concern one program, the worst status first."""

    inspection: Inspection
    build: GoBuild
    matches: tuple[AdvisoryMatch, ...]
    database: DatabaseFile
    modified: str
    """When the database was last changed: ``2026-08-21T00:00:00Z``. Untrusted; empty if it does
    not say."""
    fixed_in: Mapping[str, str] = field(default_factory=dict)
    """By the id of an advisory that affects the program: the newest release of which is known that
    its program for the same platform is not affected."""

    def advisories(self) -> tuple[AdvisoryMatch, ...]:
        """One match for each advisory, that of the module with the worst status."""
        first: dict[str, AdvisoryMatch] = {}
        for match in self.matches:
            first.setdefault(match.advisory.id, match)
        return tuple(first.values())

    def count(self, status: AdvisoryStatus) -> int:
        """How many advisories have this status, by the module with the worst one."""
        return sum(match.status is status for match in self.advisories())


def go_table(inspection: Inspection, cancel: Cancellation) -> Fact[GoTable]:
    """The functions of the inspected program. Blocking: call from a worker thread.

    Raises:
        NotFoundError: the file was only peeked at.
    """
    if inspection.path is None:
        raise NotFoundError(
            "The functions are not available",
            "only the first bytes of the file were read",
            "Download the file: d",
        )
    with FileSource(inspection.path) as source:
        return functions_of(source, inspection.binary, cancel)


def functions_of(source: ByteSource, binary: Binary, cancel: Cancellation) -> Fact[GoTable]:
    """The functions of a program; of a universal Mach-O file, those of the chosen architecture.

    Blocking: call from a worker thread.
    """
    from explorer.golang import read_functions

    part = binary.slice
    if part is not None:
        source = WindowSource(source, part.offset, part.size)
    table = read_functions(source, cancel)
    if isinstance(table, NotApplicable) and isinstance(binary.go, GoBuild):
        return Unknown("its table of functions is not found: it is obfuscated or removed")
    return table


async def vulnerabilities(
    resources: Resources,
    inspection: Inspection,
    database: DatabaseFile,
    releases: Sequence[Release] = (),
) -> Vulnerabilities:
    """Match the program's modules and functions against a database, and record what it is made of.

    ``releases``: the project's, newest first; what earlier looks recorded of their programs tells
    which is not affected.

    Raises:
        UsageError: not a Go program, or its build info was stripped.
        SourceError, FormatError: the database cannot be read.
    """
    build_of(inspection)
    return await resources.run(
        lambda cancel: _matched(resources, inspection, database, releases, cancel)
    )


NO_MODULES = Unknown("its build info names no modules")


def with_modules(go: Fact[GoBuild]) -> Fact[GoBuild]:
    """The build info, if it says which modules the program is made of."""
    return NO_MODULES if isinstance(go, GoBuild) and not go.names_modules else go


def build_of(inspection: Inspection) -> GoBuild:
    """Go's build info.

    Raises:
        UsageError: not a Go program, its build info was stripped or not reached, or it names
            neither Go's version nor a module, as after garble.
    """
    go = inspection.binary.go
    if isinstance(go, MISSING):
        raise UsageError(
            f"Nothing tells what {inspection.file.name} was built from",
            go.why,
            "Only Go programs with build info say what they were built from",
        )
    has_version = go.version.startswith(("go", "devel"))
    if not has_version and isinstance(go.main, MISSING) and not go.dependencies:
        raise UsageError(
            f"Nothing tells what {inspection.file.name} was built from",
            "its build info names neither Go's version nor a module: it is obfuscated",
            "Ask for a build without an obfuscator such as garble",
        )
    return go


def _matched(
    resources: Resources,
    inspection: Inspection,
    database: DatabaseFile,
    releases: Sequence[Release],
    cancel: Cancellation,
) -> Vulnerabilities:
    from explorer.advisories import load_database, match_advisories
    from explorer.workbench.known_programs import releases_without

    build = build_of(inspection)
    program = program_of(resources, inspection, cancel)
    loaded = load_database(database.path, {*program.modules, "stdlib"})
    matches = match_advisories(program, loaded)
    affected = {m.advisory.id for m in matches if m.status is AdvisoryStatus.AFFECTED}
    asset = inspection.subject.asset
    fixed_in: Mapping[str, str] = {}
    if asset is not None and affected:
        fixed_in = releases_without(resources, asset, releases, sorted(affected), database)
    return Vulnerabilities(inspection, build, matches, database, loaded.modified, fixed_in)


def program_of(resources: Resources, inspection: Inspection, cancel: Cancellation) -> GoProgram:
    """What a program is made of. That of a whole one is recorded, of a peek the functions are not
    known. Blocking: call from a worker thread.

    Raises:
        UsageError: not a Go program, or its build info was stripped.
    """
    from explorer.advisories import GoProgram
    from explorer.golang import symbols_by_package
    from explorer.workbench.known_programs import keep_program

    build = build_of(inspection)
    is_whole = inspection.path is not None
    table = go_table(inspection, cancel) if is_whole else Unknown("they need the whole file")
    names = table if isinstance(table, MISSING) else table.names
    modules = {}
    main = () if isinstance(build.main, MISSING) else (build.main,)
    for module in (*main, *build.dependencies):
        used = module.replace or module
        modules[used.path] = used.version
    program = GoProgram(
        modules,
        build.version,
        build.setting("GOOS") or "",
        build.setting("GOARCH") or "",
        names if isinstance(names, MISSING) else symbols_by_package(names),
    )
    if is_whole and build.names_modules:
        keep_program(resources, inspection, program)
    return program
