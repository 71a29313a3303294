"""A release's files as rows, made when they are drawn: a folder may hold 60,000 files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from explorer.facts import known_or
from explorer.progress import Cancellation
from explorer.tui.responsiveness.deferred_import import report, tables, workbench
from explorer.tui.rows import ListRows, contains_nearly, matching

if TYPE_CHECKING:
    from explorer.errors import ExplorerError
    from explorer.report import Column, Row
    from explorer.workbench import Asset, Inspection, Release, Target

KEPT_ROWS = 1000
"""Rows that are kept once they are made."""
NAMED_FILES = 500
"""Files of a release of which names, platforms and inexact words are searched; of more, names."""
_ROLES = ["program", "plugin", "package", "other", "about"]
_LIBCS = {"musl": ("musl", ""), "glibc": ("gnu", "")}
"""The words for a target's libc in names, the best first; any other word comes last."""
_ARCHES = ("arm64", "amd64")
"""The architectures that are asked for where the target leaves it open."""
_SYSTEMS = ["linux", "musl"]


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the release, or a platform for which none is published."""

    asset: Asset
    """The file, or the one to use instead."""
    missing: str = ""
    """The platform that is not published; empty for a file."""

    @property
    def platform(self) -> str:
        """The platform of the row."""
        return self.missing or self.asset.platform.slug

    @property
    def key(self) -> str:
        """The row's key, as ``report`` makes it."""
        if not self.missing:
            return self.asset.name
        return f"gap:{self.asset.kind.value}:{self.missing}"

    @property
    def order(self) -> tuple[bool, int, int, str]:
        """Programs first, of each kind Linux first, and files about files last."""
        system = self.platform.split("-")[0]
        return (
            self.asset.runs_nowhere,
            _ROLES.index(self.asset.kind.role),
            _SYSTEMS.index(system) if system in _SYSTEMS else len(_SYSTEMS),
            self.platform,
        )


def _distance(asset: Asset, target: Target | None) -> tuple[int, ...]:
    """How far a file is from what runs on the target, as its name says; smaller is nearer."""
    platform = asset.platform
    os, arch, libc = (known_or(fact, "") for fact in (platform.os, platform.arch, platform.libc))
    arches = (target.arch,) if target is not None and target.arch else _ARCHES
    libcs = _LIBCS.get(target.libc.value if target is not None else "musl", ("",))
    far = len(arches) + 1
    return (
        int(asset.runs_nowhere),
        0 if os == "linux" else 1 if not os else 2,
        (0, 2, 3, 1, 4)[_ROLES.index(asset.kind.role)],
        # A name with the other libc does not answer the question, whatever its architecture.
        int(bool(libc) and libc not in libcs),
        arches.index(arch) if arch in arches else far if arch else far - 1,
        libcs.index(libc) if libc in libcs else len(libcs),
    )


def _columns(assets: Sequence[Asset], target: Target | None) -> tuple[Column, ...]:
    """The columns; where a short name stands for files of several kinds, its kind always shows."""
    named = {asset.kind.value for asset in assets if asset.kind.prefix}
    return tuple(
        replace(column, names_row=column.names_row or (column.key == "kind" and len(named) > 1))
        for column in tables.asset_columns(target)
    )


class ReleaseRows(ListRows):
    """Releases. A search finds those with matching files, too."""

    def __init__(self, releases: Sequence[Release]) -> None:
        rows = [tables.release_row(release) for release in releases]
        super().__init__(tables.RELEASE_COLUMNS, rows)
        self._releases = tuple(releases)

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        numbers = set(super().search(words, cancel))
        for find in (has_file, nearly_has_file):
            for number, release in enumerate(self._releases):
                cancel.check()
                if find(release, words):
                    numbers.add(number)
            if numbers:
                break
        return sorted(numbers)


_texts: dict[int, tuple[Sequence[Asset], str]] = {}
"""What ``_text_of`` has made, by the identity of a release's files, which are kept with it."""


def _text_of(release: Release) -> str:
    """A line for each file: its name and its platform, in lower case.

    ``aarch64`` is also found as ``arm64``. For very many files the names alone.
    """
    assets = release.assets
    if len(assets) > NAMED_FILES:
        return "\n".join(asset.name for asset in assets).casefold()
    kept = _texts.get(id(assets))
    if kept is None or kept[0] is not assets:
        if len(_texts) >= KEPT_ROWS:
            _texts.clear()
        text = "\n".join(f"{asset.name} {asset.platform.slug}" for asset in assets).casefold()
        kept = _texts[id(assets)] = assets, text
    return kept[1]


