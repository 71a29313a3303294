"""The deciding fact in a few words, for a table's cell; the sentence itself stands in the verdict."""

from __future__ import annotations

from explorer.compat import Answer, Reason, Target, Verdict
from explorer.elf import Binary, Elf, FileFormat, Linkage
from explorer.facts import MISSING, known_or
from explorer.report.text import clip, visible

_FORMATS = {
    FileFormat.PE: "a Windows program",
    FileFormat.MACHO: "a macOS program",
    FileFormat.SCRIPT: "a script",
    FileFormat.EMPTY: "an empty file",
    FileFormat.DATA: "no program",
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
"""Cells of the deciding fact: it may quote a name out of the file."""


def binary_in_words(binary: Binary) -> str:
    """``static Go``, ``dynamic, glibc's loader``, ``packed (UPX)``, ``a Windows program``, ``needs the download``."""
    if binary.format is FileFormat.UNSEEN:
        return visible(f"not reached: {binary.detail}")
    if binary.format is not FileFormat.ELF:
        return _FORMATS[binary.format]
    if isinstance(binary.elf, MISSING):
        return visible(binary.elf.why)
    elf = binary.elf
    if isinstance(elf.linkage, MISSING):
        return visible(elf.linkage.why)
    words = _LINKAGES[elf.linkage]
    if elf.linkage is Linkage.PACKED:
        return visible(f"packed ({known_or(elf.packer, 'unknown packer')})")
    if elf.linkage is Linkage.DYNAMIC:
        words += f", {_loader(elf)}"
    return (
        f"{words} Go"
        if known_or(elf.is_go, False) and elf.linkage in (Linkage.STATIC, Linkage.STATIC_PIE)
        else visible(words)
    )


def _loader(elf: Elf) -> str:
    path = known_or(elf.interpreter, "")
    base = path.rsplit("/", 1)[-1]
    if base.startswith("ld-musl-"):
        return "musl's loader"
    if base.startswith(("ld-linux", "ld64.so", "ld.so")):
        return "glibc's loader"
    return base or "no loader named"


def deciding_in_words(verdict: Verdict, binary: Binary) -> str:
    """What decides, short: ``static Go``, ``no ld-linux-x86-64.so.2``, ``misses libstdc++.so.6 +1``, else the reason's sentence."""
    reason = verdict.deciding
    if verdict.answer is Answer.YES:
        return binary_in_words(binary)
    if verdict.answer is Answer.NO and binary.format is not FileFormat.ELF:
        return binary_in_words(binary)
    return clip(visible(_of_dynamic(reason, verdict, binary) or reason.text), WIDEST)


def _of_dynamic(reason: Reason, verdict: Verdict, binary: Binary) -> str:
    """Names of what is missing, for the reasons that are about that; of the system it was built for."""
    if (
        not isinstance(binary.elf, MISSING)
        and ".interp" in reason.code
        and verdict.answer is Answer.NO
    ):
        path = known_or(binary.elf.interpreter, "")
        if path:
            return f"no {path.rsplit('/', 1)[-1]} there"
    if (
        reason.code == "elf.os"
    ):  # the sentence says which, and is wider than a column: a peer of "a macOS program"
        return reason.text.removeprefix("This is ").partition(":")[0]
    if isinstance(verdict.dependencies, MISSING):
        return ""
    check = verdict.dependencies
    if ".symbol" in reason.code:
        return _some("lacks ", known_or(check.missing_symbols, ()))
    if ".needed" in reason.code:
        return _some("misses ", check.missing_libraries)
    return ""


def _some(verb: str, names: tuple[str, ...]) -> str:
    if not names:
        return ""
    return f"{verb}{names[0]}" + (f" +{len(names) - 1}" if len(names) > 1 else "")


def target_in_words(target: Target) -> str:
    """``musl 1.2.5 (Alpine 3.22)``, ``scratch``: the target's own title."""
    return visible(target.title or target.name)
