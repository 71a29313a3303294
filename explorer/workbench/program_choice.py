"""Which member of an archive is the program.

Members are judged by what they are (a program, not a library or an object file), by the platform
that the file's name claims, by their name, by their folder and by their size, in this order. Where
that does not decide, the program is not known: nothing is guessed.

One rule serves peeks and whole files. A peek sees only the first members, so it may choose early
only what no later member can replace: see ``ProgramChooser.decided``.
"""

from __future__ import annotations

import posixpath
import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import lru_cache

from explorer.archive import Format, Member, MemberKind, detect
from explorer.bytesource import BytesSource, OutOfReachError
from explorer.facts import MISSING, known_or
from explorer.releases import Platform, parse_asset_name

HEAD_BYTES = 512
"""Bytes of a member that are looked at: an ELF header, a first line, a tar header."""
_SHORT = 4
"""Letters of an abbreviation at most."""
_COMMANDS = {
    "bottom": "btm",
    "difftastic": "difft",
    "helix": "hx",
    "neovim": "nvim",
    "nushell": "nu",
    "ripgrep": "rg",
    "ripgrep_all": "rga",
    "tealdeer": "tldr",
    "the_silver_searcher": "ag",
}
"""Programs that do not have their project's name. Only these decide a peek: of other short names
a later member may be the program, as ``containerd`` is behind ``ctr``.
"""
_LARGER = 4
"""The largest of several equal candidates is the program if it is this many times larger."""

_MACHO_MAGICS = (
    b"\xcf\xfa\xed\xfe",
    b"\xce\xfa\xed\xfe",
    b"\xfe\xed\xfa\xcf",
    b"\xfe\xed\xfa\xce",
)
_MACHO_FAT = b"\xca\xfe\xba\xbe"
_MOST_FAT = 42
"""A Java class has the same magic; its version, from 45 up, is where a Mach-O counts its parts."""
_APE = (b"MZqFpD", b"jartsr")
"""Actually Portable Executables: DOS and shell header in one; they run on every system."""
_LIBRARY = re.compile(
    r"\.(?:so|dylib|dll|node|pyd|a|o|ko|lib|obj|class|jar|wasm)(?:\.[0-9][0-9.]*)?$", re.IGNORECASE
)
_NO_PROGRAM = re.compile(
    r"\.(?:md|markdown|txt|rst|adoc|html?|css|json|ya?ml|toml|xml|ini|conf|cfg|env|csv|sql|tmpl"
    r"|png|jpe?g|gif|svg|ico|pdf|woff2?|ttf|asc|sig|pem|crt|pub|sha256|sha512|log|map|mo|po"
    r"|desktop|service|socket|timer|plist|h|hpp|c|cc|cpp|go|rs|java|kt|ts|tsx|jsx|php|bat|cmd|ps1"
    r"|fish|zsh)$|(?<=[a-z])\.[1-9]$",
    re.IGNORECASE,
)
_ENDINGS = re.compile(
    r"\.(?:exe|com|bin|run|elf|sh|bash|py|pl|rb|js|appimage|tar|tgz|txz|tbz2?|tzst|gz|xz|bz2|zst"
    r"|lz|lz4|lzma|zip|deb|rpm|apk|7z|cpio|jar|whl)$",
    re.IGNORECASE,
)
_VERSION = re.compile(r"v?[0-9]+(?:(?:rc|alpha|beta|pre|a|b|p)[0-9]*)?$")
_GENERIC = frozenset(("bin", "sbin", "usr", "local", "opt", "."))


class ProgramKind(IntEnum):
    """What a member is, by its first bytes and its name; the larger one is preferred."""

    OTHER = 0
    LIBRARY = 1
    """Also an object file, a core dump, a Java class."""
    ARCHIVE = 2
    """Compressed or an archive itself: the program may be in it. Manual pages are, further down."""
    SCRIPT = 3
    PROGRAM = 4


@dataclass(frozen=True, slots=True)
class ExpectedProgram:
    """What is known of a program before its archive is read."""

    member: str = ""
    """The member that the user named; empty: none."""
    required: tuple[str, ...] = ()
    """Base names of which the program must have one, as the project's profile says; empty: any."""
    names: frozenset[str] = frozenset()
    """The project's and the file's own names in lower case, without version and platform."""
    os: str = "linux"
    arch: str = ""
    """In Go's words; empty: the name does not say."""
    libc: str = ""


