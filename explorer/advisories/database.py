"""The Go vulnerability database: a zip file, a folder of the same layout, or one JSON file.

Layout (https://go.dev/doc/security/vuln/database): ``ID/GO-….json``, each an OSV entry
(https://ossf.github.io/osv-schema/) whose ``ecosystem_specific.imports`` name packages and symbols.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from explorer.advisories.models import Advisory, AffectedModule, AffectedPackage, VersionRange
from explorer.errors import FormatError, SourceError

LARGEST_ENTRY: Final = 4 << 20
"""Bytes of one entry; the largest has 250 kB."""
MOST_ENTRIES: Final = 100_000


@dataclass(frozen=True)
class AdvisoryDatabase:
    """All advisories that were not withdrawn."""

    advisories: tuple[Advisory, ...]
    source: str
    """The path it was read from. Untrusted."""

    @cached_property
    def by_module(self) -> Mapping[str, tuple[Advisory, ...]]:
        """Advisories by the path of each module that they concern."""
        lists: dict[str, list[Advisory]] = {}
        for advisory in self.advisories:
            for path in {module.path for module in advisory.modules}:
                lists.setdefault(path, []).append(advisory)
        return {path: tuple(advisories) for path, advisories in lists.items()}


def load_database(path: Path) -> AdvisoryDatabase:
    """Read a database. Blocking: call from a worker thread.

    Raises:
        SourceError: it cannot be read. FormatError: it holds no advisories.
    """
    try:
        entries = list(_entries(path))
    except (OSError, zipfile.BadZipFile) as error:
        raise SourceError(
            f"Cannot read the vulnerability database {path}",
            str(error),
            "Use the vulndb.zip of vuln.go.dev, or a folder with its content",
        ) from error
    except ValueError as error:
        raise FormatError(
            f"{path} is not a vulnerability database", str(error), "Download it again"
        ) from error
    advisories = tuple(a for entry in entries if (a := _advisory(entry)) is not None)
    if not advisories:
        raise FormatError(
            f"{path} holds no advisories",
            "expected ID/GO-….json, as in the vulndb.zip of vuln.go.dev",
            "Download it again",
        )
    return AdvisoryDatabase(advisories, str(path))


def _entries(path: Path) -> Iterator[Any]:
    if path.is_dir():
        place = path / "ID" if (path / "ID").is_dir() else path
        for file in sorted(place.glob("GO-*.json"))[:MOST_ENTRIES]:
            if file.stat().st_size <= LARGEST_ENTRY:
                yield json.loads(file.read_bytes())
        return
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist()[:MOST_ENTRIES]:
                name = info.filename.rpartition("/")[2]
                if name.startswith("GO-") and info.file_size <= LARGEST_ENTRY:
                    yield json.loads(archive.read(info))
        return
    parsed = json.loads(path.read_bytes())
    yield from parsed if isinstance(parsed, list) else [parsed]


def _advisory(entry: Any) -> Advisory | None:
    """An OSV entry as a model; None where it was withdrawn, or is not one."""
    if not isinstance(entry, dict) or entry.get("withdrawn"):
        return None
    identifier = entry.get("id")
    modules = tuple(_modules(entry.get("affected")))
    if not isinstance(identifier, str) or not modules:
        return None
    return Advisory(
        identifier, tuple(_texts(entry.get("aliases"))), str(entry.get("summary") or ""), modules
    )


def _modules(affected: object) -> Iterator[AffectedModule]:
    for item in _dicts(affected):
        package = item.get("package")
        path = package.get("name") if isinstance(package, dict) else None
        if not isinstance(path, str):
            continue
        specific = item.get("ecosystem_specific")
        imports = specific.get("imports") if isinstance(specific, dict) else None
        yield AffectedModule(path, tuple(_ranges(item.get("ranges"))), tuple(_packages(imports)))


def _ranges(ranges: object) -> Iterator[VersionRange]:
    for item in _dicts(ranges):
        introduced: str | None = None
        for event in _dicts(item.get("events")):
            if "introduced" in event:
                introduced = str(event["introduced"])
            elif "fixed" in event and introduced is not None:
                yield VersionRange(introduced, str(event["fixed"]))
                introduced = None
        if introduced is not None:
            yield VersionRange(introduced, "")


def _packages(imports: object) -> Iterator[AffectedPackage]:
    for item in _dicts(imports):
        path = item.get("path")
        if isinstance(path, str):
            yield AffectedPackage(
                path,
                frozenset(_texts(item.get("symbols"))),
                frozenset(_texts(item.get("goos"))),
                frozenset(_texts(item.get("goarch"))),
            )


def _dicts(value: object) -> Iterable[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _texts(value: object) -> Iterable[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
