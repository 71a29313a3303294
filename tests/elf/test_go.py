"""Go's build info: real builds against ``go version -m``, and the format before Go 1.18."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, FileSource
from explorer.elf import Elf, GoBuild, GoModule, Scope, read, with_tables
from explorer.elf.gobuild import parse, unquote
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.progress import Cancellation
from tests.elf.crafted import Program, framed, old_build_info
from tests.support.binaries import GO_HELLO, binary, go_build

BUILDS = [
    "go-static-amd64",
    "go-static-386",
    "go-static-s390x",
    "go-static-mips",
    "go-pie",
    "go-pie-arm64",
    "go-cgo-glibc",
    "go-static-v3",
    "go-tzdata",
]


def facts(path: Path) -> Elf:
    with FileSource(path) as source:
        elf = read(source, path.name).elf
    assert isinstance(elf, Elf)
    return elf


def build_of(elf: Elf) -> GoBuild:
    assert not isinstance(elf.go, MISSING)
    return elf.go


def as_go_prints(path: Path) -> dict[str, object]:
    beside = Path(sys.executable).with_name("go")
    go = beside if beside.exists() else shutil.which("go")
    assert go
    done = subprocess.run(
        [go, "version", "-m", "-json", path], capture_output=True, text=True, check=True, timeout=60
    )
    loaded: dict[str, object] = json.loads(done.stdout)
    return loaded


def module(found: GoModule) -> dict[str, object]:
    shown: dict[str, object] = {"Path": found.path}
    if found.version:
        shown["Version"] = found.version
    if found.sum:
        shown["Sum"] = found.sum
    if found.replace:
        shown["Replace"] = module(found.replace)
    return shown


def check_against_go(path: Path) -> GoBuild:
    build, expected = build_of(facts(path)), as_go_prints(path)
    assert build.version == expected["GoVersion"]
    assert build.path == expected["Path"]
    assert not isinstance(build.main, MISSING)
    assert module(build.main) == expected["Main"]
    assert [module(d) for d in build.dependencies] == (expected.get("Deps") or [])
    assert [{"Key": key, "Value": value} for key, value in build.settings] == expected["Settings"]
    return build


@pytest.mark.parametrize("name", BUILDS)
def test_as_go_itself_reads_it(name: str) -> None:
    build = check_against_go(binary(name))
    assert build.setting("CGO_ENABLED") == ("1" if "cgo" in name else "0")
    assert build.setting("no such key") is None


def test_settings_worth_a_verdict() -> None:
    assert build_of(facts(binary("go-static-v3"))).setting("GOAMD64") == "v3"
    assert build_of(facts(binary("go-tzdata"))).setting("-tags") == "timetzdata"


def test_dependencies_and_replacements() -> None:
    """A module replaced by a folder beside it, and recorded -ldflags with spaces and quotes."""
    path = go_build(
        "replaced",
        'package main\nimport "example.test/other"\nfunc main() { println(other.Word) }\n',
        ldflags="-s -X 'main.text=a \"quoted\" word'",
        flags=(),
        files={
            "go.mod": "module example.test/replaced\n\ngo 1.22\n\n"
            "require example.test/other v1.2.3\nreplace example.test/other => ./other\n",
            "other/go.mod": "module example.test/other\n\ngo 1.22\n",
            "other/other.go": 'package other\nconst Word = "word"\n',
        },
    )
    build = check_against_go(path)
    assert build.dependencies == (
        GoModule("example.test/other", "v1.2.3", "", GoModule("./other", "(devel)", "")),
    )
    assert build.setting("-ldflags") == "-s -X 'main.text=a \"quoted\" word'"


@pytest.mark.parametrize("name", ["go-static-amd64", "go-pie", "go-cgo-glibc"])
def test_found_without_section_headers(name: str) -> None:
    data = bytearray(binary(name).read_bytes())
    data[40:48] = bytes(8)
    data[58:64] = bytes(6)
    elf = read(BytesSource(bytes(data)), name).elf
    assert isinstance(elf, Elf)
    assert elf.go == facts(binary(name)).go


def test_what_is_go_without_build_info_stays_go() -> None:
    data = binary("go-static-amd64").read_bytes().replace(b"\xff Go buildinf:", bytes(14))
    elf = read(BytesSource(data), "stripped").elf
    assert isinstance(elf, Elf)
    assert isinstance(elf.go, NotApplicable)
    assert "stripped" in elf.go.why
    assert elf.is_go is True
    without_note = read(BytesSource(data.replace(b"Go\0\0", b"Xx\0\0")), "more stripped").elf
    assert isinstance(without_note, Elf)
    assert without_note.is_go is True


def test_what_is_not_go() -> None:
    elf = facts(binary("c-glibc"))
    assert elf.is_go is False
    assert isinstance(elf.go, NotApplicable)
    assert isinstance(elf.tzdata, NotApplicable)


def test_embedded_time_zones() -> None:
    assert facts(binary("go-tzdata")).tzdata is True
    assert facts(binary("go-static-amd64")).tzdata is False


LINES = (
    "path\texample.test/old\nmod\texample.test/old\t(devel)\t\n"
    "dep\tgolang.org/x/sys\tv0.1.0\th1:abc=\n=>\t../sys\t\t\nbuild\t-tags=a,b\n"
)


@pytest.mark.parametrize(("bits", "order"), [(64, "<"), (64, ">"), (32, "<"), (32, ">")])
def test_pointers_as_go_1_17_wrote_them(bits: int, order: str) -> None:
    elf = read(BytesSource(old_build_info(bits, order, b"go1.17.2", framed(LINES))), "old").elf
    assert isinstance(elf, Elf)
    build = build_of(elf)
    assert (build.version, build.path) == ("go1.17.2", "example.test/old")
    assert build.main == GoModule("example.test/old", "(devel)", "")
    assert build.dependencies == (
        GoModule("golang.org/x/sys", "v0.1.0", "h1:abc=", GoModule("../sys", "", "")),
    )
    assert build.settings == (("-tags", "a,b"),)
    assert elf.is_go is True


@pytest.mark.parametrize(("bits", "order"), [(64, "<"), (64, ">"), (32, "<"), (32, ">")])
def test_a_build_without_modules_as_go_1_15_wrote_it(bits: int, order: str) -> None:
    """kubectl 1.20: the header of the modules' string is in .bss. ``go version`` says go1.15.5."""
    data = old_build_info(bits, order, b"go1.15.5", b"", in_bss=True)
    elf = read(BytesSource(data), "kubectl").elf
    assert isinstance(elf, Elf)
    build = build_of(elf)
    assert (build.version, build.path, build.dependencies) == ("go1.15.5", "", ())
    assert isinstance(build.main, NotApplicable)


