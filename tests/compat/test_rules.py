"""Every rule, by a real file that triggers it; and what a reader of a verdict sees."""

import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from explorer import elf
from explorer.bytesource import PrefixSource
from explorer.compat import Answer, DependencyCheck, Verdict, all_rules, find_target, judge
from explorer.elf import Binary, Elf, Payload
from explorer.facts import MISSING
from tests.compat import programs
from tests.compat.helpers import Folder, codes, read, read_bytes, verdict
from tests.elf.crafted import patched, with_segment, with_symbol, with_tag, without_needed
from tests.support.binaries import GNU, binary


def _judged(path: Path, target: str, around: Folder | None = None) -> Verdict:
    return judge(read(path), find_target(target), around)


def _cut() -> Verdict:
    data = binary("c-static").read_bytes()
    return judge(read_bytes(data[: len(data) // 2]), find_target("musl"))


def _broken() -> Verdict:
    data = bytearray(binary("c-static").read_bytes())
    data[32:40] = (1 << 40).to_bytes(8, "little")  # e_phoff far behind the end
    return judge(read_bytes(bytes(data)), find_target("musl"))


def _prefix() -> Verdict:
    data = binary("c-musl").read_bytes()
    source = PrefixSource(data[:1024], len(data))
    return judge(elf.read(source, "it"), find_target("musl"))


def _script() -> Verdict:
    return judge(read_bytes(b"#!/usr/bin/env python3\nprint(1)\n"), find_target("musl"))


def _with_payload(start: bytes) -> Verdict:
    data = binary("go-static-amd64").read_bytes() + start.ljust(100_000, b"\1")
    return judge(read_bytes(data), find_target("musl"))


def _glibc_program_inside() -> Verdict:
    launcher = read_bytes(binary("go-static-amd64").read_bytes() + b"\x1f\x8b".ljust(9999, b"\1"))
    assert isinstance(launcher.elf, Elf)
    assert isinstance(launcher.elf.payload, Payload)
    payload = replace(launcher.elf.payload, program=read(binary("c-glibc")))
    return judge(replace(launcher, elf=replace(launcher.elf, payload=payload)), find_target("musl"))


def _other_arch() -> Verdict:
    return judge(read(binary("c-static-arm64")), replace(find_target("musl"), arch="amd64"))


def _unread_neighbour(folder: Path) -> Verdict:
    program = programs.program_of("liba.so.1", runpath="$ORIGIN")
    data = programs.library_of("liba.so.1").read_bytes()

    class Partial:
        origin = ""

        def read(self, path: str) -> elf.Binary | None:
            return (
                elf.read(PrefixSource(data[:600], len(data)), path) if path == "liba.so.1" else None
            )

    return judge(read(program), find_target("musl"), Partial())


def _versioned(soname: str, version: str, target: str) -> Verdict:
    program, library = programs.versioned(soname, version)
    return _judged(
        program, target, Folder(library.parent if "private" in soname else Path("/nonexistent"))
    )


def _kernel() -> Verdict:
    data = with_segment(binary("c-static").read_bytes(), memsz=16)
    return judge(read_bytes(data), find_target("musl"))


def _odd_header() -> Verdict:
    data = patched(binary("c-static").read_bytes(), (52, b"\0\0"))
    return judge(read_bytes(data), find_target("musl"))


RELRO = 0x6474E552
"""PT_GNU_RELRO."""


def _with_address(kind: int, vaddr: int, memsz: int = 0) -> Verdict:
    """A program for musl with another address, and size in memory, in its header of this type."""
    data = binary("c-musl").read_bytes()
    count = struct.unpack_from("<H", data, 56)[0]
    headers = [64 + 56 * number for number in range(count)]
    (at,) = (place for place in headers if struct.unpack_from("<L", data, place)[0] == kind)
    memsz = memsz or struct.unpack_from("<Q", data, at + 40)[0]
    fields = (at + 16, struct.pack("<Q", vaddr)), (at + 40, struct.pack("<Q", memsz))
    return judge(read_bytes(patched(data, *fields)), find_target("musl"))


@pytest.mark.parametrize(
    ("kind", "vaddr", "memsz"),
    [
        (2, 0, 0),
        (2, 1 << 47, 0),
        (3, 1, 0),
        (0x6474E552, 1 << 40, 0x1000),
        (0x6474E552, 0, 1 << 40),
    ],
)
def test_what_a_loader_uses_is_where_something_is_mapped(kind: int, vaddr: int, memsz: int) -> None:
    """musl 1.2.5 and glibc 2.36 crash, or cannot protect it; the file's bytes are in order."""
    verdict = _with_address(kind, vaddr, memsz)
    assert (verdict.unaided, verdict.deciding.code) == (Answer.NO, "elf.loader.tables")


@pytest.mark.parametrize(
    ("kind", "vaddr", "memsz"),
    [(0x6474E552, 1 << 40, 1), (0x6474E552, 1, (1 << 64) - 9), (3, 0, 0)],
)
def test_musl_starts_what_it_need_not_use(kind: int, vaddr: int, memsz: int) -> None:
    assert _with_address(kind, vaddr, memsz).answer is Answer.YES


def _with_library(program: Path, content: bytes, target: str = "musl") -> Verdict:
    with TemporaryDirectory() as folder:
        (Path(folder) / "libv.so").write_bytes(content)
        return judge(read(program), find_target(target), Folder(Path(folder)))


def _uses_a_hidden_symbol(*args: str, target: str = "debian-12") -> Verdict:
    library = programs.exporting("libv.so", target=GNU)
    hidden = with_symbol(library.read_bytes(), b"shared", other=2)
    return _with_library(programs.uses_on_glibc(library, *args), hidden, target)


TRIGGERS: dict[str, Callable[[], Verdict]] = {
    "facts.incomplete": _prefix,
    "elf.not-elf": lambda: verdict("go-windows", "musl"),
    "file.script": _script,
    "elf.object": lambda: verdict("c-object", "musl"),
    "elf.truncated": _cut,
    "elf.broken": _broken,
    "elf.kernel": _kernel,
    "elf.arch": _other_arch,
    "elf.abi": lambda: _judged(programs.x32(), "musl"),
    "elf.os": lambda: verdict("go-freebsd", "musl"),
    "elf.packed": lambda: verdict("upx-dynamic", "debian-12"),
    "elf.packed.static": lambda: verdict("upx-static", "musl"),
    "elf.packed.loader": lambda: verdict("upx-dynamic", "musl"),
    "elf.payload": lambda: _with_payload(b"hsqs"),
    "elf.payload.program": _glibc_program_inside,
    "elf.static": lambda: verdict("go-static-arm64", "alpine-3.22"),
    "elf.static-pie": lambda: verdict("c-static-pie", "alpine-3.22"),
    "elf.shared-library": lambda: verdict("c-shared", "debian-12"),
    "elf.interp.glibc": lambda: verdict("c-glibc", "musl-1.2.5"),
    "elf.interp.musl": lambda: verdict("c-musl", "debian-12"),
    "elf.interp.missing": lambda: _judged(programs.strange_loader(), "alpine-3.22"),
    "elf.loader.tables": lambda: _with_address(2, 1),
    "elf.interp.relative": lambda: _judged(
        programs.with_loader("lib/ld-musl-x86_64.so.1"), "alpine-3.22"
    ),
    "elf.needed.unusable": lambda: _with_library(
        programs.program_of("libv.so", runpath="$ORIGIN"), b"text"
    ),
    "elf.needed.relative": lambda: _judged(
        programs.needs_path("lib/libc.musl-x86_64.so.1"), "alpine-3.22"
    ),
    "elf.relocation.android": lambda: _judged(programs.android_relocations("android"), "musl"),
    "glibc.libgcc": lambda: _versioned("libgcc_s.so.1", "GCC_12.0.0", "debian-11"),
    "glibc.beside": lambda: _with_library(
        programs.versioned("libv.so", "V1")[0],
        programs.versioned("libv.so", "V2")[1].read_bytes(),
        "debian-12",
    ),
    "glibc.not-loaded": lambda: judge(
        read_bytes(without_needed(binary("c-glibc").read_bytes(), b"libc.so.6")),
        find_target("debian-12"),
    ),
    "glibc.symbol.missing": lambda: _uses_a_hidden_symbol("-Wl,-z,now"),
    "glibc.symbol.unknown": lambda: _uses_a_hidden_symbol("-Wl,-z,lazy"),
    "elf.dynamic.contradiction": lambda: judge(
        read_bytes(with_tag(binary("c-musl").read_bytes(), 2)), find_target("musl")
    ),
    "elf.protection": lambda: judge(
        read_bytes(with_segment(binary("c-static").read_bytes(), flags=4)), find_target("musl")
    ),
    "advice.emulation": _odd_header,
    "elf.needed.missing": lambda: verdict("c-needs", "alpine-3.22+gcompat"),
    "elf.needed.unknown": lambda: verdict("c-needs", "rhel-9"),
    "elf.relr": lambda: verdict("c-relr-musl", "alpine-3.17"),
    "elf.closure.unknown": lambda: _unread_neighbour(Path()),
    "elf.relocation.unsupported": lambda: _judged(programs.ifunc(), "musl"),
    "elf.symbol.missing": lambda: _judged(programs.glibc_only(), "musl+loader-symlink"),
    "elf.symbol.unknown": lambda: _judged(programs.calls_statx(), "alpine-3.19"),
    "glibc.version": lambda: verdict("c-glibc-new", "rhel-8"),
    "glibc.private": lambda: _versioned("libprivate.so.1", "GLIBC_PRIVATE", "debian-12"),
    "glibc.packaged": lambda: _versioned("libz.so.1", "ZLIB_9.9", "debian-12"),
    "glibc.libstdcxx": lambda: _versioned("libstdc++.so.6", "GLIBCXX_3.4.33", "debian-11"),
    "elf.gcompat.execstack": lambda: verdict("c-execstack", "alpine-3.22+gcompat"),
    "elf.textrel": lambda: verdict("c-textrel-musl", "musl"),
    "elf.dynamic": lambda: verdict("c-musl-arm64", "alpine-3.22"),
    "advice.isa": lambda: verdict("go-static-v3", "alpine-3.22"),
    "advice.page-size": lambda: _judged(programs.small_pages(), "alpine-3.22"),
    "advice.thread-stack": lambda: _judged(programs.threads(), "alpine-3.22"),
    "advice.ca-certificates": lambda: verdict("go-static-amd64", "scratch"),
    "advice.tzdata": lambda: verdict("go-static-amd64", "scratch"),
    "advice.go-version": lambda: verdict("go-static-amd64", "alpine-3.22"),
    "advice.gcompat": lambda: verdict("c-glibc", "alpine-3.22+gcompat"),
    "target.packages": lambda: verdict("c-glibc", "alpine-3.22"),
    "target.packages.unknown": lambda: verdict("c-execstack", "alpine-3.22"),
    "advice.packages": lambda: verdict("c-fcntl64", "alpine-3.22"),
}


def test_every_rule_has_a_file_that_triggers_it() -> None:
    assert set(TRIGGERS) == {rule.code for rule in all_rules()}


@pytest.mark.parametrize("code", TRIGGERS)
def test_the_file_triggers_the_rule(code: str) -> None:
    seen = TRIGGERS[code]()
    reason = next((reason for reason in seen.reasons if reason.code == code), None)
    assert reason is not None, codes(seen)
    rule = next(rule for rule in all_rules() if rule.code == code)
    assert reason.answer in (rule.answer, Answer.UNKNOWN, Answer.YES_IF)
    assert reason.text.endswith(".")
    assert 0 < len(reason.short) <= 45
    assert not reason.short.endswith(".")
    assert "\n" not in reason.text + reason.evidence + reason.remedy
    assert reason.evidence or code == "elf.closure.unknown"
    if (
        reason.answer is not Answer.YES
        and code != "elf.shared-library"
        and code != "elf.closure.unknown"
    ):
        assert reason.remedy
    if not reason.advice:
        worst = max((r.answer for r in seen.reasons if not r.advice), key=lambda a: a.rank)
        assert seen.unaided is worst
        assert seen.packages or seen.answer is worst
    assert reason.advice is (rule.step == 8)
    assert seen.deciding is seen.reasons[0]
    assert seen.deciding.answer is seen.answer


@pytest.mark.parametrize(
    ("words", "target", "code"),
    [
        ("-Wl,-z,now", "debian-12", "glibc.symbol.missing"),
        ("-Wl,-z,lazy", "debian-12", "glibc.symbol.unknown"),
        ("-Wl,-z,now", "debian-13", "glibc.symbol.unknown"),
        ("-Wl,-z,now", "debian-11", "glibc.symbol.unknown"),
    ],
)
def test_a_symbol_is_missing_where_all_names_are_listed(words: str, target: str, code: str) -> None:
    assert _uses_a_hidden_symbol(words, target=target).deciding.code == code


@pytest.mark.parametrize("target", ["debian-11", "debian-12", "rhel-8"])
def test_a_name_of_glibcs_own_without_a_version_is_there(target: str) -> None:
    program = programs.without_versions()
    assert _judged(program, target).answer is Answer.YES


def test_a_librarys_dynamic_section_may_contradict_itself() -> None:
    library = programs.exporting("libv.so", programs.CALLS_LIBC)
    no_kind = with_tag(library.read_bytes(), 20, value=0)  # DT_PLTREL
    seen = _with_library(programs.uses(library), no_kind)
    assert seen.answer is Answer.UNKNOWN
    assert seen.deciding.text.startswith("libv.so's dynamic section")


def test_rules_read_like_a_procedure() -> None:
    listed = all_rules()
    assert [rule.step for rule in listed] == sorted(rule.step for rule in listed)
    assert len({rule.code for rule in listed}) == len(listed)
    for rule in listed:
        assert len(rule.explanation) > 60
        assert rule.title[0].isupper()


@pytest.mark.parametrize(
    ("recipe", "target", "answer", "deciding"),
    [
        ("go-static-amd64", "alpine-3.22", "yes", "elf.static"),
        ("go-static-amd64", "scratch", "yes", "elf.static"),
        ("go-static-amd64", "debian-11", "yes", "elf.static"),
        ("go-static-s390x", "alpine-3.22", "yes", "elf.static"),
        ("go-cgo-musl-static", "scratch", "yes", "elf.static"),
        ("go-pie", "musl-1.2.5", "no", "elf.interp.glibc"),  # cgo off, and yet
        ("go-pie", "alpine-3.22", "yes-if", "target.packages"),
        ("go-pie-arm64", "musl-1.2.6", "no", "elf.interp.glibc"),
        ("go-pie", "debian-12", "yes", "elf.dynamic"),
        ("go-cgo-glibc", "alpine-3.22", "yes-if", "target.packages"),
        ("go-cgo-glibc", "musl-1.2.5", "no", "elf.interp.glibc"),
        ("c-glibc", "debian-11", "yes", "elf.dynamic"),
        ("c-glibc", "scratch", "no", "elf.interp.glibc"),
        ("c-glibc-arm64", "alpine-3.22+gcompat", "yes", "elf.dynamic"),
        ("c-glibc-new", "debian-11", "no", "glibc.version"),
        ("c-glibc-new", "rhel-9", "yes", "elf.dynamic"),
        ("c-relr", "rhel-9", "no", "elf.relr"),
        ("c-relr", "debian-12", "yes", "elf.dynamic"),
        ("c-relr-musl", "alpine-3.22", "yes", "elf.dynamic"),
        ("c-musl", "scratch", "no", "elf.interp.musl"),
        ("c-textrel", "debian-12", "yes", "elf.dynamic"),
        ("upx-dynamic", "alpine-3.22", "no", "elf.packed.loader"),
        ("upx-dynamic", "debian-12", "unknown", "elf.packed"),
        ("upx-static", "scratch", "yes", "elf.packed.static"),
        ("go-darwin", "debian-12", "no", "elf.not-elf"),
    ],
)
def test_answers(recipe: str, target: str, answer: str, deciding: str) -> None:
    seen = verdict(recipe, target)
    assert (seen.answer.value, seen.deciding.code) == (answer, deciding), seen.reasons
    assert seen.target.arch == read(binary(recipe)).arch


def _of_arm(interpreter: str) -> Binary:
    facts = read(programs.arm_with_loader(interpreter))
    assert facts.arch == "arm"
    return facts


def _of_machine(machine: int, interpreter: str) -> Binary:
    """A glibc program's file with another processor in its header and another loader."""
    data = bytearray(binary("c-glibc").read_bytes())
    data[18:20] = machine.to_bytes(2, "little")
    if machine == 40:
        return _of_arm(interpreter)
    old = b"/lib64/ld-linux-x86-64.so.2\0"
    at = data.index(old)
    data[at : at + len(old)] = interpreter.encode().ljust(len(old), b"\0")
    return read_bytes(bytes(data))


@pytest.mark.parametrize(
    ("machine", "interpreter", "target", "answer"),
    [
        (
            8,
            "/lib64/ld.so.1",
            "debian-12",
            "unknown",
        ),  # mips64le: Debian has it, the data do not tell
        (8, "/lib/ld-musl-mips64el.so.1", "musl-1.2.5", "unknown"),
        (40, "/lib/ld-linux.so.3", "debian-12", "unknown"),  # ARM without hardware floating point
        (8, "/lib64/ld.so.1", "alpine-3.22", "no"),
        (8, "/lib/ld-musl-mips64el.so.1", "debian-12", "no"),
        (8, "/lib64/ld.so.1", "scratch", "no"),
        (8, "/opt/own/loader", "debian-12", "no"),
        (
            62,
            "/lib/ld-linux-x86-64.so.2",
            "debian-12",
            "no",
        ),  # the right loader in the wrong folder
        (62, "/lib/ld-musl-aarch64.so.1", "musl-1.2.5", "no"),
    ],
)
def test_a_loader_that_no_list_has_is_neither_there_nor_missing(
    machine: int, interpreter: str, target: str, answer: str
) -> None:
    seen = judge(_of_machine(machine, interpreter), find_target(target))
    assert seen.answer.value == answer, seen.deciding
    assert seen.deciding.code.startswith("elf.interp.")
    assert seen.deciding.remedy


def test_the_elf_decides_and_the_build_info_explains() -> None:
    static = verdict("go-static-amd64", "alpine-3.22").deciding
    assert "no interpreter, no libraries; Go 1." in static.text
    assert "cgo off" in static.text
    pie = verdict("go-pie", "musl-1.2.5").deciding
    assert "although it was built with cgo off" in pie.text
    assert "-buildmode=pie" in pie.remedy
    cgo = verdict("go-cgo-glibc", "musl-1.2.5").deciding
    assert "/lib64/ld-linux-x86-64.so.2, which musl 1.2.5 does not have" in cgo.text
    assert "CGO_ENABLED=0" in cgo.remedy
    assert cgo.evidence.startswith("PT_INTERP at 0x")


def test_a_32_bit_program_runs_on_a_64_bit_kernel_that_can() -> None:
    target = replace(find_target("alpine-3.22"), arch="amd64")
    assert judge(read(binary("c-i386")), target).answer is Answer.YES_IF
    assert judge(read(binary("go-static-arm")), target).answer is Answer.NO
    assert (
        judge(read(binary("go-static-arm")), replace(target, arch="arm64")).answer is Answer.YES_IF
    )


@pytest.mark.parametrize(
    ("level", "said"), [("x86-64", False), ("x86-64-v2", True), ("x86-64-v4", True)]
)
def test_the_baseline_that_every_processor_has_needs_no_advice(level: str, said: bool) -> None:
    facts = read(binary("c-musl"))
    assert not isinstance(facts.elf, MISSING)
    seen = judge(replace(facts, elf=replace(facts.elf, isa=level)), find_target("alpine-3.22"))
    assert ("advice.isa" in codes(seen)) is said


def test_embedded_time_zones_need_no_advice() -> None:
    assert "advice.tzdata" not in codes(verdict("go-tzdata", "scratch"))


def test_a_name_of_60_000_letters_makes_no_such_sentence() -> None:
    facts = read(binary("c-musl"))
    assert not isinstance(facts.elf, MISSING)
    assert not isinstance(facts.elf.dynamic, MISSING)
    long = replace(facts.elf.dynamic, needed=tuple(letter * 60_000 for letter in "abcdefgh"))
    seen = judge(
        replace(facts, elf=replace(facts.elf, dynamic=long)),
        find_target("musl"),
        Folder(Path("/nonexistent")),
    )
    assert (seen.answer, seen.deciding.code) == (Answer.NO, "elf.needed.missing")
    for text in (seen.deciding.text, seen.deciding.evidence):
        assert len(text) <= 2000
        assert text.endswith("…")


def test_a_name_from_the_file_stays_one_line() -> None:
    hostile = programs.program_of("lib[red]evil\x1b]0;x\x07.so")
    seen = judge(read(hostile), find_target("musl"), Folder(Path("/nonexistent")))
    assert seen.answer is Answer.NO
    assert isinstance(seen.dependencies, DependencyCheck)
    assert seen.dependencies.missing_libraries == ("lib[red]evil\x1b]0;x\x07.so",)
