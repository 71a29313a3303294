"""One facade over the rooms: what both faces call, and the models they are given.

Importing it loads models only: neither httpx, elftools nor diskcache.
"""

from explorer.archive import Listing, Member, MemberKind, Refusal
from explorer.compat import Answer, Dependency, DependencyCheck, Libc, Reason, Rule, Target, Verdict, Where
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
from explorer.releases import NO_PLATFORM, Asset, Catalogue, Kind, Origin, Platform, Rate, Release
from explorer.verify import CheckResult, DryRun, Engine, Image, Proof, Result, RunLimits
from explorer.workbench.advise import Advice, Candidate
from explorer.workbench.bench import Workbench
from explorer.workbench.matrix import Matrix, MatrixCell, MatrixColumn, MatrixRow, Seen, seen_key
from explorer.workbench.models import FileFacts, Finding, Got, Health, Inspection, ProofOptions, Subject
from explorer.workbench.resolve import platform_slug
from explorer.workbench.source import Source

__all__ = [
    "NO_PLATFORM",
    "Advice",
    "Answer",
    "Asset",
    "Binary",
    "Blob",
    "CacheEntry",
    "CacheStats",
    "Candidate",
    "Catalogue",
    "Check",
    "CheckResult",
    "Dependency",
    "DependencyCheck",
    "Download",
    "DryRun",
    "Dynamic",
    "DynamicEntry",
    "Elf",
    "Engine",
    "FileFacts",
    "FileFormat",
    "Finding",
    "GoBuild",
    "GoModule",
    "Got",
    "Header",
    "Health",
    "Image",
    "Inspection",
    "Kind",
    "Libc",
    "Linkage",
    "Linking",
    "Listing",
    "Matrix",
    "MatrixCell",
    "MatrixColumn",
    "MatrixRow",
    "Member",
    "MemberKind",
    "Note",
    "Origin",
    "Platform",
    "Proof",
    "ProofOptions",
    "Rate",
    "Reason",
    "Refusal",
    "Release",
    "RelocationType",
    "Result",
    "Rule",
    "RunLimits",
    "Scope",
    "Section",
    "Seen",
    "Segment",
    "Source",
    "Subject",
    "Symbol",
    "Target",
    "Traffic",
    "Verdict",
    "VersionNeed",
    "Where",
    "Workbench",
    "platform_slug",
    "seen_key",
]
