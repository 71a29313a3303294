"""Advisories against programs: exact on stripped files, where version scanners are not."""

import json
import subprocess
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from explorer.advisories import (
    AdvisoryDatabase,
    AdvisoryStatus,
    GoProgram,
    load_database,
    match_advisories,
)
from explorer.advisories.versions import go_version, version_key
from explorer.bytesource import FileSource
from explorer.elf import Elf, GoBuild, read
from explorer.errors import FormatError, SourceError
from explorer.facts import Unknown
from explorer.golang import GoTable, read_functions, symbols_by_package
from tests.advisories.entries import entry, write_database
from tests.support.binaries import go_build
from tests.support.yardsticks import GO_VERSIONS, debian_tool, go_of

SOURCE = """package main

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
)

func main() {
	address, _ := url.Parse(strings.Join(os.Args, ""))
	json.NewEncoder(os.Stdout).Encode(address)
}
"""
STDLIB = [
    entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse", "URL.Query"]}]),
    entry(2, "stdlib", [{"path": "encoding/json", "symbols": ["Decoder.Token"]}]),
    entry(3, "stdlib", [{"path": "net/http", "symbols": ["Get"]}]),
    entry(4, "stdlib", [{"path": "strings"}]),
    entry(5, "stdlib", [{"path": "os", "goos": ["windows"], "symbols": ["Exit"]}]),
    entry(6, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}], fixed="1.0.0"),
    entry(7, "stdlib", [{"path": "encoding/json", "symbols": ["Encoder.Encode"]}]),
    entry(8, "example.test/other", [{"path": "example.test/other", "symbols": ["F"]}]),
    entry(9, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}], withdrawn="2026-02-01"),
]
PROMOTED = """package main

import (
	"archive/tar"
	"encoding/xml"
	"os"
	"slices"
	"text/template"
)

type archive struct{ *tar.Writer }

type closer interface{ Close() error }

func main() {
	var end closer = archive{tar.NewWriter(os.Stdout)}
	defer end.Close()
	words := slices.Clone(os.Args)
	slices.SortFunc(words, func(a, b string) int { return len(a) - len(b) })
	page := template.Must(template.New("page").Parse(words[0]))
	if err := xml.NewDecoder(os.Stdin).Decode(&words); err != nil {
		page.Execute(os.Stdout, end)
	}
}
"""
"""Methods that are promoted from an embedded type, generics, and functions without a name."""
OF_VERSIONS = [
    *(one for one in STDLIB if "withdrawn" not in one),
    entry(10, "stdlib", [{"path": "archive/tar", "symbols": ["Writer.Close", "Reader.Next"]}]),
    entry(11, "stdlib", [{"path": "archive/tar", "symbols": ["Reader.Next"]}], fixed="1.24.0"),
    entry(12, "stdlib", [{"path": "text/template", "symbols": ["Must"]}], introduced="1.25.0"),
    entry(13, "stdlib", [{"path": "text/template", "symbols": ["Template.Execute"]}]),
    entry(14, "stdlib", [{"path": "text/template", "symbols": ["Template.ExecuteTemplate"]}]),
    entry(15, "stdlib", [{"path": "encoding/xml", "symbols": ["Decoder.Decode"]}], fixed="1.23.0"),
    entry(16, "stdlib", [{"path": "reflect", "symbols": ["Value.MapKeys", "Value.Call"]}]),
    entry(17, "stdlib", [{"path": "archive/tar"}, {"path": "archive/zip", "symbols": ["Writer"]}]),
    entry(18, "stdlib", [{"path": "compress/flate", "symbols": ["NewReader"]}]),
]
WANTED = {
    "affected": {"GO-2026-0001", "GO-2026-0004", "GO-2026-0007"},
    "not-called": {"GO-2026-0002"},
    "not-present": {"GO-2026-0003"},
}


def program_of(path: Path) -> GoProgram:
    with FileSource(path) as source:
        binary, table = read(source, "it"), read_functions(source)
    assert isinstance(binary.elf, Elf)
    assert isinstance(binary.elf.go, GoBuild)
    assert isinstance(table, GoTable)
    assert isinstance(table.names, frozenset)
    build = binary.elf.go
    modules = {module.path: module.version for module in build.dependencies}
    symbols = symbols_by_package(table.names)
    goos, goarch = build.setting("GOOS") or "", build.setting("GOARCH") or ""
    return GoProgram(modules, build.version, goos, goarch, symbols)


