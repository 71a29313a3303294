"""The head of an ELF file: its header, program headers, PT_INTERP and brand. All that a peek needs.

One read of at most 1 KiB is enough for most files; headers that were moved (patchelf) are followed
by their offsets.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from explorer.bytesource import OutOfReachError
from explorer.elf import layout as shape
from explorer.elf import machines
from explorer.elf.layout import Layout
from explorer.elf.models import Header, Segment
from explorer.elf.notes import BRAND_BYTES, brands
from explorer.elf.view import DamagedError, View, text
from explorer.facts import MISSING, Fact, NotApplicable, Unknown

FIRST = 1024
"""Bytes of the first read."""
MAX_SEGMENTS = 4096
MAX_NOTE_SEGMENTS = 16
"""PT_NOTEs that are searched for a brand; real programs have one to three."""
KERNEL_SEGMENT_BYTES = 64 << 10
"""Linux refuses a program with more bytes of program headers (``load_elf_phdrs``)."""
PATH_MAX = 4096
PN_XNUM = 0xFFFF
_GNU_ABI = 3
_LINUX_ABIS = frozenset({0, _GNU_ABI, 64, 97})
"""EI_OSABI of System V, GNU, and ARM's two."""
DAMAGED_HEADER = NotApplicable("the ELF header is damaged")
_DAMAGED_SEGMENTS = NotApplicable("the program headers are damaged")
_DAMAGED_INTERPRETER = NotApplicable("PT_INTERP is damaged")


@dataclass(frozen=True, slots=True)
class RawSegment:
    """A program header's numbers."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says. ``raw`` is Unknown if a prefix ends before the program headers."""

    header: Header
    layout: Layout
    usable: bool
    """The header's own fields make sense, so that what it points to can be read."""
    type: int
    phentsize: int
    shentsize: int
    shstrndx: int
    raw: Fact[tuple[RawSegment, ...]]
    interpreter: Fact[str]
    brand: Fact[str]
    defects: tuple[str, ...]
    """What makes the file unusable for any loader."""
    problems: tuple[str, ...]
    """Lesser ones."""
    start: bytes
    """The file's first bytes, up to 1 KiB, which were read already."""

    @property
    def segments(self) -> Fact[tuple[Segment, ...]]:
        """The program headers by name."""
        if isinstance(self.raw, MISSING):
            return self.raw
        return tuple(_named(segment, self.header.machine) for segment in self.raw)

    def first(self, kind: int) -> Fact[RawSegment]:
        """The first segment of a type; NotApplicable if there is none."""
        if isinstance(self.raw, MISSING):
            return self.raw
        for segment in self.raw:
            if segment.type == kind:
                return segment
        return NotApplicable(f"no PT_{shape.segment_type(kind, 0)}")


def unknown(error: OutOfReachError) -> Unknown:
    """The fact that an out-of-reach read leaves unknown."""
    return Unknown(error.why, error.needs)


def read_head(view: View) -> Head:
    """Read the head.

    Raises:
        OutOfReachError: not even the ELF header can be reached.
    """
    defects: list[str] = []
    start = _first_bytes(view)
    ident = start[:16].ljust(16, b"\0")
    layout = _layout(start, ident)
    if layout is None:
        defects.append(
            f"EI_CLASS is {ident[4]} and EI_DATA {ident[5]}: neither is valid for a file"
        )
        layout = shape.layout(64, True)
    length = 16 + layout.header.size
    if len(start) < length:
        defects.append(f"the file ends inside the ELF header ({len(start)} of {length} bytes)")
    fields = layout.header.unpack(start[16:length].ljust(layout.header.size, b"\0"))
    kind, *_, phentsize, _, shentsize, _, shstrndx = fields
    if not defects and kind not in (shape.ET_REL, shape.ET_EXEC, shape.ET_DYN, shape.ET_CORE):
        defects.append(f"e_type is {kind}: neither a program nor a library, object or core")
    header = _header(layout, ident, fields)
    problems = [f"{field}: Linux does not read it, others refuse it" for field in header.unread]
    usable = not defects
    raw: Fact[tuple[RawSegment, ...]] = DAMAGED_HEADER
    interpreter: Fact[str] = DAMAGED_HEADER
    brand: Fact[str] = DAMAGED_HEADER
    if usable:
        reader = _HeadReader(view, start, header, layout, defects, problems)
        raw = reader.segments(phentsize, shentsize)
        interpreter = reader.interpreter(raw)
        brand = reader.brand(raw)
    return Head(
        header=header,
        layout=layout,
        usable=usable,
        type=kind,
        phentsize=phentsize,
        shentsize=shentsize,
        shstrndx=shstrndx,
        raw=raw,
        interpreter=interpreter,
        brand=brand,
        defects=tuple(defects),
        problems=tuple(problems),
        start=start,
    )


