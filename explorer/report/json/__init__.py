"""The documents that ``--json`` prints, and their JSON Schema. A door of ``report``.

Each document is declared once, as a ``Shape``: the schema cannot differ from what is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from explorer.compat import Rule, Target
from explorer.content import PrintableRun
from explorer.elf import GoBuild
from explorer.errors import ExplorerError
from explorer.fetch import CacheEntry, CacheStats
from explorer.golang import GoTable
from explorer.releases import Asset, Catalogue, Release
from explorer.report.advice.maintainers import MaintainerNote
from explorer.report.json.catalogue import ASSETS, RELEASES, ListedAssets, ListedReleases
from explorer.report.json.comparing import (
    COMPARE,
    COMPARE_RELEASES,
    REPRODUCE,
    FilesCompared,
    ReleasesCompared,
    Reproduced,
)
from explorer.report.json.content import HEX, STRINGS, HexOf, StringsOf
from explorer.report.json.golang import (
    FUNCTIONS,
    GOBUILD,
    VULNS,
    BuildOf,
    FunctionsOf,
    VulnerabilitiesOf,
)
from explorer.report.json.inspection import INSPECT, VERIFY, WHERE, Inspected, Verified
from explorer.report.json.machine import (
    CACHE,
    DOCTOR,
    ERROR,
    GET,
    RULES,
    TARGETS,
    Got,
    ListedCache,
    ListedTargets,
)
from explorer.report.json.overview import (
    ADVISE,
    ADVISE_MAINTAINERS,
    BY_TARGET,
    MATRIX,
    REPORT,
    Advised,
    MaintainersAdvised,
    Reported,
)
from explorer.report.json.promises import CHECK, GateOf
from explorer.report.json.protections import HARDENING, HardeningOf
from explorer.report.json.schema import commands, schema_text
from explorer.report.json.shapes import Object, dumps
from explorer.report.json.signals import TRUST, TrustOf
from explorer.report.json.sweeps import SWEEP, SWEPT, SweepOf
from explorer.report.units import iso_time
from explorer.report.versions import versions
from explorer.verify import Proof
from explorer.workbench import (
    Advice,
    FileComparison,
    Finding,
    GateReport,
    GetResult,
    Inspection,
    Matrix,
    Rebuild,
    ReleaseComparison,
    Subject,
    SweepResult,
    SweepSummary,
    TargetMatrix,
    TrustReport,
    Vulnerabilities,
)

__all__ = [
    "HexOf",
    "advise",
    "advise_maintainers",
    "assets",
    "cache",
    "check",
    "commands",
    "compare",
    "compare_releases",
    "doctor",
    "dumps",
    "error",
    "functions",
    "get",
    "gobuild",
    "hardening",
    "hex_bytes",
    "inspect",
    "matrix",
    "matrix_by_target",
    "releases",
    "report",
    "reproduce",
    "rules",
    "schema_text",
    "strings",
    "sweep",
    "targets",
    "trust",
    "verify",
    "vulns",
    "where",
]


def releases(catalogue: Catalogue, shown: Sequence[Release]) -> Object:
    """What ``releases --json`` prints."""
    return RELEASES.encode(ListedReleases(catalogue, shown))


def assets(
    catalogue: Catalogue,
    release: Release,
    shown: Sequence[tuple[Asset, Inspection | None]],
    gaps: Sequence[tuple[str, Asset]],
) -> Object:
    """What ``assets --json`` prints.

    Args:
        shown: files, each with what is known of it.
        gaps: platforms for which nothing is published, each with the file that may work instead.
    """
    return ASSETS.encode(ListedAssets(catalogue, release, shown, gaps))


def inspect(inspection: Inspection, warnings: Sequence[str] = ()) -> Object:
    """What ``inspect --json`` prints."""
    return INSPECT.encode(Inspected(inspection, warnings))


def where(inspection: Inspection, warnings: Sequence[str] = ()) -> Object:
    """What ``where --json`` prints."""
    return WHERE.encode(Inspected(inspection, warnings))


def verify(proof: Proof, inspection: Inspection, warnings: Sequence[str] = ()) -> Object:
    """What ``verify --json`` prints: the proof, and the verdict that it is held against."""
    return VERIFY.encode(Verified(proof, inspection, warnings))


def sweep(item: SweepResult | SweepSummary, warnings: Sequence[str] = ()) -> Object:
    """A line of what ``verify --all --json`` prints: a result as it comes, last the sum."""
    if isinstance(item, SweepResult):
        return SWEPT.encode(item)
    return SWEEP.encode(SweepOf(item, warnings))


def check(report: GateReport, warnings: Sequence[str] = ()) -> Object:
    """What ``check --json`` prints."""
    return CHECK.encode(GateOf(report, warnings))


def get(result: GetResult, name: str, warnings: Sequence[str] = ()) -> Object:
    """What ``get --json`` prints."""
    return GET.encode(Got(result, name, warnings))


def hardening(inspection: Inspection, warnings: Sequence[str] = ()) -> Object:
    """What ``hardening --json`` prints."""
    return HARDENING.encode(HardeningOf(inspection, warnings))


def gobuild(inspection: Inspection, build: GoBuild, warnings: Sequence[str] = ()) -> Object:
    """What ``gobuild --json`` prints."""
    return GOBUILD.encode(BuildOf(inspection, build, warnings))


def functions(inspection: Inspection, table: GoTable, warnings: Sequence[str] = ()) -> Object:
    """What ``functions --json`` prints."""
    return FUNCTIONS.encode(FunctionsOf(inspection, table, warnings))


def vulns(result: Vulnerabilities, warnings: Sequence[str] = ()) -> Object:
    """What ``vulns --json`` prints."""
    return VULNS.encode(VulnerabilitiesOf(result, warnings))


def compare(comparison: FileComparison, warnings: Sequence[str] = ()) -> Object:
    """What ``compare --json`` prints of two files."""
    return COMPARE.encode(FilesCompared(comparison, warnings))


def compare_releases(comparison: ReleaseComparison, warnings: Sequence[str] = ()) -> Object:
    """What ``compare --json`` prints of two releases."""
    return COMPARE_RELEASES.encode(ReleasesCompared(comparison, warnings))


def reproduce(
    rebuild: Rebuild, judged: FileComparison | None = None, warnings: Sequence[str] = ()
) -> Object:
    """What ``reproduce --json`` prints; ``judged``: another build held against the file."""
    return REPRODUCE.encode(Reproduced(rebuild, judged, warnings))


def strings(subject: Subject, runs: Sequence[PrintableRun], warnings: Sequence[str] = ()) -> Object:
    """What ``strings --json`` prints."""
    return STRINGS.encode(StringsOf(subject, runs, warnings))


def hex_bytes(item: HexOf) -> Object:
    """What ``hex --json`` prints."""
    return HEX.encode(item)


def trust(report: TrustReport, warnings: Sequence[str] = ()) -> Object:
    """What ``trust --json`` prints."""
    return TRUST.encode(TrustOf(report, warnings))


def rules(items: Sequence[Rule]) -> Object:
    """What ``rules --json`` prints."""
    return RULES.encode(items)


def targets(items: Sequence[Target], default: str) -> Object:
    """What ``targets --json`` prints."""
    return TARGETS.encode(ListedTargets(default, items))


def cache(
    stats: CacheStats,
    entries: Sequence[CacheEntry],
    freed: int | None = None,
    warnings: Sequence[str] = (),
) -> Object:
    """What ``cache show --json`` prints, and ``prune`` and ``clear`` with the bytes they freed."""
    return CACHE.encode(ListedCache(stats, entries, freed, warnings))


def doctor(findings: Sequence[Finding]) -> Object:
    """What ``doctor --json`` prints."""
    return DOCTOR.encode(findings)


def matrix_by_target(item: TargetMatrix) -> Object:
    """What ``matrix --by target --json`` prints."""
    return BY_TARGET.encode(item)


def matrix(item: Matrix) -> Object:
    """What ``matrix --json`` prints."""
    return MATRIX.encode(item)


def advise(advice: Advice, call: str, warnings: Sequence[str] = ()) -> Object:
    """What ``advise --json`` prints; ``call`` is how rr-explorer is called in commands to copy."""
    return ADVISE.encode(Advised(advice, call, warnings))


def advise_maintainers(note: MaintainerNote, warnings: Sequence[str] = ()) -> Object:
    """What ``advise --for-maintainers --json`` prints."""
    return ADVISE_MAINTAINERS.encode(MaintainersAdvised(note, warnings))


def report(
    inspections: Sequence[Inspection], now: datetime, warnings: Sequence[str] = ()
) -> Object:
    """What ``report --json`` prints."""
    parts = [Inspected(inspection) for inspection in inspections]
    return REPORT.encode(Reported(parts, iso_time(now), versions(inspections), warnings))


def error(item: ExplorerError) -> Object:
    """What ``--json`` prints on stderr when a command fails; stdout stays empty then."""
    return ERROR.encode(item)