def statuses(program: GoProgram, database: AdvisoryDatabase) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for match in match_advisories(program, database):
        found[match.status.value].add(match.advisory.id)
    return dict(found)


@pytest.mark.parametrize("goarch", ["amd64", "arm64", "386"])
def test_a_stripped_program(goarch: str, tmp_path: Path) -> None:
    database = load_database(write_database(tmp_path, STDLIB))
    stripped = go_build("vulns", SOURCE, goarch=goarch)
    assert statuses(program_of(stripped), database) == WANTED
    first = match_advisories(program_of(stripped), database)[0]
    assert first.symbols == ("net/url.Parse",)
    assert (first.module, first.fixed) == ("stdlib", "99.0.0")
    assert first.advisory.aliases == ("CVE-2026-1",)


def govulncheck(path: Path, database: Path) -> dict[str, set[str]]:
    """What the Go team's own tool says."""
    tool = str(debian_tool("govulncheck"))
    command = [tool, "-mode=binary", "-db", f"file://{database}", "-format", "openvex", str(path)]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    kinds = {
        "vulnerable_code_not_in_execute_path": "not-called",
        "vulnerable_code_not_present": "not-present",
    }
    found: dict[str, set[str]] = defaultdict(set)
    for statement in json.loads(done.stdout).get("statements", []):
        kind = kinds.get(statement.get("justification", ""), statement["status"])
        found[kind].add(statement["vulnerability"]["name"])
    return dict(found)


def test_the_same_ids_as_govulncheck_on_the_twin_that_is_not_stripped(tmp_path: Path) -> None:
    place = write_database(tmp_path, [one for one in STDLIB if "withdrawn" not in one])
    truth = govulncheck(go_build("vulns", SOURCE, ldflags=""), place)
    stripped = program_of(go_build("vulns", SOURCE))
    assert statuses(stripped, load_database(place)) == truth == WANTED


@pytest.mark.parametrize("version", GO_VERSIONS)
@pytest.mark.parametrize("source", [SOURCE, PROMOTED], ids=["plain", "promoted"])
def test_the_same_ids_as_govulncheck_whatever_go_built_it(
    source: str, version: str, tmp_path: Path
) -> None:
    place = write_database(tmp_path, OF_VERSIONS)
    go = go_of(version)
    truth = govulncheck(go_build("vulns", source, ldflags="", compiler=go), place)
    stripped = program_of(go_build("vulns", source, compiler=go))
    assert stripped.go == f"go{version}"
    assert statuses(stripped, load_database(place)) == truth
    assert set(truth) == {"affected", "not-called", "not-present"}


def test_a_module_without_releases_has_the_ids_of_govulncheck(tmp_path: Path) -> None:
    """Its version sorts below 0.0.0: an advisory that is introduced at 0 concerns it, too."""
    path, version = "example.test/dep", "v0.0.0-20200101000000-abcdefabcdef"
    imports = [{"path": path, "symbols": ["F"]}]
    entries = [
        entry(1, path, imports, fixed="1.2.3"),
        entry(2, path, imports, introduced="0.0.0-2021", fixed=""),
        entry(3, path, imports, introduced="0.1.0", fixed=""),
        entry(4, path, imports, fixed=version[1:]),
        entry(5, path, [{"path": path, "symbols": ["G"]}], fixed=""),
    ]
    sources = {
        "go.mod": f"module example.test/vulns\n\ngo 1.22\n\nrequire {path} {version}\n",
        "vendor/modules.txt": f"# {path} {version}\n## explicit; go 1.22\n{path}\n",
        f"vendor/{path}/dep.go": "package dep\n\n//go:noinline\nfunc F() { println() }\n",
    }
    main = f'package main\n\nimport "{path}"\n\nfunc main() {{ dep.F() }}\n'
    flags = ("-trimpath", "-mod=vendor")
    truth, stripped = (
        go_build("vulns", main, ldflags=ldflags, flags=flags, files=sources)
        for ldflags in ("", "-s -w")
    )
    place = write_database(tmp_path, entries)
    ours = statuses(program_of(stripped), load_database(place))
    assert ours == govulncheck(truth, place)
    assert ours["affected"] == {"GO-2026-0001", "GO-2026-0002"}


