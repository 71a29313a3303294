"""The Go vulnerability database: a zip file, a folder of the same layout, or one JSON file.

Layout (https://go.dev/doc/security/vuln/database): ``ID/GO-….json``, each an OSV entry
(https://ossf.github.io/osv-schema/) whose ``ecosystem_specific.imports`` name packages and symbols.
"""

from __future__ import annotations

import io
import itertools
import json
import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final, Protocol

from explorer.advisories.models import Advisory, AffectedModule, AffectedPackage, VersionRange
from explorer.errors import FormatError, SourceError

LARGEST_ENTRY: Final = 4 << 20
"""Bytes of one entry; the largest has 250 kB."""
LARGEST_INDEX: Final = 16 << 20
LARGEST_FILE: Final = 512 << 20
"""Bytes of all entries, unpacked, and of a database that is one JSON file."""
MOST_ENTRIES: Final = 100_000
_UNREADABLE = (OSError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error)
"""What reading a file, a folder or a damaged zip raises; RuntimeError stands for an encrypted
one, and is caught beside these."""


@dataclass(frozen=True)
class AdvisoryDatabase:
    """The advisories that were not withdrawn."""

    advisories: tuple[Advisory, ...]
    source: str
    """The path it was read from. Untrusted."""
    modified: str = ""
    """When it was last changed, as it says itself: ``2026-08-21T00:00:00Z``. Untrusted; empty if
    it does not say."""

    @cached_property
    def by_module(self) -> Mapping[str, tuple[Advisory, ...]]:
        """Advisories by the path of each module that they concern."""
        lists: dict[str, list[Advisory]] = {}
        for advisory in self.advisories:
            for path in {module.path for module in advisory.modules}:
                lists.setdefault(path, []).append(advisory)
        return {path: tuple(advisories) for path, advisories in lists.items()}


def load_database(path: Path, modules: Collection[str] | None = None) -> AdvisoryDatabase:
    """Read a database. Blocking: call from a worker thread.

    Args:
        path: a zip, a folder, or one JSON file.
        modules: read only what concerns these, where the database has an index by module.

    Raises:
        SourceError: it cannot be read. FormatError: it holds no advisories.
    """
    try:
        if path.is_dir():
            return _read(_FolderFiles(path), str(path), modules)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                return _read(_ZipFiles(archive), str(path), modules)
        if path.stat().st_size > LARGEST_FILE:
            raise FormatError(f"{path} is too large for a vulnerability database")
        parsed = json.loads(path.read_bytes())
        return _database(parsed if isinstance(parsed, list) else [parsed], str(path), "")
    except _UNREADABLE as error:
        raise SourceError(
            f"Cannot read the vulnerability database {path}",
            str(error),
            "Use the vulndb.zip of vuln.go.dev, or a folder with its content",
        ) from error
    except (ValueError, RuntimeError) as error:
        raise FormatError(
            f"{path} is not a vulnerability database", str(error), "Download it again"
        ) from error


def check_archive(data: bytes, name: str) -> None:
    """Check that a download is the zip of a database, by its list of files.

    Raises:
        FormatError: it is not.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if any(_is_entry(file) for file in archive.namelist()[:MOST_ENTRIES]):
                return
    except (*_UNREADABLE, ValueError, RuntimeError):
        pass
    raise FormatError(
        f"{name} is not a vulnerability database",
        "it is not a zip with ID/GO-….json in it",
        "Check the setting vulndb_url and the proxy",
    )


class _Files(Protocol):
    """The files of a database, by their paths in it."""

    def names(self) -> Iterable[str]: ...

    def read(self, name: str, limit: int) -> bytes | None:
        """Its bytes; None if it is not there, or longer than ``limit``."""


class _FolderFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> Iterable[str]:
        place = self._folder / "ID"
        prefix = "ID/" if place.is_dir() else ""
        folder = place if prefix else self._folder
        return (f"{prefix}{file.name}" for file in sorted(folder.glob("GO-*.json")))

    def read(self, name: str, limit: int) -> bytes | None:
        file = self._folder / name
        return file.read_bytes() if file.is_file() and file.stat().st_size <= limit else None


class _ZipFiles:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._infos = {info.filename: info for info in archive.infolist()[:MOST_ENTRIES]}

    def names(self) -> Iterable[str]:
        return self._infos

    def read(self, name: str, limit: int) -> bytes | None:
        info = self._infos.get(name)
        # zipfile unpacks no more than the size that is checked here.
        return self._archive.read(info) if info is not None and info.file_size <= limit else None


def _is_entry(name: str) -> bool:
    file = name.rpartition("/")[2]
    return file.startswith("GO-") and file.endswith(".json")


def _read(files: _Files, source: str, modules: Collection[str] | None) -> AdvisoryDatabase:
    entries, left = [], LARGEST_FILE
    names = [name for name in files.names() if _is_entry(name)]
    wanted = _indexed(files, modules)
    if wanted is not None:
        by_id = {name.rpartition("/")[2].removesuffix(".json"): name for name in names}
        if missing := wanted - by_id.keys():
            raise ValueError(f"its index names {min(missing)}, which it does not hold")
        chosen = [by_id[identifier] for identifier in sorted(wanted)]
    else:
        chosen = names
    for name in itertools.islice(chosen, MOST_ENTRIES):
        data = files.read(name, min(LARGEST_ENTRY, left))
        if data is None:
            raise ValueError(f"{name} is too large")
        left -= len(data)
        entries.append(json.loads(data))
    about = json.loads(files.read("index/db.json", LARGEST_ENTRY) or b"{}")
    modified = about.get("modified") if isinstance(about, dict) else None
    indexed = wanted is not None and bool(names)
    return _database(entries, source, str(modified or ""), indexed=indexed)


def _indexed(files: _Files, modules: Collection[str] | None) -> set[str] | None:
    """The ids of the advisories for these modules; None if no index tells."""
    data = files.read("index/modules.json", LARGEST_INDEX) if modules is not None else None
    rows = json.loads(data) if data is not None else None
    if modules is None or not isinstance(rows, list):
        return None
    return {
        str(item.get("id"))
        for row in _dicts(rows)
        if row.get("path") in modules
        for item in _dicts(row.get("vulns"))
    }


def _database(
    entries: Iterable[Any], source: str, modified: str, *, indexed: bool = False
) -> AdvisoryDatabase:
    """``indexed``: chosen by an index, so that there may be none."""
    advisories = tuple(a for entry in entries if (a := _advisory(entry)) is not None)
    if not advisories and not indexed:
        raise FormatError(
            f"{source} holds no advisories",
            "expected ID/GO-….json, as in the vulndb.zip of vuln.go.dev",
            "Download it again",
        )
    return AdvisoryDatabase(advisories, source, modified)


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
