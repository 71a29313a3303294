"""Verdicts against real starts: headers that a kernel refuses, and what each loader takes.

Every case is built here, copied into a container of plain musl (or Debian's glibc), and started.
"""

import shutil
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from explorer.compat import Answer, find_target, judge
from explorer.compat.kernel import refusal
from explorer.elf import Elf
from tests.compat import programs
from tests.compat.helpers import Folder, read, read_bytes
from tests.elf.crafted import (
    patched,
    segments_of,
    with_segment,
    with_symbol,
    with_tag,
    without_needed,
)
from tests.support.binaries import C_HELLO, GNU, GO_HELLO, MUSL, binary, go_build, zig_cc
from tests.support.engine import TestEngine


def _static() -> bytes:
    return binary("c-static").read_bytes()


def _without_stack_header(data: bytes) -> bytes:
    table = struct.unpack_from("<Q", data, 32)[0]
    places = [table + 56 * n for n in range(struct.unpack_from("<H", data, 56)[0])]
    stack = next(at for at in places if struct.unpack_from("<I", data, at)[0] == 0x6474E551)
    return patched(data, (stack, bytes(4)))


def _not_executable(data: bytes) -> bytes:
    for index, load in enumerate(segments_of(data)):
        data = with_segment(data, index, flags=load["flags"] & ~1)
    return data


def _moved(change: int) -> bytes:
    """The last segment's address no longer fits its place in the file."""
    data = _static()
    return with_segment(data, vaddr=segments_of(data)[-1]["vaddr"] + change)


def _headers_outside() -> bytes:
    """Dynamic, with the program headers behind everything that is loaded."""
    data = binary("c-musl").read_bytes()
    table, count = struct.unpack_from("<Q", data, 32)[0], struct.unpack_from("<H", data, 56)[0]
    end = len(data) + -len(data) % 4096
    moved = data.ljust(end, b"\0") + data[table : table + 56 * count]
    return patched(moved, (32, struct.pack("<Q", end)))


def _without_place(recipe: str, kind: int = 6, **fields: int) -> bytes:
    """Dynamic, with other numbers in PT_PHDR, or that kind; without any it becomes PT_NULL."""
    data = binary(recipe).read_bytes()
    return with_segment(data, 0, kind, **(fields or {"type": 0}))


def _tables_moved(change: int) -> bytes:
    """PT_DYNAMIC's address no longer fits its place in the file: loaders go by the address."""
    data = binary("c-musl").read_bytes()
    return with_segment(data, 0, 2, vaddr=segments_of(data, 2)[0]["vaddr"] + change)


def _locked_tables() -> bytes:
    """The segment that holds the dynamic section may be neither read, written nor executed."""
    data = binary("c-musl").read_bytes()
    tables = segments_of(data, 2)[0]["vaddr"]
    for index, load in enumerate(segments_of(data)):
        if load["vaddr"] <= tables < load["vaddr"] + load["memsz"]:
            data = with_segment(data, index, flags=0)
    return data


HEADERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "untouched": (_static, "yes"),
    "8 bytes off": (lambda: _moved(8), "no"),
    "a page and 16 bytes off": (lambda: _moved(0x1010), "no"),
    "16 TiB of memory": (lambda: with_segment(_static(), memsz=1 << 44), "no"),
    "128 TiB of memory": (lambda: with_segment(_static(), memsz=1 << 47), "no"),
    "1 GiB of memory": (lambda: with_segment(_static(), memsz=1 << 30), "yes"),
    "the kernel's address": (lambda: with_segment(_static(), vaddr=0xFFFF8000000008D0), "no"),
    "an address that wraps around": (lambda: with_segment(_static(), vaddr=2**64 - 0x730), "no"),
    "larger in the file": (lambda: with_segment(_static(), memsz=16), "no"),
    "entry at 16": (lambda: patched(_static(), (24, struct.pack("<Q", 16))), "no"),
    "entry in the headers": (lambda: patched(_static(), (24, struct.pack("<Q", 0x1000000))), "no"),
    "nothing executable": (lambda: _not_executable(_static()), "no"),
    "no PT_GNU_STACK": (lambda: _without_stack_header(_static()), "yes"),
    "EI_CLASS 0": (lambda: patched(_static(), (4, b"\0")), "yes"),
    "EI_CLASS of 32 bits": (lambda: patched(_static(), (4, b"\1")), "yes"),
    "EI_DATA big-endian": (lambda: patched(_static(), (5, b"\2")), "yes"),
    "EI_VERSION 0": (lambda: patched(_static(), (6, b"\0")), "yes"),
    "e_version 0": (lambda: patched(_static(), (20, bytes(4))), "yes"),
    "e_ehsize 0": (lambda: patched(_static(), (52, bytes(2))), "yes"),
    "e_phentsize 57": (lambda: patched(_static(), (54, b"\x39\0")), "no"),
    "p_align odd": (lambda: with_segment(_static(), align=0x1234), "yes"),
    "program headers not loaded": (_headers_outside, "no"),
    "no PT_PHDR": (lambda: _without_place("c-musl"), "yes"),
    "no PT_PHDR, position-independent": (lambda: _without_place("c-relr-musl"), "no"),
    "a wrong PT_PHDR": (lambda: _without_place("c-musl", vaddr=0x1001040), "no"),
    "x32 in a 64-bit header": (lambda: patched(_static(), (18, b"\3\0")), "no"),
    "PT_DYNAMIC an entry further": (lambda: _tables_moved(16), "no"),
    "PT_DYNAMIC at another place in the file": (
        lambda: _without_place("c-musl", 2, offset=0),
        "yes",
    ),
    "no PT_DYNAMIC": (lambda: _without_place("c-musl", 2), "no"),
    "PT_DYNAMIC where nothing may be read": (lambda: _locked_tables(), "no"),
    "dynamic, EI_CLASS 7": (lambda: patched(binary("c-musl").read_bytes(), (4, b"\7")), "yes"),
}


