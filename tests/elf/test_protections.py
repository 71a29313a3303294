"""The protections of programs whose compilers' options are known."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, PrefixSource
from explorer.elf import Degree, Elf, Protection, hardening, read
from explorer.facts import MISSING, NotApplicable, Unknown
from tests.support.binaries import GNU, MUSL, binary, zig_cc

YES, PARTLY, NO = Degree.YES, Degree.PARTLY, Degree.NO
GUARDED = """#include <stdio.h>
#include <string.h>
int main(int c, char **v) { char b[64]; strcpy(b, v[c - 1]); puts(b); return b[0]; }
"""


def protections(data: bytes | Path) -> dict[str, Protection]:
    content = data if isinstance(data, bytes) else data.read_bytes()
    elf = read(BytesSource(content), "program").elf
    assert not isinstance(elf, MISSING)
    return {protection.key: protection for protection in hardening(elf)}


def degrees(path: Path, *keys: str) -> list[object]:
    """The degrees; of those that are missing, the type."""
    every = protections(path)
    return [
        type(degree) if isinstance(degree := every[key].degree, MISSING) else degree for key in keys
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("go-static-amd64", [NO, NotApplicable, YES, YES, NotApplicable, YES]),
        ("go-static-arm64", [NO, NotApplicable, YES, YES, NotApplicable, YES]),
        ("go-pie", [YES, YES, YES, YES, NotApplicable, YES]),
        ("c-static-pie", [YES, YES, YES, YES, Unknown, YES]),
        ("c-glibc-pie", [YES, YES, YES, YES, NO, YES]),
        ("c-symbols", [NO, YES, YES, YES, NO, NO]),
        ("c-execstack", [YES, PARTLY, NO, YES, NO, YES]),
        ("c-shared", [NotApplicable, YES, YES, YES, NO, YES]),
    ],
)
def test_known_programs(name: str, expected: list[object]) -> None:
    keys = ("pie", "relro", "nx", "wx", "canary", "stripped")
    assert degrees(binary(name), *keys) == expected


def test_go_says_what_its_position_independence_costs_on_alpine() -> None:
    static, pie = (protections(binary(name))["pie"].why for name in ("go-static-amd64", "go-pie"))
    assert "would no longer start on Alpine" in static
    assert "-buildmode=pie without cgo, which is why it needs the loader /lib64/ld-linux" in pie


@pytest.mark.parametrize(
    ("options", "key", "degree"),
    [
        (("-fstack-protector-all",), "canary", YES),
        (("-fno-stack-protector",), "canary", NO),
        (("-D_FORTIFY_SOURCE=2",), "fortify", YES),
        (("-U_FORTIFY_SOURCE",), "fortify", NO),
        (("-Wl,-z,lazy",), "relro", PARTLY),
        (("-Wl,-z,now",), "relro", YES),
        (("-Wl,-z,norelro",), "relro", NO),
        (("-Wl,-rpath,$ORIGIN/lib",), "rpath", PARTLY),
        (("-Wl,-rpath,/tmp",), "rpath", NO),
    ],
)
def test_a_compilers_options(options: tuple[str, ...], key: str, degree: Degree) -> None:
    path = zig_cc("guarded", GUARDED, GNU, "-O2", "-s", *options)
    assert degrees(path, key) == [degree]


def test_musl_has_no_fortified_functions() -> None:
    path = zig_cc("guarded", GUARDED, MUSL, "-O2", "-s", "-dynamic", "-D_FORTIFY_SOURCE=2")
    assert degrees(path, "fortify") == [NotApplicable]


@pytest.mark.parametrize(
    ("target", "option", "keys"),
    [
        ("x86_64-linux-gnu.2.28", "-fcf-protection=full", ("ibt", "shstk")),
        ("aarch64-linux-gnu.2.28", "-mbranch-protection=standard", ("bti", "pac")),
    ],
)
def test_the_processor_features_of_a_property_note(
    target: str, option: str, keys: tuple[str, ...]
) -> None:
    # Not linked with a C library's start-up code, which may lack the features.
    library = zig_cc(
        "lib.so", "int answer(void) { return 42; }", target, "-O2", "-shared", "-nostdlib", option
    )
    assert degrees(library, *keys) == [YES, YES]
    other = ("bti", "pac") if keys[0] == "ibt" else ("ibt", "shstk")
    assert degrees(library, *other) == [NotApplicable, NotApplicable]


def test_a_packed_program_has_unknown_protections() -> None:
    keys = ("pie", "canary", "rpath", "textrel")
    assert degrees(binary("upx-dynamic"), *keys) == [Unknown] * 4
    assert degrees(binary("upx-static"), "pie", "canary") == [Unknown, Unknown]


def test_an_object_file_is_no_program() -> None:
    keys = ("pie", "nx", "rpath", "textrel", "canary")
    every = protections(binary("c-object"))
    assert [type(every[key].degree) for key in keys if key != "nx"] == [NotApplicable] * 4
    assert not isinstance(every["nx"].degree, Degree)


def test_go_for_another_system_is_told_nothing_of_alpine() -> None:
    assert "Alpine" not in protections(binary("go-freebsd"))["pie"].why


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_part_says_the_same_as_the_whole_or_nothing(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["go-pie", "c-glibc-pie", "c-symbols", "c-static"]))
    content = binary(name).read_bytes()
    whole = protections(content)
    cut = data.draw(st.integers(64, len(content)))
    elf = read(PrefixSource(content[:cut], len(content)), "program").elf
    if not isinstance(elf, Elf):
        return
    for protection in hardening(elf):
        if not isinstance(protection.degree, Unknown):
            assert protection.degree == whole[protection.key].degree, protection.key
