"""Downloads, rules, targets, the cache, findings and errors as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.compat import Answer, Libc, Rule, Target
from explorer.errors import ExplorerError, RateLimitedError
from explorer.fetch import CacheEntry, CacheStats, Check, Download
from explorer.report.json.shapes import (
    BOOLEAN,
    BYTES,
    INTEGER,
    NUMBER,
    SHA256,
    TEXT,
    TIME,
    Field,
    Shape,
    fact,
    many,
    nullable,
    one_of,
    part,
    word,
)
from explorer.workbench import Finding, GetResult, Health

DOWNLOAD = Shape[Download](
    "download",
    "How a file came here.",
    Field("sha256", SHA256, lambda d: d.blob.sha256),
    Field("size", BYTES, lambda d: d.blob.size),
    Field(
        "check",
        fact(word(Check)),
        lambda d: d.check,
        "the bytes against the API's digest; null: not compared, see missing",
    ),
    Field("from_cache", BOOLEAN, lambda d: d.from_cache),
    Field("resumed_from", INTEGER, lambda d: d.resumed_from),
    Field("moved", INTEGER, lambda d: d.moved, "bytes that crossed the network"),
    Field("seconds", NUMBER, lambda d: round(d.seconds, 3)),
)


class Got(NamedTuple):
    """What ``get`` wrote, and what was asked for."""

    result: GetResult
    name: str
    warnings: Sequence[str]


GET = Shape[Got](
    "get",
    "rr-explorer get --json",
    Field("subject", TEXT, lambda g: g.name),
    Field("directory", TEXT, lambda g: str(g.result.directory)),
    Field("files", many(TEXT), lambda g: [str(path) for path in g.result.files]),
    Field("binary", nullable(TEXT), lambda g: str(g.result.binary) if g.result.binary else None),
    Field("download", nullable(DOWNLOAD.kind), lambda g: g.result.download),
    Field("warnings", many(TEXT), lambda g: g.warnings),
)
RULE = Shape[Rule](
    "rule",
    "A rule that verdicts are made by.",
    Field("code", TEXT, lambda r: r.code),
    Field("step", INTEGER, lambda r: r.step),
    Field("answer", word(Answer), lambda r: r.answer),
    Field("title", TEXT, lambda r: r.title),
    Field("explanation", TEXT, lambda r: r.explanation),
)
RULES = Shape[Sequence[Rule]](
    "rules", "rr-explorer rules --json", Field("rules", many(RULE.kind), lambda rules: rules)
)
TARGET = Shape[Target](
    "target",
    "Where a binary can be judged to run.",
    Field("name", TEXT, lambda t: t.name),
    Field("title", TEXT, lambda t: t.title),
    Field("libc", word(Libc), lambda t: t.libc),
    Field("libc_version", nullable(TEXT), lambda t: t.libc_version or None),
    Field("arch", nullable(TEXT), lambda t: t.arch or None),
    Field("packages", many(TEXT), lambda t: sorted(t.packages)),
    Field("image", nullable(TEXT), lambda t: t.image or None),
)


class ListedTargets(NamedTuple):
    """All targets, and the name of the default one."""

    default: str
    targets: Sequence[Target]


TARGETS = Shape[ListedTargets](
    "targets",
    "rr-explorer targets --json",
    Field("default", TEXT, lambda t: t.default),
    Field("targets", many(TARGET.kind), lambda t: t.targets),
)
CACHE_ENTRY = Shape[CacheEntry](
    "cache_entry",
    "A file in the cache.",
    Field("sha256", SHA256, lambda e: e.sha256),
    Field("size", BYTES, lambda e: e.size),
    Field("names", many(TEXT), lambda e: e.names),
    Field("used_at", NUMBER, lambda e: e.used_at, "seconds since the epoch"),
)
CACHE_STATS = Shape[CacheStats](
    "cache_stats",
    "What is in the cache.",
    Field("directory", TEXT, lambda s: str(s.directory)),
    Field("blobs", INTEGER, lambda s: s.blobs),
    Field("blob_bytes", BYTES, lambda s: s.blob_bytes),
    Field("limit_bytes", BYTES, lambda s: s.limit_bytes),
    Field("partials", INTEGER, lambda s: s.partials),
    Field("partial_bytes", BYTES, lambda s: s.partial_bytes),
    Field("pages", INTEGER, lambda s: s.pages),
    Field("records", INTEGER, lambda s: s.records),
)


class ListedCache(NamedTuple):
    """The cache's figures and files; ``freed`` in bytes, after ``prune`` and ``clear``."""

    stats: CacheStats
    entries: Sequence[CacheEntry]
    freed: int | None
    warnings: Sequence[str]


CACHE = Shape[ListedCache](
    "cache",
    "rr-explorer cache --json",
    *part(CACHE_STATS, lambda c: c.stats),
    Field("entries", many(CACHE_ENTRY.kind), lambda c: c.entries),
    Field("freed", nullable(INTEGER), lambda c: c.freed, "bytes, after prune and clear"),
    Field("warnings", many(TEXT), lambda c: c.warnings),
)
FINDING = Shape[Finding](
    "finding",
    "A line of doctor.",
    Field("subject", TEXT, lambda f: f.subject),
    Field("health", word(Health), lambda f: f.health),
    Field("text", TEXT, lambda f: f.text),
    Field("remedy", TEXT, lambda f: f.remedy),
)
DOCTOR = Shape[Sequence[Finding]](
    "doctor",
    "rr-explorer doctor --json",
    Field("findings", many(FINDING.kind), lambda findings: findings),
)


def _kinds(error: type[ExplorerError] = ExplorerError) -> list[str]:
    kinds = [error.kind]
    for one in error.__subclasses__():
        kinds += [kind for kind in _kinds(one) if kind not in kinds]
    return kinds


ERROR_DETAIL = Shape[ExplorerError](
    "error_detail",
    "What went wrong, and what to do about it.",
    Field("kind", one_of(*_kinds()), lambda e: e.kind),
    Field("title", TEXT, lambda e: e.title),
    Field("detail", TEXT, lambda e: e.detail),
    Field("remedy", TEXT, lambda e: e.remedy),
    Field("exit_code", INTEGER, lambda e: e.exit_code),
    Field(
        "until",
        nullable(TIME),
        lambda e: e.until if isinstance(e, RateLimitedError) else None,
        "when a rate-limited server may be asked again",
    ),
)
ERROR = Shape[ExplorerError](
    "error",
    "What --json prints on stderr when a command fails; stdout stays empty then.",
    Field("error", ERROR_DETAIL.kind, lambda e: e),
)
