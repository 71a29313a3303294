"""What a file is, as facts without an opinion, which is ``compat``'s.

Sources: System V gABI chapters 4 and 5, the Linux ``elf.h``, the psABIs of x86-64 and AArch64, Go's
``debug/buildinfo``.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from explorer.facts import MISSING, Fact, NotApplicable

DF_BIND_NOW = 8
"""In DT_FLAGS (gABI)."""
DF_1_NOW = 1
"""In DT_FLAGS_1."""


OTHER_MAGIC = NotApplicable("an ELF file but for its first four bytes")
"""``Binary.elf`` of a file that musl's loader takes as a library: it does not look at them."""


class FileFormat(StrEnum):
    """What the first bytes say a file is."""

    ELF = "elf"
    PE = "pe"
    MACHO = "macho"
    SCRIPT = "script"
    EMPTY = "empty"
    DATA = "data"
    UNSEEN = "unseen"
    """No byte of it was reached: a peek ended before the member began."""


class Scope(StrEnum):
    """How much to read. Each includes the ones before it."""

    HEAD = "head"
    """ELF header, program headers, PT_INTERP, the system's note, packer: decides most verdicts."""
    LINKAGE = "linkage"
    """And what a loader reads: dynamic section, relocations, symbols and their versions."""
    FULL = "full"
    """And the rest: section headers, notes, Go build info, embedded marks."""


class Linkage(StrEnum):
    """How a program meets its libraries."""

    STATIC = "static"
    """ET_EXEC without PT_INTERP and DT_NEEDED."""
    STATIC_PIE = "static-pie"
    """ET_DYN with DF_1_PIE or DT_DEBUG, without PT_INTERP and DT_NEEDED: relocates itself."""
    DYNAMIC = "dynamic"
    """Has PT_INTERP."""
    SHARED_LIBRARY = "shared-library"
    OBJECT = "object"
    CORE = "core"
    PACKED = "packed"
    """The real program is compressed inside (UPX): ``Elf.packed`` has its linkage."""
    BROKEN = "broken"
    """Nothing can start it; ``Elf.problems`` says why."""


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
    """As Go names it: ``amd64``, ``arm64``, ``386`` …; ``machine-N`` for an unknown machine."""
    os_abi: int
    entry: int
    flags: int
    phoff: int
    phnum: int
    shoff: int
    shnum: int
    unread: tuple[str, ...] = ()
    """Fields that Linux ignores and qemu-user refuses: ``e_ehsize is 0, not 64``."""
    unusual: tuple[str, ...] = ()
    """Fields that Linux ignores and glibc's loader refuses in a library: ``EI_OSABI is 9``."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header. Offsets, addresses and sizes in bytes."""

    type: str
    """``LOAD``, ``INTERP``, ``DYNAMIC``, ``GNU_STACK`` … without PT_; ``0x…`` if unknown."""
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
    """``NEEDED``, ``FLAGS_1`` … without DT_; ``0x…`` if unknown."""
    value: int
    text: str
    """The string or the flags that it stands for; empty if it is just a number."""


@dataclass(frozen=True, slots=True)
class Dynamic:
    """The dynamic section, read through PT_DYNAMIC (section headers may be stripped)."""

    needed: tuple[str, ...]
    soname: Fact[str]
    rpath: tuple[str, ...]
    """DT_RPATH split at colons; glibc ignores it if there is a ``runpath``."""
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
    """DF_1_NODEFLIB: glibc's loader does not search the system's folders."""
    entries: tuple[DynamicEntry, ...]

    @property
    def binds_now(self) -> bool:
        """The loader looks for every function before it starts the program (``-z now``)."""
        flags = {entry.tag: entry.value for entry in self.entries}
        return (
            "BIND_NOW" in flags
            or bool(flags.get("FLAGS", 0) & DF_BIND_NOW)
            or bool(flags.get("FLAGS_1", 0) & DF_1_NOW)
        )


