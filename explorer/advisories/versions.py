"""Versions of Go modules and of Go itself, compared as Semantic Versioning 2.0.0 orders them."""

import re
from functools import lru_cache

_SEMVER = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_GO = re.compile(r"go(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:(beta|rc)(\d+))?")

Key = tuple[int, int, int, int, tuple[tuple[int, int, str], ...]]


@lru_cache(maxsize=1 << 14)
def version_key(version: str) -> Key | None:
    """A key that sorts as the versions do; None for what is not a version."""
    match = _SEMVER.fullmatch(version)
    if match is None:
        return None
    major, minor, patch = (int(part or 0) for part in match.groups()[:3])
    pre = match[4]
    if pre is None:
        return (major, minor, patch, 1, ())
    identifiers = tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")
    )
    return (major, minor, patch, 0, identifiers)


def go_version(version: str) -> str:
    """Go's own version as a semantic one: ``go1.21rc2`` gives ``1.21.0-rc.2``; empty for others.

    What follows the number (``go1.21.5 X:boringcrypto``, ``go1.22-20240109-RC01``) is left out.
    """
    match = _GO.match(version)
    if match is None:
        return ""
    number = f"{match[1]}.{match[2] or 0}.{match[3] or 0}"
    return f"{number}-{match[4]}.{match[5]}" if match[4] else number
