"""Bytes from the network and the cache they rest in."""

from explorer.fetch.models import (
    Blob,
    CacheEntry,
    CacheStats,
    Check,
    Download,
    Traffic,
)

__all__ = [
    "Blob",
    "CacheEntry",
    "CacheStats",
    "Check",
    "Download",
    "Traffic",
]