@dataclass(frozen=True, slots=True)
class VersionNeed:
    """What a DT_VERNEED record needs of one library."""

    library: str
    versions: tuple[str, ...]
    """``GLIBC_2.34``, ``GLIBCXX_3.4.21`` …"""
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
class BoundSymbols:
    """The symbols that a file wants of one library, by their versions (DT_VERSYM)."""

    library: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Linking:
    """What the loader has to resolve. Names are untrusted."""

    undefined: frozenset[str]
    """Symbols that a relocation uses, undefined and not weak, and those of COPY relocations: the
    loader fails if no library has them."""
    weak_undefined: frozenset[str]
    """Symbols that a relocation uses, undefined and weak: they may be missing."""
    copied: frozenset[str]
    """Symbols of COPY relocations: another object has to define them, even if this file does."""
    unresolvable: frozenset[str]
    """Symbols that a relocation uses and this file defines, but not as ``resolvable`` ones."""
    exports: frozenset[str]
    """Dynamic symbols that this file defines with global or weak binding."""
    resolvable: frozenset[str]
    """What musl's loader takes as a definition: no IFUNC, hidden version, or value 0 (but TLS)."""
    versions: tuple[VersionNeed, ...]
    defined_versions: tuple[str, ...]
    relocations: tuple[RelocationType, ...]
    unversioned: frozenset[str] = frozenset()
    """Those of ``undefined`` that ask for no version."""
    bound: tuple[BoundSymbols, ...] = ()
    """Those of ``undefined`` that ask for a version, but for libc's and GCC's libraries' own."""
    glibc_only: frozenset[str] = frozenset()
    """Definitions that glibc's loader takes and musl's does not: IFUNCs and hidden versions
    (foo@V1)."""
    musl_only: frozenset[str] = frozenset()
    """Members of ``resolvable`` that glibc's loader ignores: of hidden or internal visibility."""


@dataclass(frozen=True, slots=True)
class Note:
    """One ELF note."""

    owner: str
    type: int
    name: str
    """The type's name (``NT_GNU_BUILD_ID``), or its number as text."""
    text: str
    """The description, decoded if its format is known; else the first 64 bytes in hex."""


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

    @property
    def names_modules(self) -> bool:
        """Whether more than Go's version is recorded. Not so without modules (GOPATH), and where
        another tool than ``go build`` called the compiler, such as Bazel."""
        return bool(self.path or self.dependencies) or not isinstance(self.main, MISSING)

    def setting(self, key: str) -> str | None:
        """The value of a setting; None if it was not recorded."""
        return dict(self.settings).get(key)


@dataclass(frozen=True, slots=True)
class PackedProgram:
    """The program inside a packed one: it is unpacked into memory when it is started."""

    packer: str
    """``UPX``."""
    method: str
    """``LZMA``, ``NRV2E`` …; empty if it could not be read."""
    size: Fact[int]
    """Bytes, unpacked."""
    linkage: Fact[Linkage]
    """STATIC, STATIC_PIE or DYNAMIC."""
    interpreter: Fact[str]
    """The path of the loader that it needs; NotApplicable for a static program."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What follows the end of a program: a launcher's payload, or data."""

    kind: str
    """The launcher: ``AppImage``, ``caxa``, ``scie``, ``PyInstaller``, ``Nuitka``, ``Bun``,
    ``Deno``, ``nexe``; empty if none is recognised."""
    format: str
    """Its format: ``gzip``, ``zip``, ``squashfs`` …; empty if it is not recognised."""
    offset: int
    size: int
    """Bytes."""
    program: "Fact[Binary]"
    """The program that the launcher starts; NotApplicable if the payload holds none."""


