"""The head of an ELF file: header, program headers, PT_INTERP and the system's brand. All that a peek needs.

One read of at most 1 KiB serves most files; where the headers were moved (patchelf) their offsets are followed.
"""

from dataclasses import dataclass

from explorer.bytesource import OutOfReachError
from explorer.elf import layout as shape
from explorer.elf.layout import Layout
from explorer.elf.models import Header, Segment
from explorer.elf.notes import BRAND_BYTES, brands
from explorer.elf.view import DamagedError, View, text
from explorer.facts import Fact, NotApplicable, Unknown

FIRST = 1024
"""Bytes of the first read."""
MAX_SEGMENTS = 4096
MAX_NOTE_SEGMENTS = 16
"""PT_NOTEs that are looked at for a brand; real programs have one to three."""
KERNEL_SEGMENT_BYTES = 64 << 10
"""Linux refuses a program whose program headers take more (``load_elf_phdrs``)."""
PATH_MAX = 4096
PN_XNUM = 0xFFFF
DAMAGED_HEADER = NotApplicable("the ELF header is damaged")


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
    """What was found there. ``segments`` is Unknown on a prefix that ends before them."""

    header: Header
    layout: Layout
    usable: bool
    """The header's own fields make sense, so that what it points to can be looked at."""
    type: int
    phentsize: int
    shentsize: int
    shstrndx: int
    raw: Fact[tuple[RawSegment, ...]]
    interpreter: Fact[str]
    brand: Fact[str]
    defects: tuple[str, ...]
    """What makes the file unusable by any loader."""
    problems: tuple[str, ...]
    """Lesser ones."""
    start: bytes
    """The file's first bytes, up to 1 KiB: what was read already."""

    @property
    def segments(self) -> Fact[tuple[Segment, ...]]:
        """The program headers as others see them."""
        if isinstance(self.raw, (Unknown, NotApplicable)):
            return self.raw
        return tuple(_named(segment, self.header.machine) for segment in self.raw)

    def first(self, kind: int) -> Fact[RawSegment]:
        """The first segment of a type, NotApplicable where there is none."""
        if isinstance(self.raw, (Unknown, NotApplicable)):
            return self.raw
        for segment in self.raw:
            if segment.type == kind:
                return segment
        return NotApplicable(f"no PT_{shape.segment_type(kind, 0)}")


def unknown(error: OutOfReachError) -> Unknown:
    """What an out-of-reach read means for a fact."""
    return Unknown(error.why, error.needs)


def read_head(view: View) -> Head:
    """Read it.

    Raises:
        OutOfReachError: not even the ELF header is here.
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
    type_, *_, phentsize, _, shentsize, _, shstrndx = fields
    if not defects and type_ not in (shape.ET_REL, shape.ET_EXEC, shape.ET_DYN, shape.ET_CORE):
        defects.append(f"e_type is {type_}: neither a program nor a library, object or core")
    header = _header(layout, ident, fields)
    problems = [f"{field}: Linux does not read it, others refuse it" for field in header.unread]
    usable = not defects
    raw: Fact[tuple[RawSegment, ...]] = DAMAGED_HEADER
    interpreter: Fact[str] = DAMAGED_HEADER
    system: Fact[str] = DAMAGED_HEADER
    if usable:
        raw = _segments(view, start, header, layout, phentsize, shentsize, defects, problems)
        interpreter = _interpreter(view, start, raw, defects)
        system = (
            _brand(view, start, raw, layout)
            if header.type in ("EXEC", "DYN")
            else NotApplicable("no program")
        )
    return Head(
        header=header,
        layout=layout,
        usable=usable,
        type=type_,
        phentsize=phentsize,
        shentsize=shentsize,
        shstrndx=shstrndx,
        raw=raw,
        interpreter=interpreter,
        brand=system,
        defects=tuple(defects),
        problems=tuple(problems),
        start=start,
    )


def _layout(start: bytes, ident: bytes) -> Layout | None:
    """How Linux reads the file: by e_machine and e_phentsize alone (``elf_check_arch``).

    EI_CLASS and EI_DATA count where they fit, or where nothing else does; None where they are not
    valid either.
    """
    valid = ident[4] in (1, 2) and ident[5] in (1, 2)
    claimed = shape.layout(32 if ident[4] == 1 else 64, ident[5] != 2) if valid else None
    if claimed is not None and _fits(start, claimed):
        return claimed
    kinds = [shape.layout(bits, little) for little in (True, False) for bits in (64, 32)]
    return next((layout for layout in kinds if _fits(start, layout)), claimed)


def _fits(start: bytes, layout: Layout) -> bool:
    """Whether a kernel of that width and byte order would take the header."""
    if len(start) < 16 + layout.header.size:
        return False
    fields = layout.header.unpack(start[16 : 16 + layout.header.size])
    kind, machine, size = fields[0], fields[1], fields[8]
    runs = kind in (shape.ET_EXEC, shape.ET_DYN) and shape.is_known(machine, layout.bits)
    return runs and size == layout.segment.size


def _header(layout: Layout, ident: bytes, fields: tuple[int, ...]) -> Header:
    type_, machine, _, entry, phoff, shoff, flags, ehsize, _, phnum, _, shnum, _ = fields
    return Header(
        bits=layout.bits,
        little_endian=layout.little_endian,
        type={1: "REL", 2: "EXEC", 3: "DYN", 4: "CORE"}.get(type_, str(type_)),
        machine=machine,
        arch=shape.arch_name(machine, layout.bits, layout.little_endian, flags),
        os_abi=ident[7],
        entry=entry,
        flags=flags,
        phoff=phoff,
        phnum=phnum,
        shoff=shoff,
        shnum=shnum,
        unread=_unread(layout, ident, ehsize) if type_ in (shape.ET_EXEC, shape.ET_DYN) else (),
    )


def _unread(layout: Layout, ident: bytes, ehsize: int) -> tuple[str, ...]:
    """The fields that ``load_elf_binary`` passes over, and qemu's ``elf_check_ident`` does not."""
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


