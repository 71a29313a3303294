"""A small vulnerability database in the official layout, written for the tests."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Imports = Sequence[Mapping[str, Any]]


def entry(
    number: int,
    module: str,
    imports: Imports,
    *,
    introduced: str = "0",
    fixed: str = "99.0.0",
    **more: object,
) -> dict[str, Any]:
    """One OSV entry, ``GO-2026-NUMBER``."""
    events = [{"introduced": introduced}, *([{"fixed": fixed}] if fixed else [])]
    specific = {"imports": list(imports)} if imports else {}
    return {
        "schema_version": "1.3.1",
        "id": f"GO-2026-{number:04}",
        "modified": "2026-08-01T00:00:00Z",
        "published": "2026-01-01T00:00:00Z",
        "aliases": [f"CVE-2026-{number}"],
        "summary": f"Advisory {number} for {module}",
        "details": "details",
        "affected": [
            {
                "package": {"name": module, "ecosystem": "Go"},
                "ranges": [{"type": "SEMVER", "events": events}],
                "ecosystem_specific": specific,
            }
        ],
        "database_specific": {
            "url": f"https://pkg.go.dev/vuln/GO-2026-{number:04}",
            "review_status": "REVIEWED",
        },
        **more,
    }


def write_database(place: Path, entries: Sequence[Mapping[str, Any]]) -> Path:
    """The folder that govulncheck's ``-db file://`` takes."""
    for folder in ("ID", "index"):
        (place / folder).mkdir(parents=True, exist_ok=True)
    modules: dict[str, list[dict[str, str]]] = {}
    for one in entries:
        (place / "ID" / f"{one['id']}.json").write_text(json.dumps(one))
        for affected in one["affected"]:
            fixes = [e["fixed"] for r in affected["ranges"] for e in r["events"] if "fixed" in e]
            row = {"id": one["id"], "modified": one["modified"]}
            row |= {"fixed": fixes[-1]} if fixes else {}
            modules.setdefault(affected["package"]["name"], []).append(row)
    index = {
        "db": {"modified": "2026-08-21T00:00:00Z"},
        "modules": [{"path": path, "vulns": rows} for path, rows in sorted(modules.items())],
        "vulns": [
            {"id": e["id"], "modified": e["modified"], "aliases": e["aliases"]} for e in entries
        ],
    }
    for name, content in index.items():
        (place / "index" / f"{name}.json").write_text(json.dumps(content))
    return place
