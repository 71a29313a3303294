"""Where two builds of a program differ, byte by byte, and what lies there.

Two builds of one source differ in build ids and in values that the linker sets. Sources: Go's
``cmd/go/internal/work/buildid.go`` (a program's build id is ``link action/main action/main
content/program content``), ``cmd/link/internal/ld/data.go`` (``-X`` makes a string that ends in a
NUL, and a string header in writable data), the gABI (``NT_GNU_BUILD_ID``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from explorer.bytesource import ByteSource
from explorer.elf.linkstrings import LinkStrings
from explorer.elf.models import Binary, Elf, GoBuild, Section
from explorer.elf.notes import GNU, GNU_BUILD_ID, GO, GO_BUILD_ID, places_of_notes
from explorer.elf.sameness import DifferenceKind, Differences, DifferingRange, Sameness
from explorer.elf.stamps import only_times_differ, stamps_of
from explorer.facts import MISSING, Unknown
from explorer.progress import Cancellation

CHUNK = 1 << 20
GAP = 15
"""Equal bytes between two differing ones of the same range, at most."""
MOST_RANGES = 256
"""Ranges that are kept; two builds of one source have under ten."""
MODINFO_MARK = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6"
"""Frames Go's build info in memory (``cmd/go/internal/modload/build.go``)."""
_RUN = re.compile(rb"[^\0]+(?:\0{1,%d}[^\0]+)*" % GAP)
_PRINTABLE = re.compile(rb"[\t\x20-\x7e]*")
_AROUND = 256


def differences_of(
    first: ByteSource,
    second: ByteSource,
    binaries: tuple[Binary, Binary],
    cancel: Cancellation | None = None,
) -> Differences:
    """How two files differ, with the kind of each range. Both must be here whole.

    Args:
        binaries: what was read of both files, with ``Scope.FULL``.

    Raises:
        SourceError: a file cannot be read. CancelledError: ``cancel`` was raised.
    """
    cancel = cancel or Cancellation()
    sizes = (first.size, second.size)
    if isinstance(sizes[0], Unknown) or isinstance(sizes[1], Unknown):
        return Differences(Sameness.DIFFERENT, (), 0, 0, "the size of a file is not known")
    if sizes[0] != sizes[1]:
        words = f"the sizes differ: {sizes[0]:,} and {sizes[1]:,} bytes"
        return Differences(Sameness.DIFFERENT, (), 0, 0, words)
    runs: list[_Run] = []
    count = changed = 0
    for run in _runs(first, second, sizes[0], cancel):
        count, changed = count + 1, changed + run.changed
        if len(runs) < MOST_RANGES:
            runs.append(run)
    if not count:
        return Differences(Sameness.IDENTICAL, (), 0, 0, "every byte is the same")
    elves = tuple(binary.elf for binary in binaries)
    ranges = tuple(DifferingRange(DifferenceKind.OTHER, r.at, r.size, r.changed, "") for r in runs)
    if isinstance(elves[0], MISSING) or isinstance(elves[1], MISSING):
        why = "only ELF programs are compared place by place"
        return Differences(Sameness.DIFFERENT, ranges, count, changed, why)
    namer = _Namer(first, second, (elves[0], elves[1]), cancel)
    ranges = tuple(namer.name(run) for run in runs)
    sameness, why = _judge(ranges, count, (elves[0], elves[1]))
    return Differences(sameness, ranges, count, changed, why)


def _judge(
    ranges: Sequence[DifferingRange], count: int, elves: tuple[Elf, Elf]
) -> tuple[Sameness, str]:
    other = [one for one in ranges if one.kind is DifferenceKind.OTHER]
    if count > len(ranges):
        return Sameness.DIFFERENT, f"{count:,} ranges differ"
    if other:
        first = other[0]
        words = first.before or f"{first.changed:,} bytes differ in {first.place}"
        return Sameness.DIFFERENT, f"{words}, at {first.offset:#x}"
    values = [(r.before, r.after) for r in ranges if r.kind is DifferenceKind.LINK_STRING]
    stamps = stamps_of(_build(elves[0]), _build(elves[1])) or ()
    if all(only_times_differ(*pair) for pair in (*values, *stamps)):
        return Sameness.BUILD_TIME, "nothing but build ids and times differs"
    return Sameness.STAMPED, "nothing but values that were set when it was linked differs"


def _build(elf: Elf) -> GoBuild | None:
    return None if isinstance(elf.go, MISSING) else elf.go


@dataclass(frozen=True, slots=True)
class _Run:
    """Differing bytes."""

    at: int
    size: int
    changed: int

    @property
    def end(self) -> int:
        return self.at + self.size


def _runs(first: ByteSource, second: ByteSource, size: int, cancel: Cancellation) -> Iterator[_Run]:
    """The differing ranges; one that reaches over the end of a chunk is joined."""
    last: _Run | None = None
    for start in range(0, size, CHUNK):
        cancel.check()
        one, other = first.read_at(start, CHUNK), second.read_at(start, CHUNK)
        if one == other:
            continue
        for at, end, changed in _differing(one, other):
            run = _Run(start + at, end - at, changed)
            if last is not None and run.at - last.end <= GAP:
                last = _Run(last.at, run.end - last.at, last.changed + run.changed)
                continue
            if last is not None:
                yield last
            last = run
    if last is not None:
        yield last


