"""Bytes from the network and the cache they rest in."""

import importlib
from typing import TYPE_CHECKING

from explorer.fetch.keys import asset_key, member_key
from explorer.fetch.models import (
    Blob,
    CacheEntry,
    CacheStats,
    Check,
    Download,
    Traffic,
    check_of,
)

if TYPE_CHECKING:
    from explorer.fetch.cache import Cache, open_cache
    from explorer.fetch.download import Downloader
    from explorer.fetch.records import Store
    from explorer.fetch.remote import RemoteSource, open_remote

_LAZY = {
    "Cache": "explorer.fetch.cache",
    "Downloader": "explorer.fetch.download",
    "RemoteSource": "explorer.fetch.remote",
    "Store": "explorer.fetch.records",
    "open_cache": "explorer.fetch.cache",
    "open_remote": "explorer.fetch.remote",
}

__all__ = [
    "Blob",
    "Cache",
    "CacheEntry",
    "CacheStats",
    "Check",
    "Download",
    "Downloader",
    "RemoteSource",
    "Store",
    "Traffic",
    "asset_key",
    "check_of",
    "member_key",
    "open_cache",
    "open_remote",
]


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    raise AttributeError(name)
