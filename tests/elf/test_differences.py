"""Two builds held against each other: what differs, where it lies, and whether it matters."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, FileSource
from explorer.elf import DifferenceKind, Differences, Sameness, differences_of, read
from explorer.elf.stamps import link_values, only_times_differ
from tests.support.binaries import go_build, zig_cc

SOURCE = """package main

import (
	"os"

	"example.test/stamp/inner"
)

var buildTime, version = "unset", "dev"

func main() { os.Stdout.WriteString(version + inner.Label + buildTime + "GREETING\\n") }
"""
INNER = 'package inner\n\nvar Label = "LABEL"\n'
FIRST, SECOND = "2026-01-02T03:04:05Z", "2026-11-22T13:14:15Z"


def build(
    time: str = FIRST,
    version: str = "1.0.0",
    source: str = SOURCE,
    label: str = " label ",
    **options: object,
) -> Path:
    flags = f"-X main.buildTime={time} -X main.version={version} {options.pop('ldflags', '-s')}"
    files = {
        "go.mod": "module example.test/stamp\n\ngo 1.22\n",
        "inner/inner.go": INNER.replace("LABEL", label),
    }
    return go_build("stamp", source, ldflags=flags, files=files, **options)  # type: ignore[arg-type]


def held_against(first: Path, second: Path) -> Differences:
    with FileSource(first) as one, FileSource(second) as other:
        return differences_of(one, other, (read(one, "a"), read(other, "b")))


def kinds(result: Differences) -> list[str]:
    return [one.kind.value for one in result.ranges]


@pytest.mark.parametrize(
    "options",
    [{}, {"goarch": "arm64"}, {"goarch": "386"}, {"goarch": "s390x"}, {"buildmode": "pie"}],
    ids=str,
)
def test_another_build_time_is_the_same_program(options: dict[str, str]) -> None:
    result = held_against(build(**options), build(SECOND, **options))
    assert result.sameness is Sameness.BUILD_TIME, result
    assert kinds(result) == ["go-build-id", "go-build-id", "gnu-build-id", "link-string"]
    last = result.ranges[-1]
    assert (last.before, last.after, last.place) == (FIRST, SECOND, ".rodata")
    assert (last.size, last.changed) == (13, 5)
    assert result.changed == sum(one.changed for one in result.ranges) <= 65


def test_values_recorded_in_the_build_info_are_told_apart() -> None:
    """Without -trimpath Go records -X; two folders would differ in their paths, so one is built."""
    data = build(flags=()).read_bytes()
    assert data.count(FIRST.encode()) == 3
    one, other = BytesSource(data), BytesSource(data.replace(FIRST.encode(), SECOND.encode()))
    result = differences_of(one, other, (read(one, "a"), read(other, "b")))
    assert result.sameness is Sameness.BUILD_TIME, result
    assert kinds(result) == ["link-string", "build-info", "build-info"]
    assert f"main.buildTime={SECOND}" in {one.after for one in result.ranges}


def test_the_same_build_is_identical() -> None:
    result = held_against(build(), build())
    assert (result.sameness, result.count) == (Sameness.IDENTICAL, 0)


def test_another_version_is_said() -> None:
    result = held_against(build(), build(version="1.0.1"))
    assert result.sameness is Sameness.STAMPED
    assert (result.ranges[-1].before, result.ranges[-1].after) == ("1.0.0", "1.0.1")


@pytest.mark.parametrize("flags", [(), ("-trimpath",)], ids=["recorded", "trimpath"])
def test_other_sources_are_never_the_same(flags: tuple[str, ...]) -> None:
    base = build(flags=flags)
    for other in (
        build(source=SOURCE.replace("GREETING", "greeting"), flags=flags),
        build(source=SOURCE.replace('"dev"', '"rel"'), flags=flags),
        build(label=" LABEL ", flags=flags),
        build(label=" 2026-01-02 ", flags=flags),
    ):
        result = held_against(base, other)
        assert result.sameness is Sameness.DIFFERENT, result


def test_a_date_in_the_source_of_a_package_is_not_a_build_time() -> None:
    result = held_against(build(label=" 2026-01-02 "), build(label=" 2026-11-22 "))
    assert result.sameness is Sameness.DIFFERENT, result


def test_another_flag_of_the_compiler_is_not_the_same() -> None:
    base = held_against(build(flags=()), build(flags=("-tags=other",)))
    assert base.sameness is Sameness.DIFFERENT


C_STAMP = "#include <stdio.h>\nint main(void) { puts(STAMP); return VALUE; }\n"


def c_program(stamp: str, value: int = 3, identifier: str = "0x11223344") -> Path:
    source = C_STAMP.replace("STAMP", f'"{stamp}"').replace("VALUE", str(value))
    options = ("-O1", "-s", f"-Wl,--build-id={identifier}")
    return zig_cc("stamped", source, "x86_64-linux-musl", *options)


def test_c_programs_that_differ_in_their_build_id() -> None:
    result = held_against(c_program("a"), c_program("a", identifier="0x55667788"))
    assert result.sameness is Sameness.BUILD_TIME, result
    assert kinds(result) == ["gnu-build-id"]
    assert (result.ranges[0].before, result.ranges[0].after) == ("11223344", "55667788")


def test_c_programs_that_differ_in_their_date() -> None:
    result = held_against(c_program("Jan  2 2026 03:04:05"), c_program("Nov 22 2026 13:14:15"))
    assert result.sameness is Sameness.BUILD_TIME, result
    assert set(kinds(result)) == {"timestamp"}


def test_c_programs_that_differ_in_a_number_or_a_word() -> None:
    assert held_against(c_program("a"), c_program("a", 4)).sameness is Sameness.DIFFERENT
    assert held_against(c_program("a"), c_program("b")).sameness is Sameness.DIFFERENT


def test_files_of_other_sizes_and_kinds() -> None:
    base = build()
    longer = held_against(base, c_program("a"))
    assert longer.sameness is Sameness.DIFFERENT
    assert longer.why.startswith("the sizes differ")
    one, other = BytesSource(b"#!/bin/sh\n"), BytesSource(b"#!/bin/zh\n")
    result = differences_of(one, other, (read(one, "a"), read(other, "b")))
    assert (result.sameness, result.changed) == (Sameness.DIFFERENT, 1)
    assert result.ranges[0].kind is DifferenceKind.OTHER


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(0, 299), max_size=20))
def test_every_changed_byte_is_counted_once(data: bytes, places: list[int]) -> None:
    changed = bytearray(data)
    touched = {place for place in places if place < len(data)}
    for place in touched:
        changed[place] ^= 0x5A
    one, other = BytesSource(data), BytesSource(bytes(changed))
    result = differences_of(one, other, (read(one, "a"), read(other, "b")))
    assert result.changed == len(touched) == sum(r.changed for r in result.ranges)
    inside = {place for r in result.ranges for place in range(r.offset, r.offset + r.size)}
    assert touched <= inside


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("2026-01-02T03:04:05Z", "2027-11-12T13:14:15Z", True),
        ("built 2026-01-02 by a", "built 2027-01-02 by b", False),
        ("Jan  2 2026", "Nov 22 2026", True),
        ("03:04:05", "13:14:15", True),
        ("Mon Jan  2 15:04:05 UTC 2006", "Tue Feb 22 05:04:05 UTC 2026", True),
        ("1767323045", "1795353255", True),
        ("20260102-030405", "20261122-131415", True),
        ("1.0.0", "1.0.1", False),
        ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05Z", False),
        ("abcdef0", "abcdef1", False),
    ],
)
def test_times_are_told_from_other_texts(before: str, after: str, same: bool) -> None:
    assert only_times_differ(before, after) is same


def test_flags_of_the_linker_are_taken_apart() -> None:
    rest, values = link_values("-s -X 'main.a=b c' -X=main.d=e=f --buildid=x -w")
    assert rest == ("-s", "-w")
    assert values == (("main.a", "b c"), ("main.d", "e=f"))
    assert link_values("-X 'main") == (("-X 'main",), ())