def _differing(one: bytes, other: bytes) -> Iterator[tuple[int, int, int]]:
    """Start, end and number of differing bytes of each range of two equally long chunks."""
    length = min(len(one), len(other))
    mixed = int.from_bytes(one[:length], "big") ^ int.from_bytes(other[:length], "big")
    for match in _RUN.finditer(mixed.to_bytes(length, "big")):
        run = match.group()
        yield match.start(), match.end(), len(run) - run.count(0)


class _Namer:
    """Says what a differing range is."""

    def __init__(
        self,
        first: ByteSource,
        second: ByteSource,
        elves: tuple[Elf, Elf],
        cancel: Cancellation,
    ) -> None:
        self._first, self._second = first, second
        self._elf = elves[0]
        sections = elves[0].sections
        self._sections = () if isinstance(sections, MISSING) else sections
        self._notes = list(places_of_notes(first, elves[0]))
        self._strings = LinkStrings(first, elves[0], cancel)
        self._stamps = stamps_of(_build(elves[0]), _build(elves[1]))
        self._is_go = elves[0].is_go is not False

    def name(self, run: _Run) -> DifferingRange:
        """The range with its kind, place and texts."""
        kind, before, after = self._what(run)
        return DifferingRange(
            kind, run.at, run.size, run.changed, self._place(run.at), before, after
        )

    def _what(self, run: _Run) -> tuple[DifferenceKind, str, str]:
        for note, at, size in self._notes:
            if at <= run.at and run.end <= at + size:
                return self._note(note, at, size)
        section = self._section(run.at)
        if section is not None and run.end <= section.offset + section.size:
            if section.name == ".gnu_debuglink":
                return DifferenceKind.DEBUG_LINK, "", ""
            if section.name == ".go.buildinfo":
                return self._build_info()
        return self._string(run) or self._time(run, section) or (DifferenceKind.OTHER, "", "")

    def _note(self, note: tuple[str, int], at: int, size: int) -> tuple[DifferenceKind, str, str]:
        before, after = self._first.read_at(at, size), self._second.read_at(at, size)
        if note == (GNU, GNU_BUILD_ID):
            return DifferenceKind.GNU_BUILD_ID, before.hex(), after.hex()
        if note != (GO, GO_BUILD_ID):
            return DifferenceKind.OTHER, "", ""
        parts = [text.split("/") for text in (_text(before), _text(after))]
        if [len(part) for part in parts] != [4, 4]:
            return DifferenceKind.OTHER, "the Go build ids differ", ""
        if parts[0][2] != parts[1][2]:
            words = "the Go build ids name another compiled package main"
            return DifferenceKind.OTHER, words, ""
        return DifferenceKind.GO_BUILD_ID, _text(before), _text(after)

    def _build_info(self) -> tuple[DifferenceKind, str, str]:
        if self._stamps is None:
            return DifferenceKind.OTHER, "Go's build info differs", ""
        before = ", ".join(pair[0] for pair in self._stamps)
        return DifferenceKind.BUILD_INFO, before, ", ".join(pair[1] for pair in self._stamps)

    def _string(self, run: _Run) -> tuple[DifferenceKind, str, str] | None:
        place = self._strings.holding(run.at, run.end) if self._is_go else None
        if place is None:
            return None
        before, after = self._first.read_at(*place), self._second.read_at(*place)
        if before.startswith(MODINFO_MARK) and after.startswith(MODINFO_MARK):
            return self._build_info()
        # The linker ends its strings with a NUL, which the compiler does not.
        end = sum(place)
        ends = self._first.read_at(end, 1), self._second.read_at(end, 1)
        if ends != (b"\0", b"\0") or b"\0" in before + after:
            return None
        return DifferenceKind.LINK_STRING, _text(before), _text(after)

    def _time(self, run: _Run, section: Section | None) -> tuple[DifferenceKind, str, str] | None:
        """A date or time in read-only data of a program that is not Go's."""
        if self._is_go or section is None or not section.name.startswith(".rodata"):
            return None
        before = _text_around(self._first, run, section)
        after = _text_around(self._second, run, section)
        if before is None or after is None or not only_times_differ(before, after):
            return None
        return DifferenceKind.TIMESTAMP, before, after

    def _section(self, offset: int) -> Section | None:
        for section in self._sections:
            holds = section.offset <= offset < section.offset + section.size
            if holds and section.type not in ("NULL", "NOBITS"):
                return section
        return None

    def _place(self, offset: int) -> str:
        section = self._section(offset)
        if section is not None:
            return section.name
        segments = self._elf.segments
        for number, segment in enumerate(() if isinstance(segments, MISSING) else segments):
            if (
                segment.type == "LOAD"
                and segment.offset <= offset < segment.offset + segment.filesz
            ):
                return f"segment {number}"
        return "no section"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _text_around(source: ByteSource, run: _Run, section: Section) -> str | None:
    """The printable text that a range lies in; None if the range is not text."""
    start = max(section.offset, run.at - _AROUND)
    data = source.read_at(start, min(run.end + _AROUND, section.offset + section.size) - start)
    inside, end = run.at - start, run.end - start
    if not _PRINTABLE.fullmatch(data[inside:end]):
        return None
    head = re.search(rb"[\t\x20-\x7e]*\Z", data[:inside])
    tail = _PRINTABLE.match(data[end:])
    assert head is not None
    assert tail is not None
    return _text(head.group() + data[inside:end] + tail.group())
