"""Models as JSON, by the schema in ``schema.json``.

A fact that is known is a value. One that is missing is ``null``, and its object has a sibling ``missing`` that says, by
the field's name, whether it is unknown or not applicable, and why: ``{"sha256": null, "missing": {"sha256": {"state":
"unknown", "why": "needs the download"}}}``. Strings are as they were found; ``dumps`` escapes all but ASCII, so that no
ESC, C1 or bidi character in them reaches a terminal.
"""

from __future__ import annotations

from collections.abc import Sequence

from explorer.compat import Rule, Target
from explorer.errors import ExplorerError, RateLimitedError
from explorer.fetch import CacheEntry, CacheStats, Download
from explorer.releases import Asset, Catalogue, Rate, Release
from explorer.report.json_base import Object, dumps, map_fact, object_of, time_text
from explorer.report.json_binary import asset, inspection, verification
from explorer.workbench.models import Finding, GetResult, Inspection

__all__ = [
    "assets",
    "cache",
    "doctor",
    "dumps",
    "error",
    "got",
    "inspection",
    "releases",
    "rules",
    "targets",
    "verification",
]


# ---------------------------------------------------------------------- catalogue


def releases(catalogue: Catalogue, shown: Sequence[Release]) -> Object:
    """What ``releases --json`` prints."""
    return _catalogue(catalogue) | {"releases": [release(item) for item in shown]}


def _catalogue(catalogue: Catalogue) -> Object:
    return object_of(
        repo=catalogue.repo,
        origin=catalogue.origin.value,
        complete=catalogue.complete,
        total=len(catalogue.releases),
        fetched_at=map_fact(catalogue.fetched_at, time_text),
        rate=map_fact(catalogue.rate, _rate),
        warnings=list(catalogue.warnings),
    )


def _rate(rate: Rate) -> Object:
    return {
        "limit": rate.limit,
        "remaining": rate.remaining,
        "resets_at": time_text(rate.resets_at),
    }


def release(item: Release) -> Object:
    """One release without its files."""
    return object_of(
        tag=item.tag,
        version=item.version,
        name=item.name,
        published_at=map_fact(item.published_at, time_text),
        prerelease=item.prerelease,
        draft=item.draft,
        evidence=item.evidence,
        url=item.url,
        files=len(item.assets),
    )


def assets(
    catalogue: Catalogue,
    of: Release,
    shown: Sequence[tuple[Asset, Inspection | None]],
    gaps: Sequence[tuple[str, Asset]],
) -> Object:
    """What ``assets --json`` prints: files with what is known of them, and what was not published beside what may serve."""
    files = [asset(item) | {"seen": seen(found) if found else None} for item, found in shown]
    unpublished = [
        {"platform": slug, "kind": serves.kind.value, "perhaps": serves.name}
        for slug, serves in gaps
    ]
    return _catalogue(catalogue) | {
        "release": release(of),
        "assets": files,
        "unpublished": unpublished,
    }


def seen(inspection: Inspection) -> Object:
    """What an earlier or a first look says, in short."""
    return {
        "verdicts": [
            {
                "target": v.target.name,
                "answer": v.answer.value,
                "code": v.deciding.code,
                "text": v.deciding.text,
            }
            for v in inspection.verdicts
        ],
        "proofs": [
            {"result": p.result.value, "platform": p.platform, "started_at": p.started_at}
            for p in inspection.proofs
        ],
    }


# ---------------------------------------------------------------------- the rest


def got(item: GetResult, name: str, warnings: Sequence[str] = ()) -> Object:
    """What ``get --json`` prints."""
    return {
        "subject": name,
        "directory": str(item.directory),
        "files": [str(path) for path in item.files],
        "binary": str(item.binary) if item.binary else None,
        "download": _download(item.download) if item.download else None,
        "warnings": list(warnings),
    }


def _download(item: Download) -> Object:
    return object_of(
        sha256=item.blob.sha256,
        size=item.blob.size,
        check=map_fact(item.check, lambda check: check.value),
        from_cache=item.from_cache,
        resumed_from=item.resumed_from,
        moved=item.moved,
        seconds=round(item.seconds, 3),
    )


def rules(items: Sequence[Rule]) -> Object:
    """What ``rules --json`` prints."""
    return {
        "rules": [
            {
                "code": r.code,
                "step": r.step,
                "answer": r.answer.value,
                "title": r.title,
                "explanation": r.explanation,
            }
            for r in items
        ]
    }


def targets(items: Sequence[Target], default: str) -> Object:
    """What ``targets --json`` prints."""
    return {"default": default, "targets": [target(item) for item in items]}


def target(item: Target) -> Object:
    """One target."""
    return {
        "name": item.name,
        "title": item.title,
        "libc": item.libc.value,
        "libc_version": item.libc_version or None,
        "arch": item.arch or None,
        "packages": sorted(item.packages),
        "image": item.image or None,
    }


def cache(
    stats: CacheStats,
    entries: Sequence[CacheEntry],
    freed: int | None = None,
    warnings: Sequence[str] = (),
) -> Object:
    """What ``cache show --json`` prints, and ``prune`` and ``clear`` with the bytes they freed."""
    return {
        "directory": str(stats.directory),
        "blobs": stats.blobs,
        "blob_bytes": stats.blob_bytes,
        "limit_bytes": stats.limit_bytes,
        "partials": stats.partials,
        "partial_bytes": stats.partial_bytes,
        "pages": stats.pages,
        "records": stats.records,
        "entries": [
            {"sha256": e.sha256, "size": e.size, "names": list(e.names), "used_at": e.used_at}
            for e in entries
        ],
        "freed": freed,
        "warnings": list(warnings),
    }


def doctor(findings: Sequence[Finding]) -> Object:
    """What ``doctor --json`` prints."""
    return {
        "findings": [
            {"subject": f.subject, "health": f.health.value, "text": f.text, "remedy": f.remedy}
            for f in findings
        ]
    }


def error(item: ExplorerError) -> Object:
    """What ``--json`` prints on stderr when a command fails; stdout stays empty then."""
    until = item.until if isinstance(item, RateLimitedError) else None
    return {
        "error": {
            "kind": item.kind,
            "title": item.title,
            "detail": item.detail,
            "remedy": item.remedy,
            "exit_code": item.exit_code,
            "until": time_text(until) if until else None,
        }
    }