def _layout(start: bytes, ident: bytes) -> Layout | None:
    """How Linux reads the file: by e_machine and e_phentsize alone (``elf_check_arch``).

    EI_CLASS and EI_DATA count if they fit, or if nothing else does; None if they are not valid
    either.
    """
    valid = ident[4] in (1, 2) and ident[5] in (1, 2)
    claimed = shape.layout(32 if ident[4] == 1 else 64, ident[5] != 2) if valid else None
    if claimed is not None and _fits(start, claimed):
        return claimed
    kinds = [shape.layout(bits, little) for little in (True, False) for bits in (64, 32)]
    return next((layout for layout in kinds if _fits(start, layout)), claimed)


def _fits(start: bytes, layout: Layout) -> bool:
    """Whether a kernel of that width and byte order would accept the header."""
    if len(start) < 16 + layout.header.size:
        return False
    fields = layout.header.unpack(start[16 : 16 + layout.header.size])
    kind, machine, size = fields[0], fields[1], fields[8]
    runs = kind in (shape.ET_EXEC, shape.ET_DYN) and machines.is_known(machine, layout.bits)
    return runs and size == layout.segment.size


def _header(layout: Layout, ident: bytes, fields: tuple[int, ...]) -> Header:
    kind, machine, version, entry, phoff, shoff, flags, ehsize, _, phnum, _, shnum, _ = fields
    return Header(
        bits=layout.bits,
        little_endian=layout.little_endian,
        type={1: "REL", 2: "EXEC", 3: "DYN", 4: "CORE"}.get(kind, str(kind)),
        machine=machine,
        arch=machines.arch_name(machine, layout.bits, layout.little_endian, flags),
        os_abi=ident[7],
        entry=entry,
        flags=flags,
        phoff=phoff,
        phnum=phnum,
        shoff=shoff,
        shnum=shnum,
        unread=_unread(layout, ident, ehsize) if kind in (shape.ET_EXEC, shape.ET_DYN) else (),
        unusual=_unusual(layout, ident, version) if kind == shape.ET_DYN else (),
    )


def _unread(layout: Layout, ident: bytes, ehsize: int) -> tuple[str, ...]:
    """The odd fields that ``load_elf_binary`` ignores and qemu's ``elf_check_ident`` refuses."""
    size = 16 + layout.header.size
    checks = (
        ("EI_CLASS", ident[4], 2 if layout.bits == 64 else 1),
        ("EI_DATA", ident[5], 1 if layout.little_endian else 2),
        ("EI_VERSION", ident[6], 1),
        ("e_ehsize", ehsize, size),
    )
    return tuple(
        f"{name} is {value}, not {right}" for name, value, right in checks if value != right
    )


def _unusual(layout: Layout, ident: bytes, version: int) -> tuple[str, ...]:
    """What glibc's ``open_verify`` (elf/dl-load.c) refuses in a library's identification."""
    system, abi = ident[7], ident[8]
    checks = (
        ("EI_DATA", ident[5], ident[5] == (1 if layout.little_endian else 2)),
        ("EI_VERSION", ident[6], ident[6] == 1),
        ("EI_OSABI", system, system in _LINUX_ABIS),
        ("EI_ABIVERSION", abi, not abi or system == _GNU_ABI),
        ("its padding", ident[9:].hex(), not any(ident[9:])),
        ("e_version", version, version == 1),
    )
    return tuple(f"{name} is {value}" for name, value, fine in checks if not fine)


def _first_bytes(view: View) -> bytes:
    """Up to 1 KiB, or as much of it as can be reached; at least the ELF header."""
    try:
        return view.upto(0, view.room(0, FIRST))
    except OutOfReachError:
        return view.upto(0, view.room(0, 64))


