"""The app's first screen, kept so that the next start draws it in its first frame.

What is kept is data in a file beside the cache's databases. It was made from records of the cache
only, and goes with notes of every record that was read. It is used only while a start would make
the same: the code and its data are the same files, the settings and the day are the same, and each
of those records has the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from explorer import __version__
from explorer.fetch import FIRST_SCREEN

if TYPE_CHECKING:
    from explorer.compat import Target
    from explorer.fetch import ReadNotes
    from explorer.releases import Asset, Catalogue
    from explorer.settings import Settings
    from explorer.workbench.look import Looks
    from explorer.workbench.models import Inspection
    from explorer.workbench.resources import Resources

_PACKAGE = Path(__file__).parents[1]
_LARGEST = 4 << 20
"""Bytes."""


@dataclass(frozen=True, slots=True)
class RecordedFiles:
    """What a start would know of files before it asks a server, and what that was read from."""

    inspections: Mapping[str, Inspection]
    """By ``file_key``. Files that would be looked at again have none."""
    notes: ReadNotes


def recorded_files(
    resources: Resources,
    looks: Looks,
    catalogue: Catalogue,
    assets: Sequence[Asset],
    targets: Sequence[Target],
) -> RecordedFiles | None:
    """None if a start would show another list than ``catalogue``, or not only from records.

    Blocking.
    """
    from explorer.releases import kept_since
    from explorer.workbench.known_files import file_key

    settings, cache = resources.settings, resources.cache
    if cache.temporary or looks.records.unwritten or cache.directory != settings.cache_dir:
        return None
    inspections: dict[str, Inspection] = {}
    with cache.noting() as notes:
        listed = kept_since(settings.repo, settings.api_url, cache.store("page"))
        if listed is None or listed != catalogue.fetched_at:
            return None
        for asset in assets:
            inspection = looks.settled_record(asset, targets)
            if inspection is not None:
                inspections[file_key(asset)] = inspection
    return RecordedFiles(inspections, notes)


class FirstScreenFile:
    """The file of one start. Both methods block, for some ms."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._basis = ""
        """Of the files as they were when this process started: those it has imported."""

    def load(self) -> object:
        """What was kept, as it came from JSON; None if a start might show anything else.

        The content is as untrusted as that of any file.
        """
        settings = self.settings
        if settings.demo or settings.folder is not None:
            return None
        try:
            self._basis = _basis(settings)
            with (settings.cache_dir / FIRST_SCREEN).open("rb") as file:
                kept = json.loads(file.read(_LARGEST))
            if kept["basis"] != self._basis:
                return None
            from explorer.fetch import reads_the_same

            return kept["screen"] if reads_the_same(settings.cache_dir, kept["read"]) else None
        except Exception:  # noqa: BLE001  missing, damaged, or a busy database: a start without it
            return None

    def save(self, screen: object, notes: ReadNotes) -> None:
        """Keep what was made from ``recorded_files``: all of it or nothing. A full disk costs no
        more than that."""
        if not self._basis:
            return
        kept = {"basis": self._basis, "read": notes.digests, "screen": screen}
        data = json.dumps(kept, separators=(",", ":")).encode()
        path = self.settings.cache_dir / FIRST_SCREEN
        beside = path.with_name(f"{FIRST_SCREEN}.{os.getpid()}")
        with suppress(OSError):
            if len(data) >= _LARGEST:
                path.unlink(missing_ok=True)
                return
            try:
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
                with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                    file.write(data)
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)


def _basis(settings: Settings) -> str:
    """A digest of all that decides what is shown, but for the cache: code, settings, the day."""
    digest = hashlib.sha256(repr((__version__, sys.version, settings)).encode("utf-8", "replace"))
    digest.update(time.strftime("%Y-%m-%d %z").encode())  # proofs are told by time or by date
    for path, state in _code():
        times = (state.st_mtime_ns, state.st_ctime_ns)
        digest.update(f"\0{path}|{state.st_size}|{state.st_ino}|{times}".encode("utf-8", "replace"))
    return digest.hexdigest()


def _code() -> Iterator[tuple[str, os.stat_result]]:
    """Every file of the package, and the ELF parser's own version.

    Not read: a file that was changed has another time of change, which cannot be set.
    """
    from importlib.util import find_spec

    parser = find_spec("elftools")  # found, not imported
    if parser is not None and parser.origin is not None:
        yield parser.origin, Path(parser.origin).stat()
    folders = [str(_PACKAGE)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                if not entry.is_dir():
                    yield entry.path, entry.stat()
                elif entry.name != "__pycache__":
                    folders.append(entry.path)
