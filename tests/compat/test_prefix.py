"""A verdict from the first bytes is that of the whole file, or unknown: never another one."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer import elf
from explorer.bytesource import PrefixSource
from explorer.compat import Answer, all_targets, find_target, judge
from explorer.elf import Scope
from explorer.facts import Unknown
from tests.compat import programs
from tests.compat.helpers import Folder, read
from tests.elf.crafted import patched, with_segment
from tests.support import corpus
from tests.support.binaries import GNU, MUSL, RECIPES, binary

TARGETS = [
    find_target(name)
    for name in (
        "alpine-3.22",
        "alpine-3.24",
        "musl-1.2.3",
        "musl+loader-symlink",
        "alpine-3.22+gcompat+libstdc++",
        "rhel-8",
        "debian-12",
        "debian-13",
        "wolfi",
        "void-musl",
        "busybox-glibc",
        "scratch",
    )
]
LENGTHS = (
    0,
    1,
    3,
    4,
    16,
    63,
    64,
    100,
    120,
    300,
    568,
    600,
    700,
    1024,
    2048,
    4096,
    8192,
    16384,
    65536,
    262144,
    1 << 20,
)


def _compare(data: bytes, around: Folder | None, lengths: list[int]) -> None:
    whole = elf.read(PrefixSource(data, len(data)), "it")
    full = {target.name: judge(whole, target, around) for target in TARGETS}
    for length in lengths:
        for size in (len(data), Unknown("nobody says")):
            part = elf.read(PrefixSource(data[:length], size), "it", Scope.FULL)
            for target in TARGETS:
                seen = judge(part, target)  # a peek sees nothing of what lies beside
                expected = full[target.name]
                assert seen.answer in (expected.answer, Answer.UNKNOWN), (
                    length,
                    size,
                    target.name,
                    seen.deciding,
                    expected.deciding,
                )
                assert seen.unaided in (expected.unaided, Answer.UNKNOWN), (length, target.name)


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_built_programs_cut_anywhere(recipe: str) -> None:
    data = binary(recipe).read_bytes()
    lengths = [length for length in LENGTHS if length < len(data)] + [
        len(data) - 1,
        len(data) * 3 // 4,
    ]
    _compare(data, None, lengths)


@pytest.mark.parametrize(
    "make",
    [
        programs.ifunc,
        programs.calls_statx,
        programs.glibc_only,
        lambda: programs.program_of("libz.so.1", "libcurl.so.4"),
        lambda: programs.program_of("libgcc_s.so.1", target=GNU),
        lambda: programs.program_of("libcurl.so.4", "libpq.so.5", target=GNU),
        programs.strange_loader,
        programs.threads,
        programs.x32,
        lambda: programs.android_relocations("android"),
        programs.no_default_folders,
        programs.library_with_entry,
        programs.hidden_version,
        lambda: programs.for_system("dragonfly"),
        lambda: programs.for_system("illumos"),
        lambda: programs.with_loader("lib/ld-musl-x86_64.so.1"),
        lambda: programs.with_loader("/lib/libc.musl-x86_64.so.1"),
        lambda: programs.with_loader("/lib64/../lib/ld-musl-x86_64.so.1"),
        lambda: programs.needs_path("/lib/libc.musl-x86_64.so.1"),
        lambda: programs.names_library("$ORIGIN/libv.so"),
        lambda: programs.versioned("libgcc_s.so.1", "GCC_12.0.0")[0],
        programs.without_versions,
    ],
)
def test_programs_of_single_rules_cut_anywhere(make: object) -> None:
    data = make().read_bytes()  # type: ignore[operator]  # each gives a Path
    _compare(data, None, list(range(0, len(data), max(1, len(data) // 40))))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    recipe=st.sampled_from(
        ["c-musl", "c-static-pie", "c-relr-musl", "c-glibc", "c-execstack", "c-textrel-musl"]
    ),
    data=st.data(),
)
def test_any_length_at_all(recipe: str, data: st.DataObject) -> None:
    content = binary(recipe).read_bytes()
    _compare(content, None, [data.draw(st.integers(0, len(content)))])


_NUMBERS = st.one_of(
    st.sampled_from([0, 1, 16, 0x1000, 0x10000, 1 << 32, 1 << 40, 1 << 47, 1 << 52, 2**64 - 1]),
    st.integers(0, 2**64 - 1),
)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    recipe=st.sampled_from(["c-musl", "c-static", "c-static-arm64", "c-static-pie", "c-glibc"]),
    load=st.integers(-1, 0),
    fields=st.dictionaries(
        st.sampled_from(["offset", "vaddr", "filesz", "memsz"]), _NUMBERS, max_size=3
    ),
    flags=st.integers(0, 7),
    header=st.lists(
        st.tuples(st.sampled_from([4, 5, 6, 7, 18, 20, 24, 28, 52, 54]), st.binary(max_size=4)),
        max_size=2,
    ),
    cut=st.floats(0, 1),
)
def test_program_headers_that_lie_cut_anywhere(
    recipe: str,
    load: int,
    fields: dict[str, int],
    flags: int,
    header: list[tuple[int, bytes]],
    cut: float,
) -> None:
    data = binary(recipe).read_bytes()
    odd = patched(with_segment(data, load, flags=flags, **fields), *header)
    _compare(odd, None, [64, 600, 4096, int(len(odd) * cut)])


@pytest.mark.skipif(
    not corpus.local(),
    reason="no published programs here: python -m tests.support.corpus fetches them",
)
def test_published_programs_cut_anywhere() -> None:
    for program in corpus.local():
        if program.size > 6_000_000 or program.path is None:
            continue
        data = program.path.read_bytes()
        root = program.folder / "files"
        around = Folder(root, program.path.parent.relative_to(root).as_posix())
        _compare(
            data, around, [256, 600, 1024, 4096, 16384, 300_000, len(data) // 2, len(data) - 1]
        )


@pytest.mark.parametrize(("target", "triple"), [("musl-1.2.5+libgcc", MUSL), ("debian-12", GNU)])
def test_the_images_library_is_not_taken_for_one_that_may_lie_beside_it(
    tmp_path: Path, target: str, triple: str
) -> None:
    """A peek does not see what is beside the program, where its run path looks first."""
    name = "libgcc_s.so.1"
    data = programs.program_of(name, runpath="$ORIGIN", target=triple).read_bytes()
    (tmp_path / name).write_bytes(
        programs.library_of(name, "libnothing.so.1", target=triple).read_bytes()
    )
    whole = elf.read(PrefixSource(data, len(data)), "it")
    alone = judge(whole, find_target(target))
    assert judge(whole, find_target(target), Folder(tmp_path)).answer is not Answer.YES
    assert alone.answer is Answer.UNKNOWN, alone.deciding
    assert name in alone.deciding.text
    (tmp_path / name).unlink()
    assert judge(whole, find_target(target), Folder(tmp_path)).answer is Answer.YES


def test_the_first_4_kib_of_a_static_program_and_of_a_glibc_one_are_enough() -> None:
    for recipe, answer in (
        ("go-static-amd64", Answer.YES),
        ("go-static-arm64", Answer.YES),
        ("c-glibc", Answer.NO),
        ("go-pie", Answer.NO),
    ):
        data = binary(recipe).read_bytes()
        seen = judge(
            elf.read(PrefixSource(data[:4096], len(data)), "it", Scope.HEAD),
            find_target("musl-1.2.5"),
        )
        assert seen.answer is answer, (recipe, seen.reasons)


def test_the_first_4_kib_say_no_to_the_target_as_it_is_but_not_to_packages() -> None:
    data = binary("c-glibc").read_bytes()
    part = elf.read(PrefixSource(data[:4096], 1 << 20), "it", Scope.HEAD)
    seen = judge(part, find_target("alpine-3.22"))
    assert (seen.answer, seen.unaided) == (Answer.UNKNOWN, Answer.NO)
    assert seen.deciding.short == "needs glibc's loader; gcompat?"
    (evidence,) = (r.evidence for r in seen.reasons if r.code == "facts.incomplete")
    assert evidence.startswith("the file's first "), "it follows “seen in”"
    assert not seen.packages


def test_every_target_takes_every_program() -> None:
    facts = [
        read(binary(recipe))
        for recipe in ("c-musl", "c-glibc", "go-static-386", "c-object", "go-windows", "upx-static")
    ]
    for target in all_targets():
        for binary_facts in facts:
            assert judge(binary_facts, target).reasons