def _start(
    engine: TestEngine, image: str, folder: Path, name: str, working: str = "/"
) -> tuple[bool, str]:
    words = ["--network=none", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    words += ["--pids-limit=64", "--label", "rr-explorer-test", "--workdir", working]
    made = engine.run("create", *words, "--entrypoint", name, image)
    assert made.returncode == 0, made.stderr
    container = made.stdout.strip()
    try:
        assert engine.run("cp", f"{folder}/.", f"{container}:/app").returncode == 0
        done = engine.run("start", "--attach", container)
    finally:
        engine.run("rm", "--force", container)
    return done.returncode == 0, f"{done.returncode}: {done.stdout[:200]}{done.stderr[:300]}"


@pytest.mark.container
@pytest.mark.parametrize("case", HEADERS)
def test_the_kernel_does_with_odd_headers_what_the_verdict_says(
    case: str, engine: TestEngine, tmp_path: Path
) -> None:
    make, answer = HEADERS[case]
    program = tmp_path / "program"
    program.write_bytes(make())
    program.chmod(0o755)
    verdict = judge(read(program), find_target("musl-1.2.5"))
    assert verdict.answer.value == answer, verdict.deciding
    started, text = _start(engine, engine.musl("amd64", "1.2.5"), tmp_path, "/app/program")
    assert started is (answer == "yes"), text


TABLES: dict[str, tuple[str, int, int | None]] = {
    "DT_PLTRELSZ gone": ("c-relr-musl", 2, None),
    "DT_JMPREL gone": ("c-relr-musl", 23, None),
    "DT_PLTREL of no kind": ("c-relr-musl", 20, 0),
    "DT_RELRSZ gone": ("c-relr-musl", 35, None),
    "DT_RELR outside": ("c-relr-musl", 36, 0x7000000),
    "DT_GNU_HASH at 0": ("c-relr-musl", 0x6FFFFEF5, 0),
    "DT_SYMTAB at 0": ("c-relr-musl", 6, 0),
    "DT_RELA gone": ("c-glibc", 7, None),
    "DT_RELAENT of another size": ("c-glibc", 9, 16),
    "DT_VERSYM gone": ("c-glibc", 0x6FFFFFF0, None),
    "DT_RELASZ gone, static": ("c-static-pie", 8, None),
}


@pytest.mark.container
@pytest.mark.parametrize("case", TABLES)
def test_a_dynamic_section_that_contradicts_itself_is_never_yes(
    case: str, engine: TestEngine, tmp_path: Path
) -> None:
    recipe, tag, value = TABLES[case]
    _lay_out({"p": with_tag(binary(recipe).read_bytes(), tag, value=value)}, tmp_path)
    glibc = recipe == "c-glibc"
    verdict = judge(read(tmp_path / "p"), find_target("debian-12" if glibc else "musl-1.2.5"))
    assert verdict.answer is Answer.UNKNOWN
    image = engine.glibc("amd64", "2.36") if glibc else engine.musl("amd64", "1.2.5")
    assert not _start(engine, image, tmp_path, "/app/p")[0]


@pytest.mark.container
@pytest.mark.parametrize(
    ("recipe", "which", "flags"),
    [("c-static", 0, 0), ("c-static", -1, 4), ("c-musl", -1, 4), ("go-static-amd64", 1, 0)],
)
def test_a_segment_that_may_not_be_used_is_never_yes(
    recipe: str, which: int, flags: int, engine: TestEngine, tmp_path: Path
) -> None:
    _lay_out({"p": with_segment(binary(recipe).read_bytes(), which, flags=flags)}, tmp_path)
    verdict = judge(read(tmp_path / "p"), find_target("musl-1.2.5"))
    assert (verdict.answer, verdict.deciding.code) == (Answer.UNKNOWN, "elf.protection")
    assert not _start(engine, engine.musl("amd64", "1.2.5"), tmp_path, "/app/p")[0]


@pytest.mark.parametrize(
    ("data", "answer", "said"),
    [
        (lambda: with_segment(_static(), memsz=64 << 30), Answer.YES_IF, "64 GiB"),
        (lambda: with_segment(_static(), 0, vaddr=0x1000), Answer.YES_IF, "mmap_min_addr"),
        (lambda: with_segment(_static(), 0, vaddr=0), Answer.NO, "address 0"),
        (lambda: with_segment(_static(), vaddr=(1 << 50) + 0x8D0), Answer.YES_IF, "address space"),
        (lambda: _not_executable(_without_stack_header(_static())), Answer.YES_IF, "5.8"),
    ],
)
def test_what_depends_on_the_kernel_or_the_machine_is_yes_if(
    data: Callable[[], bytes], answer: Answer, said: str
) -> None:
    verdict = judge(read_bytes(data()), find_target("musl-1.2.5"))
    assert (verdict.answer, verdict.deciding.code) == (answer, "elf.kernel")
    assert said in verdict.deciding.text


def test_arm64_has_the_same_rules_and_its_own_limits() -> None:
    data = binary("c-static-arm64").read_bytes()
    for edited in (
        with_segment(data, memsz=1 << 44),
        with_segment(data, vaddr=0xFFFF800000000810),
        patched(data, (24, struct.pack("<Q", 16))),
        with_segment(data, memsz=16),
        _not_executable(data),
    ):
        verdict = judge(read_bytes(edited), find_target("musl-1.2.5"))
        assert (verdict.answer, verdict.deciding.code) == (Answer.NO, "elf.kernel")
    odd = judge(read_bytes(patched(data, (52, bytes(2)))), find_target("musl-1.2.5"))
    assert odd.answer is Answer.YES
    assert "advice.emulation" in [reason.code for reason in odd.reasons]


Files = Mapping[str, Path | bytes]


def _beside(program: Path | bytes, library: Path | bytes, **others: Path | bytes) -> Files:
    return {"program": program, "libv.so": library, **others}


def _first_is(content: Path | bytes, target: str = MUSL) -> Files:
    """``lib`` comes first on the run path and holds ``content``; the right library comes second."""
    right = programs.exporting("libv.so", target=target)
    program = programs.program_of("libv.so", runpath="$ORIGIN/lib:$ORIGIN", target=target)
    return {"program": program, "lib/libv.so": content, "libv.so": right}


def _arm64_library() -> Path:
    source = "int v = 42; int *volatile p = &v; int shared(void) { return *p; }\n"
    return programs.exporting("libv.so", source, "aarch64-linux-musl")


def _good_library() -> Path:
    return programs.exporting("libv.so")


def _shifted_library(target: str) -> bytes:
    data = programs.exporting("libv.so", programs.VARIABLE, target).read_bytes()
    return with_segment(data, vaddr=segments_of(data)[-1]["vaddr"] + 8)


FOLDERS: dict[str, tuple[Callable[[], Files], str, str]] = {
    "a library beside": (
        lambda: _beside(programs.uses(_good_library()), _good_library()),
        "musl-1.2.5",
        "yes",
    ),
    "its function is an IFUNC": (
        lambda: _beside(
            programs.uses(_good_library()),
            programs.exporting("libv.so", programs.IFUNC_LIBRARY),
        ),
        "musl-1.2.5",
        "no",
    ),
    "its function has a hidden version": (
        lambda: _beside(programs.uses(_good_library()), programs.hidden_version()),
        "musl-1.2.5",
        "no",
    ),
    "its function has the value 0": (
        lambda: _beside(
            programs.uses(_good_library()),
            programs.exporting(
                "libv.so", '__asm__(".globl shared\\n.set shared, 0\\n.type shared,@function");'
            ),
        ),
        "musl-1.2.5",
        "no",
    ),
    "its variable is copied": (
        lambda: _beside(
            programs.uses(programs.exporting("libv.so", programs.VARIABLE), copies=True),
            programs.exporting("libv.so", programs.VARIABLE),
        ),
        "musl-1.2.5",
        "yes",
    ),
    "the variable to copy is gone": (
        lambda: _beside(
            programs.uses(programs.exporting("libv.so", programs.VARIABLE), copies=True),
            programs.exporting("libv.so", "int other = 1;\n"),
        ),
        "musl-1.2.5",
        "no",
    ),
    "text is the first file of the name": (
        lambda: _first_is(b"not a library\n"),
        "musl-1.2.5",
        "no",
    ),
    "an empty file is the first": (lambda: _first_is(b""), "musl-1.2.5", "no"),
    "another processor's is the first": (lambda: _first_is(_arm64_library()), "musl-1.2.5", "no"),
    "a program's part is the first": (
        lambda: _first_is(binary("c-object")),
        "musl-1.2.5",
        "no",
    ),
    "the right one is the first": (lambda: _first_is(_good_library()), "musl-1.2.5", "yes"),
    "text is the first, on glibc": (
        lambda: _first_is(b"not a library, and longer than an ELF header is\n" * 9, GNU),
        "debian-12",
        "no",
    ),
    "another processor's is the first, on glibc": (
        lambda: _first_is(_arm64_library(), GNU),
        "debian-12",
        "yes",
    ),
    "$ORIGIN in DT_NEEDED": (
        lambda: _beside(programs.names_library("$ORIGIN/libv.so"), _good_library()),
        "musl-1.2.5",
        "no",
    ),
    "$ORIGIN in DT_NEEDED, on glibc": (
        lambda: _beside(
            programs.names_library("$ORIGIN/libv.so", GNU),
            programs.exporting("libv.so", target=GNU),
        ),
        "debian-12",
        "yes",
    ),
    "no system folders, on glibc": (
        lambda: {"program": programs.no_default_folders()},
        "debian-12",
        "no",
    ),
    "another version beside, on glibc": (
        lambda: {
            "program": programs.versioned("libv.so", "V1")[0],
            "libv.so": programs.versioned("libv.so", "V2")[1],
        },
        "debian-12",
        "no",
    ),
    "libc by its path": (
        lambda: {"program": programs.names_library("/lib/libc.musl-x86_64.so.1")},
        "musl-1.2.5",
        "no",  # ``shared`` is in no libc; that the path is right shows in the test below
    ),
    "a loader with two slashes": (
        lambda: {"program": programs.with_loader("//lib/ld-musl-x86_64.so.1")},
        "musl-1.2.5",
        "yes",
    ),
    "a loader by dots": (
        lambda: {"program": programs.with_loader("/usr/../lib/./ld-musl-x86_64.so.1")},
        "musl-1.2.5",
        "yes",
    ),
    "a loader through a missing folder": (
        lambda: {"program": programs.with_loader("/lib64/../lib/ld-musl-x86_64.so.1")},
        "musl-1.2.5",
        "unknown",
    ),
    "the loader's link": (
        lambda: {"program": programs.with_loader("/lib/libc.musl-x86_64.so.1")},
        "musl-1.2.5",
        "yes",
    ),
    "the loader as a folder, by a dot": (
        lambda: {"program": programs.with_loader("/lib/ld-musl-x86_64.so.1/.")},
        "musl-1.2.5",
        "no",
    ),
    "the loader as a folder": (
        lambda: {"program": programs.with_loader("/lib/ld-musl-x86_64.so.1/")},
        "musl-1.2.5",
        "no",
    ),
    "glibc's loader where it really lies": (
        lambda: {
            "program": programs.with_loader("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", GNU)
        },
        "debian-12",
        "yes",
    ),
    "relocations for Android": (
        lambda: {"program": programs.android_relocations("android")},
        "musl-1.2.5",
        "no",
    ),
    "RELR with Android's tags": (
        lambda: {"program": programs.android_relocations("relr")},
        "musl-1.2.5",
        "no",
    ),
    "x32": (lambda: {"program": programs.x32()}, "musl-1.2.5", "yes-if"),
    "DragonFly": (lambda: {"program": programs.for_system("dragonfly")}, "musl-1.2.5", "no"),
    "illumos": (lambda: {"program": programs.for_system("illumos")}, "musl-1.2.5", "no"),
    "a library with an entry": (
        lambda: {"program": programs.library_with_entry()},
        "musl-1.2.5",
        "no",
    ),
    "a library that cannot be mapped, on glibc": (
        lambda: _beside(
            programs.program_of("libv.so", runpath="$ORIGIN", target=GNU),
            _shifted_library(GNU),
        ),
        "debian-12",
        "no",
    ),
}


def _odd_first(edit: tuple[int, bytes]) -> Files:
    """On glibc: the first library of the name is good but for one edit of its first 64 bytes."""
    good = programs.exporting("libv.so", target=GNU)
    return _first_is(patched(good.read_bytes(), edit), GNU)


def _needs_the_loader() -> Files:
    return {"program": programs.needs_path("ld-musl-x86_64.so.1")}


def _through(entry: str, target: str, *, there: bool) -> Files:
    """The library is beside the program, whose RUNPATH takes a detour."""
    files = _beside(programs.program_of("libv.so", runpath=entry, target=target), _lib(target))
    return {**files, "folder/file": b"text"} if there else files


def _lib(target: str) -> Path:
    return programs.exporting("libv.so", target=target)


FOLDERS |= {
    f"{name} in the first library, on glibc": (
        lambda edit=edit: _odd_first(edit),  # type: ignore[misc]
        "debian-12",
        answer,
    )
    for name, edit, answer in (
        ("EI_OSABI FreeBSD", (7, b"\x09"), "no"),
        ("EI_OSABI GNU", (7, b"\3"), "yes"),
        ("EI_ABIVERSION 5", (8, b"\5"), "no"),
        ("padding", (9, b"\1"), "no"),
        ("EI_DATA", (5, b"\2"), "no"),
        ("e_version 0", (20, bytes(4)), "no"),
    )
}
FOLDERS |= {
    "a program is the first, on glibc": (
        lambda: _first_is(zig_cc("hello", C_HELLO, GNU, "-O2", "-s", "-pie"), GNU),
        "debian-12",
        "no",
    ),
    "no libc in DT_NEEDED": (
        lambda: {"program": without_needed(binary("c-musl").read_bytes(), b"libc.so")},
        "musl-1.2.5",
        "no",
    ),
    "no libc in DT_NEEDED but in a library's": (
        lambda: _beside(
            without_needed(
                programs.program_of("libv.so", runpath="$ORIGIN").read_bytes(), b"libc.so"
            ),
            programs.exporting("libv.so", programs.CALLS_LIBC, MUSL, "-Wl,--no-as-needed"),
        ),
        "musl-1.2.5",
        "yes",
    ),
    "no libc in DT_NEEDED, on glibc": (
        lambda: {"program": without_needed(binary("c-glibc").read_bytes(), b"libc.so.6")},
        "debian-12",
        "no",
    ),
    "a library removed from DT_NEEDED, on glibc": (
        lambda: _beside(
            without_needed(programs.versioned("libv.so", "V1")[0].read_bytes(), b"libv.so"),
            programs.versioned("libv.so", "V1")[1],
        ),
        "debian-12",
        "no",
    ),
    "musl's loader as a library": (_needs_the_loader, "musl-1.2.5", "yes"),
    "a detour through a folder": (
        lambda: _through("$ORIGIN/folder/..", MUSL, there=True),
        "musl-1.2.5",
        "yes",
    ),
    "a detour through nothing": (
        lambda: _through("$ORIGIN/folder/..", MUSL, there=False),
        "musl-1.2.5",
        "no",
    ),
    "a detour through nothing, on glibc": (
        lambda: _through("$ORIGIN/folder/..", GNU, there=False),
        "debian-12",
        "no",
    ),
    "a line's end in RUNPATH, on glibc": (
        lambda: _through("$ORIGIN\n", GNU, there=False),
        "debian-12",
        "no",
    ),
}


_SYMBOLS: dict[str, tuple[dict[str, int], str]] = {
    "untouched": ({}, "yes"),
    "hidden": ({"other": 2}, "no"),
    "internal": ({"other": 1}, "no"),
    "protected": ({"other": 3}, "yes"),
    "local": ({"info": 0x02}, "no"),
    "weak": ({"info": 0x22}, "yes"),
    "a section": ({"info": 0x13}, "no"),
    "a file": ({"info": 0x14}, "no"),
    "of a type of the system's": ({"info": 0x1B}, "no"),
    "of value 0": ({"value": 0}, "no"),
    "undefined": ({"section": 0, "value": 0}, "no"),
}
"""What a library beside the program has in the symbol that the program uses."""


def _with_symbol(fields: Mapping[str, int]) -> Files:
    library = programs.exporting("libv.so", target=GNU)
    changed = with_symbol(library.read_bytes(), b"shared", **fields)
    return _beside(programs.uses_on_glibc(library), changed)


FOLDERS |= {
    f"a symbol that is {name}, on glibc": (
        lambda fields=fields: _with_symbol(fields),  # type: ignore[misc]
        "debian-12",
        answer,
    )
    for name, (fields, answer) in _SYMBOLS.items()
}


def _lacks_special() -> Files:
    """The library beside it has the version that the program wants, with another symbol."""
    program, _ = programs.versioned("libv.so", "V1")
    return _beside(program, programs.versioned("libv.so", "V1", symbol="other")[1])


FOLDERS |= {
    "a symbol of a version that is there, on glibc": (
        lambda: _beside(*programs.versioned("libv.so", "V1")),
        "debian-12",
        "yes",
    ),
    "a symbol that its version lacks, on glibc": (_lacks_special, "debian-12", "no"),
    "PT_INTERP's address outside, on glibc": (
        lambda: {"program": _without_place("c-glibc", 3, vaddr=0x7FFF0000)},
        "debian-12",
        "no",
    ),
    "its function is an IFUNC, on glibc": (
        lambda: _beside(
            programs.uses_on_glibc(programs.exporting("libv.so", target=GNU)),
            programs.exporting("libv.so", programs.IFUNC_LIBRARY, GNU),
        ),
        "debian-12",
        "yes",
    ),
}


def _lay_out(files: Files, folder: Path) -> None:
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            place.write_bytes(content)
        else:
            shutil.copyfile(content, place)
        place.chmod(0o755)


@pytest.mark.container
@pytest.mark.parametrize("case", FOLDERS)
def test_the_loader_does_with_what_lies_beside_what_the_verdict_says(
    case: str, engine: TestEngine, tmp_path: Path
) -> None:
    make, target, answer = FOLDERS[case]
    _lay_out(make(), tmp_path)
    verdict = judge(read(tmp_path / "program"), find_target(target), Folder(tmp_path))
    assert verdict.answer.value == answer, verdict.deciding
    glibc = target == "debian-12"
    image = engine.glibc("amd64", "2.36") if glibc else engine.musl("amd64", "1.2.5")
    started, text = _start(engine, image, tmp_path, "/app/program")
    assert started is (answer == "yes"), text


@pytest.mark.container
def test_a_relative_loader_starts_in_the_root_folder_only(
    engine: TestEngine, tmp_path: Path
) -> None:
    shutil.copyfile(programs.with_loader("lib/ld-musl-x86_64.so.1"), tmp_path / "program")
    (tmp_path / "program").chmod(0o755)
    verdict = judge(read(tmp_path / "program"), find_target("musl-1.2.5"))
    assert (verdict.answer, verdict.deciding.code) == (Answer.YES_IF, "elf.interp.relative")
    image = engine.musl("amd64", "1.2.5")
    assert _start(engine, image, tmp_path, "/app/program", "/")[0]
    assert not _start(engine, image, tmp_path, "/app/program", "/tmp")[0]


@pytest.mark.container
@pytest.mark.parametrize(
    ("needed", "answer", "code"),
    [
        ("/lib/libc.musl-x86_64.so.1", Answer.YES, "elf.dynamic"),
        ("lib/libc.musl-x86_64.so.1", Answer.YES_IF, "elf.needed.relative"),
        ("/lib/libmissing.so", Answer.NO, "elf.needed.missing"),
    ],
)
def test_a_library_by_its_path(
    needed: str, answer: Answer, code: str, engine: TestEngine, tmp_path: Path
) -> None:
    """DT_NEEDED with a folder: opened as it stands, from the folder that the program starts in."""
    shutil.copyfile(programs.needs_path(needed), tmp_path / "program")
    (tmp_path / "program").chmod(0o755)
    verdict = judge(read(tmp_path / "program"), find_target("musl-1.2.5"), Folder(tmp_path))
    assert (verdict.answer, verdict.deciding.code) == (answer, code)
    image = engine.musl("amd64", "1.2.5")
    assert _start(engine, image, tmp_path, "/app/program", "/")[0] is (answer is not Answer.NO)
    assert _start(engine, image, tmp_path, "/app/program", "/tmp")[0] is (answer is Answer.YES)


@pytest.mark.container
def test_a_relative_library_beside_the_program_is_found_in_its_folder_only(
    engine: TestEngine, tmp_path: Path
) -> None:
    _lay_out(
        {
            "program": programs.names_library("lib/libv.so"),
            "lib/libv.so": programs.exporting("libv.so"),
        },
        tmp_path,
    )
    program = read(tmp_path / "program")
    verdict = judge(program, find_target("musl-1.2.5"), Folder(tmp_path))
    assert (verdict.answer, verdict.deciding.code) == (Answer.YES_IF, "elf.needed.relative")
    assert "its own folder" in verdict.deciding.text
    assert judge(program, find_target("musl-1.2.5")).answer is Answer.UNKNOWN
    image = engine.musl("amd64", "1.2.5")
    assert _start(engine, image, tmp_path, "/app/program", "/app")[0]
    assert not _start(engine, image, tmp_path, "/app/program", "/")[0]


def test_where_kernels_have_large_pages_small_alignment_is_yes_if() -> None:
    """loong64's kernels have pages of 16 KiB; 4 KiB can be configured."""
    data = go_build("hello", GO_HELLO, goarch="loong64").read_bytes()
    assert judge(read_bytes(data), find_target("musl")).answer is Answer.YES
    load = segments_of(data)[-1]
    shifted = with_segment(data, vaddr=load["vaddr"] + 0x1000)
    verdict = judge(read_bytes(shifted), find_target("musl"))
    assert (verdict.answer, verdict.deciding.code) == (Answer.YES_IF, "elf.kernel")
    assert "16 KiB" in verdict.deciding.text


@pytest.mark.parametrize("page", [4096, 16384, 65536])
def test_the_page_size_is_a_parameter(page: int) -> None:
    facts = read_bytes(binary("c-static-arm64").read_bytes()).elf
    assert isinstance(facts, Elf)
    assert isinstance(facts.segments, tuple)
    assert refusal(facts.header, facts.segments, page) is None or page > 4096
    small = read(programs.small_pages()).elf
    assert isinstance(small, Elf)
    assert isinstance(small.segments, tuple)
    assert (refusal(small.header, small.segments, page) is None) is (page == 4096)