def _first_bytes(view: View) -> bytes:
    """Up to 1 KiB, or as much of it as is here; at least the ELF header."""
    try:
        return view.upto(0, view.room(0, FIRST))
    except OutOfReachError:
        return view.upto(0, view.room(0, 64))


def _take(view: View, start: bytes, offset: int, length: int, what: str) -> bytes:
    """Bytes that may be among the first ones already read."""
    if offset + length <= len(start):
        return start[offset : offset + length]
    return view.exact(offset, length, what)


def _segments(
    view: View,
    start: bytes,
    header: Header,
    layout: Layout,
    phentsize: int,
    shentsize: int,
    defects: list[str],
    problems: list[str],
) -> Fact[tuple[RawSegment, ...]]:
    runs = header.type in ("EXEC", "DYN")
    count = header.phnum
    size = layout.segment.size
    try:
        if count == PN_XNUM and header.shoff and shentsize == layout.section.size and not runs:
            count = layout.section.unpack(
                view.exact(header.shoff, layout.section.size, "the section header table")
            )[7]
        if count == 0:
            if runs:
                defects.append("it has no program headers: there is nothing to load")
            return NotApplicable("no program headers")
        if phentsize != size:
            defects.append(f"e_phentsize is {phentsize}, not {size}")
            return NotApplicable("the program headers are damaged")
        if runs and count * size > KERNEL_SEGMENT_BYTES:
            defects.append(
                f"{count} program headers: Linux takes {KERNEL_SEGMENT_BYTES // size} at most"
            )
        shown = min(count, KERNEL_SEGMENT_BYTES // size if runs else MAX_SEGMENTS)
        if count > shown:
            problems.append(f"{count} program headers: the first {shown} are shown")
        data = _take(view, start, header.phoff, shown * size, "the program header table")
    except OutOfReachError as error:
        return unknown(error)
    except DamagedError as error:
        defects.append(str(error))
        return NotApplicable("the program headers are damaged")
    found = []
    for row in layout.segment.iter_unpack(data):
        if layout.bits == 64:
            kind, flags, offset, vaddr, _, filesz, memsz, align = row
        else:
            kind, offset, vaddr, _, filesz, memsz, flags, align = row
        found.append(RawSegment(kind, flags, offset, vaddr, filesz, memsz, align))
    if runs:
        if not any(segment.type == shape.PT_LOAD for segment in found):
            defects.append("it has no PT_LOAD: there is nothing to load")
        _check_whole(view, found, defects)
    return tuple(found)


def _check_whole(view: View, segments: list[RawSegment], defects: list[str]) -> None:
    size = view.size
    end = file_end(tuple(segments))
    if not isinstance(size, Unknown) and end > size:
        defects.append(f"the file is cut: its segments reach to byte {end}, it has {size}")


def file_end(segments: tuple[RawSegment, ...]) -> int:
    """The byte up to which a loader maps the file."""
    return max(
        (s.offset + s.filesz for s in segments if s.type == shape.PT_LOAD and s.filesz), default=0
    )


def _interpreter(
    view: View, start: bytes, raw: Fact[tuple[RawSegment, ...]], defects: list[str]
) -> Fact[str]:
    if isinstance(raw, (Unknown, NotApplicable)):
        return raw
    segment = next((s for s in raw if s.type == shape.PT_INTERP), None)
    if segment is None:
        return NotApplicable("no PT_INTERP: it needs no interpreter")
    if not 2 <= segment.filesz <= PATH_MAX:
        defects.append(f"PT_INTERP has {segment.filesz} bytes, Linux takes 2 to {PATH_MAX}")
        return NotApplicable("PT_INTERP is damaged")
    try:
        data = _take(view, start, segment.offset, segment.filesz, "PT_INTERP")
    except OutOfReachError as error:
        return unknown(error)
    except DamagedError as error:
        defects.append(str(error))
        return NotApplicable("PT_INTERP is damaged")
    if data[-1]:
        defects.append("PT_INTERP does not end with a NUL")
        return NotApplicable("PT_INTERP is damaged")
    return text(data.split(b"\0", 1)[0])


def _brand(
    view: View, start: bytes, raw: Fact[tuple[RawSegment, ...]], layout: Layout
) -> Fact[str]:
    """The system that a note in PT_NOTE names. Read through the segments' offsets, however much of the file is here."""
    if isinstance(raw, (Unknown, NotApplicable)):
        return raw
    found: frozenset[str] = frozenset()
    missing: Unknown | None = None
    notes = [segment for segment in raw if segment.type == shape.PT_NOTE and segment.filesz >= 12]
    for segment in notes[:MAX_NOTE_SEGMENTS]:
        try:
            data = _take(view, start, segment.offset, min(segment.filesz, BRAND_BYTES), "PT_NOTE")
        except OutOfReachError as error:
            missing = missing or unknown(error)
            continue
        except DamagedError:
            continue  # a note that is not there brands nothing; that the file is cut is said elsewhere
        found |= brands(data, layout, 8 if segment.align == 8 else 4)
    if missing is not None:
        return missing
    if (
        len(found) > 1
    ):  # Cosmopolitan's programs bear several brands and run on all of them, Linux too
        return NotApplicable(f"its notes name several systems: {', '.join(sorted(found))}")
    return next(iter(found), None) or NotApplicable("no note names another system")


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
