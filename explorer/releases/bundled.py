"""RoadRunner's releases as shipped with the package: without network and cache, and for the demo.

Names and dates are from a list that the project kept (to v1.9), from what its release workflows
produce at each tag, and from third-party package manifests: expected, not observed. Nothing here
was read from the API.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from explorer.errors import FormatError
from explorer.facts import Fact, Unknown
from explorer.releases.claims import ParsedName
from explorer.releases.models import Asset, Catalogue, Origin, Release
from explorer.releases.names import parse_asset_names, parse_version
from explorer.releases.profile import ProjectProfile, load_profiles

REPO = "roadrunner-server/roadrunner"
WEB = f"https://github.com/{REPO}"
BANNER = (
    "Bundled list, not GitHub's answer: names are those expected from RoadRunner's release "
    "workflows, dates are those of the tags, sizes and digests are unknown"
)
STAND_INS = (
    "Demo: files marked stand-in are small programs built for rr-explorer, not RoadRunner's; the "
    "list is the bundled one"
)
_HERE = Path(__file__).parent
_NOT_RECORDED = Unknown("not in the bundled list")
_REMEDY = "Install rr-explorer again"


def snapshot() -> Catalogue:
    """The bundled releases, newest first, with a warning that says what they are.

    A release whose day is not recorded (v3.0.0) has its place where the file says ``>``: right
    after that moment. Its ``published_at`` is Unknown.

    Raises:
        FormatError: the packaged file is missing or damaged.
    """
    return _snapshot_of(_HERE)


@cache
def _snapshot_of(folder: Path) -> Catalogue:
    try:
        text = (folder / "data" / "snapshot.tsv").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(
            "The bundled list of releases cannot be read", str(error), _REMEDY
        ) from error
    profile = load_profiles().of_repo(REPO)
    keyed: list[tuple[datetime, Release]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("#", "tag\t")):
            continue
        try:
            keyed.append(_row(line, profile))
        except ValueError as error:
            raise FormatError(
                "The bundled list of releases is damaged", f"line {number}: {error}", _REMEDY
            ) from error
    keyed.sort(key=lambda pair: pair[0], reverse=True)
    return Catalogue(
        repo=REPO,
        releases=tuple(release for _, release in keyed),
        origin=Origin.SNAPSHOT,
        fetched_at=Unknown("bundled with rr-explorer, not fetched"),
        complete=Unknown("bundled: later releases, and those that left no trace, are missing"),
        warnings=(BANNER,),
        profile=profile,
    )


def _row(line: str, profile: ProjectProfile) -> tuple[datetime, Release]:
    tag, date, stability, evidence, names = line.split("\t")
    after = date.startswith(">")
    moment = datetime.fromisoformat(date.removeprefix(">"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    moment = moment.astimezone(UTC)
    published: Fact[datetime] = (
        Unknown(f"some time after {moment.date().isoformat()}: the day is not recorded")
        if after
        else moment
    )
    release = Release(
        tag=tag,
        version=parse_version(tag),
        name=tag,
        published_at=published,
        prerelease=stability == "prerelease",
        draft=False,
        body="",
        url=f"{WEB}/releases/tag/{tag}",
        assets=_assets([name for name in names.split(";") if name], tag, profile),
        evidence=evidence,
    )
    return moment + timedelta(microseconds=1) if after else moment, release


def _assets(names: Sequence[str], tag: str, profile: ProjectProfile) -> tuple[Asset, ...]:
    claims = parse_asset_names(names, tag, REPO)
    return tuple(
        _asset(name, parsed, tag, profile) for name, parsed in zip(names, claims, strict=True)
    )


def _asset(name: str, parsed: ParsedName, tag: str, profile: ProjectProfile) -> Asset:
    return Asset(
        name=name,
        tag=tag,
        repo=REPO,
        id=_NOT_RECORDED,
        size=_NOT_RECORDED,
        digest=_NOT_RECORDED,
        url=f"{WEB}/releases/download/{tag}/{name}",
        api_url="",
        content_type="",
        updated_at=_NOT_RECORDED,
        downloads=_NOT_RECORDED,
        kind=profile.kind_of(name, parsed),
        platform=parsed.platform,
        archive=parsed.archive,
        about=parsed.about,
    )


@dataclass(frozen=True, slots=True)
class _StandIn:
    """One line of ``standins/index.json``."""

    path: Path
    size: int
    sha256: str


def demo() -> Catalogue:
    """``snapshot()`` with local files in place of some assets, marked ``stand_in``.

    A stand-in has its own size and digest, and no address, since GitHub does not have these bytes.
    If it is missing, or the index is unreadable, there is a warning, and the asset stays as it is
    in ``snapshot()``.

    Raises:
        FormatError: as ``snapshot()``.
    """
    bundled = snapshot()
    stand_ins, warnings = _stand_ins(_HERE / "standins")
    releases: list[Release] = []
    for release in bundled.releases:
        assets = tuple(
            _replaced(asset, stand_ins.pop((asset.tag, asset.name), None))
            for asset in release.assets
        )
        releases.append(replace(release, assets=assets))
    warnings += [f"The list has no {tag}/{name}, which has a stand-in" for tag, name in stand_ins]
    return replace(
        bundled, releases=tuple(releases), warnings=(STAND_INS, *bundled.warnings, *warnings)
    )


def _replaced(asset: Asset, stand_in: _StandIn | None) -> Asset:
    if stand_in is None:
        return asset
    return replace(
        asset,
        path=stand_in.path,
        size=stand_in.size,
        digest=f"sha256:{stand_in.sha256}",
        url="",
        stand_in=True,
    )


def _stand_ins(folder: Path) -> tuple[dict[tuple[str, str], _StandIn], list[str]]:
    """The stand-ins of the index that are intact, and a warning for each other."""
    index = folder / "index.json"
    try:
        entries = json.loads(index.read_text("utf-8"))["assets"]
        listed = [
            (str(e["tag"]), str(e["asset"]), str(e["file"]), str(e["sha256"]).lower(), e["size"])
            for e in entries
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {}, [f"There are no stand-ins: {index.name} cannot be read ({error})"]
    stand_ins: dict[tuple[str, str], _StandIn] = {}
    warnings: list[str] = []
    for tag, asset, file, sha256, size in listed:
        path = folder / file
        if (
            "/" in file
            or "\\" in file
            or not path.is_file()
            or path.stat().st_size != size
            or not re.fullmatch("[0-9a-f]{64}", sha256)
        ):
            warnings.append(f"The stand-in for {tag}/{asset} is missing or damaged")
        else:
            stand_ins[tag, asset] = _StandIn(path, size, sha256)
    return stand_ins, warnings
