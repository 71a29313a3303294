"""What the local GitHub keeps, and how its API and its file host show it."""

import hashlib
import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.support.httpserver import Answer, Fault, FilePart, Request

_MEDIA = {
    ".gz": "application/gzip",
    ".zip": "application/zip",
    ".deb": "application/vnd.debian.binary-package",
}


@dataclass
class StoredAsset:
    """One file of a release, as the server keeps it."""

    id: int
    name: str
    data: bytes | Path
    updated_at: datetime
    digest: str | None
    """What the API says: ``sha256:…``, or None for null."""
    url: str
    """``browser_download_url``."""
    api_url: str
    overrides: dict[str, Any] = field(default_factory=dict)
    """Fields of the API's answer that are other than they should be."""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.data.stat().st_size if isinstance(self.data, Path) else len(self.data)

    @property
    def etag(self) -> str:
        """A strong ETag, as the file's host gives one; another one when the file changes."""
        state = f"{self.id}/{self.size}/{self.updated_at.isoformat()}"
        return f'"0x{hashlib.sha256(state.encode()).hexdigest()[:15].upper()}"'

    def part(self, start: int, length: int) -> bytes | FilePart:
        """A stretch of it."""
        return (
            FilePart(self.data, start, length)
            if isinstance(self.data, Path)
            else self.data[start : start + length]
        )


@dataclass
class StoredRelease:
    """One release, as the server keeps it."""

    id: int
    repo: str
    tag: str
    name: str | None
    body: str | None
    published_at: datetime | None
    created_at: datetime
    prerelease: bool
    draft: bool
    assets: dict[str, StoredAsset]
    overrides: dict[str, Any] = field(default_factory=dict)


def release_json(release: StoredRelease, api_url: str, web_url: str) -> dict[str, Any]:
    """One element of the list of releases, with every field that GitHub's description requires."""
    base = f"{api_url}/repos/{release.repo}"
    return {
        "url": f"{base}/releases/{release.id}",
        "assets_url": f"{base}/releases/{release.id}/assets",
        "upload_url": f"{base}/releases/{release.id}/assets{{?name,label}}",
        "html_url": f"{web_url}/{release.repo}/releases/tag/{quote(release.tag, safe='')}",
        "id": release.id,
        "author": _user(api_url, web_url),
        "node_id": f"RE_{release.id}",
        "tag_name": release.tag,
        "target_commitish": "master",
        "name": release.name,
        "draft": release.draft,
        "immutable": False,
        "prerelease": release.prerelease,
        "created_at": _zulu(release.created_at),
        "updated_at": _zulu(release.created_at),
        "published_at": _zulu(release.published_at),
        "assets": [asset_json(asset, api_url, web_url) for asset in release.assets.values()],
        "tarball_url": f"{base}/tarball/{quote(release.tag, safe='')}",
        "zipball_url": f"{base}/zipball/{quote(release.tag, safe='')}",
        "body": release.body,
    } | release.overrides


def asset_json(asset: StoredAsset, api_url: str, web_url: str) -> dict[str, Any]:
    """One asset, alone or inside its release."""
    return {
        "url": asset.api_url,
        "id": asset.id,
        "node_id": f"RA_{asset.id}",
        "name": asset.name,
        "label": "",
        "uploader": _user(api_url, web_url),
        "content_type": _MEDIA.get(Path(asset.name).suffix, "application/octet-stream"),
        "state": "uploaded",
        "size": asset.size,
        "digest": asset.digest,
        "download_count": 7,
        "created_at": _zulu(asset.updated_at),
        "updated_at": _zulu(asset.updated_at),
        "browser_download_url": asset.url,
    } | asset.overrides


def _user(api_url: str, web_url: str) -> dict[str, Any]:
    api = f"{api_url}/users/github-actions%5Bbot%5D"
    lists = ("followers", "subscriptions", "organizations", "repos", "received_events")
    fields: dict[str, Any] = {
        f"{name}_url": f"{api}/{name.replace('organizations', 'orgs')}" for name in lists
    }
    return fields | {
        "login": "github-actions[bot]",
        "id": 41898282,
        "node_id": "MDM6Qm90NDE4OTgyODI=",
        "avatar_url": f"{web_url}/in/15368",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{web_url}/apps/github-actions",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "events_url": f"{api}/events{{/privacy}}",
        "type": "Bot",
        "user_view_type": "public",
        "site_admin": False,
    }


