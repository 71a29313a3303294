"""Bytes from the network, and the cache that keeps them."""

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
from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.fetch.cache import Cache, Store, open_cache
    from explorer.fetch.disk import write_new
    from explorer.fetch.download import Downloader
    from explorer.fetch.remote import RemoteSource, open_remote


__getattr__ = lazy_exports(
    __name__,
    {
        "Cache": "cache",
        "Downloader": "download",
        "RemoteSource": "remote",
        "Store": "cache",
        "open_cache": "cache",
        "open_remote": "remote",
        "write_new": "disk",
    },
)

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
    "write_new",
]