def expected_program(
    file_names: Sequence[str], platform: Platform, *, member: str = "",
    required: tuple[str, ...] = (), project: str = "",
) -> ExpectedProgram:  # fmt: skip
    """What to look for in a file for this platform.

    ``file_names``: its own, or its path if it is an archive in an archive.
    """
    names = {project.lower()}
    for file_name in file_names:
        names |= {core_name(file_name), _without_endings(posixpath.basename(file_name)).lower()}
    names |= {_COMMANDS.get(name, "") for name in names}
    os, arch, libc = (
        "" if isinstance(fact, MISSING) else fact
        for fact in (platform.os, platform.arch, platform.libc)
    )
    return ExpectedProgram(member, required, frozenset(names - {""}), os or "linux", arch, libc)


def same_member(name: str, wanted: str) -> bool:
    """Whether ``wanted`` names this member: by its whole path, or by its last part.

    ``./rr`` is the one at the top and no other.
    """
    if posixpath.normpath(name) == posixpath.normpath(wanted):
        return True
    return "/" not in wanted and posixpath.basename(name) == wanted


def rest_behind(name: str, wanted: str) -> str | None:
    """What is wanted of this member: nothing more, or a member in it (``MEMBER#MEMBER``).

    None if ``wanted`` names another member.
    """
    if same_member(name, wanted):
        return ""
    for mark in re.finditer("#", wanted):
        if same_member(name, wanted[: mark.start()]):
            return wanted[mark.end() :]
    return None


@lru_cache(maxsize=4096)
def core_name(name: str) -> str:
    """The name without its endings, version and platform: ``gh_2.67.0_linux_amd64`` is ``gh``."""
    stem = _without_endings(posixpath.basename(name)).lower()
    for part in re.finditer(r"[^-_.+ ]+", stem):
        if part.start() and (_VERSION.match(part[0]) or _is_platform(part[0])):
            return stem[: part.start() - 1].rstrip("-_.+ ")
    return stem


@lru_cache(maxsize=4096)
def is_short_for(short: str, name: str) -> bool:
    """Whether ``short`` abbreviates a name without version and platform.

    As ``rg`` does ripgrep, ``hx`` helix and ``nvim`` neovim: two to four letters that occur in the
    name in this order, the first one at its beginning.
    """
    if not 2 <= len(short) <= _SHORT or len(name) <= len(short) or short[0] != name[0]:
        return False
    letters = iter(name)
    return short.isalpha() and core_name(name) == name and all(c in letters for c in short)


def _without_endings(name: str) -> str:
    for _ in range(3):
        name = _ENDINGS.sub("", name)
    return name


@lru_cache(maxsize=4096)
def _is_platform(word: str) -> bool:
    claims = parse_asset_name(f"x-{word}", "").platform
    facts = claims.os, claims.arch, claims.libc
    return bool(claims.may_be) or any(not isinstance(fact, MISSING) for fact in facts)


@dataclass(frozen=True, slots=True)
class ProgramCandidate:
    """A member that may be the program."""

    member: Member
    kind: ProgramKind
    os: str
    """``linux`` for ELF, ``windows``, ``darwin``; empty: any."""
    arch: str
    """In Go's words; empty: any, or not known."""

    @property
    def path(self) -> str:
        return posixpath.normpath(self.member.name)


def classify(member: Member, head: bytes) -> ProgramCandidate:
    """What a member is, by its name and its first ``HEAD_BYTES``."""
    kind, os, arch = _identify(head)
    if kind is ProgramKind.PROGRAM and _LIBRARY.search(member.name):
        kind = ProgramKind.LIBRARY
    if kind is ProgramKind.OTHER and _is_packed(head):
        kind = ProgramKind.ARCHIVE
        claims = parse_asset_name(posixpath.basename(member.name), "").platform
        os, arch = known_or(claims.os, ""), known_or(claims.arch, "")
    return ProgramCandidate(member, kind, os, arch)


def _identify(head: bytes) -> tuple[ProgramKind, str, str]:
    if head.startswith(b"\x7fELF") and len(head) >= 20:
        from explorer.elf import arch_name, is_numbered

        order = ">" if head[5] == 2 else "<"
        kind, machine = struct.unpack_from(f"{order}2H", head, 16)
        arch = arch_name(machine, 64 if head[4] == 2 else 32, order == "<")
        arch = "" if is_numbered(arch) else arch
        is_program = kind in (2, 3)
        return (ProgramKind.PROGRAM if is_program else ProgramKind.LIBRARY), "linux", arch
    if head.startswith(_APE):
        return ProgramKind.PROGRAM, "", ""
    if head.startswith(b"MZ"):
        return ProgramKind.PROGRAM, "windows", ""
    if head.startswith(_MACHO_MAGICS):
        order = "<" if head[0] in (0xCE, 0xCF) else ">"
        is_program = len(head) >= 16 and struct.unpack_from(f"{order}L", head, 12)[0] == 2
        return (ProgramKind.PROGRAM if is_program else ProgramKind.LIBRARY), "darwin", ""
    if head.startswith(_MACHO_FAT):
        is_program = int.from_bytes(head[4:8], "big") <= _MOST_FAT
        return (ProgramKind.PROGRAM if is_program else ProgramKind.LIBRARY), "darwin", ""
    if head.startswith(b"#!"):
        return ProgramKind.SCRIPT, "", ""
    return ProgramKind.OTHER, "", ""


