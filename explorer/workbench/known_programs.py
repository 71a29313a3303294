"""What Go programs of releases are made of, as earlier looks at their vulnerabilities have seen it.

Kept apart from any database, so that a newer one is matched without the file. Nothing here
downloads or peeks.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.advisories import AdvisoryMatch, AdvisoryStatus, GoProgram
from explorer.errors import SourceError
from explorer.facts import MISSING, Fact, Unknown
from explorer.releases import Asset, Release
from explorer.workbench.known_files import file_key

if TYPE_CHECKING:
    from explorer.advisories import AdvisoryDatabase
    from explorer.workbench.models import Inspection
    from explorer.workbench.resources import Resources
    from explorer.workbench.vuln_database import DatabaseFile

_LARGEST = 64 << 20
"""Bytes of a record, unpacked."""


@dataclass(frozen=True, slots=True)
class AffectingAdvisories:
    """The advisories that affect a file."""

    matches: tuple[AdvisoryMatch, ...]
    fixed_in: Mapping[str, str]
    """By the advisory's id: the newest release of which is known that it is not affected."""


@dataclass(frozen=True, slots=True)
class KnownVulnerabilities:
    """Advisories by id."""

    affected: frozenset[str]
    undecided: frozenset[str]
    """Of modules in the program; nothing tells whether their vulnerable part is."""

    def lacks(self, identifier: str) -> bool:
        """Whether the program is certainly not affected."""
        return identifier not in self.affected | self.undecided


def keep_program(resources: Resources, inspection: Inspection, program: GoProgram) -> None:
    """Record what an asset's program is made of. Blocking."""
    subject = inspection.subject
    if subject.asset is None or subject.member or subject.platform is not None:
        return
    symbols = program.symbols
    record = {
        "modules": dict(program.modules),
        "go": program.go,
        "goos": program.goos,
        "goarch": program.goarch,
        "unnamed": symbols.why if isinstance(symbols, MISSING) else "",
        "packages": {}
        if isinstance(symbols, MISSING)
        else {path: sorted(names) for path, names in symbols.items()},
    }
    try:
        packed = zlib.compress(json.dumps(record, separators=(",", ":")).encode(), 1)
        resources.cache.store("peek").save(_key(subject.asset), packed)
    except SourceError as error:
        resources.warn(str(error))


def known_program(resources: Resources, asset: Asset) -> GoProgram | None:
    """The record of an asset; None without one. Blocking."""
    try:
        packed = resources.cache.store("peek").load(_key(asset))
    except SourceError as error:
        resources.warn(str(error))
        return None
    if packed is None:
        return None
    try:
        record = json.loads(zlib.decompressobj().decompress(packed, _LARGEST))
        unnamed = record["unnamed"]
        return GoProgram(
            {str(path): str(version) for path, version in record["modules"].items()},
            str(record["go"]),
            str(record["goos"]),
            str(record["goarch"]),
            Unknown(unnamed)
            if unnamed
            else {path: frozenset(names) for path, names in record["packages"].items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, RecursionError):
        return None  # damaged: the next look at the file writes it again


def _key(asset: Asset) -> str:
    from explorer.fetch import asset_key

    return f"go program|{asset_key(asset)}"


def affected_by(
    resources: Resources, assets: Iterable[Asset], database: DatabaseFile
) -> dict[str, KnownVulnerabilities]:
    """What is known of the vulnerabilities of each file, by ``file_key``. Blocking.

    Raises:
        SourceError, FormatError: the database cannot be read.
    """
    programs = {
        file_key(asset): program
        for asset in assets
        if (program := known_program(resources, asset)) is not None
    }
    if not programs:
        return {}
    loaded = _load(database, programs.values())
    return {
        key: known
        for key, program in programs.items()
        if (known := _matched(program, loaded)) is not None
    }


def affecting(
    resources: Resources, asset: Asset, releases: Iterable[Release], database: DatabaseFile
) -> Fact[AffectingAdvisories]:
    """What affects an asset by its record; Unknown without one. Blocking.

    Raises:
        SourceError, FormatError: the database cannot be read.
    """
    from explorer.advisories import match_advisories

    program = known_program(resources, asset)
    if program is None:
        return Unknown("the file was not checked")
    if isinstance(program.symbols, MISSING):
        return Unknown(f"no function names: {program.symbols.why}")
    every = match_advisories(program, _load(database, [program]))
    matches = {m.advisory.id: m for m in every if m.status is AdvisoryStatus.AFFECTED}
    fixed_in = releases_without(resources, asset, releases, matches, database)
    return AffectingAdvisories(tuple(matches.values()), fixed_in)


def releases_without(
    resources: Resources,
    asset: Asset,
    releases: Iterable[Release],
    identifiers: Iterable[str],
    database: DatabaseFile,
) -> Mapping[str, str]:
    """The newest release whose program for the same platform an advisory does not affect. Blocking.

    Args:
        releases: the project's, newest first.
        identifiers: the advisories; those that no known program is without are left out.

    Returns:
        Tags, by the advisories' ids.

    Raises:
        SourceError, FormatError: the database cannot be read.
    """
    others = {
        file_key(other): (release.tag, other)
        for release in releases
        for other in release.assets
        if other.kind == asset.kind and other.platform == asset.platform
    }
    known = affected_by(resources, (other for _, other in others.values()), database)
    return {
        identifier: tag
        for identifier in identifiers
        if (
            tag := next(
                (
                    tag
                    for key, (tag, _) in others.items()
                    if key in known and known[key].lacks(identifier)
                ),
                "",
            )
        )
    }


def _load(database: DatabaseFile, programs: Iterable[GoProgram]) -> AdvisoryDatabase:
    from explorer.advisories import load_database

    modules = {path for program in programs for path in program.modules}
    return load_database(database.path, {*modules, "stdlib"})


def _matched(program: GoProgram, database: AdvisoryDatabase) -> KnownVulnerabilities | None:
    """None if the program's functions are not known."""
    from explorer.advisories import match_advisories

    if isinstance(program.symbols, MISSING):
        return None
    ids: dict[AdvisoryStatus, set[str]] = {status: set() for status in AdvisoryStatus}
    for match in match_advisories(program, database):
        ids[match.status].add(match.advisory.id)
    return KnownVulnerabilities(
        frozenset(ids[AdvisoryStatus.AFFECTED]), frozenset(ids[AdvisoryStatus.MODULE_LEVEL])
    )
