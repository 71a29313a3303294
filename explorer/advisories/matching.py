"""Which advisories concern a Go program, and how much of that is certain.

A scanner that looks at module versions reports every advisory of every module. The table of
functions tells more, in stripped programs too: it names every function that is linked or inlined.
"""

from __future__ import annotations

from collections.abc import Iterator

from explorer.advisories.database import AdvisoryDatabase
from explorer.advisories.models import (
    Advisory,
    AdvisoryMatch,
    AdvisoryStatus,
    AffectedModule,
    AffectedPackage,
    GoProgram,
    VersionRange,
)
from explorer.advisories.versions import go_version, version_key
from explorer.facts import MISSING, Fact, NotApplicable

_ORDER = list(AdvisoryStatus)


def match_advisories(program: GoProgram, database: AdvisoryDatabase) -> tuple[AdvisoryMatch, ...]:
    """Every advisory for a version of a module that is linked, the worst status first."""
    versions = {**program.modules, "stdlib": go_version(program.go)}
    matches = [
        match
        for path, version in versions.items()
        for advisory in database.by_module.get(path, ())
        for match in _matches(program, advisory, path, version)
    ]
    matches.sort(key=lambda match: (_ORDER.index(match.status), match.advisory.id, match.module))
    return tuple(matches)


def _matches(
    program: GoProgram, advisory: Advisory, path: str, version: str
) -> Iterator[AdvisoryMatch]:
    """At most one: a module may stand in an advisory several times, for several ranges."""
    modules = [module for module in advisory.modules if module.path == path]
    hit = next(
        (
            (module, version_range)
            for module in modules
            for version_range in module.ranges
            if _within(version, version_range)
        ),
        None,
    )
    if hit is None:
        return
    module, version_range = hit
    status, symbols, why = _judged(program, module)
    if status is not None:
        yield AdvisoryMatch(
            advisory,
            status,
            path,
            version.removeprefix("v"),
            version_range.fixed,
            symbols,
            why,
        )


def _within(version: str, version_range: VersionRange) -> bool:
    key = version_key(version)
    if key is None:
        return False
    end = version_key(version_range.fixed) if version_range.fixed else None
    if end is not None and key >= end:
        return False
    if version_range.introduced == "0":  # OSV's word for all versions, those below 0.0.0, too
        return True
    start = version_key(version_range.introduced)
    return start is not None and start <= key


def _judged(
    program: GoProgram, module: AffectedModule
) -> tuple[AdvisoryStatus | None, tuple[str, ...], Fact[str]]:
    """The status; None where the advisory is for other systems only."""
    if not module.packages:
        return AdvisoryStatus.MODULE_LEVEL, (), "the advisory names no packages"
    packages = [package for package in module.packages if _for_platform(package, program)]
    if not packages:
        return None, (), NotApplicable("the advisory is for other systems")
    if isinstance(program.symbols, MISSING):
        return AdvisoryStatus.MODULE_LEVEL, (), f"no function names: {program.symbols.why}"
    present: list[str] = []
    linked = False
    for package in packages:
        functions = program.symbols.get(package.path, frozenset())
        linked = linked or bool(functions)
        hits = functions & package.symbols if package.symbols else functions
        present += [f"{package.path}.{symbol}" for symbol in sorted(hits)]
    if present:
        return AdvisoryStatus.AFFECTED, tuple(present), f"{present[0]} is in the program"
    if linked:
        return AdvisoryStatus.NOT_CALLED, (), "none of its vulnerable functions is in the program"
    return AdvisoryStatus.NOT_PRESENT, (), "none of its vulnerable packages is in the program"


def _for_platform(package: AffectedPackage, program: GoProgram) -> bool:
    return (not package.goos or not program.goos or program.goos in package.goos) and (
        not package.goarch or not program.goarch or program.goarch in package.goarch
    )
