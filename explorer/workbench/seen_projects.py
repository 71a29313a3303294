"""The projects whose releases were listed lately, kept in the cache. Blocking."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from explorer.releases import is_repository

if TYPE_CHECKING:
    from explorer.fetch import Cache

_KEY = "projects seen lately"
_MOST = 50


@dataclass(frozen=True, slots=True)
class SeenProject:
    """A project that was listed."""

    repo: str
    """OWNER/NAME."""
    at: datetime
    """When it was listed last, in UTC."""


def seen_projects(cache: Cache, api_url: str) -> tuple[SeenProject, ...]:
    """Those of this server, the latest first; what is damaged counts as never seen.

    Raises:
        SourceError: the cache cannot be read.
    """
    raw = cache.store("page").load(f"{_KEY} {api_url}")
    try:
        entries = json.loads(raw) if raw else {}
        seen = [
            SeenProject(repo, datetime.fromisoformat(at).astimezone(UTC))
            for repo, at in entries.items()
            if is_repository(repo)
        ]
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return ()
    return tuple(sorted(seen, key=lambda project: project.at, reverse=True))


def note_project(cache: Cache, api_url: str, repo: str) -> None:
    """The project was listed just now.

    Raises:
        SourceError: the cache cannot be written.
    """
    others = [p for p in seen_projects(cache, api_url) if p.repo.lower() != repo.lower()]
    seen = [SeenProject(repo, datetime.now(UTC)), *others][:_MOST]
    data = json.dumps({project.repo: project.at.isoformat() for project in seen})
    cache.store("page").save(f"{_KEY} {api_url}", data.encode())