def ranged(request: Request, asset: StoredAsset, fault: Fault | None) -> Answer:
    """RFC 9110, sections 13 and 14, for one range; several at once are answered with the whole, as
    the real host does."""
    etag = (fault.new_etag if fault else "") or asset.etag
    size = asset.size
    headers = {
        "Content-Type": "application/octet-stream",
        "ETag": etag,
        "Last-Modified": asset.updated_at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        "Accept-Ranges": "bytes",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(asset.name, safe='')}",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Answer(304, headers)
    wanted = request.headers.get("range", "")
    condition = request.headers.get("if-range", "")
    stale = condition not in ("", etag, headers["Last-Modified"])
    if (
        stale
        or not wanted.startswith("bytes=")
        or "," in wanted
        or (fault is not None and fault.ignore_range)
    ):
        return Answer(200, headers, asset.part(0, size))
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if not (first or last) or not (first + last).isdecimal():
        return Answer(200, headers, asset.part(0, size))
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= size or end <= start:
        return Answer(416, headers | {"Content-Range": f"bytes */{size}"})
    return Answer(
        206,
        headers | {"Content-Range": f"bytes {start}-{end - 1}/{size}"},
        asset.part(start, end - start),
    )


def sha256_of(data: bytes | Path) -> str:
    """64 lower-case hex digits; a file is streamed."""
    if isinstance(data, bytes):
        return hashlib.sha256(data).hexdigest()
    with data.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _zulu(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Sources:
    """The sources at a tag: the web host redirects to another one, as github.com
    does to codeload.github.com."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def add(self, repo: str, tag: str, files: Mapping[str, str]) -> None:
        """Push a tag.

        Its archive is a tar.gz as ``git archive`` writes it: a comment with the commit, then
        everything in one folder.
        """
        root = f"{repo.rpartition('/')[2]}-{tag.removeprefix('v')}"
        packed = io.BytesIO()
        commit = hashlib.sha1("".join(files.values()).encode(), usedforsecurity=False).hexdigest()
        with tarfile.open(
            fileobj=packed, mode="w:gz", format=tarfile.PAX_FORMAT, pax_headers={"comment": commit}
        ) as archive:
            for name in sorted(
                {root, *(f"{root}/{parent}" for file in files for parent in _parents(file))}
            ):
                folder = tarfile.TarInfo(f"{name}/")
                folder.type, folder.mode = tarfile.DIRTYPE, 0o775
                archive.addfile(folder)
            for name, text in sorted(files.items()):
                member = tarfile.TarInfo(f"{root}/{name}")
                member.size, member.mode = len(text.encode()), 0o664
                archive.addfile(member, io.BytesIO(text.encode()))
        self._kept[f"{repo}/tar.gz/refs/tags/{tag}"] = packed.getvalue()

    def moved(self, path: str, origin: str) -> Answer | None:
        """What the web host says to ``/OWNER/NAME/archive/refs/tags/TAG.tar.gz``; None for other
        paths and for tags that are not there."""
        repo, _, rest = path.strip("/").partition("/archive/")
        there = f"{repo}/tar.gz/{rest.removesuffix('.tar.gz')}"
        if there not in self._kept or not rest.endswith(".tar.gz"):
            return None
        return Answer(
            302,
            {"Location": f"{origin}/{quote(there)}", "Content-Type": "text/html; charset=utf-8"},
        )

    def given(self, path: str) -> Answer | None:
        """The archive, by the address that ``moved`` gave."""
        data = self._kept.get(path.strip("/"))
        return (
            None
            if data is None
            else Answer(
                200, {"Content-Type": "application/x-gzip", "ETag": f'W/"{sha256_of(data)}"'}, data
            )
        )


def _parents(name: str) -> list[str]:
    return [str(parent) for parent in Path(name).parents if parent != Path()]
