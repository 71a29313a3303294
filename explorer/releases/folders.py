"""What is particular to a folder that a build tool filled: its version, and its own records."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable

from explorer.releases.claims import NO_PLATFORM
from explorer.releases.names import parse_asset_name

_VERSION = re.compile(
    r"(?<![0-9A-Za-z])(?<![0-9]\.)v?("
    r"[0-9]+(?:\.[0-9]+)+"
    r"(?:[-.~+_]?(?:alpha|beta|rc|preview|pre|dev|snapshot|next|nightly|canary)"
    r"(?:[-.]?[0-9]+|[-.][0-9a-f]{7,40})?)?"
    r")(?![0-9A-Za-z])",
    re.IGNORECASE | re.ASCII,
)
_GORELEASER_LIST = "artifacts.json"
_GORELEASER = frozenset(
    (_GORELEASER_LIST, "metadata.json", "config.yaml", "CHANGELOG.md", "digests.txt")
)
_ELECTRON_BUILDER = frozenset(("builder-debug.yml", "builder-effective-config.yaml"))


def version_in_names(names: Iterable[str]) -> str:
    """The version that most files of a release have in their names; empty if most have none.

    Only files whose names claim a platform count, if there are any.
    """
    names = list(names)
    claims = {name: parse_asset_name(name) for name in names}
    programs = [
        name for name in names if not claims[name].about and claims[name].platform != NO_PLATFORM
    ]
    counted = programs or names
    counts = Counter(version for name in counted for version in set(_VERSION.findall(name)))
    version, times = counts.most_common(1)[0] if counts else ("", 0)
    return version if 2 * times > len(counted) else ""


def left_by_build_tool(names: Collection[str]) -> set[str]:
    """The files of a folder that are not to be published: hidden ones, a build tool's records.

    GoReleaser's are told by its list of files, which is always beside them.
    """
    left = {name for name in names if name.startswith(".") or name in _ELECTRON_BUILDER}
    return left | (_GORELEASER.intersection(names) if _GORELEASER_LIST in names else set())
