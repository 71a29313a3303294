"""Releases and their assets, from GitHub's REST API, the bundled snapshot or a local folder."""

from typing import TYPE_CHECKING

from explorer.lazy import lazy_exports
from explorer.releases.models import (
    NO_PLATFORM,
    Asset,
    AssetKind,
    Catalogue,
    Origin,
    Platform,
    Rate,
    Release,
)

if TYPE_CHECKING:
    from explorer.releases.answers import message_in
    from explorer.releases.bundled import demo, snapshot
    from explorer.releases.github import GitHub
    from explorer.releases.local import folder
    from explorer.releases.names import ParsedName, parse_asset_name, parse_version
    from explorer.releases.pages import PageStore, cached
    from explorer.releases.token import find_token

# No module of this room may be named as one of these: importing it would put the module in the function's place.

__getattr__ = lazy_exports(
    __name__,
    {
        "GitHub": "github",
        "PageStore": "pages",
        "ParsedName": "names",
        "cached": "pages",
        "demo": "bundled",
        "find_token": "token",
        "folder": "local",
        "message_in": "answers",
        "parse_asset_name": "names",
        "parse_version": "names",
        "snapshot": "bundled",
    },
)

__all__ = [
    "NO_PLATFORM",
    "Asset",
    "AssetKind",
    "Catalogue",
    "GitHub",
    "Origin",
    "PageStore",
    "ParsedName",
    "Platform",
    "Rate",
    "Release",
    "cached",
    "demo",
    "find_token",
    "folder",
    "message_in",
    "parse_asset_name",
    "parse_version",
    "snapshot",
]
