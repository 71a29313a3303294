"""Bytes from the network, and the cache that keeps them."""

from typing import TYPE_CHECKING

from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.fetch.arriving import ArrivingFile, NotArrivingError
    from explorer.fetch.cache import Cache, Store, open_cache
    from explorer.fetch.disk import write_new
    from explorer.fetch.document import DocumentRequest, FetchedDocument, fetch_document
    from explorer.fetch.download import Downloader
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
    from explorer.fetch.read_notes import FIRST_SCREEN, ReadNotes, reads_the_same
    from explorer.fetch.remote import RemoteSource, open_remote, open_whole

__getattr__ = lazy_exports(
    __name__,
    {
        "asset_key": "keys",
        "member_key": "keys",
        "Blob": "models",
        "CacheEntry": "models",
        "CacheStats": "models",
        "Check": "models",
        "Download": "models",
        "Traffic": "models",
        "check_of": "models",
        "ArrivingFile": "arriving",
        "NotArrivingError": "arriving",
        "Cache": "cache",
        "Store": "cache",
        "open_cache": "cache",
        "write_new": "disk",
        "DocumentRequest": "document",
        "FetchedDocument": "document",
        "fetch_document": "document",
        "Downloader": "download",
        "FIRST_SCREEN": "read_notes",
        "ReadNotes": "read_notes",
        "reads_the_same": "read_notes",
        "RemoteSource": "remote",
        "open_remote": "remote",
        "open_whole": "remote",
    },
)

__all__ = [
    "FIRST_SCREEN",
    "ArrivingFile",
    "Blob",
    "Cache",
    "CacheEntry",
    "CacheStats",
    "Check",
    "DocumentRequest",
    "Download",
    "Downloader",
    "FetchedDocument",
    "NotArrivingError",
    "ReadNotes",
    "RemoteSource",
    "Store",
    "Traffic",
    "asset_key",
    "check_of",
    "fetch_document",
    "member_key",
    "open_cache",
    "open_remote",
    "open_whole",
    "reads_the_same",
    "write_new",
]
