"""Releases and their assets, from GitHub's REST API, the bundled snapshot or a local folder."""

from importlib import import_module
from typing import TYPE_CHECKING

from explorer.releases.models import (
    NO_PLATFORM,
    Asset,
    Catalogue,
    Kind,
    Origin,
    Platform,
    Rate,
    Release,
)

if TYPE_CHECKING:
    from explorer.releases.bundled import snapshot
    from explorer.releases.names import ParsedName, parse_asset_name, parse_version

_LAZY = {
    "ParsedName": "names",
    "parse_asset_name": "names",
    "parse_version": "names",
    "snapshot": "bundled",
}

__all__ = [
    "NO_PLATFORM",
    "Asset",
    "Catalogue",
    "Kind",
    "Origin",
    "ParsedName",
    "Platform",
    "Rate",
    "Release",
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