def test_a_generic_function_is_found_where_govulncheck_misses_it(tmp_path: Path) -> None:
    sort = entry(1, "stdlib", [{"path": "slices", "symbols": ["SortFunc"]}])
    place = write_database(tmp_path, [sort])
    truth = govulncheck(go_build("vulns", PROMOTED, ldflags=""), place)
    stripped = program_of(go_build("vulns", PROMOTED))
    assert truth == {"not-called": {"GO-2026-0001"}}, "it compares slices.SortFunc[...] as it is"
    assert statuses(stripped, load_database(place)) == {"affected": {"GO-2026-0001"}}


def test_without_function_names_it_is_module_level(tmp_path: Path) -> None:
    database = load_database(write_database(tmp_path, STDLIB))
    program = GoProgram({}, "go1.21.5", "linux", "amd64", Unknown("obfuscated"))
    by_status = statuses(program, database)
    assert set(by_status) == {AdvisoryStatus.MODULE_LEVEL.value}
    assert "GO-2026-0005" not in by_status["module-level"], "it is for Windows only"


@pytest.mark.parametrize(
    ("introduced", "fixed", "version", "hit"),
    [
        ("0", "1.2.3", "v1.2.2", True),
        ("0", "1.2.3", "v1.2.3", False),
        ("0", "1.2.3", "v1.2.3-rc.1", True),
        ("1.0.0", "", "v1.0.0-20210101000000-abcdefabcdef", False),
        ("1.0.0", "", "v2.0.0+incompatible", True),
        ("1.2.0-0", "1.3.0", "v1.2.0-rc.1", True),
        ("0", "1.2.3", "(devel)", False),
        ("0", "1.2.3", "v0.0.0-20200101000000-abcdefabcdef", True),
        ("0", "0.0.0-20200101000000-abcdefabcdef", "v0.0.0-20200101000000-abcdefabcdef", False),
        ("0", "1.2.3", "v0.0.0-20261013164250-e27a6760c554+dirty", True),
    ],
)
def test_versions(introduced: str, fixed: str, version: str, hit: bool, tmp_path: Path) -> None:
    one = entry(1, "a.test/m", [{"path": "a.test/m"}], introduced=introduced, fixed=fixed)
    database = load_database(write_database(tmp_path, [one]))
    program = GoProgram(
        {"a.test/m": version}, "go1.26.4", "linux", "amd64", {"a.test/m": frozenset({"F"})}
    )
    assert bool(match_advisories(program, database)) is hit


def test_go_versions_are_ordered_as_go_orders_them() -> None:
    names = ["go1.20", "go1.21beta1", "go1.21rc2", "go1.21.0", "go1.21.5 X:boringcrypto", "go1.22"]
    keys = [version_key(go_version(name)) for name in names]
    assert None not in keys
    assert keys == sorted(key for key in keys if key is not None)
    assert go_version("devel +abc") == ""


def test_a_zip_and_one_file_are_read_too(tmp_path: Path) -> None:
    archive = tmp_path / "vulndb.zip"
    with zipfile.ZipFile(archive, "w") as out:
        for one in STDLIB:
            out.writestr(f"ID/{one['id']}.json", json.dumps(one))
        out.writestr("index/db.json", "{}")
    listed = tmp_path / "all.json"
    listed.write_text(json.dumps(STDLIB))
    for path in (archive, listed):
        assert len(load_database(path).advisories) == len(STDLIB) - 1


HOSTILE: list[Any] = [
    None,
    [],
    {"id": 3, "affected": 1},
    {"id": "GO-1", "affected": [{"package": {"name": 3}}, {"package": None}, 7]},
    {"id": "GO-1", "affected": [{"package": {"name": "m"}, "ranges": [{"events": [{}, 3]}]}]},
]


@pytest.mark.parametrize("content", HOSTILE)
def test_entries_that_make_no_sense_are_left_out(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_text(json.dumps([content, STDLIB[0]]))
    database = load_database(path)
    assert "GO-2026-0001" in {advisory.id for advisory in database.advisories}


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="Cannot read"):
        load_database(tmp_path / "absent")
    (tmp_path / "text").write_text("no JSON")
    with pytest.raises(FormatError, match="not a vulnerability database"):
        load_database(tmp_path / "text")
    (tmp_path / "empty.json").write_text("[]")
    with pytest.raises(FormatError, match="holds no advisories"):
        load_database(tmp_path / "empty.json")