def has_file(release: Release, words: str) -> bool:
    """Whether a file of the release has all the words in its name or its platform."""
    wanted = words.casefold().split()
    # One search through all lines is several times faster than one for each of 60,000.
    text = _text_of(release)
    if not wanted or not all(word in text for word in wanted):
        return False
    return len(wanted) == 1 or any(
        all(word in line for word in wanted) for line in text.split("\n")
    )


def nearly_has_file(release: Release, words: str) -> bool:
    """Whether a file has each word, or its platform the letters of it, a few others between them.

    Not its name: all names of a list would take as long as a key may.
    """
    wanted = words.casefold().split()
    if not wanted or len(release.assets) > NAMED_FILES:
        return False
    return any(
        all(word in line or _platform_nearly(line.rpartition(" ")[2], word) for word in wanted)
        for line in _text_of(release).split("\n")
    )


@lru_cache(4096)
def _platform_nearly(slug: str, word: str) -> bool:
    return contains_nearly(slug, word)


class AssetRows:
    """A row source. ``known`` is asked whenever a row is made."""

    def __init__(
        self,
        assets: Sequence[Asset],
        target: Target | None,
        known: Callable[[Asset], Inspection | None],
        *,
        proofs: bool,
        failure: Callable[[Asset], ExplorerError | None] = lambda _: None,
    ) -> None:
        """``proofs``: whether there is a column for them. ``failure``: why a look failed."""
        self._known, self._failure = known, failure
        files = [FileEntry(asset) for asset in assets]
        gaps = [FileEntry(asset, slug) for slug, asset in tables.unpublished(assets)]
        self._entries = sorted([*files, *gaps], key=lambda entry: entry.order)
        self._numbers = {entry.key: number for number, entry in enumerate(self._entries)}
        self._by_file: dict[str, list[int]] = {}
        for number, entry in enumerate(self._entries):
            self._by_file.setdefault(workbench.file_key(entry.asset), []).append(number)
        self._made: dict[int, Row] = {}
        self._all_columns = _columns(assets, target)
        self._shown = [
            number
            for number, column in enumerate(self._all_columns)
            if proofs or column.key != "proof"
        ]
        self._columns = tuple(self._all_columns[number] for number in self._shown)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self._columns

    def __len__(self) -> int:
        return len(self._entries)

    def row(self, index: int) -> Row:
        row = self._made.get(index)
        if row is None:
            if len(self._made) >= KEPT_ROWS:
                self._made.clear()
            row = self._made[index] = self._make(self._entries[index])
        return row

    def index_of(self, key: str) -> int | None:
        return self._numbers.get(key)

    def search(self, words: str, cancel: Cancellation) -> Sequence[int]:
        return matching(map(self._make, self._entries), words, cancel)

    def entry(self, key: str) -> FileEntry | None:
        """The entry of the row with this key."""
        number = self._numbers.get(key)
        return self._entries[number] if number is not None else None

    @property
    def entries(self) -> Sequence[FileEntry]:
        """All entries, in the rows' order."""
        return self._entries

    @property
    def has_gaps(self) -> bool:
        """Whether there are rows for platforms without a file."""
        return any(entry.missing for entry in self._entries)

    def best(self, target: Target | None) -> str:
        """The key of the file that a user of ``target`` would take; empty if there are no files."""
        files = [entry for entry in self._entries if not entry.missing]
        best = min(files, key=lambda entry: _distance(entry.asset, target), default=None)
        return best.key if best is not None else ""

    def forget(self, file_key: str) -> bool:
        """Make the rows that show this file again. False if there are none."""
        numbers = self._by_file.get(file_key, ())
        for number in numbers:
            self._made.pop(number, None)
        return bool(numbers)

    def published(self, file_keys: Sequence[str]) -> Iterator[Asset]:
        """Those of the files that are in the rows, in the rows' order."""
        numbers = sorted(number for key in file_keys for number in self._by_file.get(key, ()))
        entries = (self._entries[number] for number in numbers)
        return (entry.asset for entry in entries if not entry.missing)

    def _make(self, entry: FileEntry) -> Row:
        inspection = self._known(entry.asset)
        if entry.missing:
            row = self._compact(tables.gap_row(entry.missing, entry.asset, inspection).row, entry)
        else:
            error = self._failure(entry.asset) if inspection is None else None
            row = tables.asset_row(entry.asset, inspection, error=error).row
        return replace(row, cells=tuple(row.cells[number] for number in self._shown))

    def _compact(self, row: Row, entry: FileEntry) -> Row:
        """Fewer words in the last column."""
        keys = [column.key for column in self._all_columns]
        cells = dict(zip(keys, row.cells, strict=True))
        cells["size"] = report.Cell("–", "dim", "right")
        if not cells["answer"].text:
            cells["fact"] = report.Cell(f"perhaps use {entry.asset.platform.slug}", "unknown")
        return replace(row, cells=tuple(cells.values()))
