"""``compare`` and ``reproduce``: words, Markdown, JSON by the schema, and exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from explorer.report.json import schema_text
from tests.advisories.entries import entry, write_database
from tests.cli.conftest import AMD64, ARM64, OLD, TAG, Command
from tests.elf.crafted import old_build_info
from tests.support.binaries import BUILD, binary, compiler_environment, go_build
from tests.support.diffoscope import differing_sections
from tests.support.github import GitHub

FIRST, SECOND = "2026-01-02T03:04:05Z", "2026-11-22T13:14:15Z"
SOURCE = """package main

import (
	"net/url"
	"os"
)

var buildTime = "unset"

func main() {
	address, _ := url.Parse(os.Args[0])
	os.Stdout.WriteString(address.String() + buildTime)
}
"""


def stamped(time: str, name: str, source: str = SOURCE) -> Path:
    return go_build(name, source, ldflags=f"-s -X main.buildTime={time}", files={"go.mod": GO_MOD})


GO_MOD = "module example.test/stamped\n\ngo 1.22\n"


@pytest.fixture
def two_builds(tmp_path: Path) -> tuple[Path, Path]:
    """One program under the names of two platforms."""
    names = "rr-1.0.0-linux-amd64", "rr-1.0.0-unknown-musl-amd64"
    for name, time in zip(names, (FIRST, SECOND), strict=True):
        (tmp_path / name).write_bytes(stamped(time, "stamped").read_bytes())
    return tmp_path / names[0], tmp_path / names[1]


def test_modules_that_nothing_names_are_not_compared(
    rr: Command, tmp_path: Path, two_builds: tuple[Path, Path]
) -> None:
    """As of kubectl 1.20, built without modules: none was removed, they are not known."""
    bare = tmp_path / "bare"
    bare.write_bytes(old_build_info(64, "<", b"go1.15.5", b"", in_bss=True))
    database = write_database(tmp_path / "db", [entry(1, "stdlib", [])])
    document = rr.json("compare", two_builds[0], bare, "--db", database)
    for what in ("modules", "vulnerabilities"):
        assert document[what] is None
        assert document["missing"][what]["why"] == "its build info names no modules"
    done = rr("vulns", bare, "--db", database)
    assert "so only Go itself was looked up: 1 known vulnerability of it." in done.out


def test_two_builds_are_the_same_program(rr: Command, two_builds: tuple[Path, Path]) -> None:
    done = rr("compare", *two_builds, "--exit-code")
    assert done.code == 0
    assert done.out.startswith(
        "linux-amd64 and unknown-musl-amd64 are the same program: identical but for the build time"
    )
    assert f"{FIRST} {SECOND}" in " ".join(done.out.split())
    assert ".note.gnu.build-id  GNU build id" in done.out
    document = rr.json("compare", *two_builds)
    assert document["same_program"] is True
    assert document["bytes"]["sameness"] == "build-time"
    assert document["bytes"]["changed"] == sum(r["changed"] for r in document["bytes"]["ranges"])


def test_what_differs_between_two_programs(rr: Command) -> None:
    pair = binary("go-static-amd64"), binary("c-glibc")
    done = rr("compare", *pair, "--exit-code")
    assert done.code == 1
    assert "differ: the sizes differ" in done.out
    assert "added   libc.so.6" in done.out
    assert "Alpine" in done.out
    document = rr.json("compare", *pair)
    assert document["libraries_added"] == ["libc.so.6"]
    facts = {change["key"]: change for change in document["facts"]}
    assert facts["loader"]["before"] is None
    assert facts["loader"]["after"] == "/lib64/ld-linux-x86-64.so.2"
    answers = {change["target"]: change for change in document["verdicts"]}
    assert {change["after"] for change in answers.values()} >= {"no"}
    assert document["modules"] is None
    assert document["missing"]["modules"]["state"] == "not-applicable"


def sections_by_readelf(path: Path) -> dict[str, int]:
    done = subprocess.run(
        ["readelf", "-SW", str(path)], capture_output=True, text=True, check=True, timeout=60
    )
    rows = re.findall(r"^ +\[ *[1-9]\d*\] (\S+) +\S+ +\S+ \S+ (\S+)", done.stdout, re.MULTILINE)
    return {name: int(size, 16) for name, size in rows}


def test_sizes_of_sections_are_those_of_readelf(rr: Command) -> None:
    pair = binary("go-static-amd64"), binary("c-glibc")
    before, after = map(sections_by_readelf, pair)
    assert len(before) > 10
    expected = {
        name: (before.get(name), after.get(name))
        for name in {*before, *after}
        if before.get(name) != after.get(name)
    }
    changes = rr.json("compare", *pair)["sections"]
    assert {c["name"]: (c["before"], c["after"]) for c in changes} == expected


def with_modules(first: str, second: str, goarch: str = "amd64") -> Path:
    """A program of two modules: ``a`` from the folder ``first``, and ``second``."""
    wanted = f"require (\n\texample.test/a v0.0.0\n\texample.test/{second} v0.0.0\n)\n"
    places = f"replace example.test/a => ./{first}\nreplace example.test/{second} => ./{second}\n"
    imports = f'import (\n\t_ "example.test/a"\n\t_ "example.test/{second}"\n)\n'
    return go_build(
        "modules",
        f"package main\n\n{imports}\nfunc main() {{}}\n",
        goarch=goarch,
        files={
            "go.mod": f"module example.test/modules\n\ngo 1.22\n\n{wanted}\n{places}",
            f"{first}/go.mod": "module example.test/a\n\ngo 1.22\n",
            f"{first}/a.go": "package a\n",
            f"{second}/go.mod": f"module example.test/{second}\n\ngo 1.22\n",
            f"{second}/x.go": f"package {second}\n",
        },
    )


def test_bytes_differ_in_the_sections_that_diffoscope_lists(rr: Command) -> None:
    names = [f"stamped{number}" for number in range(2)]
    pair = [stamped(time, name) for name, time in zip(names, (FIRST, SECOND), strict=True)]
    one_file = stamped(FIRST, "stamped"), stamped(SECOND, "stamped")
    ranges = rr.json("compare", *one_file)["bytes"]["ranges"]
    places = {".note" if r["place"].startswith(".note") else r["place"] for r in ranges}
    assert places == {".note", ".rodata"}
    assert differing_sections(*one_file) == places
    assert rr.json("compare", *pair)["bytes"]["sameness"] != "identical"
    sections = {change["name"] for change in rr.json("compare", *pair)["sections"]}
    listed = differing_sections(*pair)
    assert sections <= {*listed, *(name for name in sections if name.startswith(".note"))}


def test_modules_that_moved_were_added_and_are_gone(rr: Command) -> None:
    pair = with_modules("one", "b"), with_modules("two", "c")
    document = rr.json("compare", *pair)
    changes = {change["path"]: change for change in document["modules"]}
    assert sorted(changes) == ["example.test/a", "example.test/b", "example.test/c"]
    assert changes["example.test/b"]["after"] is None
    assert changes["example.test/c"]["before"] is None
    assert changes["example.test/a"]["before"]["replace"]["path"] == "./one"
    assert changes["example.test/a"]["after"]["replace"]["path"] == "./two"


def test_vulnerabilities_that_were_fixed_and_are_new(rr: Command, tmp_path: Path) -> None:
    entries = [
        entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}], summary="old \x1b[31m"),
        entry(2, "stdlib", [{"path": "encoding/json", "symbols": ["Marshal"]}]),
    ]
    database = write_database(tmp_path / "db", entries)
    other = SOURCE.replace('"net/url"', '"encoding/json"').replace(
        "address, _ := url.Parse(os.Args[0])", "address, _ := json.Marshal(os.Args)"
    )
    other = other.replace("address.String()", "string(address)")
    pair = stamped(FIRST, "stamped"), stamped(FIRST, "stamped", other)
    changes = rr.json("compare", *pair, "--db", database)["vulnerabilities"]
    assert [match["id"] for match in changes["fixed"]] == ["GO-2026-0001"]
    assert [match["id"] for match in changes["introduced"]] == ["GO-2026-0002"]
    done = rr("compare", *pair, "--db", database)
    assert "\x1b" not in done.out
    assert "fixed   GO-2026-0001" in done.out


def test_a_comparison_as_markdown(rr: Command) -> None:
    done = rr("compare", binary("go-static-amd64"), binary("c-glibc"), "--format", "markdown")
    assert "### Libraries" in done.out
    assert "| `added` | `libc.so.6` |" in done.out


def test_two_releases(served: Command) -> None:
    done = served("compare", "v1.6.2", TAG)
    assert done.code == 0
    assert f"v1.6.2 → {TAG}: 1 file in both, 1 added, 0 gone; 1 answer changed." in done.out
    document = json.loads(served("compare", "v1.6.2", TAG, "--json").out)  # they are recorded now
    jsonschema.validate(document, json.loads(schema_text("compare-releases")))
    assert [asset["name"] for asset in document["added"]] == [ARM64]
    pair = document["pairs"][0]
    assert (pair["before"]["name"], pair["after"]["name"]) == (OLD, AMD64)
    assert (pair["answer_before"], pair["answer_after"]) == ("yes-if", "yes")
    assert f"added   {ARM64}" in done.out
    assert AMD64 in done.out
    assert OLD not in done.out
    changes = pair["changes"]
    facts = {change["key"]: change for change in changes["facts"]}
    assert facts["loader"]["before"] == "/lib64/ld-linux-x86-64.so.2"
    assert "glibc" in facts["needs-at-least"]["before"]
    assert facts["needs-at-least"]["after"] == "any Linux on amd64"
    assert changes["libraries_gone"] == ["libc.so.6"]
    protections = {change["key"]: change for change in changes["hardening"]}
    assert protections["relro"]["before"] == "yes"
    assert protections["canary"]["before"] is None
    assert protections["canary"]["missing"]["before"]["state"] == "unknown"
    assert {change["after"] for change in changes["verdicts"]} == {"yes"}
    assert changes["missing"]["bytes"]["state"] == "unknown", "nothing was downloaded"
    assert changes["missing"]["vulnerabilities"]["why"].startswith("there is no vulnerability")
    rows = [" ".join(line.split()) for line in done.out.splitlines()]
    assert "gone libc.so.6 linux-amd64" in rows
    assert any(row.startswith("n/a: there is no vulnerability database here") for row in rows)
    assert any(row.startswith("loader /lib64/ld-linux-x86-64.so.2 n/a:") for row in rows)
    systems = "Debian 13 trixie, Debian 12 bookworm, Debian 11 bullseye and "
    assert any(row.startswith(systems) and row.endswith("linux-amd64") for row in rows)


def test_modules_of_two_releases(rr: Command, github: GitHub, tmp_path: Path) -> None:
    for tag, first, second in (("v1", "one", "b"), ("v2", "two", "c")):
        programs = {
            f"tool-linux-{arch}": with_modules(first, second, arch).read_bytes()
            for arch in ("amd64", "arm64")
        }
        day = f"2026-06-0{tag[1:]}T10:00:00+00:00"
        github.add_release(tag, programs, published_at=day)
    rr.api_url = github.api_url
    entries = [
        entry(1, "stdlib", [{"path": "runtime"}]),
        entry(2, "./b", [], fixed="99.0.0"),
        entry(3, "example.test/modules", [], fixed="99.0.0"),
    ]
    database = write_database(tmp_path / "db", entries)
    words = ("compare", "v1", "v2", "--db", database)
    peeked = rr(*words)
    assert "? needs the whole file (2 programs)" in " ".join(peeked.out.split())
    before = json.loads(rr(*words, "--json").out)["pairs"][0]["changes"]
    assert before["missing"]["vulnerabilities"] == {"state": "unknown", "why": UNREAD}
    assert github.body_bytes(host="assets") < 1 << 20, "nothing was downloaded"
    done = rr(*words, "--modules")
    assert done.code == 0
    for out in (peeked.out, done.out):  # a few bytes tell the modules
        rows = [line.split() for line in out.splitlines() if "example.test/" in line]
        assert [row[:2] for row in rows] == [
            ["moved", "example.test/a"],
            ["gone", "example.test/b"],
            ["added", "example.test/c"],
        ]
        assert all(row[-2:] == ["all", "2"] for row in rows)
    document = json.loads(rr(*words, "--json").out)  # read again from disk, without --modules
    jsonschema.validate(document, json.loads(schema_text("compare-releases")))
    for pair in document["pairs"]:
        assert len(pair["modules"]) == 3
        assert pair["changes"]["vulnerabilities"]["fixed"] == []
        assert "sections" not in pair["changes"].get("missing", {})
    markdown = rr(*words, "--format", "markdown").out
    assert "### Go modules" in markdown
    assert rr("cache", "prune", "--limit", "1").code == 0
    offline = rr(*words, "--json", "--offline")
    for pair in json.loads(offline.out)["pairs"]:  # by what was recorded of them
        assert pair["modules"] is None
        assert pair["changes"]["missing"]["settings"] == {"state": "unknown", "why": UNREAD}
        assert pair["changes"]["vulnerabilities"]["fixed"] == []


def test_sizes_of_two_releases(rr: Command, github: GitHub) -> None:
    for number, name in enumerate(("go-static", "go-tzdata"), 1):
        program = binary("go-static-amd64" if name == "go-static" else name)
        day = f"2026-06-0{number}T10:00:00+00:00"
        github.add_release(f"v{number}", {"tool-linux-amd64": program}, published_at=day)
    rr.api_url = github.api_url
    peeked = rr("compare", "v1", "v2").out.partition("Sizes\n")[2].partition("\n\n")[0]
    assert ".rodata +" in peeked, "a few bytes tell the sections"
    assert "? needs the whole file" in peeked, "and not the packages"
    done = rr("compare", "v1", "v2", "--modules")
    changes = json.loads(rr("compare", "v1", "v2", "--json").out)["pairs"][0]["changes"]
    text = " ".join(done.out.partition("Sizes\n")[2].partition("\n\n")[0].split())
    assert "change sections Go packages in" in text
    assert "time/tzdata +" in text
    most = max(changes["sections"], key=lambda one: abs(one["after"] - one["before"]))
    assert f"{most['name']} +" in text
    assert text.endswith("linux-amd64")
    assert text.count(" and ") <= 2
    markdown = rr("compare", "v1", "v2", "--format", "markdown").out
    assert "### Sizes" in markdown


UNREAD = "needs the whole file"


def test_two_files_of_releases(served: Command) -> None:
    done = served("compare", "v1.6.2", TAG, "--platform", "linux-amd64")
    assert done.code == 0
    assert "gone    libc.so.6" in done.out


def rebuilt(line: str, folder: Path) -> None:
    """Run a line in a shell, as a user would."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={
            **os.environ,
            **compiler_environment(),
            "PATH": path,
            "GOPROXY": "off",
            "GOCACHE": str(BUILD / "go-cache"),
            "GOPATH": str(BUILD / "go-path"),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, f"{line}\n{done.stderr}"