@dataclass(frozen=True, slots=True)
class Elf:
    """An ELF file's facts."""

    header: Header
    linkage: Fact[Linkage]
    """Unknown if what decides was not read (Scope.HEAD) or cannot be reached, or if the size of the
    file is not known (it may be cut)."""
    problems: tuple[str, ...]
    """Why ``linkage`` is BROKEN, and other defects, one sentence each."""
    payload: Fact[Payload]
    """What is appended to the program; NotApplicable("nothing behind the program")."""
    packed: Fact[PackedProgram]
    """The program inside; NotApplicable("no packer's structure")."""
    interpreter: Fact[str]
    """PT_INTERP's path; NotApplicable if there is none."""
    os_note: Fact[str]
    """The other system that a note in PT_NOTE names: ``FreeBSD``, ``NetBSD``, ``OpenBSD``,
    ``DragonFly``; NotApplicable if none does, as in every Linux program, or if several do, as in
    Cosmopolitan's, which run everywhere. Read from the head: the notes lie in the first page."""
    segments: Fact[tuple[Segment, ...]]
    dynamic: Fact[Dynamic]
    linking: Fact[Linking]
    sections: Fact[tuple[Section, ...]]
    notes: Fact[tuple[Note, ...]]
    build_id: Fact[str]
    """GNU build id in hex."""
    go: Fact[GoBuild]
    """NotApplicable("no Go build info …") if the whole file has none."""
    is_go: Fact[bool]
    """Also True if the build info was stripped but other marks of Go remain."""
    stripped: Fact[bool]
    """No .symtab."""
    tzdata: Fact[bool]
    """For Go: the time-zone database is embedded (``time/tzdata.loadFromEmbedded``)."""
    isa: Fact[str]
    """The level in GNU_PROPERTY_X86_ISA_1_NEEDED: ``x86-64-v2`` …; NotApplicable without a note."""
    features: Fact[frozenset[str]]
    """What of IBT, SHSTK (x86), BTI, PAC and GCS (arm64) the GNU property note says that all of the
    code supports; empty without such a note."""
    symbol_count: Fact[int]
    """Entries in .symtab, else in .dynsym."""

    @property
    def packer(self) -> Fact[str]:
        """``UPX``; NotApplicable if the file is not packed."""
        return self.packed.packer if isinstance(self.packed, PackedProgram) else self.packed


@dataclass(frozen=True, slots=True)
class MachoSlice:
    """One architecture of a universal Mach-O file."""

    arch: str
    """As Go names it."""
    offset: int
    size: int
    """Bytes."""
    go: Fact[GoBuild]


NEITHER_PE_NOR_MACHO: Final = NotApplicable("neither PE nor Mach-O")


@dataclass(frozen=True, slots=True)
class Binary:
    """A file's facts, ELF or not."""

    name: str
    """Untrusted."""
    size: Fact[int]
    """Bytes."""
    format: FileFormat
    """DATA, with ``arch`` and ``elf`` Unknown, if fewer than 8 bytes can be reached."""
    scope: Scope
    detail: str
    """One line: ``ELF 64-bit arm64, static``, ``PE32+ amd64``, ``script: #!/bin/sh``. Untrusted."""
    arch: Fact[str]
    """As Go names it, for PE and Mach-O too; NotApplicable for scripts and data."""
    elf: Fact[Elf]
    """NotApplicable for a file that is not ELF."""
    foreign_go: Fact[GoBuild] = NEITHER_PE_NOR_MACHO
    """Go's build info of a PE or Mach-O file for one architecture."""
    slices: tuple[MachoSlice, ...] = ()
    """The architectures of a universal Mach-O file; empty for any other file."""
    chosen: int = 0
    """Index of the slice that ``go`` is about."""

    @property
    def slice(self) -> MachoSlice | None:
        """The architecture that ``go`` is about; None unless the file is universal."""
        return self.slices[self.chosen] if self.chosen < len(self.slices) else None

    def for_arch(self, arch: str) -> "Binary":
        """The same file with ``go`` about this architecture; unchanged if it has no such slice."""
        places = [place for place, each in enumerate(self.slices) if each.arch == arch]
        return replace(self, chosen=places[0]) if places else self

    @property
    def go(self) -> Fact[GoBuild]:
        """Go's build info, whatever the format."""
        if self.slice is not None:
            return self.slice.go
        if self.format in (FileFormat.PE, FileFormat.MACHO):
            return self.foreign_go
        return self.elf if isinstance(self.elf, MISSING) else self.elf.go


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