def test_modinfo_of_nearly_a_mebibyte_is_read_and_more_is_refused() -> None:
    many = "".join(
        f"dep\texample.test/module{n}\tv1.0.{n}\th1:{'x' * 40}=\n" for n in range(10_000)
    )
    elf = read(BytesSource(old_build_info(64, "<", b"go1.17", framed(many))), "big").elf
    assert isinstance(elf, Elf)
    assert len(build_of(elf).dependencies) == 10_000
    huge = read(
        BytesSource(old_build_info(64, "<", b"go1.17", framed("x" * (1 << 20)))), "huge"
    ).elf
    assert isinstance(huge, Elf)
    assert isinstance(huge.go, NotApplicable)


def test_the_magic_as_a_constant_is_passed_over() -> None:
    """Programs that read build info, such as go itself, hold the magic in their own data."""
    decoy = b"\xff Go buildinf:\x08\x02" + b"\0" * 16 + b"\xff" * 16
    data = old_build_info(64, "<", b"go1.17.2", framed(LINES))
    start = data.index(b"\xff Go buildinf:")
    body = decoy + bytes(-len(decoy) % 16)
    program = Program()
    program.body = body * 3
    only_decoys = read(BytesSource(program.build()), "decoys").elf
    assert isinstance(only_decoys, Elf)
    assert isinstance(only_decoys.go, NotApplicable)
    odd = read(BytesSource(data[:start] + b"\0" + data[start:-1]), "unaligned").elf
    assert isinstance(odd, Elf)
    assert isinstance(odd.go, NotApplicable)


