"""Releases and their assets, from GitHub's REST API, the bundled snapshot or a local folder."""

from importlib import import_module
from typing import TYPE_CHECKING

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
    from explorer.releases.bundled import demo, snapshot
    from explorer.releases.github import GitHub
    from explorer.releases.local import folder
    from explorer.releases.names import ParsedName, parse_asset_name, parse_version
    from explorer.releases.pages import PageStore, cached
    from explorer.releases.token import find_token

_LAZY = {
    "GitHub": "github",
    "PageStore": "pages",
    "ParsedName": "names",
    "cached": "pages",
    "demo": "bundled",
    "find_token": "token",
    "folder": "local",
    "parse_asset_name": "names",
    "parse_version": "names",
    "snapshot": "bundled",
}
# No module of this room may be named as one of these: importing it would put the module in the function's place.

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
    "parse_asset_name",
    "parse_version",
    "snapshot",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        value: object = getattr(import_module(f"explorer.releases.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