@pytest.mark.parametrize(("goarch", "tags"), [("amd64", ""), ("arm64", "one,two")])
def test_the_printed_line_builds_the_same_program(
    rr: Command, tmp_path: Path, goarch: str, tags: str
) -> None:
    flags = ("-trimpath", *([f"-tags={tags}"] if tags else []))
    program = go_build(
        "stamped", SOURCE, goarch=goarch, ldflags="-s", flags=flags, files={"go.mod": GO_MOD}
    )
    document = rr.json("reproduce", program)
    assert any("run it in the folder" in sentence for sentence in document["unknown"])
    (tmp_path / "go.mod").write_text(GO_MOD)
    (tmp_path / "main.go").write_text(SOURCE)
    rebuilt(document["line"], tmp_path)
    done = rr("reproduce", program, "--built", tmp_path / "stamped")
    assert done.code == 0, done.out
    assert done.out.startswith("Reproduced bit for bit.")
    (tmp_path / "main.go").write_text(SOURCE.replace("os.Args[0]", "os.Args[1]"))
    rebuilt(document["line"], tmp_path)
    done = rr("reproduce", program, "--built", tmp_path / "stamped")
    assert done.code == 1
    assert done.out.startswith("Not reproduced: ")


def test_another_time_is_reproduced(rr: Command, two_builds: tuple[Path, Path]) -> None:
    done = rr("reproduce", two_builds[0], "--built", two_builds[1])
    assert done.code == 0
    assert done.out.startswith("Reproduced: identical but for the build time.")
    assert rr.json("reproduce", two_builds[0], "--built", two_builds[1])["reproduced"] is True


