"""ELF notes, from PT_NOTE and from the note sections that a linker left out of it.

Sources: gABI chapter 5, the Linux ``elf.h``, the x86-64 psABI (``.note.gnu.property``), systemd's
package metadata notes. Notes by which the BSDs recognise their programs: FreeBSD's
``sys/imgact_elf.c`` (brand notes), NetBSD's ``sys/exec_elf.h``, OpenBSD's ``sys/exec_elf.c``
(``elf_os_pt_note``).
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from explorer.bytesource import ByteSource
from explorer.elf.layout import Layout, layout
from explorer.elf.models import Elf, Note
from explorer.elf.view import View, text
from explorer.facts import MISSING

MAX_NOTES = 1024
"""libpython has 90 (probes); those beyond are not shown."""
MAX_OWNER = 256
MAX_TEXT = 4096
MAX_HEX = 64
BRANDS = ("FreeBSD", "NetBSD", "OpenBSD", "DragonFly")
"""Owners of the notes by which those kernels recognise their programs; type 1 is the version."""
BRAND_TYPE = 1
BRAND_BYTES = 4096
"""Bytes of each PT_NOTE that are searched for a brand. Brands are 24 to 72 bytes long."""
GNU, GO = "GNU", "Go"
GNU_BUILD_ID, GNU_PROPERTY, GO_BUILD_ID = 3, 5, 4
_X86_ISA_NEEDED = 0xC0008002
_X86_FEATURE = 0xC0000002
_AARCH64_FEATURE = 0xC0000000
_X86_FEATURES = (("IBT", 1), ("SHSTK", 2))
_AARCH64_FEATURES = (("BTI", 1), ("PAC", 2), ("GCS", 4))
_NAMES = {
    (GNU, 1): "NT_GNU_ABI_TAG",
    (GNU, 2): "NT_GNU_HWCAP",
    (GNU, GNU_BUILD_ID): "NT_GNU_BUILD_ID",
    (GNU, 4): "NT_GNU_GOLD_VERSION",
    (GNU, GNU_PROPERTY): "NT_GNU_PROPERTY_TYPE_0",
    (GO, GO_BUILD_ID): "NT_GO_BUILD_ID",
    ("FDO", 0xCAFE1A7E): "NT_FDO_PACKAGING_METADATA",
    ("FDO", 0x407C0C0A): "NT_FDO_DLOPEN_METADATA",
    ("stapsdt", 3): "NT_STAPSDT",
    ("CORE", 1): "NT_PRSTATUS",
    ("CORE", 3): "NT_PRPSINFO",
    ("CORE", 6): "NT_AUXV",
    ("CORE", 0x46494C45): "NT_FILE",
    ("CORE", 0x53494749): "NT_SIGINFO",
    ("Android", 1): "NT_ANDROID_ABI_LEVEL",
}
_SYSTEMS = ("Linux", "Hurd", "Solaris", "FreeBSD", "NetBSD", "Syllable")
_LEVELS = (("x86-64", 1), ("x86-64-v2", 2), ("x86-64-v3", 4), ("x86-64-v4", 8))


@dataclass(frozen=True, slots=True)
class Span:
    """A range of notes in the file; ``align`` is 4 or 8."""

    offset: int
    size: int
    align: int


@dataclass(frozen=True, slots=True)
class RawNote:
    """A note with the first 4 KiB of its description."""

    owner: str
    type: int
    size: int
    desc: bytes
    offset: int
    """Where the description begins in the file."""


def read_notes(
    view: View, layout: Layout, spans: Iterable[Span], problems: list[str]
) -> Iterator[RawNote]:
    """The notes of these spans; a damaged span ends early and adds to ``problems``.

    Raises:
        OutOfReachError: the next note cannot be reached.
    """
    left = MAX_NOTES
    for span in spans:
        at = 0
        while at + 12 <= span.size:
            data = view.near(span.offset + at, 12)
            if len(data) < 12:
                problems.append("its notes reach beyond the file")
                return
            owner_size, size, kind = layout.numbers(data, 4)
            start = _pad(at + 12 + owner_size, span.align)
            if owner_size > MAX_OWNER or start + size > span.size:
                problems.append("a note claims more than its segment holds")
                break
            left -= 1
            if left < 0:
                problems.append(f"it has more than {MAX_NOTES} notes: the first are shown")
                return
            owner = text(view.near(span.offset + at + 12, owner_size).rstrip(b"\0"))
            place = span.offset + start
            yield RawNote(owner, kind, size, view.near(place, min(size, MAX_TEXT)), place)
            at = _pad(start + size, span.align)


def places_of_notes(source: ByteSource, elf: Elf) -> Iterator[tuple[tuple[str, int], int, int]]:
    """Owner and type, offset and size of the description of each note of a whole file."""
    segments = () if isinstance(elf.segments, MISSING) else elf.segments
    sections = () if isinstance(elf.sections, MISSING) else elf.sections
    spans = [
        Span(s.offset, s.filesz, 8 if s.align == 8 else 4) for s in segments if s.type == "NOTE"
    ]
    spans += [Span(s.offset, s.size, 4) for s in sections if s.type == "NOTE"]
    header = elf.header
    for note in read_notes(View(source), layout(header.bits, header.little_endian), spans, []):
        yield (note.owner, note.type), note.offset, note.size


def brands(data: bytes, layout: Layout, align: int) -> frozenset[str]:
    """The systems whose brands are among the notes in ``data``; Linux has none."""
    systems = set()
    at = 0
    while at + 12 <= len(data):
        owner_size, size, kind = layout.numbers(data[at : at + 12], 4)
        owner = (
            data[at + 12 : at + 12 + owner_size].rstrip(b"\0").decode("ascii", "replace")
            if owner_size <= MAX_OWNER
            else ""
        )
        if kind == BRAND_TYPE and owner in BRANDS:
            systems.add(owner)
        at = _pad(_pad(at + 12 + owner_size, align) + size, align)
    return frozenset(systems)


def _pad(number: int, align: int) -> int:
    return (number + align - 1) // align * align


def describe(note: RawNote, layout: Layout) -> Note:
    """A note for people."""
    return Note(
        note.owner,
        note.type,
        _NAMES.get((note.owner, note.type), str(note.type)),
        _text(note, layout),
    )


def _text(note: RawNote, layout: Layout) -> str:
    key = (note.owner, note.type)
    if key == (GNU, 1) and len(note.desc) >= 16:
        system, *version = layout.numbers(note.desc[:16], 4)
        name = _SYSTEMS[system] if system < len(_SYSTEMS) else f"system {system}"
        return f"{name} {'.'.join(map(str, version))}"
    if key == (GNU, GNU_BUILD_ID):
        return note.desc[:MAX_HEX].hex()
    if key == (GNU, GNU_PROPERTY):
        return ", ".join(_property(kind, data, layout) for kind, data in properties(note, layout))
    if key in ((GNU, 4), (GO, GO_BUILD_ID)) or note.owner == "FDO":
        return text(note.desc.rstrip(b"\0"))
    if key == ("stapsdt", 3):
        provider, probe = [*note.desc[3 * layout.pointer :].split(b"\0"), b"", b""][:2]
        return f"{text(provider)}:{text(probe)}"
    return note.desc[:MAX_HEX].hex() + ("…" if note.size > MAX_HEX else "")


def properties(note: RawNote, layout: Layout) -> Iterator[tuple[int, bytes]]:
    """Type and data of each property in a NT_GNU_PROPERTY_TYPE_0."""
    word = struct.Struct("<II" if layout.little_endian else ">II")
    at = 0
    while at + 8 <= len(note.desc):
        kind, size = word.unpack_from(note.desc, at)
        yield kind, note.desc[at + 8 : at + 8 + size]
        at += 8 + _pad(size, layout.pointer)


def _property(kind: int, data: bytes, layout: Layout) -> str:
    value = int.from_bytes(data[:8], "little" if layout.little_endian else "big")
    if kind == _X86_ISA_NEEDED:
        return f"x86 ISA needed: {_bits(value, _LEVELS)}"
    if kind == _X86_FEATURE:
        return f"x86 feature: {_bits(value, _X86_FEATURES)}"
    if kind == _AARCH64_FEATURE:
        return f"AArch64 feature: {_bits(value, _AARCH64_FEATURES)}"
    return f"{kind:#x}: {data[:16].hex()}"


def _bits(value: int, names: Iterable[tuple[str, int]]) -> str:
    return " ".join(name for name, bit in names if value & bit) or hex(value)


def cpu_features(note: RawNote, layout: Layout) -> frozenset[str] | None:
    """What of IBT, SHSTK, BTI, PAC and GCS all of the program's code supports; None if the note
    is no GNU property note."""
    if (note.owner, note.type) != (GNU, GNU_PROPERTY):
        return None
    names: set[str] = set()
    for kind, data in properties(note, layout):
        value = int.from_bytes(data[:4], "little" if layout.little_endian else "big")
        known = {_X86_FEATURE: _X86_FEATURES, _AARCH64_FEATURE: _AARCH64_FEATURES}.get(kind, ())
        names |= {name for name, bit in known if value & bit}
    return frozenset(names)


def isa_level(note: RawNote, layout: Layout) -> str | None:
    """The x86-64 level in GNU_PROPERTY_X86_ISA_1_NEEDED; None if the note has no such property."""
    if (note.owner, note.type) != (GNU, GNU_PROPERTY):
        return None
    for kind, data in properties(note, layout):
        if kind == _X86_ISA_NEEDED:
            value = int.from_bytes(data[:4], "little" if layout.little_endian else "big")
            return next((name for name, bit in reversed(_LEVELS) if value & bit), None)
    return None
