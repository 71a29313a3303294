"""Binaries, reasons and targets in a few words, for table cells."""

from __future__ import annotations

from explorer.compat import Target, Verdict
from explorer.elf import Binary, Elf, FileFormat, Linkage
from explorer.facts import MISSING, Unknown, known_or
from explorer.releases import Asset, Role
from explorer.report.text import clip, visible
from explorer.workbench import Inspection

_FORMATS = {
    FileFormat.PE: "a Windows program",
    FileFormat.MACHO: "a macOS program",
    FileFormat.SCRIPT: "a script",
    FileFormat.EMPTY: "an empty file",
    FileFormat.DATA: "not a program",
}
_LINKAGES = {
    Linkage.STATIC: "static",
    Linkage.STATIC_PIE: "static PIE",
    Linkage.DYNAMIC: "dynamic",
    Linkage.SHARED_LIBRARY: "shared library",
    Linkage.OBJECT: "object file",
    Linkage.CORE: "core dump",
    Linkage.PACKED: "packed",
    Linkage.BROKEN: "broken",
}


WIDEST = 200
"""Cells of a deciding fact, which may quote a name in the file."""


def about_in_words(inspection: Inspection) -> str:
    """``a checksum file``, ``a signature``; empty for what may be a program."""
    asset, kind = inspection.subject.asset, inspection.about
    if kind is None:
        return ""
    return asset_about(asset) if asset is not None else kind.in_words


def asset_about(asset: Asset) -> str:
    """What a file that runs nowhere is."""
    is_about = asset.about or asset.kind.role is Role.ABOUT
    return asset.kind.in_words if is_about else "no program"


def binary_in_words(binary: Binary) -> str:
    """``static Go``, ``dynamic, glibc's loader``, ``packed (UPX)``, ``a Windows program`` …"""
    if binary.format is FileFormat.UNSEEN:
        is_reachable = isinstance(binary.size, Unknown) and binary.size.needs is not None
        return visible(f"not reached: {binary.detail}" if is_reachable else binary.detail)
    if binary.format is not FileFormat.ELF:
        return _FORMATS[binary.format]
    if isinstance(binary.elf, MISSING):
        return visible(binary.elf.why)
    elf = binary.elf
    if isinstance(elf.linkage, MISSING):
        return visible(elf.linkage.why)
    words = _LINKAGES[elf.linkage]
    if elf.linkage is Linkage.PACKED:
        return _packed(elf)
    if elf.linkage is Linkage.DYNAMIC:
        words += f", {_loader(elf)}"
    return (
        f"{words} Go"
        if known_or(elf.is_go, False) and elf.linkage in (Linkage.STATIC, Linkage.STATIC_PIE)
        else visible(words)
    )


def _packed(elf: Elf) -> str:
    words = f"packed ({known_or(elf.packer, 'unknown packer')})"
    if isinstance(elf.packed, MISSING) or isinstance(elf.packed.linkage, MISSING):
        return visible(words)
    return visible(f"{_LINKAGES[elf.packed.linkage]}, {words}")


def _loader(elf: Elf) -> str:
    path = known_or(elf.interpreter, "")
    base = path.rsplit("/", 1)[-1]
    if base.startswith("ld-musl-"):
        return "musl's loader"
    if base.startswith(("ld-linux", "ld64.so", "ld.so")):
        return "glibc's loader"
    return base or "no loader named"


def deciding_in_words(verdict: Verdict) -> str:
    """The deciding reason, short: ``static Go``, ``missing libfoo.so.1 +1``."""
    reason = verdict.deciding
    return clip(visible(reason.short or reason.text), WIDEST)


def deciding_in_few_words(verdict: Verdict) -> str:
    """The same for a narrow column; empty where there are no fewer words."""
    return clip(visible(verdict.deciding.shortest), WIDEST)


def target_in_words(target: Target) -> str:
    """``musl 1.2.5 (Alpine 3.22)``, ``scratch``: the target's own title."""
    return visible(target.title or target.name)