def test_a_release_file_is_cloned_at_its_tag(served: Command) -> None:
    line = served.json("reproduce", f"{TAG}/{AMD64}")["line"]
    words = line.split(" && ")
    assert words[0].startswith(f"git clone --depth=1 --branch={TAG} http")
    assert words[1] == "cd rebuild"
    assert "CGO_ENABLED=0 GOOS=linux GOARCH=amd64" in words[2]


def test_what_is_not_go_cannot_be_reproduced(rr: Command) -> None:
    done = rr("reproduce", binary("c-static"))
    assert done.code == 2
    assert "Nothing tells what hello was built from" in done.err


def test_hostile_settings_do_not_reach_the_line(rr: Command, tmp_path: Path) -> None:
    program = go_build(
        "stamped",
        SOURCE,
        ldflags="-s -X main.buildTime=$(id)`id`;id",
        flags=(),
        files={"go.mod": GO_MOD},
    )
    line = rr.json("reproduce", program)["line"]
    assert "'-s -X main.buildTime=$(id)`id`;id'" in line
    data = program.read_bytes()
    evil = tmp_path / "evil"
    evil.write_bytes(data.replace(b"-s -X main.buildTime=$(id)", b"-s -extld=/tmp/evil/linker"))
    assert len(evil.read_bytes()) == len(data)
    document = rr.json("reproduce", evil)
    assert "extld" not in document["line"]
    assert any(sentence.startswith("-ldflags: left out") for sentence in document["unknown"])
