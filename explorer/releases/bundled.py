"""RoadRunner's releases as shipped with the package, for when there is neither a network nor a cache.

Names and dates come from a list the project kept (to v1.9), from what its release workflows produce at each tag, and
from third-party package manifests: expected, not observed. Nothing here was read from the API.
"""

from datetime import UTC, datetime, timedelta
from importlib import resources

from explorer.errors import FormatError
from explorer.facts import Fact, Unknown
from explorer.releases.models import Asset, Catalogue, Origin, Release
from explorer.releases.names import parse_asset_name, parse_version

REPO = "roadrunner-server/roadrunner"
WEB = f"https://github.com/{REPO}"
BANNER = (
    "Bundled list, not GitHub's answer: names are those expected from RoadRunner's release workflows, dates are the tags', "
    "sizes and digests are unknown"
)
_NOT_RECORDED = Unknown("not in the bundled list")
_REMEDY = "Install rr-explorer again"


def snapshot() -> Catalogue:
    """The bundled releases, newest first, under a banner that says what they are.

    A release whose day is not recorded (v3.0.0) stands where the file says ``>``: right after that moment, since it is
    known to have come after v2025.1.15; its ``published_at`` stays Unknown.

    Raises:
        FormatError: the packaged file is missing or damaged.
    """
    try:
        text = resources.files("explorer.releases").joinpath("data", "snapshot.tsv").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError("The bundled list of releases cannot be read", str(error), _REMEDY) from error
    keyed: list[tuple[datetime, Release]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(("#", "tag\t")):
            continue
        try:
            keyed.append(_row(line))
        except ValueError as error:
            raise FormatError("The bundled list of releases is damaged", f"line {number}: {error}", _REMEDY) from error
    keyed.sort(key=lambda pair: pair[0], reverse=True)
    return Catalogue(
        repo=REPO,
        releases=tuple(release for _, release in keyed),
        origin=Origin.SNAPSHOT,
        fetched_at=Unknown("bundled with rr-explorer, not fetched"),
        complete=Unknown("bundled: releases since, and those that left no trace, are not in it"),
        warnings=(BANNER,),
    )


def _row(line: str) -> tuple[datetime, Release]:
    tag, date, stability, evidence, names = line.split("\t")
    after = date.startswith(">")
    moment = datetime.fromisoformat(date.removeprefix(">"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    published: Fact[datetime] = Unknown(f"some time after {moment.date().isoformat()}: the day is not recorded") if after else moment
    release = Release(
        tag=tag,
        version=parse_version(tag),
        name=tag,
        published_at=published,
        prerelease=stability == "prerelease",
        draft=False,
        body="",
        url=f"{WEB}/releases/tag/{tag}",
        assets=tuple(_asset(name, tag) for name in names.split(";") if name),
        evidence=evidence,
    )
    return moment + timedelta(microseconds=1) if after else moment, release


def _asset(name: str, tag: str) -> Asset:
    parsed = parse_asset_name(name, tag)
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
        kind=parsed.kind,
        platform=parsed.platform,
        archive=parsed.archive,
    )
