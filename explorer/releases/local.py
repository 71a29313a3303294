"""A folder on disk, shown as one release."""

import re
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG

from explorer.errors import NotFoundError, SourceError
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.releases.claims import ParsedName
from explorer.releases.folders import version_in_names
from explorer.releases.kinds import PROGRAM, AssetKind, Role
from explorer.releases.models import Asset, Catalogue, Origin, Release
from explorer.releases.names import parse_asset_names, parse_version
from explorer.releases.profile import Profiles, ProjectProfile, load_profiles

_MOST_FILES = 10_000
_LOCAL = NotApplicable("a local file")
_TYPE, _PROGRAMS = 16, {b"\x02", b"\x03"}
"""Where an ELF file's type is; those of programs: at fixed addresses and position independent."""
_LIBRARY = re.compile(r"\.so(?:\.|$)")


def folder(path: Path, profiles: Profiles | None = None) -> Catalogue:
    """The files directly in ``path``, sorted by name, as one release named as the folder.

    Its version is that of the names of its files, if they have one: a folder is called ``dist``.

    A link that leads out of the folder, or nowhere, is left out with a warning: opening a folder
    that came from a stranger must not open ``~/.ssh``. Folders and special files are left out too.

    Raises:
        NotFoundError: there is no such folder.
        SourceError: it is not a folder or cannot be read.
    """
    home, entries = _entries(path)
    tag = home.name or str(home)
    entries_shown = entries[:_MOST_FILES]
    names = [entry.name for entry in entries_shown]
    profile = (profiles or load_profiles()).of_files(names, tag)
    assets: list[Asset] = []
    warnings: list[str] = []
    for entry, parsed in zip(entries_shown, parse_asset_names(names, tag), strict=True):
        asset = _asset(entry, home, parsed, profile)
        if isinstance(asset, Asset):
            assets.append(asset)
        elif asset:
            warnings.append(f"{entry.name} was left out: {asset}")
    if len(entries) > _MOST_FILES:
        warnings.append(f"Only the first {_MOST_FILES} of {len(entries)} entries are shown")
    release = Release(
        tag=tag,
        version=version_in_names(asset.name for asset in assets) or parse_version(tag),
        name=tag,
        published_at=Unknown("a local folder"),
        prerelease=False,
        draft=False,
        body="",
        url="",
        assets=tuple(assets),
        evidence="folder",
    )
    return Catalogue(
        repo=str(home),
        releases=(release,),
        origin=Origin.FOLDER,
        fetched_at=datetime.now(UTC),
        complete=len(entries) <= _MOST_FILES,
        warnings=tuple(warnings),
        profile=profile,
    )


def _entries(path: Path) -> tuple[Path, list[Path]]:
    """The folder without links, and what is in it, by name."""
    try:
        home = path.resolve(strict=True)
        return home, sorted(home.iterdir(), key=lambda entry: entry.name)
    except FileNotFoundError:
        raise NotFoundError(f"No such folder: {path}", remedy="Check the path") from None
    except NotADirectoryError:
        raise SourceError(
            f"{path} is not a folder", remedy="Name a folder, or give the file itself as FILE"
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise SourceError(
            f"Cannot read {path}",
            getattr(error, "strerror", "") or str(error),
            "Check its permissions",
        ) from error


def _asset(entry: Path, home: Path, parsed: ParsedName, profile: ProjectProfile) -> Asset | str:
    """The file, or the reason why it is left out (empty for a folder)."""
    try:
        target = entry.resolve(strict=True)
        if entry.is_symlink() and not target.is_relative_to(home):
            return "a link that leads out of the folder"
        status = target.stat()
    except (OSError, RuntimeError) as error:
        return f"it cannot be read ({getattr(error, 'strerror', '') or error})"
    if not S_ISREG(status.st_mode):
        return "" if target.is_dir() else "it is not a regular file"
    return Asset(
        name=entry.name,
        tag=home.name or str(home),
        repo=str(home),
        id=_LOCAL,
        size=status.st_size,
        digest=_LOCAL,
        url="",
        api_url="",
        content_type="",
        updated_at=_changed(status.st_mtime),
        downloads=_LOCAL,
        kind=_kind_of(target, parsed, profile),
        platform=parsed.platform,
        archive=parsed.archive,
        about=parsed.about,
        path=entry,
    )


def _kind_of(file: Path, parsed: ParsedName, profile: ProjectProfile) -> AssetKind:
    """What the name says; of one that says nothing, whether it is a program."""
    kind = profile.kind_of(file.name, parsed)
    if kind.role is not Role.OTHER or parsed.about or _LIBRARY.search(file.name):
        return kind
    try:
        with file.open("rb") as opened:
            start = opened.read(_TYPE + 2)
    except OSError:  # it says so itself when it is looked at
        return kind
    types = (start[_TYPE : _TYPE + 1], start[_TYPE + 1 :])  # little-endian, big-endian
    return PROGRAM if start.startswith(b"\x7fELF") and set(types) & _PROGRAMS else kind


def _changed(seconds: float) -> Fact[datetime]:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a file may claim the year 292,277,026,596
        return Unknown("the file's time is out of range")