def test_packed_hides_it() -> None:
    data = bytearray(binary("go-static-amd64").read_bytes())
    end = 64 + 56 * int.from_bytes(data[56:58], "little")
    data[end + 4 : end + 8] = b"UPX!"
    elf = read(BytesSource(bytes(data)), "packed").elf
    assert isinstance(elf, Elf)
    assert isinstance(elf.go, Unknown)
    assert "UPX" in elf.go.why


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ('"a b"', "a b"),
        ("`raw \\n`", "raw \\n"),
        ('"\\t\\x41\\u00e9\\U0001F600\\101\\\\"', "\tAé😀A\\"),
        ("plain", "plain"),
        ('"open', '"open'),
        ("", ""),
    ],
)
def test_quoted_values(word: str, value: str) -> None:
    assert unquote(word) == value


@given(st.text(max_size=400))
def test_any_text_can_be_parsed(text: str) -> None:
    build = parse("go1", text.replace(" ", "\t"))
    assert build.version == "go1"
    assert all(isinstance(key, str) and isinstance(value, str) for key, value in build.settings)


@given(
    st.sampled_from(["path", "mod", "dep", "=>", "build"]),
    st.lists(st.text(max_size=10), max_size=5),
)
def test_any_line_can_be_parsed(kind: str, words: list[str]) -> None:
    parse("go1", "\n".join("\t".join([kind, *words]) for _ in range(3)))


def test_hello_is_what_it_says() -> None:
    assert "runtime.Version" in GO_HELLO
    assert build_of(facts(binary("go-static-amd64"))).path == "example.test/hello"


@pytest.mark.parametrize("name", BUILDS)
def test_what_a_few_bytes_tell_is_what_all_tell(name: str) -> None:
    data = binary(name).read_bytes()
    few = few_bytes(data)
    assert few.go == facts(binary(name)).go
    assert isinstance(few.go, GoBuild)


TABLES = ("sections", "notes", "build_id", "stripped", "isa", "features")
PROGRAMS = [*BUILDS, "c-glibc", "c-static", "c-musl-arm64", "cpp-glibc", "c-object", "upx-static"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_tables_are_read_without_the_rest(name: str) -> None:
    data = binary(name).read_bytes()
    few, whole = few_bytes(data), facts(binary(name))
    for table in TABLES:
        assert getattr(few, table) == getattr(whole, table), table
    assert few.is_go == whole.is_go or isinstance(few.is_go, Unknown)
    assert set(few.problems) <= set(whole.problems)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["go-static-386", "go-cgo-glibc"]),
    st.booleans(),
    st.integers(0, 4096),
    st.binary(min_size=1, max_size=24),
)
def test_of_a_damaged_program_too(name: str, at_end: bool, offset: int, junk: bytes) -> None:
    data = bytearray(binary(name).read_bytes())
    start = data.index(b"\xff Go buildinf:") + offset - 64
    if at_end:  # where the section headers and their names are
        start = len(data) - 4096 + offset - len(junk)
    data[start : start + len(junk)] = junk
    whole = read(BytesSource(bytes(data)), "x").elf
    assert isinstance(whole, Elf)
    few = few_bytes(bytes(data))
    assert isinstance(few.go, Unknown) or few.go == whole.go
    assert isinstance(few.is_go, Unknown) or few.is_go == whole.is_go
    for table in TABLES:
        assert getattr(few, table) == getattr(whole, table), table


def few_bytes(data: bytes) -> Elf:
    source = BytesSource(data)
    elf = with_tables(read(source, "x", Scope.HEAD), source, Cancellation()).elf
    assert isinstance(elf, Elf)
    return elf
