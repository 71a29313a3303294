"""What a file is, as facts. No opinion: that is ``compat``'s.

Sources: System V gABI chapters 4 and 5, the Linux ``elf.h``, the psABIs of x86-64 and AArch64, Go's ``debug/buildinfo``.
"""

from dataclasses import dataclass
from enum import StrEnum

from explorer.facts import Fact


class FileFormat(StrEnum):
    """What the first bytes say a file is."""

    ELF = "elf"
    PE = "pe"
    MACHO = "macho"
    SCRIPT = "script"
    EMPTY = "empty"
    DATA = "data"
    UNSEEN = "unseen"
    """Not one byte of it has been reached (a peek that ended before the member began)."""


class Scope(StrEnum):
    """How much to read. A later one reads all that an earlier one does."""

    HEAD = "head"
    """ELF header, program headers, PT_INTERP, the system's note, packer mark: decides most verdicts, in the first 4 KiB of most files."""
    LINKAGE = "linkage"
    """And what a loader looks at: dynamic section, relocation types, undefined and exported symbols, symbol versions."""
    FULL = "full"
    """And the rest: section headers, notes, Go build info, embedded marks."""


class Linkage(StrEnum):
    """How a program meets its libraries."""

    STATIC = "static"
    """ET_EXEC without PT_INTERP and DT_NEEDED."""
    STATIC_PIE = "static-pie"
    """ET_DYN with DF_1_PIE (or an entry and no DT_SONAME), no PT_INTERP, no DT_NEEDED: relocates itself."""
    DYNAMIC = "dynamic"
    """Has PT_INTERP."""
    SHARED_LIBRARY = "shared-library"
    OBJECT = "object"
    CORE = "core"
    PACKED = "packed"
    """The real program is compressed inside (UPX): its linkage cannot be seen."""
    BROKEN = "broken"
    """No loader would take it; ``Elf.problems`` says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """The ELF header."""

    bits: int
    """32 or 64."""
    little_endian: bool
    type: str
    """``EXEC``, ``DYN``, ``REL``, ``CORE``, or the number as text."""
    machine: int
    """e_machine."""
    arch: str
    """As Go names it: ``amd64``, ``arm64``, ``386``, ``arm`` …; ``machine-N`` for an unknown one."""
    os_abi: int
    entry: int
    flags: int
    phoff: int
    phnum: int
    shoff: int
    shnum: int
    unread: tuple[str, ...] = ()
    """Fields with odd values that Linux does not read, and qemu-user refuses: ``e_ehsize`` …"""


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header. Offsets, addresses and sizes in bytes."""

    type: str
    """``LOAD``, ``INTERP``, ``DYNAMIC``, ``GNU_STACK`` … without PT_; ``0x…`` where unknown."""
    flags: str
    """Three letters such as ``R-X``."""
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int


@dataclass(frozen=True, slots=True)
class Section:
    """A section header. Offsets, addresses and sizes in bytes."""

    index: int
    name: str
    type: str
    flags: str
    address: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class DynamicEntry:
    """One entry of the dynamic section."""

    tag: str
    """``NEEDED``, ``FLAGS_1`` … without DT_; ``0x…`` where unknown."""
    value: int
    text: str
    """The string or the flags it stands for; empty where it is just a number."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """The dynamic section, read through PT_DYNAMIC (section headers may be stripped)."""

    needed: tuple[str, ...]
    soname: Fact[str]
    rpath: tuple[str, ...]
    """DT_RPATH split at colons; ignored by glibc where runpath is present, not by musl."""
    runpath: tuple[str, ...]
    pie: bool
    """DF_1_PIE."""
    textrel: bool
    """DT_TEXTREL or DF_TEXTREL."""
    relr: bool
    """DT_RELR is present: needs musl 1.2.4 or glibc 2.36."""
    android: bool
    """Relocations packed as only Android's loader reads them: DT_ANDROID_REL, _RELA or _RELR."""
    nodeflib: bool
    """DF_1_NODEFLIB: glibc's loader searches no system folder for the libraries it needs."""
    entries: tuple[DynamicEntry, ...]


@dataclass(frozen=True, slots=True)
class VersionNeed:
    """What a DT_VERNEED record asks of one library."""

    library: str
    versions: tuple[str, ...]
    """``GLIBC_2.34``, ``GLIBCXX_3.4.21`` … as they stand."""
    weak: frozenset[str] = frozenset()
    """Those of ``versions`` without which glibc's loader goes on (VER_FLG_WEAK)."""


@dataclass(frozen=True, slots=True)
class RelocationType:
    """How often one relocation type occurs."""

    number: int
    name: str
    """``R_X86_64_IRELATIVE`` …, or the number as text."""
    count: int


