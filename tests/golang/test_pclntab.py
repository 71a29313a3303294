"""Go's table of functions, held against ``go tool nm`` of the same program, not stripped."""

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.bytesource import BytesSource, FileSource, PrefixSource
from explorer.facts import NotApplicable, Unknown
from explorer.golang import GoTable, read_functions, split_name
from explorer.golang.pclntab import CHUNK
from tests.support.binaries import BUILD, binary, compiler_environment, go_build, go_root

SOURCE = """package main

import (
	"os"
	"sort"
	"strings"
)

type box[T any] struct{ value T }

func (b *box[T]) Get() T { return b.value }

type inner struct{}

func (inner) Promoted(n int) int { return n*3 + len(os.Args) }

type outer struct{ inner }

type promoter interface{ Promoted(int) int }

func main() {
	var p promoter = outer{}
	b := &box[string]{strings.Repeat("x", p.Promoted(2))}
	words := strings.Fields(b.Get())
	defer func() { os.Stdout.WriteString(words[0]) }()
	sort.Slice(words, func(i, j int) bool { return words[i] < words[j] })
}
"""
PLATFORMS = [
    *(("linux", arch) for arch in ("amd64", "arm64", "386", "arm", "mips", "ppc64", "s390x")),
    ("windows", "amd64"),
    ("darwin", "arm64"),
]


def program(goos: str, goarch: str, ldflags: str = "-s -w") -> Path:
    return go_build("table", SOURCE, goos=goos, goarch=goarch, ldflags=ldflags)


def table(path: Path) -> GoTable:
    with FileSource(path) as source:
        functions = read_functions(source)
    assert isinstance(functions, GoTable)
    return functions


@cache
def names_by_nm(path: Path) -> frozenset[str]:
    """Functions by Go's own tool. Assembly has a suffix there, and types another middle dot."""
    done = subprocess.run(
        [go_root() / "bin" / "go", "tool", "nm", str(path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
        env={
            **compiler_environment(),
            "GOCACHE": str(BUILD / "go-cache"),
            "GOPATH": str(BUILD / "go-path"),
            "GOTOOLCHAIN": "local",
            "GOPROXY": "off",
        },
    )
    assert done.returncode == 0, done.stderr
    rows = (line.split(None, 2) for line in done.stdout.splitlines())
    names = {row[2] for row in rows if len(row) == 3 and row[1] in "tT"}
    return frozenset(plain(name) for name in names) - {"runtime.text", "runtime.etext"}


def plain(name: str) -> str:
    return re.sub(r"\.abi0$|\.abiinternal$", "", name).replace("·", ".").lstrip("_")


@pytest.mark.parametrize(("goos", "goarch"), PLATFORMS)
def test_a_stripped_program_names_what_nm_names(goos: str, goarch: str) -> None:
    functions = table(program(goos, goarch)).functions
    truth = names_by_nm(program(goos, goarch, ldflags=""))
    ours = {plain(function.name) for function in functions}
    assert len(functions) > 1000
    assert ours - truth == set()
    assert {name for name in truth - ours if not name.startswith(("go:", "runtime.e"))} == set()


@pytest.mark.parametrize(("goos", "goarch"), PLATFORMS)
def test_sizes_add_up_to_the_code(goos: str, goarch: str) -> None:
    whole = table(program(goos, goarch))
    packages = whole.packages()
    assert sum(package.size for package in packages) == sum(f.size for f in whole.functions)
    assert sum(package.functions for package in packages) == len(whole.functions)
    paths = [package.path for package in packages]
    assert paths[0] == "runtime"
    assert {"main", "sort", "strings", "os", "internal/abi"} <= set(paths)
    assert not [path for path in paths if "(" in path or "[" in path or " " in path]


def test_inlined_functions_are_named_too() -> None:
    whole = table(program("linux", "amd64"))
    assert isinstance(whole.names, frozenset)
    assert {function.name for function in whole.functions} <= whole.names
    assert len(whole.names) > len(whole.functions)


@pytest.mark.parametrize(
    ("name", "package", "symbol"),
    [
        ("net/http.(*Client).Do", "net/http", "Client.Do"),
        ("gopkg.in/yaml%2ev3.Marshal", "gopkg.in/yaml.v3", "Marshal"),
        ("main.main.func1", "main", "main"),
        ("main.main.func1.2", "main", "main"),
        ("main.main.gowrap1", "main", "main"),
        ("os.(*File).Close-fm", "os", "File.Close"),
        ("main.(*box[go.shape.string]).Get", "main", "box.Get"),
        (
            "slices.SortFunc[go.shape.[]a/b.T,go.shape.struct { a/b.n string }]",
            "slices",
            "SortFunc",
        ),
        ("a.b/retry.(*CallOption).google.golang.org/grpc.before", "a.b/retry", None),
        ("go:buildid", "", "go:buildid"),
        ("type:.eq.[2]string", "", "type:.eq.[2]string"),
    ],
)
def test_a_name_is_taken_apart(name: str, package: str, symbol: str | None) -> None:
    path, rest = split_name(name)
    assert path == package
    assert symbol in (None, rest)


@pytest.mark.parametrize("name", ["c-static", "c-glibc", "upx-static"])
def test_other_programs_have_no_table(name: str) -> None:
    with FileSource(binary(name)) as source:
        assert isinstance(read_functions(source), NotApplicable)


def test_another_magic_number_is_unknown_or_no_table() -> None:
    """As garble leaves a program: the table is there, and nothing can find it."""
    data = program("linux", "amd64").read_bytes()
    changed = data.replace(b"\xf1\xff\xff\xff\0\0\1\x08", b"\x11\x22\x33\x44\0\0\1\x08")
    assert changed != data
    assert isinstance(read_functions(BytesSource(changed)), (NotApplicable, Unknown))


@pytest.mark.parametrize("goarch", ["amd64", "mips"])
def test_a_table_is_found_wherever_it_begins(goarch: str) -> None:
    """Its header may lie across two pieces of the file that are searched one after the other."""
    data = program("linux", goarch).read_bytes()
    mark = b"\xf1\xff\xff\xff\0\0\1\x08" if goarch == "amd64" else b"\xff\xff\xff\xf1\0\0\4\4"
    start = data.index(mark)
    for inside in (0, 1, 4, 7, 8):
        moved = bytes(CHUNK - inside) + data[start:]
        assert read_functions(BytesSource(moved)) == table(program("linux", goarch))


def test_a_prefix_does_not_know() -> None:
    data = program("linux", "arm64").read_bytes()
    for length in (4096, len(data) // 2, len(data) - 4096):
        functions = read_functions(PrefixSource(data[:length], len(data)))
        assert isinstance(functions, (Unknown, GoTable))
        if isinstance(functions, GoTable):
            assert functions == table(program("linux", "arm64"))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 200), st.binary(min_size=1, max_size=16))
def test_a_damaged_header_is_never_a_crash(offset: int, junk: bytes) -> None:
    data = bytearray(binary("go-static-386").read_bytes())
    start = data.find(b"\xf1\xff\xff\xff\0\0\1\x04")
    assert start > 0
    data[start + offset : start + offset + len(junk)] = junk
    assert isinstance(read_functions(BytesSource(bytes(data))), (GoTable, Unknown, NotApplicable))
