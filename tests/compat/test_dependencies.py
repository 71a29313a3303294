"""The tree of libraries: run paths as musl and glibc follow them, $ORIGIN, cycles, bounds."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.compat import Answer, DependencyCheck, Verdict, Where, find_target, judge
from explorer.compat.dependencies import MAX_LIBRARIES, closure
from explorer.elf import Binary, Dynamic, Linking
from explorer.facts import MISSING, NotApplicable, Unknown
from tests.compat import programs
from tests.compat.helpers import Folder, codes, read
from tests.elf.crafted import patched, segments_of
from tests.support import binaries
from tests.support.binaries import GNU, binary, zig_cc

MUSL = find_target("musl")


def _check(of: Verdict) -> DependencyCheck:
    assert isinstance(of.dependencies, DependencyCheck)
    return of.dependencies


def _put(file: Path, at: Path) -> None:
    at.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, at)


def test_origin_is_followed_beside_the_program(tmp_path: Path) -> None:
    program = read(programs.program_of("liba.so.1", runpath="$ORIGIN/../lib"))
    _put(programs.library_of("liba.so.1"), tmp_path / "pkg" / "lib" / "liba.so.1")
    around = Folder(tmp_path, "pkg/bin")
    seen = judge(program, MUSL, around)
    assert seen.answer is Answer.YES, seen.reasons
    found = _check(seen).libraries[0]
    assert (found.name, found.where, found.path) == ("liba.so.1", Where.BESIDE, "pkg/lib/liba.so.1")
    assert found.searched == ("$ORIGIN/../lib",)
    assert around.asked[0] == "pkg/lib/liba.so.1"


def test_neighbours_are_unknown_without_surroundings_else_missing(
    tmp_path: Path,
) -> None:
    program = read(programs.program_of("liba.so.1", runpath="$ORIGIN"))
    alone = judge(program, MUSL)
    assert (alone.answer, alone.deciding.code) == (Answer.UNKNOWN, "elf.needed.unknown")
    empty = judge(program, MUSL, Folder(tmp_path))
    assert (empty.answer, empty.deciding.code) == (Answer.NO, "elf.needed.missing")
    assert _check(empty).missing_libraries == ("liba.so.1",)
    assert "$ORIGIN, /lib, /usr/local/lib, /usr/lib" in empty.deciding.evidence


@pytest.mark.parametrize(("target", "inherited"), [("musl", True), ("debian-12", False)])
def test_a_run_path_is_inherited_on_musl_only(tmp_path: Path, target: str, inherited: bool) -> None:
    kind = binaries.GNU if target != "musl" else binaries.MUSL
    _put(programs.library_of("liba.so.1", "libb.so.1", target=kind), tmp_path / "lib" / "liba.so.1")
    _put(programs.library_of("libb.so.1", target=kind), tmp_path / "lib" / "libb.so.1")
    program = read(programs.program_of("liba.so.1", runpath="$ORIGIN/lib", target=kind))
    first = _check(judge(program, find_target(target), Folder(tmp_path))).libraries[0]
    assert first.where is Where.BESIDE
    second = first.children[0]
    assert (second.name, second.needed_by) == ("libb.so.1", "liba.so.1")
    assert (second.where is Where.BESIDE) is inherited


def test_an_old_rpath_is_inherited_on_glibc_too(tmp_path: Path) -> None:
    _put(programs.library_of("liba.so.1", "libb.so.1", target=GNU), tmp_path / "lib" / "liba.so.1")
    _put(programs.library_of("libb.so.1", target=GNU), tmp_path / "lib" / "libb.so.1")
    program = _with(
        read(programs.program_of("liba.so.1", target=GNU)), rpath=("$ORIGIN/lib",)
    )  # lld writes DT_RUNPATH only
    seen = judge(program, find_target("debian-12"), Folder(tmp_path))
    assert seen.answer is Answer.YES, seen.reasons


def test_a_cycle_ends(tmp_path: Path) -> None:
    _put(programs.library_of("liba.so.1", "libb.so.1", runpath="$ORIGIN"), tmp_path / "liba.so.1")
    _put(programs.library_of("libb.so.1", "liba.so.1", runpath="$ORIGIN"), tmp_path / "libb.so.1")
    seen = judge(read(programs.program_of("liba.so.1", runpath="$ORIGIN")), MUSL, Folder(tmp_path))
    assert seen.answer is Answer.YES, seen.reasons
    first = _check(seen).libraries[0]
    again = first.children[0].children[0]
    assert (again.name, again.where, again.children) == ("liba.so.1", Where.BESIDE, ())


def test_a_library_of_another_processor_is_not_taken(tmp_path: Path) -> None:
    source = "int v; int *volatile p = &v;\n"
    library = programs.exporting("liba.so.1", source, "aarch64-linux-musl")
    _put(library, tmp_path / "liba.so.1")
    program = read(programs.program_of("liba.so.1", runpath="$ORIGIN"))
    seen = judge(program, MUSL, Folder(tmp_path))
    assert (seen.answer, seen.deciding.code) == (Answer.NO, "elf.needed.unusable")
    assert "built for arm64" in seen.deciding.text


def test_musl_loads_a_library_of_another_processor_that_has_no_relocations(tmp_path: Path) -> None:
    """It does not look at e_machine: whether that ends well depends on what is called."""
    _put(programs.library_of("liba.so.1", target="aarch64-linux-musl"), tmp_path / "liba.so.1")
    program = read(programs.program_of("liba.so.1", runpath="$ORIGIN"))
    seen = judge(program, MUSL, Folder(tmp_path))
    assert (seen.answer, seen.deciding.code) == (Answer.UNKNOWN, "elf.closure.unknown")


@pytest.mark.parametrize(("place", "value"), [(18, b"\0\0"), (18, b"\xfe\x7f"), (0, b"\0ABC")])
def test_musl_looks_at_neither_the_magic_number_nor_the_processor(
    place: int, value: bytes, tmp_path: Path
) -> None:
    """musl 1.2.5 starts all three (seen); glibc refuses two and passes over one."""
    library = programs.library_of("liba.so.1").read_bytes()
    (tmp_path / "liba.so.1").write_bytes(patched(library, (place, value)))
    program = read(programs.program_of("liba.so.1", runpath="$ORIGIN"))
    seen = judge(program, MUSL, Folder(tmp_path))
    assert (seen.answer, seen.deciding.code) == (Answer.UNKNOWN, "elf.closure.unknown")
    program = read(programs.program_of("liba.so.1", runpath="$ORIGIN", target=GNU))
    seen = judge(program, find_target("debian-12"), Folder(tmp_path))
    assert seen.answer is Answer.NO, seen.reasons


def test_nothing_above_the_top_is_asked_for(tmp_path: Path) -> None:
    around = Folder(tmp_path, "bin")
    judge(read(programs.program_of("liba.so.1", runpath="$ORIGIN/../../../etc")), MUSL, around)
    assert not around.asked


def test_a_glibc_program_on_plain_musl_still_tells_what_it_lacks() -> None:
    seen = judge(read(programs.glibc_only()), MUSL)
    assert [code for code in codes(seen) if code.startswith("elf")] == ["elf.interp.glibc"]
    check = _check(seen)
    assert check.interpreter == "/lib64/ld-linux-x86-64.so.2"
    assert check.missing_symbols == ("gnu_get_libc_version",)
    assert seen.newest_glibc == "2.2.5"
    assert check.libraries[0].where is Where.LOADER


def test_a_static_program_has_no_dependencies_to_check() -> None:
    assert isinstance(judge(read(binary("go-static-amd64")), MUSL).dependencies, NotApplicable)


def _with(binary_facts: Binary, **changes: object) -> Binary:
    """The same facts with another dynamic section."""
    assert not isinstance(binary_facts.elf, MISSING)
    assert isinstance(binary_facts.elf.dynamic, Dynamic)
    dynamic = replace(binary_facts.elf.dynamic, **changes)  # type: ignore[arg-type]
    return replace(binary_facts, elf=replace(binary_facts.elf, dynamic=dynamic))


class _Endless:
    """Every library is there, and each asks for two more."""

    origin = ""

    def __init__(self, library: Binary) -> None:
        self.library = library

    def read(self, path: str) -> Binary | None:
        number = int(path.rpartition("/")[2].removeprefix("x").removesuffix(".so"))
        return _with(
            self.library,
            needed=(f"x{2 * number}.so", f"x{2 * number + 1}.so"),
            runpath=("$ORIGIN",),
        )


def test_an_endless_tree_is_cut() -> None:
    library = read(programs.library_of("liba.so.1"))
    program = _with(read(binary("c-musl")), needed=("x1.so",), runpath=("$ORIGIN",))
    target = replace(MUSL, arch="amd64")
    found = closure(program, target, _Endless(library))
    assert len(found.nodes) == MAX_LIBRARIES
    assert isinstance(found.incomplete, Unknown)
    seen = judge(program, target, _Endless(library))
    assert (seen.answer, seen.deciding.code) == (Answer.UNKNOWN, "elf.closure.unknown")


_ODD_NAMES = [
    "libc.so.6",
    "../../etc/passwd",
    "/abs/lib.so",
    "a\0b",
    "",
    ".",
    "..",
    "$ORIGIN/x",
    "libz.so.1",
]
_ODD_PATHS = [
    "$ORIGIN",
    "${ORIGIN}/..",
    "$ORIGIN/../../..",
    "/lib",
    "$LIB/x",
    "relative",
    "$ORIGINx",
    "$ORIGIN..",
    "$ORIGIN//lib",
]
_NAMES = st.one_of(st.text(max_size=40), st.sampled_from(_ODD_NAMES))
_PATHS = st.lists(st.one_of(st.text(max_size=40), st.sampled_from(_ODD_PATHS)), max_size=4)


@settings(max_examples=80, deadline=None)
@given(
    needed=st.lists(_NAMES, max_size=6),
    runpath=_PATHS,
    rpath=_PATHS,
    target=st.sampled_from(["musl", "alpine-3.22+gcompat", "debian-12", "scratch"]),
    origin=st.sampled_from(["", "usr/bin", "/opt/x"]),
)
def test_hostile_dynamic_sections_are_only_ever_judged(
    needed: list[str], runpath: list[str], rpath: list[str], target: str, origin: str
) -> None:
    base = read(binary("c-musl"))
    facts = _with(base, needed=tuple(needed), runpath=tuple(runpath), rpath=tuple(rpath))
    around = Folder(Path("/nonexistent"), origin)
    seen = judge(facts, find_target(target), around)
    assert seen.reasons
    for asked in around.asked:
        assert asked not in (".", "..")
        assert not asked.startswith("../")
        assert "\0" not in asked


@pytest.mark.parametrize(
    ("symbol", "answers"),
    [
        # std::__basic_file<char>::native_handle() const, GLIBCXX_3.4.33: GCC 14
        ("_ZNKSt12__basic_fileIcE13native_handleEv", ("no", "no", "yes", "yes")),
        # std::__cxx20 tzdb code, GLIBCXX_3.4.31: GCC 13
        (
            "_ZNSt6chrono11locate_zoneESt17basic_string_viewIcSt11char_traitsIcEE",
            ("no", "yes", "yes", "yes"),
        ),
        ("_ZSt4cout", ("yes", "yes", "yes", "yes")),
        ("_ZSt9from_gcc_99v", ("no", "no", "no", "unknown")),
    ],
)
def test_libstdcxx_has_what_its_gcc_brought(symbol: str, answers: tuple[str, ...]) -> None:
    """Alpine 3.17 has GCC 12, 3.19 has 13, 3.22 has 14, 3.24 has 15."""
    program = read(programs.program_of("libstdc++.so.6"))
    assert not isinstance(program.elf, MISSING)
    assert isinstance(program.elf.linking, Linking)
    linking = replace(program.elf.linking, undefined=frozenset({symbol}))
    facts = replace(program, elf=replace(program.elf, linking=linking))
    names = [f"alpine-{version}+libstdc++" for version in ("3.17", "3.19", "3.22", "3.24")]
    assert tuple(judge(facts, find_target(name)).answer for name in names) == answers


@pytest.mark.parametrize(
    ("library", "version", "target", "answer"),
    [
        ("libgcc_s.so.1", "GCC_12.0.0", "debian-11", "no"),
        ("libgcc_s.so.1", "GCC_12.0.0", "debian-12", "yes"),
        ("libgcc_s.so.1", "GCC_4.3.0", "rhel-8", "yes"),
        ("libgcc_s.so.1", "GCC_14.0", "ubuntu-22.04", "no"),
        ("libstdc++.so.6", "GLIBCXX_3.4.29", "debian-11", "no"),
        ("libstdc++.so.6", "GLIBCXX_3.4.29", "debian-12", "yes"),
        ("libstdc++.so.6", "CXXABI_1.3.14", "debian-12", "no"),
        ("libstdc++.so.6", "CXXABI_1.3.13", "debian-12", "yes"),
        ("libstdc++.so.6", "CXXABI_FLOAT128", "debian-11", "yes"),
    ],
)
def test_versions_are_asked_of_the_whole_tree_on_glibc(
    library: str, version: str, target: str, answer: str, tmp_path: Path
) -> None:
    """Of the program itself, and of a library beside it that alone needs the version."""
    needing, stub = programs.versioned(library, version)
    alone = read(needing)
    empty = Folder(tmp_path / "nowhere")
    assert judge(alone, find_target(target), empty).answer.value == answer
    middle = zig_cc(
        "libmiddle.so",
        "extern int special(void); int middle(void) { return special(); }\n",
        GNU,
        "-O2",
        "-s",
        "-shared",
        "-fPIC",
        "-Wl,-soname,libmiddle.so",
        f"./{library}",
        files={library: stub},
    )
    _put(middle, tmp_path / "libmiddle.so")
    program = read(programs.program_of("libmiddle.so", runpath="$ORIGIN", target=GNU))
    seen = judge(program, find_target(target), Folder(tmp_path))
    assert seen.answer.value == answer, seen.deciding


def test_glibc_goes_on_without_a_weak_version() -> None:
    program = read(programs.needs_new_glibc())
    assert judge(program, find_target("debian-12")).deciding.code == "glibc.version"
    assert not isinstance(program.elf, MISSING)
    assert isinstance(program.elf.linking, Linking)
    versions = tuple(replace(v, weak=frozenset(v.versions)) for v in program.elf.linking.versions)
    linking = replace(program.elf.linking, versions=versions)
    weak = replace(program, elf=replace(program.elf, linking=linking))
    assert judge(weak, find_target("debian-12")).answer is Answer.YES


def test_an_unlisted_version_of_glibc_is_unknown() -> None:
    program = read(programs.needs_new_glibc())
    assert not isinstance(program.elf, MISSING)
    assert isinstance(program.elf.linking, Linking)
    needs = (replace(program.elf.linking.versions[0], versions=("GLIBC_ABI_UNHEARD_OF",)),)
    linking = replace(program.elf.linking, versions=needs)
    seen = judge(
        replace(program, elf=replace(program.elf, linking=linking)), find_target("debian-12")
    )
    assert (seen.answer, seen.deciding.code) == (Answer.UNKNOWN, "glibc.private")
    assert "GLIBC_ABI_UNHEARD_OF" in seen.deciding.text


@pytest.mark.parametrize("target", ["musl", "debian-12"])
def test_a_relative_run_path_holds_in_one_folder_only(tmp_path: Path, target: str) -> None:
    kind = GNU if target != "musl" else binaries.MUSL
    program = read(programs.program_of("liba.so.1", runpath="lib", target=kind))
    assert judge(program, find_target(target)).answer is Answer.UNKNOWN
    _put(programs.library_of("liba.so.1", target=kind), tmp_path / "lib" / "liba.so.1")
    seen = judge(program, find_target(target), Folder(tmp_path))
    assert (seen.answer, seen.deciding.code) == (Answer.YES_IF, "elf.needed.relative")


def test_a_library_that_was_cut_short_is_not_one(tmp_path: Path) -> None:
    data = programs.library_of("liba.so.1").read_bytes()
    end = max(load["offset"] + load["filesz"] for load in segments_of(data))
    (tmp_path / "liba.so.1").write_bytes(data[: end - 16])
    seen = judge(read(programs.program_of("liba.so.1", runpath="$ORIGIN")), MUSL, Folder(tmp_path))
    assert (seen.answer, seen.deciding.code) == (Answer.NO, "elf.needed.unusable")
    assert "cut short" in seen.deciding.text


def test_a_packaged_library_by_its_path_has_the_same_symbols() -> None:
    facts = read(programs.needs_path("/usr/lib/libgcc_s.so.1"))
    seen = judge(facts, find_target("alpine-3.22+libgcc"))
    assert (seen.answer, seen.deciding.code) == (Answer.YES, "elf.dynamic"), seen.deciding