@dataclass(frozen=True, slots=True)
class Linking:
    """What the loader has to resolve. Names are untrusted."""

    undefined: frozenset[str]
    """Symbols that a relocation uses, undefined and not weak; and those of COPY relocations, defined here or not: the loader
    looks for them in the libraries and fails where none has them."""
    weak_undefined: frozenset[str]
    """Symbols that a relocation uses, undefined and weak: they may be missing."""
    copied: frozenset[str]
    """Symbols of COPY relocations: another object has to define them, whatever this file has."""
    unresolvable: frozenset[str]
    """Symbols that a relocation uses and that this file defines, but not in a ``resolvable`` way."""
    exports: frozenset[str]
    """Dynamic symbols this file defines with global or weak binding."""
    resolvable: frozenset[str]
    """What musl's loader takes as a definition: no IFUNC, no hidden version, no value 0 but for TLS."""
    versions: tuple[VersionNeed, ...]
    defined_versions: tuple[str, ...]
    relocations: tuple[RelocationType, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """One ELF note."""

    owner: str
    type: int
    name: str
    """What the type means (``NT_GNU_BUILD_ID``), or its number as text."""
    text: str
    """The description, decoded where its format is known, else hex (the first 64 bytes)."""


@dataclass(frozen=True, slots=True)
class GoModule:
    """A module in Go's build info; ``replace`` is what it was replaced with."""

    path: str
    version: str
    sum: str
    replace: "GoModule | None" = None


@dataclass(frozen=True, slots=True)
class GoBuild:
    """Go's build info (``debug/buildinfo``)."""

    version: str
    """``go1.26.4``."""
    path: str
    """Main package path."""
    main: Fact[GoModule]
    dependencies: tuple[GoModule, ...]
    settings: tuple[tuple[str, str], ...]
    """``CGO_ENABLED``, ``GOARCH``, ``-tags``, ``vcs.revision`` … in the file's order."""

    def setting(self, key: str) -> str | None:
        """The value of a setting, None where it was not recorded."""
        return dict(self.settings).get(key)


@dataclass(frozen=True, slots=True)
class PackedProgram:
    """The program inside a packed one: it is unpacked into memory when it is started."""

    packer: str
    """``UPX``."""
    method: str
    """``LZMA``, ``NRV2E`` …; empty where it could not be read."""
    size: Fact[int]
    """Bytes, unpacked."""
    linkage: Fact[Linkage]
    """STATIC, STATIC_PIE or DYNAMIC."""
    interpreter: Fact[str]
    """The path of the loader that it needs; NotApplicable for a static program."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What stands behind the end of a program: a launcher's payload, or data."""

    kind: str
    """The launcher: ``AppImage``, ``caxa``, ``scie``, ``PyInstaller``, ``Nuitka``, ``Bun``, ``Deno``, ``nexe``; empty where
    none is recognised."""
    format: str
    """How it begins: ``gzip``, ``zip``, ``squashfs`` …; empty where that says nothing."""
    offset: int
    size: int
    """Bytes."""
    program: "Fact[Binary]"
    """The program that the launcher starts; NotApplicable where the payload holds none."""


@dataclass(frozen=True, slots=True)
class Elf:
    """An ELF file's facts."""

    header: Header
    linkage: Fact[Linkage]
    """Unknown where the dynamic section decides and is not read (Scope.HEAD) or not here, where the head is not all here, and where
    nobody says the file's size (it might be cut)."""
    problems: tuple[str, ...]
    """Why ``linkage`` is BROKEN, or other defects seen (truncated segments, tables that lie), one sentence each."""
    payload: Fact[Payload]
    """What is appended to the program; NotApplicable("nothing behind the program")."""
    packed: Fact[PackedProgram]
    """The program inside; NotApplicable("no packer's structure")."""
    interpreter: Fact[str]
    """PT_INTERP's path; NotApplicable for a file without one."""
    os_note: Fact[str]
    """The other system that a note in PT_NOTE says the program is for: ``FreeBSD``, ``NetBSD``, ``OpenBSD``, ``DragonFly``;
    NotApplicable where none does, as in every Linux program, and where several do, as in Cosmopolitan's, which run everywhere.
    Known from the head: the notes lie in the first page."""
    segments: Fact[tuple[Segment, ...]]
    dynamic: Fact[Dynamic]
    linking: Fact[Linking]
    sections: Fact[tuple[Section, ...]]
    notes: Fact[tuple[Note, ...]]
    build_id: Fact[str]
    """GNU build id in hex."""
    go: Fact[GoBuild]
    """NotApplicable("no Go build info …") where the file was read whole and has none."""
    is_go: Fact[bool]
    """Also True for a Go program whose build info was stripped but whose Go marks remain (.note.go.buildid, runtime)."""
    stripped: Fact[bool]
    """No .symtab."""
    tzdata: Fact[bool]
    """For Go: the time-zone database is embedded (``time/tzdata.loadFromEmbedded``)."""
    isa: Fact[str]
    """The x86-64 level in GNU_PROPERTY_X86_ISA_1_NEEDED: ``x86-64-v2`` …; NotApplicable where there is no such note."""
    symbol_count: Fact[int]
    """Entries in .symtab, else in .dynsym."""

    @property
    def packer(self) -> Fact[str]:
        """``UPX``; NotApplicable where the file is not packed."""
        return self.packed.packer if isinstance(self.packed, PackedProgram) else self.packed


@dataclass(frozen=True, slots=True)
class Binary:
    """A file's facts, ELF or not."""

    name: str
    """Untrusted."""
    size: Fact[int]
    """Bytes."""
    format: FileFormat
    """DATA, with ``arch`` and ``elf`` Unknown, where fewer than 8 bytes of a longer file are here."""
    scope: Scope
    detail: str
    """One line that names it: ``ELF 64-bit arm64, static``, ``PE32+ amd64``, ``script: #!/bin/sh``. May quote the file: untrusted."""
    arch: Fact[str]
    """In Go's words, for PE and Mach-O too; NotApplicable for scripts and data."""
    elf: Fact[Elf]
    """NotApplicable for everything that is no ELF."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """One row of a symbol table, decoded when it is shown."""

    index: int
    name: str
    value: int
    size: int
    type: str
    bind: str
    section: str
    version: str