def may_run(head: bytes) -> bool:
    """Whether these first bytes are a program's for some system, or a library's."""
    return _identify(head)[0] is not ProgramKind.OTHER


def _is_packed(head: bytes) -> bool:
    try:
        return detect(BytesSource(head), "") is not Format.RAW
    except OutOfReachError:
        return False


Rank = tuple[int, int, int, int]
"""Kind, platform, name, folder."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen among the members that were seen."""

    chosen: ProgramCandidate | None
    """None: no member is the program, or several may be."""
    rivals: tuple[ProgramCandidate, ...] = ()
    """Those among which nothing decides; empty if one was chosen."""
    others: tuple[str, ...] = ()
    """The names of other programs in the archive."""


@dataclass(slots=True)
class ProgramChooser:
    """Sees members in the archive's order and chooses the program among them."""

    expected: ExpectedProgram
    is_android: bool = False
    """Whether the archive is an Android app: it has an AndroidManifest.xml."""
    has_programs: bool = False
    """Whether a member was seen that may be the program."""
    _candidates: dict[str, ProgramCandidate] = field(default_factory=dict)
    _decided: ProgramCandidate | None = None

    def wants(self, member: Member) -> bool:
        """Whether the member's first bytes are needed; call it for every member."""
        if member.name == "AndroidManifest.xml":
            self.is_android = True
        return member.refused is None and self.may_be_program(member)

    def may_be_program(self, member: Member) -> bool:
        """Whether the member's kind and name allow it to be the program, refused or not."""
        if member.kind is not MemberKind.FILE:
            return False
        if member.part == "control":
            return bool(self.expected.member) and self._is_asked(member)
        if self.expected.member:
            return self._is_asked(member)
        if self.expected.required:
            return posixpath.basename(member.name) in self.expected.required
        return not _NO_PROGRAM.search(member.name)

    def _is_asked(self, member: Member) -> bool:
        return rest_behind(member.name, self.expected.member) is not None

    def add(self, member: Member, head: bytes) -> None:
        """Note a member that was wanted. A later one of the same name replaces the earlier."""
        candidate = classify(member, head)
        is_far = candidate.kind is ProgramKind.ARCHIVE and not _folder_rank(candidate.path)
        if self._is_named or not (candidate.kind is ProgramKind.OTHER or is_far):
            self._candidates[candidate.path] = candidate
            self.has_programs = self.has_programs or candidate.kind >= ProgramKind.SCRIPT
        elif self._candidates.pop(candidate.path, None) is None:
            return
        if self._decided is None:
            self._decided = candidate if self._decides(candidate) else None
        elif self._decided.path == candidate.path:
            self._decided = next(filter(self._decides, self._candidates.values()), None)

    @property
    def _is_named(self) -> bool:
        return bool(self.expected.member or self.expected.required)

    def decided(self) -> ProgramCandidate | None:
        """The program, if no later member can replace it.

        It has a name that was asked for, and is not one of several variants; or it is a program for
        the platform that the file claims, has the project's or the file's name, and is where
        programs usually are. Of two such members the first one is the program.
        """
        return self._decided

    def _decides(self, candidate: ProgramCandidate) -> bool:
        if self.expected.member or (self.expected.required and not self._is_variant(candidate)):
            return True
        usual = (ProgramKind.PROGRAM, 2, 4)
        return (
            bool(self.expected.arch)
            and self._rank(candidate)[:3] == usual
            and self._is_usual_place(candidate.path)
        )

    def may_replace(self, member: Member, chosen: ProgramCandidate, *, is_later: bool) -> bool:
        """Whether a file that cannot be read may be the program instead of the one chosen.

        Nothing but its name is known of it. ``is_later``: whether it is behind the one chosen.
        """
        if not self.may_be_program(replace(member, kind=MemberKind.FILE)):
            return False
        unread = ProgramCandidate(member, ProgramKind.PROGRAM, "", "")
        if unread.path == chosen.path:
            return is_later
        if self._decides(chosen):
            return not is_later and self._decides(unread)
        return self._rank(unread) >= self._rank(chosen)

    def choice(self) -> Choice:
        """The program among all members of the archive."""
        candidates = list(self._candidates.values())
        chosen = self.decided()
        if chosen is None:
            ranks = [self._rank(c) for c in candidates]
            top = max(ranks, default=None)
            best = [c for c, rank in zip(candidates, ranks, strict=True) if rank == top]
            chosen = best[0] if len(best) == 1 else self._largest(best)
            if chosen is None:
                return Choice(None, tuple(best))
        kinds = [ProgramKind.PROGRAM]
        if chosen.kind is ProgramKind.ARCHIVE:
            kinds.append(ProgramKind.ARCHIVE)
        others = [c.member.name for c in candidates if c.kind in kinds and c.path != chosen.path]
        return Choice(chosen, others=tuple(others))

    def _largest(self, candidates: list[ProgramCandidate]) -> ProgramCandidate | None:
        """The one that is much larger than the others; None if they have the same base name."""
        sizes = [(size, c) for c in candidates if isinstance(size := c.member.size, int)]
        names = {posixpath.basename(c.path) for c in candidates}
        if len(sizes) < 2 or len(sizes) < len(candidates) or len(names) < len(candidates):
            return None
        sizes.sort(key=lambda pair: pair[0], reverse=True)
        return sizes[0][1] if sizes[0][0] >= _LARGER * sizes[1][0] else None

    # ------------------------------------------------------------------ ranks

    def _rank(self, candidate: ProgramCandidate) -> Rank:
        name, folder = self._name_rank(candidate.path), _folder_rank(candidate.path)
        kind = candidate.kind
        if kind is ProgramKind.SCRIPT:
            # A script is the program if it is called like it; an installer beside it is not.
            kind = ProgramKind.PROGRAM if name >= 2 and folder else ProgramKind.SCRIPT
        return kind, self._platform_rank(candidate), name, folder

    def _platform_rank(self, candidate: ProgramCandidate) -> int:
        """2: fits the claim. 1: another architecture or libc. 0: another system."""
        wanted = self.expected
        own_os = "linux" if wanted.os not in ("windows", "darwin") else wanted.os
        if candidate.os and candidate.os != own_os:
            return 0
        claims = parse_asset_name(candidate.path.replace("/", "-"), "").platform
        libc = "" if isinstance(claims.libc, MISSING) else claims.libc
        if wanted.libc and libc and libc != wanted.libc:
            return 1
        return 1 if wanted.arch and candidate.arch not in ("", wanted.arch) else 2

    def _name_rank(self, path: str) -> int:
        """4: the project's or the file's name. 3: short for one of them. 2: its own folder's name.
        1: begins like one of them.
        """
        base = posixpath.basename(path).lower()
        core = core_name(base)
        if core in self.expected.names or base in (*self.expected.names, *self.expected.required):
            return 4
        if any(is_short_for(core, name) for name in self.expected.names):
            return 3
        folders = [f for f in path.lower().split("/")[:-1] if f not in _GENERIC]
        if folders and core_name(folders[-1]) == core:
            return 2
        return int(any(core.startswith((f"{n}-", f"{n}_")) for n in self.expected.names))

    def _is_variant(self, candidate: ProgramCandidate) -> bool:
        """Whether its folder names a platform: ``arm64/rr``, which ``amd64/rr`` may follow."""
        folders = candidate.path.lower().split("/")[:-1]
        return any(_is_platform(f) for f in folders if core_name(f) not in self.expected.names)

    def _is_usual_place(self, path: str) -> bool:
        """At the top, in ``bin``, or in the one folder that is called like the project or file.

        Folders that name the expected system and architecture, and no libc, do not count.
        """
        names = self.expected.names
        folders = [f for f in path.lower().split("/")[:-1] if f not in _GENERIC]
        others = [f for f in folders if not self._is_expected_platform(f)]
        if not others:
            return True
        return len(others) == 1 and (core_name(others[0]) in names or others[0] in names)

    def _is_expected_platform(self, folder: str) -> bool:
        claims = parse_asset_name(f"x-{folder}", "").platform
        named = known_or(claims.os, ""), known_or(claims.arch, "")
        expected = ("", self.expected.os), ("", self.expected.arch)
        fits = named[0] in expected[0] and named[1] in expected[1]
        is_plain = isinstance(claims.libc, MISSING) and core_name(f"x-{folder}") == "x"
        return fits and any(named) and is_plain


def _folder_rank(path: str) -> int:
    """2: in ``bin``. 1: at the top or in the only folder. 0: deeper."""
    folders = path.lower().split("/")[:-1]
    if folders and folders[-1] in ("bin", "sbin"):
        return 2
    return int(len(folders) <= 1)


def listed(names: Iterable[str], most: int = 3) -> str:
    """Some names for a sentence: ``a, b, c and 4 more``."""
    shown = list(names)
    more = f" and {len(shown) - most:,} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more
