"""Releases and their assets, from GitHub's REST API, the bundled snapshot or a local folder."""

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

__all__ = [
    "NO_PLATFORM",
    "Asset",
    "Catalogue",
    "Kind",
    "Origin",
    "Platform",
    "Rate",
    "Release",
]