@dataclass(frozen=True, slots=True)
class _HeadReader:
    """Reads what a usable ELF header points to."""

    view: View
    start: bytes
    header: Header
    layout: Layout
    defects: list[str]
    problems: list[str]

    @property
    def runs(self) -> bool:
        return self.header.type in ("EXEC", "DYN")

    def take(self, offset: int, length: int, what: str) -> bytes:
        """Bytes that may be among the first ones, which were read already."""
        if offset + length <= len(self.start):
            return self.start[offset : offset + length]
        return self.view.exact(offset, length, what)

    def segments(self, phentsize: int, shentsize: int) -> Fact[tuple[RawSegment, ...]]:
        size = self.layout.segment.size
        try:
            count = self._count(shentsize)
            if count == 0:
                if self.runs:
                    self.defects.append("it has no program headers: there is nothing to load")
                return NotApplicable("no program headers")
            if phentsize != size:
                self.defects.append(f"e_phentsize is {phentsize}, not {size}")
                return _DAMAGED_SEGMENTS
            most = KERNEL_SEGMENT_BYTES // size
            if self.runs and count > most:
                self.defects.append(f"{count} program headers: Linux accepts up to {most}")
            shown = min(count, most if self.runs else MAX_SEGMENTS)
            if count > shown:
                self.problems.append(f"{count} program headers: the first {shown} are shown")
            data = self.take(self.header.phoff, shown * size, "the program header table")
        except OutOfReachError as error:
            return unknown(error)
        except DamagedError as error:
            self.defects.append(str(error))
            return _DAMAGED_SEGMENTS
        segments = tuple(self._parsed(data))
        if self.runs:
            self._check(segments)
        return segments

    def _count(self, shentsize: int) -> int:
        """The number of program headers; a core dump may have it in the first section header."""
        section = self.layout.section
        extended = self.header.phnum == PN_XNUM and self.header.shoff and not self.runs
        if not extended or shentsize != section.size:
            return self.header.phnum
        data = self.view.exact(self.header.shoff, section.size, "the section header table")
        count: int = section.unpack(data)[7]
        return count

    def _parsed(self, data: bytes) -> Iterable[RawSegment]:
        for row in self.layout.segment.iter_unpack(data):
            if self.layout.bits == 64:
                kind, flags, offset, vaddr, _, filesz, memsz, align = row
            else:
                kind, offset, vaddr, _, filesz, memsz, flags, align = row
            yield RawSegment(kind, flags, offset, vaddr, filesz, memsz, align)

    def _check(self, segments: tuple[RawSegment, ...]) -> None:
        if not any(segment.type == shape.PT_LOAD for segment in segments):
            self.defects.append("it has no PT_LOAD: there is nothing to load")
        size, end = self.view.size, file_end(segments)
        if not isinstance(size, Unknown) and end > size:
            self.defects.append(f"the file is cut: its segments reach to byte {end}, it has {size}")

    def interpreter(self, raw: Fact[tuple[RawSegment, ...]]) -> Fact[str]:
        if isinstance(raw, MISSING):
            return raw
        segment = next((s for s in raw if s.type == shape.PT_INTERP), None)
        if segment is None:
            return NotApplicable("no PT_INTERP: it needs no interpreter")
        if not 2 <= segment.filesz <= PATH_MAX:
            self.defects.append(
                f"PT_INTERP has {segment.filesz} bytes, Linux accepts 2 to {PATH_MAX}"
            )
            return _DAMAGED_INTERPRETER
        try:
            data = self.take(segment.offset, segment.filesz, "PT_INTERP")
        except OutOfReachError as error:
            return unknown(error)
        except DamagedError as error:
            self.defects.append(str(error))
            return _DAMAGED_INTERPRETER
        if data[-1]:
            self.defects.append("PT_INTERP does not end with a NUL")
            return _DAMAGED_INTERPRETER
        return text(data.split(b"\0", 1)[0])

    def brand(self, raw: Fact[tuple[RawSegment, ...]]) -> Fact[str]:
        """The system that a note in PT_NOTE names, read through the segments' offsets."""
        if not self.runs:
            return NotApplicable("not a program")
        if isinstance(raw, MISSING):
            return raw
        systems: frozenset[str] = frozenset()
        missing: Unknown | None = None
        notes = [s for s in raw if s.type == shape.PT_NOTE and s.filesz >= 12]
        for segment in notes[:MAX_NOTE_SEGMENTS]:
            try:
                data = self.take(segment.offset, min(segment.filesz, BRAND_BYTES), "PT_NOTE")
            except OutOfReachError as error:
                missing = missing or unknown(error)
                continue
            except DamagedError:
                continue  # a note outside the file brands nothing
            systems |= brands(data, self.layout, 8 if segment.align == 8 else 4)
        if missing is not None:
            return missing
        if len(systems) > 1:
            # Cosmopolitan's programs have several brands, and run on all of these and on Linux.
            return NotApplicable(f"its notes name several systems: {', '.join(sorted(systems))}")
        return next(iter(systems), None) or NotApplicable("no note names another system")


def file_end(segments: tuple[RawSegment, ...]) -> int:
    """The byte up to which a loader maps the file."""
    return max(
        (s.offset + s.filesz for s in segments if s.type == shape.PT_LOAD and s.filesz), default=0
    )


def _named(segment: RawSegment, machine: int) -> Segment:
    letters = "".join(
        letter if segment.flags & bit else "-" for letter, bit in (("R", 4), ("W", 2), ("X", 1))
    )
    return Segment(
        shape.segment_type(segment.type, machine),
        letters,
        segment.offset,
        segment.vaddr,
        segment.filesz,
        segment.memsz,
        segment.align,
    )
