"""Files that are not ELF: PE, Mach-O, scripts, and the most common kinds of data.

Sources: Microsoft's PE format; Apple's ``mach-o/loader.h`` and ``fat.h``; ``binfmt_script``.
"""

import struct
from typing import NamedTuple

from explorer.bytesource import OutOfReachError
from explorer.elf.machines import numbered
from explorer.elf.models import OTHER_MAGIC, FileFormat
from explorer.elf.view import View, text
from explorer.facts import Fact, NotApplicable, Unknown

_PE_MACHINES = {
    0x14C: "386",
    0x8664: "amd64",
    0xAA64: "arm64",
    0x1C0: "arm",
    0x1C4: "arm",
    0x5064: "riscv64",
    0x6264: "loong64",
}
_MACHO_CPUS = {
    7: "386",
    0x01000007: "amd64",
    12: "arm",
    0x0100000C: "arm64",
    18: "ppc",
    0x01000012: "ppc64",
}
_THIN = {
    b"\xfe\xed\xfa\xce": ">",
    b"\xce\xfa\xed\xfe": "<",
    b"\xfe\xed\xfa\xcf": ">",
    b"\xcf\xfa\xed\xfe": "<",
}
_FAT = {
    b"\xca\xfe\xba\xbe": struct.Struct(">I4xII4x"),
    b"\xca\xfe\xba\xbf": struct.Struct(">I4xQQ8x"),
}
"""Processor, offset and size of an architecture, by the magic number."""
MAX_FAT = 42
"""Java class files have the same magic, and a major version from 45 up in place of this count."""
_DATA = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip, empty"),
    (b"!<arch>\ndebian-binary", "Debian package"),
    (b"!<arch>\n", "ar archive"),
    (b"!<thin>\n", "thin ar archive"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\xed\xab\xee\xdb", "RPM package"),
    (b"\0asm", "WebAssembly"),
    (b"%PDF-", "PDF"),
    (b"-----BEGIN PGP SIGNATURE", "PGP signature"),
    (b"\xca\xfe\xba\xbe", "Java class"),
    (b"\x89PNG\r\n", "PNG"),
    (b"dex\n", "Android DEX"),
)

_NO_ARCH = NotApplicable("data has no architecture")
NO_ELF = NotApplicable("not an ELF file")
Named = tuple[FileFormat, str, Fact[str]]
"""Format, one line that names it, architecture."""


def name_foreign(view: View, start: bytes) -> Named:
    """What a file is that does not begin like an ELF file.

    ``start`` holds its first 8 bytes or more; fewer if the file is shorter.
    """
    if not start:
        return FileFormat.EMPTY, "empty file", NotApplicable("an empty file has no architecture")
    if start[:2] == b"MZ":
        return _pe(view)
    if start[:4] in _THIN:
        return _thin(view, _THIN[start[:4]])
    if start[:4] in _FAT and (universal := _fat(view, start[:4])) is not None:
        return universal
    if start[:2] == b"#!":
        return _script(view)
    return _data(view, start)


def why_no_elf(view: View) -> NotApplicable | Unknown:
    """Whether a file that does not begin like an ELF file goes on like one (``Elf64_Ehdr``)."""
    try:
        head = view.upto(0, 64)
    except OutOfReachError as error:
        return _out_of_reach(error)
    if len(head) < 64 or head[5] not in (1, 2):
        return NO_ELF
    order = "<" if head[5] == 1 else ">"
    (kind,) = struct.unpack_from(f"{order}H", head, 16)
    sizes = {struct.unpack_from(f"{order}H", head, place)[0] for place in (42, 54)}
    return OTHER_MAGIC if kind in (2, 3) and sizes & {32, 56} else NO_ELF


def _out_of_reach(error: OutOfReachError) -> Unknown:
    return Unknown(error.why, error.needs)


