"""The cells that say which file a row is about: its name, kind and platform."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from explorer.elf import FileFormat
from explorer.facts import MISSING, known_or
from explorer.releases import Asset, Role, parse_version
from explorer.report.cells import Cell, Style
from explorer.workbench import Inspection

_SEPARATORS = "-_. v"
_LEAST_VERSION = 3
"""Characters of a version that is worth leaving out."""
_SYSTEMS = {FileFormat.ELF: "linux", FileFormat.PE: "windows", FileFormat.MACHO: "darwin"}


def name_cell(asset: Asset) -> Cell:
    """The file's name; its short form leaves out what all files of the release have in common."""
    return Cell(asset.name, _style(asset), short=short_name(asset))


def _style(asset: Asset) -> Style:
    return "dim" if asset.runs_nowhere or asset.kind.role is Role.OTHER else "strong"


def short_name(asset: Asset) -> str:
    """``…linux-arm64.tar.gz`` for ``tool-1.2.3-linux-arm64.tar.gz`` of ``tool``.

    Without the version and, before it, the project's name or that of the kind's files. Empty for
    a name that has no version in it.
    """
    version = parse_version(asset.tag)
    at = asset.name.find(version) if len(version) >= _LEAST_VERSION else -1
    if at < 0:
        return ""
    lead, rest = asset.name[:at], asset.name[at + len(version) :]
    project = asset.repo.rpartition("/")[2].lower()
    names = {project, asset.kind.prefix.strip(_SEPARATORS)}
    if lead.lower().strip(_SEPARATORS) in names or not lead.strip(_SEPARATORS):
        lead, rest = "", rest.lstrip(_SEPARATORS) if re.match(r"[-_][a-zA-Z]", rest) else rest
    return f"{lead}…{rest}"


def short_names(assets: Iterable[Asset]) -> dict[str, str]:
    """By the file's name a short one that no other has; empty where there is none.

    Where a program shares its own with files of other kinds, their first words tell them apart.
    """
    files = tuple(assets)
    shorts = {asset.name: short_name(asset) for asset in files}
    count = Counter(shorts.values())
    programs = Counter(shorts[one.name] for one in files if one.kind.role is Role.PROGRAM)
    for asset in files:
        short = shorts[asset.name]
        is_alone = asset.kind.role is Role.PROGRAM and programs[short] == 1
        if short and count[short] > 1 and not is_alone:
            shorts[asset.name] = f"{re.split('[-_.]', asset.name)[0]}{short}"
    return shorts


def kind_cell(asset: Asset) -> Cell:
    """``server``, ``deb``, ``checksum`` …; a stand-in is marked."""
    if asset.stand_in:
        return Cell(f"{asset.kind.value} (stand-in)", _style(asset), short="demo")
    return Cell(asset.kind.value, _style(asset))


def platform_cell(asset: Asset, inspection: Inspection | None = None) -> Cell:
    """What the name claims; what it leaves open is filled in from the program, once looked at."""
    if asset.runs_nowhere:
        return Cell("")
    claimed = asset.platform
    arch = known_or(inspection.binary.arch, "") if inspection is not None else ""
    if inspection is None or not arch or not isinstance(claimed.arch, MISSING):
        return Cell("" if claimed.slug == "?" else claimed.slug)
    system = known_or(claimed.os, _SYSTEMS.get(inspection.binary.format, ""))
    if claimed.libc == "musl":
        system = "musl"
    return Cell("-".join(part for part in (system, arch) if part), "accent")
