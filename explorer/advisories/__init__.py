"""Known vulnerabilities of Go programs, from the Go vulnerability database."""

from typing import TYPE_CHECKING

from explorer.advisories.models import (
    Advisory,
    AdvisoryMatch,
    AdvisoryStatus,
    AffectedModule,
    AffectedPackage,
    GoProgram,
    VersionRange,
)
from explorer.lazy import lazy_exports

if TYPE_CHECKING:
    from explorer.advisories.database import AdvisoryDatabase, check_archive, load_database
    from explorer.advisories.matching import match_advisories

__getattr__ = lazy_exports(
    __name__,
    {
        "AdvisoryDatabase": "database",
        "check_archive": "database",
        "load_database": "database",
        "match_advisories": "matching",
    },
)

__all__ = [
    "Advisory",
    "AdvisoryDatabase",
    "AdvisoryMatch",
    "AdvisoryStatus",
    "AffectedModule",
    "AffectedPackage",
    "GoProgram",
    "VersionRange",
    "check_archive",
    "load_database",
    "match_advisories",
]