def _pe(view: View) -> Named:
    try:
        place = view.upto(0x3C, 4)
        if len(place) < 4:
            return (
                FileFormat.PE,
                "DOS program",
                NotApplicable("a DOS program names no architecture"),
            )
        offset = int.from_bytes(place, "little")
        data = view.upto(offset, 26)
    except OutOfReachError as error:
        return FileFormat.PE, "PE", _out_of_reach(error)
    if data[:4] != b"PE\0\0" or len(data) < 26:
        return FileFormat.PE, "DOS program", NotApplicable("a DOS program names no architecture")
    (machine,) = struct.unpack_from("<H", data, 4)
    (optional,) = struct.unpack_from("<H", data, 24)
    arch = _PE_MACHINES.get(machine, numbered(f"{machine:#x}"))
    kind = "library" if int.from_bytes(data[22:24], "little") & 0x2000 else "program"
    return FileFormat.PE, f"{'PE32+' if optional == 0x20B else 'PE32'} {arch}, Windows {kind}", arch


def _thin(view: View, order: str) -> Named:
    try:
        data = view.upto(0, 16)
    except OutOfReachError as error:
        return FileFormat.MACHO, "Mach-O", _out_of_reach(error)
    if len(data) < 16:
        return FileFormat.MACHO, "Mach-O, cut", NotApplicable("its header is cut")
    cpu, _, kind = struct.unpack_from(f"{order}III", data, 4)
    arch = _MACHO_CPUS.get(cpu, f"cpu-{cpu:#x}")
    words = {1: "object", 2: "program", 6: "library", 8: "bundle"}.get(kind, f"file type {kind}")
    return FileFormat.MACHO, f"Mach-O {arch}, {words}", arch


def _fat(view: View, magic: bytes) -> Named | None:
    try:
        entries = fat_entries(view, magic)
    except OutOfReachError as error:
        return FileFormat.MACHO, "Mach-O universal", _out_of_reach(error)
    if not entries:
        return None
    arches = list(dict.fromkeys(entry.arch for entry in entries))
    detail = f"Mach-O universal ({', '.join(arches)})"
    return (
        FileFormat.MACHO,
        detail,
        arches[0]
        if len(arches) == 1
        else NotApplicable(f"several in one file: {', '.join(arches)}"),
    )


class FatEntry(NamedTuple):
    """Where one architecture of a universal file lies."""

    arch: str
    offset: int
    size: int


def fat_entries(view: View, magic: bytes) -> list[FatEntry]:
    """The architectures of a universal file in its order; empty for a file of another kind.

    ``magic``: the first four bytes. ``fat_arch`` has 20 bytes, ``fat_arch_64`` 32.

    Raises:
        OutOfReachError: the table cannot be reached.
    """
    if magic not in _FAT:
        return []
    form = _FAT[magic]
    head = view.upto(4, 4)
    count = int.from_bytes(head, "big")
    if len(head) < 4 or not 0 < count <= MAX_FAT:
        return []
    table = view.upto(8, count * form.size)
    whole = table[: len(table) - len(table) % form.size]
    return [
        FatEntry(_MACHO_CPUS.get(cpu, f"cpu-{cpu:#x}"), offset, size)
        for cpu, offset, size in form.iter_unpack(whole)
    ]


def _script(view: View) -> Named:
    line = b""
    try:
        line = view.upto(0, view.room(0, 256)).split(b"\n", 1)[0]
    except OutOfReachError:
        for length in (128, 64, 32, 16):
            try:
                line, newline, _ = view.upto(0, length).partition(b"\n")
            except OutOfReachError:
                continue
            line = line if newline else b""
            break
    words = text(line).strip()
    return (
        FileFormat.SCRIPT,
        f"script: {words}" if words else "script",
        NotApplicable("a script has no architecture"),
    )


def _data(view: View, start: bytes) -> Named:
    for magic, word in _DATA:
        if magic.startswith(start[: len(magic)]):
            try:
                if view.upto(0, len(magic)) == magic:
                    return FileFormat.DATA, f"data: {word}", _NO_ARCH
            except OutOfReachError:
                continue
    try:
        if view.upto(257, 5) == b"ustar":
            return FileFormat.DATA, "data: tar", _NO_ARCH
    except OutOfReachError:
        pass
    return FileFormat.DATA, "data", _NO_ARCH
