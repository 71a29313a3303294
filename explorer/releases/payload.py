"""From GitHub's JSON to models, field by field: one bad field never costs the release.

Format: GitHub's REST API description, "List releases" and the schema ``release-asset``. Text is
kept as it came, with control characters; ``report.visible`` makes it safe to show.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from explorer.facts import Fact, NotApplicable, Unknown
from explorer.releases.claims import ParsedName
from explorer.releases.models import Asset, Release
from explorer.releases.names import parse_asset_names, parse_version
from explorer.releases.profile import ProjectProfile, derived_profile

_RELEASE_FIELDS = (
    "id",
    "tag_name",
    "name",
    "body",
    "draft",
    "prerelease",
    "published_at",
    "html_url",
    "immutable",
    "assets",
)
_ASSET_FIELDS = (
    "id",
    "name",
    "state",
    "size",
    "digest",
    "url",
    "browser_download_url",
    "content_type",
    "updated_at",
    "download_count",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.IGNORECASE)
_OTHER_KIND = re.compile(r"(?!sha256:)([a-z][a-z0-9-]{1,15}):[0-9a-f]{16,512}", re.IGNORECASE)
_LARGEST = (1 << 63) - 1
_WARNINGS_SHOWN = 5
_NO_DIGEST = NotApplicable("GitHub computes digests of uploads since 2025-06-03 only")
_NEVER_GIVEN = NotApplicable("this server gives no digests")
_FINISHED = ("uploaded", "open", None)
_UNFINISHED = Unknown("its upload was never finished")
_OLDEST = datetime.min.replace(tzinfo=UTC)


class Complaints:
    """What was wrong in an answer, as sentences: the first few, and the number of the others."""

    def __init__(self) -> None:
        self._shown: list[str] = []
        self._more = 0

    def add(self, sentence: str) -> None:
        """Add a sentence."""
        if len(self._shown) < _WARNINGS_SHOWN:
            self._shown.append(sentence)
        else:
            self._more += 1

    def sentences(self) -> tuple[str, ...]:
        """All of them, for ``Catalogue.warnings``."""
        more = f"… and {self._more} more problems in the server's answer"
        return (*self._shown, *((more,) if self._more else ()))


def slim(value: object) -> list[object]:
    """One page with only the fields that are used, as it is kept: about a sixth of the answer.

    ``releases_from`` gives the same result for it as for the whole page.
    """
    items = value if isinstance(value, list) else []
    return [
        _slim_release(cast("dict[str, object]", item)) if isinstance(item, dict) else item
        for item in items
    ]


def _slim_release(release: dict[str, object]) -> dict[str, object]:
    kept = {name: release[name] for name in _RELEASE_FIELDS if name in release}
    assets = kept.get("assets")
    if isinstance(assets, list):
        kept["assets"] = [
            {n: a[n] for n in _ASSET_FIELDS if n in a} if isinstance(a, dict) else a for a in assets
        ]
    return kept


@dataclass(frozen=True, slots=True)
class _FieldPlace:
    """Whose answer is read, and where complaints about it go."""

    repo: str
    profile: ProjectProfile
    complaints: Complaints
    over_https: bool


def releases_from(
    pages: Iterable[list[object]],
    repo: str,
    complaints: Complaints,
    profile: ProjectProfile | None = None,
    *,
    over_https: bool = False,
) -> tuple[Release, ...]:
    """All pages as one list, newest ``published_at`` first, undated releases last.

    Otherwise the server's order is kept. A release that is on two pages, because another was
    published between the two requests, counts once. ``over_https``: all pages came over https.
    """
    place = _FieldPlace(repo, profile or derived_profile(repo), complaints, over_https)
    releases: list[Release] = []
    ids: set[int] = set()
    for page in pages:
        for item in page:
            if not isinstance(item, dict):
                complaints.add("An entry of the server's list is not a release and was left out")
                continue
            number = item.get("id")
            if type(number) is int:
                if number in ids:
                    continue
                ids.add(number)
            releases.append(_release(item, place))
    return newest_first(releases)


def newest_first(releases: Iterable[Release]) -> tuple[Release, ...]:
    """By ``published_at``, never by version (v3.0.0 came after v2025.1.15); undated ones last."""

    def key(release: Release) -> tuple[bool, datetime]:
        moment = release.published_at
        dated = isinstance(moment, datetime) and not release.draft
        return (dated, moment if isinstance(moment, datetime) and dated else _OLDEST)

    return tuple(sorted(releases, key=key, reverse=True))


class _Fields:
    """One JSON object, whose fields may have any type."""

    def __init__(self, value: dict[str, Any], what: str, complaints: Complaints) -> None:
        self.value = value
        self.what = what
        self._complaints = complaints

    def complain(self, name: str, problem: str) -> None:
        self._complaints.add(f"{self.what}: {name} {problem}")

    def text(self, name: str, fallback: str = "", *, required: bool = False) -> str:
        value = self.value.get(name)
        if isinstance(value, str) and (value or not required):
            return value
        if value is not None or required:
            self.complain(name, "is not text")
        return fallback

    def address(self, name: str) -> str:
        """An http(s) URL, else empty: the app opens it in a browser, and never ``file:``."""
        value = self.text(name)
        if value and not value.lower().startswith(("https://", "http://")):
            self.complain(name, "is not a web address")
            return ""
        return value

    def flag(self, name: str, fallback: bool) -> bool:
        value = self.value.get(name)
        if isinstance(value, bool):
            return value
        self.complain(name, "is neither true nor false")
        return fallback

    def number(self, name: str) -> Fact[int]:
        value = self.value.get(name)
        if type(value) is int and 0 <= value <= _LARGEST:
            return value
        self.complain(name, "is not a number")
        return Unknown("the server gives no usable number")

    def moment(self, name: str, absent: str) -> Fact[datetime]:
        """An aware datetime in UTC; Unknown with ``absent`` for null."""
        value = self.value.get(name)
        if value is None:
            return Unknown(absent)
        try:
            moment = datetime.fromisoformat(value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, TypeError, OverflowError):
            self.complain(name, "is not a date")
            return Unknown("the server's date cannot be read")

    def digest(self) -> Fact[str]:
        value = self.value.get("digest", _NEVER_GIVEN)
        if value is None:
            return _NO_DIGEST
        if isinstance(value, NotApplicable):
            return value
        if isinstance(value, str) and _DIGEST.fullmatch(value):
            return value.lower()
        if isinstance(value, str) and (other := _OTHER_KIND.fullmatch(value)):
            why = f"is of kind {other[1].lower()}, which is not checked here"
            self.complain("digest", why)
            return Unknown(f"the server's digest {why}")
        self.complain("digest", "is not a sha256")
        return Unknown("the server's digest is not a sha256")


def _release(value: dict[str, Any], place: _FieldPlace) -> Release:
    number = value.get("id")
    called = value.get("tag_name")
    fields = _Fields(
        value, f"Release {called if isinstance(called, str) else number!r:.80}", place.complaints
    )
    tag = fields.text("tag_name", required=True) or (
        f"release-{number}" if type(number) is int else "(no tag)"
    )
    draft = fields.flag("draft", False)
    assets = value.get("assets")
    if not isinstance(assets, list):
        fields.complain("assets", "is not a list")
        assets = []
    return Release(
        tag=tag,
        version=parse_version(tag),
        name=fields.text("name"),
        published_at=fields.moment(
            "published_at", "a draft, not published" if draft else "the server gives no date"
        ),
        # A release that is not known to be stable must not become ``latest``.
        prerelease=fields.flag("prerelease", True),
        draft=draft,
        body=fields.text("body"),
        url=fields.address("html_url"),
        assets=tuple(_assets(assets, tag, fields, place)),
        immutable=_immutable(value.get("immutable")),
    )


def _immutable(value: object) -> Fact[bool]:
    """GitHub says it since 2025; a list that was kept before, and other servers, do not."""
    return value if isinstance(value, bool) else Unknown("the server does not say")


def _assets(values: list[Any], tag: str, release: _Fields, place: _FieldPlace) -> Iterable[Asset]:
    files: list[tuple[_Fields, str]] = []
    for value in values:
        if isinstance(value, dict):
            files.append(_named(value, tag, place))
        else:
            release.complain("assets", "holds something that is not a file")
    claims = parse_asset_names((name for _, name in files), tag, place.repo)
    for (fields, name), parsed in zip(files, claims, strict=True):
        yield _asset(fields, name, parsed, tag, place)


def _named(value: dict[str, Any], tag: str, place: _FieldPlace) -> tuple[_Fields, str]:
    """A file of a release, and what to call it."""
    called, number = value.get("name"), value.get("id")
    what = f"File {called if isinstance(called, str) else number!r:.80} of {tag}"
    fields = _Fields(value, what, place.complaints)
    substitute = f"asset-{number}" if type(number) is int else "(no name)"
    return fields, fields.text("name", required=True) or substitute


def _asset(fields: _Fields, name: str, parsed: ParsedName, tag: str, place: _FieldPlace) -> Asset:
    # A record that was kept before the state was read has none.
    unfinished = fields.value.get("state", "uploaded") not in _FINISHED
    return Asset(
        name=name,
        tag=tag,
        repo=place.repo,
        id=fields.number("id"),
        size=_UNFINISHED if unfinished else fields.number("size"),
        digest=_UNFINISHED if unfinished else fields.digest(),
        url=fields.address("browser_download_url"),
        api_url=fields.address("url"),
        content_type=fields.text("content_type"),
        updated_at=fields.moment("updated_at", "the server gives no date"),
        downloads=fields.number("download_count"),
        kind=place.profile.kind_of(name, parsed),
        platform=parsed.platform,
        archive=parsed.archive,
        about=parsed.about,
        unfinished=unfinished,
        over_https=place.over_https,
    )
