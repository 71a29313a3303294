"""Findings and the cache as rows."""

from __future__ import annotations

from datetime import UTC, datetime

from explorer.fetch import CacheEntry, CacheStats
from explorer.report.cells import Cell, Column, Row, Style
from explorer.report.text import one_line
from explorer.report.units import human_size, iso_time, plural
from explorer.workbench import Finding, Health

_HEALTH: dict[Health, tuple[str, Style]] = {
    Health.OK: ("✓ ok", "good"),
    Health.WARNING: ("! warning", "warn"),
    Health.BAD: ("✗ bad", "bad"),
    Health.ABSENT: ("– absent", "dim"),
}
FINDING_COLUMNS = (
    Column("health", "state", width=9),
    Column("subject", "what"),
    Column("text", "seen", grows=True),
    Column("remedy", "what to do"),
)


def finding_row(finding: Finding, index: int = 0) -> Row:
    """A line of ``doctor``."""
    word, style = _HEALTH[finding.health]
    return Row(
        f"{index}:{finding.subject}",
        (
            Cell(word, style),
            Cell(finding.subject, "strong"),
            Cell(one_line(finding.text)),
            Cell(one_line(finding.remedy)),
        ),
    )


CACHE_COLUMNS = (
    Column("names", "file", grows=True),
    Column("size", "size", "right"),
    Column("used", "last used"),
    Column("sha256", "sha256"),
)


def cache_row(entry: CacheEntry) -> Row:
    """A blob in the cache."""
    used = Cell(iso_time(datetime.fromtimestamp(entry.used_at, UTC)), sort=entry.used_at)
    return Row(
        entry.sha256,
        (
            Cell(", ".join(entry.names) or "?"),
            Cell(human_size(entry.size), align="right", sort=entry.size),
            used,
            Cell(entry.sha256, "dim"),
        ),
    )


def cache_facts(stats: CacheStats) -> tuple[Row, ...]:
    """What is in the cache, as (what, value) rows."""
    limit = f"{human_size(stats.blob_bytes)} of {human_size(stats.limit_bytes, binary=True)}"
    rows = [
        ("directory", str(stats.directory)),
        ("files", f"{stats.blobs:,} ({limit})"),
        ("unfinished", f"{plural(stats.partials, 'download')} ({human_size(stats.partial_bytes)})"),
        ("pages", f"{stats.pages:,}"),
        ("records", f"{stats.records:,} (peeks and proofs)"),
    ]
    return tuple(Row(name, (Cell(name, "dim"), Cell(value))) for name, value in rows)
