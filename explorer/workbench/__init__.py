"""One facade over the rooms: what both faces call, and the models they are given.

Importing it loads models only: neither httpx, elftools nor diskcache.
"""

from typing import TYPE_CHECKING

from explorer.advisories import AdvisoryStatus
from explorer.archive import ArchiveListing, Member, MemberKind, Refusal
from explorer.compat import (
    Answer,
    Dependency,
    DependencyCheck,
    Libc,
    Reason,
    Rule,
    Target,
    Verdict,
    Where,
)
from explorer.elf import (
    Binary,
    Dynamic,
    DynamicEntry,
    Elf,
    FileFormat,
    GoBuild,
    GoModule,
    Header,
    Linkage,
    Linking,
    Note,
    RelocationType,
    Scope,
    Section,
    Segment,
    Symbol,
    VersionNeed,
)
from explorer.fetch import Blob, CacheEntry, CacheStats, Check, Download, Traffic
from explorer.golang import GoTable
from explorer.lazy import lazy_exports
from explorer.releases import (
    NO_PLATFORM,
    Asset,
    AssetKind,
    Catalogue,
    Origin,
    Platform,
    ProjectAddress,
    Rate,
    Release,
    Role,
    is_repository,
    parse_address,
    web_host,
)
from explorer.verify import (
    CheckResult,
    DryRun,
    Engine,
    Image,
    ImageSystem,
    Proof,
    Result,
    RunLimits,
)
from explorer.workbench.known_files import FileState, KnownFiles, file_key, subject_key
from explorer.workbench.models import (
    Depth,
    FileFacts,
    Finding,
    GetResult,
    Health,
    Inspection,
    ProofOptions,
    Subject,
)
from explorer.workbench.workbench import Workbench

if TYPE_CHECKING:
    from explorer.workbench.advise import Advice
    from explorer.workbench.build_recipe import BuildRecipe
    from explorer.workbench.candidates import Candidate
    from explorer.workbench.compare import (
        AssetPair,
        FactChange,
        FileComparison,
        ModuleChange,
        ReleaseComparison,
        SizeChange,
        VerdictChange,
        VulnerabilityChanges,
    )
    from explorer.workbench.go_program import Vulnerabilities
    from explorer.workbench.inspect import checksums_of
    from explorer.workbench.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow
    from explorer.workbench.reproduce import Rebuild
    from explorer.workbench.resolve import platform_slug
    from explorer.workbench.seen_projects import SeenProject
    from explorer.workbench.sweep import SweepSummary
    from explorer.workbench.sweep_plan import (
        LeftOut,
        Standing,
        SweepItem,
        SweepRequest,
        SweepResult,
    )
    from explorer.workbench.target_matrix import TargetMatrix, TargetRow
    from explorer.workbench.vuln_database import DatabaseFile

__getattr__ = lazy_exports(
    __name__,
    {
        "Advice": "advise",
        "BuildRecipe": "build_recipe",
        "AssetPair": "compare",
        "FactChange": "compare",
        "FileComparison": "compare",
        "ModuleChange": "compare",
        "ReleaseComparison": "compare",
        "SizeChange": "compare",
        "VerdictChange": "compare",
        "VulnerabilityChanges": "compare",
        "Rebuild": "reproduce",
        "Candidate": "candidates",
        "DatabaseFile": "vuln_database",
        "Matrix": "matrix",
        "MatrixCell": "matrix",
        "MatrixColumn": "matrix",
        "LeftOut": "sweep_plan",
        "MatrixRow": "matrix",
        "SeenProject": "seen_projects",
        "checksums_of": "inspect",
        "Standing": "sweep_plan",
        "SweepItem": "sweep_plan",
        "SweepRequest": "sweep_plan",
        "SweepResult": "sweep_plan",
        "SweepSummary": "sweep",
        "TargetMatrix": "target_matrix",
        "TargetRow": "target_matrix",
        "Vulnerabilities": "go_program",
        "platform_slug": "resolve",
    },
)

__all__ = [
    "NO_PLATFORM",
    "Advice",
    "AdvisoryStatus",
    "Answer",
    "ArchiveListing",
    "Asset",
    "AssetKind",
    "AssetPair",
    "Binary",
    "Blob",
    "BuildRecipe",
    "CacheEntry",
    "CacheStats",
    "Candidate",
    "Catalogue",
    "Check",
    "CheckResult",
    "DatabaseFile",
    "Dependency",
    "DependencyCheck",
    "Depth",
    "Download",
    "DryRun",
    "Dynamic",
    "DynamicEntry",
    "Elf",
    "Engine",
    "FactChange",
    "FileComparison",
    "FileFacts",
    "FileFormat",
    "FileState",
    "Finding",
    "GetResult",
    "GoBuild",
    "GoModule",
    "GoTable",
    "Header",
    "Health",
    "Image",
    "ImageSystem",
    "Inspection",
    "KnownFiles",
    "LeftOut",
    "Libc",
    "Linkage",
    "Linking",
    "Matrix",
    "MatrixCell",
    "MatrixColumn",
    "MatrixRow",
    "Member",
    "MemberKind",
    "ModuleChange",
    "Note",
    "Origin",
    "Platform",
    "ProjectAddress",
    "Proof",
    "ProofOptions",
    "Rate",
    "Reason",
    "Rebuild",
    "Refusal",
    "Release",
    "ReleaseComparison",
    "RelocationType",
    "Result",
    "Role",
    "Rule",
    "RunLimits",
    "Scope",
    "Section",
    "SeenProject",
    "Segment",
    "SizeChange",
    "Standing",
    "Subject",
    "SweepItem",
    "SweepRequest",
    "SweepResult",
    "SweepSummary",
    "Symbol",
    "Target",
    "TargetMatrix",
    "TargetRow",
    "Traffic",
    "Verdict",
    "VerdictChange",
    "VersionNeed",
    "Vulnerabilities",
    "VulnerabilityChanges",
    "Where",
    "Workbench",
    "checksums_of",
    "file_key",
    "is_repository",
    "parse_address",
    "platform_slug",
    "subject_key",
    "web_host",
]
