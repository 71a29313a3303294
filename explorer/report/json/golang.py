"""What Go put into a program, and its known vulnerabilities, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.advisories import AdvisoryMatch, AdvisoryStatus
from explorer.elf import GoBuild
from explorer.golang import GoFunction, GoPackage, GoTable
from explorer.report.json.binaries import GO, MACHO_SLICE, SLICES_ABOUT
from explorer.report.json.inspection import SUBJECT
from explorer.report.json.shapes import (
    BYTES,
    INTEGER,
    TEXT,
    Field,
    Shape,
    fact,
    many,
    mapping,
    nullable,
    word,
)
from explorer.report.units import iso_time
from explorer.workbench import AffectingAdvisories, Inspection, Vulnerabilities

FUNCTION = Shape[GoFunction](
    "go_function",
    "A function of a Go program.",
    Field("name", TEXT, lambda f: f.name),
    Field("size", BYTES, lambda f: f.size),
)
PACKAGE = Shape[GoPackage](
    "go_package",
    "A package of a Go program: its code, without data.",
    Field("path", nullable(TEXT), lambda p: p.path or None, "null: made by the linker"),
    Field("functions", INTEGER, lambda p: p.functions),
    Field("size", BYTES, lambda p: p.size),
)


class BuildOf(NamedTuple):
    """A program and what Go recorded of its build."""

    inspection: Inspection
    build: GoBuild
    warnings: Sequence[str]


GOBUILD = Shape[BuildOf](
    "gobuild",
    "rr-explorer gobuild --json",
    Field("subject", SUBJECT.kind, lambda b: b.inspection.subject),
    Field("go", GO.kind, lambda b: b.build),
    Field("slices", many(MACHO_SLICE.kind), lambda b: b.inspection.binary.slices, SLICES_ABOUT),
    Field("warnings", many(TEXT), lambda b: b.warnings),
)


class FunctionsOf(NamedTuple):
    """A program and its functions."""

    inspection: Inspection
    table: GoTable
    warnings: Sequence[str]


FUNCTIONS = Shape[FunctionsOf](
    "functions",
    "rr-explorer functions --json",
    Field("subject", SUBJECT.kind, lambda f: f.inspection.subject),
    Field("format", TEXT, lambda f: f.table.version, "the Go release that introduced it"),
    Field("packages", many(PACKAGE.kind), lambda f: f.table.packages()),
    Field("functions", many(FUNCTION.kind), lambda f: f.table.functions, "by address"),
    Field("warnings", many(TEXT), lambda f: f.warnings),
)
_FIXED_IN = "by the advisory's id: the newest release of which is known that it is not affected"
ADVISORY_MATCH = Shape[AdvisoryMatch](
    "advisory_match",
    "An advisory that concerns a module of the program.",
    Field("id", TEXT, lambda m: m.advisory.id),
    Field("aliases", many(TEXT), lambda m: m.advisory.aliases),
    Field("summary", TEXT, lambda m: m.advisory.summary),
    Field("url", TEXT, lambda m: m.advisory.url),
    Field("status", word(AdvisoryStatus), lambda m: m.status),
    Field("module", TEXT, lambda m: m.module),
    Field("version", TEXT, lambda m: m.version),
    Field("fixed", nullable(TEXT), lambda m: m.fixed or None),
    Field("symbols", many(TEXT), lambda m: m.symbols, "vulnerable functions in the program"),
    Field("why", fact(TEXT), lambda m: m.why),
)


DATABASE = Shape[Vulnerabilities](
    "vuln_database",
    "The vulnerability database that was used.",
    Field("name", TEXT, lambda v: v.database.name, "the user's path, or the server"),
    Field("modified", nullable(TEXT), lambda v: v.modified or None, "when it was last changed"),
    Field(
        "checked_at",
        nullable(TEXT),
        lambda v: iso_time(v.database.checked_at) if v.database.checked_at else None,
        "when its server was last asked; null for the user's own",
    ),
)


AFFECTING = Shape[AffectingAdvisories](
    "affecting",
    "The vulnerabilities that affect a file.",
    Field("advisories", many(ADVISORY_MATCH.kind), lambda a: a.matches),
    Field("fixed_in", mapping(TEXT), lambda a: a.fixed_in, _FIXED_IN),
)


class VulnerabilitiesOf(NamedTuple):
    """What ``vulns`` says."""

    result: Vulnerabilities
    warnings: Sequence[str]


VULNS = Shape[VulnerabilitiesOf](
    "vulns",
    "rr-explorer vulns --json",
    Field("subject", SUBJECT.kind, lambda v: v.result.inspection.subject),
    Field("go", TEXT, lambda v: v.result.build.version),
    Field("database", DATABASE.kind, lambda v: v.result),
    Field("advisories", many(ADVISORY_MATCH.kind), lambda v: v.result.matches),
    Field("fixed_in", mapping(TEXT), lambda v: v.result.fixed_in, _FIXED_IN),
    Field("warnings", many(TEXT), lambda v: v.warnings),
)
