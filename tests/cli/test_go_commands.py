"""``functions`` and ``vulns``: text, JSON by the schema, and the documents that others read."""

import json
from pathlib import Path

import jsonschema
import pytest

from explorer.report.json import schema_text
from tests.advisories.entries import entry, write_database
from tests.advisories.server import database_server
from tests.cli.conftest import Command
from tests.support.binaries import binary, go_build
from tests.support.garble import garbled
from tests.support.github import GitHub
from tests.support.macho import universal

SOURCE = """package main

import (
	"encoding/json"
	"net/url"
	"os"
)

func main() {
	address, _ := url.Parse(os.Args[0])
	json.NewEncoder(os.Stdout).Encode(address)
}
"""
HOSTILE = "\x1b]0;owned\x07 [/x] \u202eevil | <b>`code`"
ENTRIES = [
    entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}], summary=HOSTILE),
    entry(2, "stdlib", [{"path": "encoding/json", "symbols": ["Decoder.Token"]}]),
    entry(3, "stdlib", [{"path": "net/http", "symbols": ["Get"]}]),
]


@pytest.fixture
def program() -> str:
    return str(go_build("gocommands", SOURCE))


@pytest.fixture
def database(tmp_path: Path) -> str:
    return str(write_database(tmp_path / "db", ENTRIES))


def fits(document: str, command: str) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(document)
    jsonschema.validate(parsed, json.loads(schema_text(command)))
    return parsed


def test_packages_by_size(rr: Command, program: str) -> None:
    done = rr("functions", program)
    code, out = done.code, done.out
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["package", "functions", "size", "share"]
    assert lines[1].startswith("runtime ")
    assert any(line.startswith("encoding/json ") for line in lines)


def test_functions_with_a_word_in_their_name(rr: Command, program: str) -> None:
    done = rr("functions", program, "--each", "--filter", "net/url")
    code, out = done.code, done.out
    assert code == 0
    assert "net/url.Parse" in out
    assert "runtime." not in out


def test_functions_as_json(rr: Command, program: str) -> None:
    done = rr("functions", program, "--json")
    code, out = done.code, done.out
    assert code == 0
    names = [one["name"] for one in fits(out, "functions")["functions"]]  # type: ignore[attr-defined]
    assert "main.main" in names


def test_what_is_not_go_says_so(rr: Command, database: str) -> None:
    done = rr("functions", str(binary("c-static")))
    code, err = done.code, done.err
    assert code == 2
    assert "names no functions" in err
    done = rr("vulns", str(binary("c-static")), "--db", database)
    code, err = done.code, done.err
    assert code == 2
    assert "Nothing tells" in err


def test_vulnerabilities_in_words(rr: Command, program: str, database: str) -> None:
    done = rr("vulns", program, "--db", database, "--exit-code")
    code, out = done.code, done.out
    assert code == 1
    assert "Scanners report 3 (module level); 1 is in the program." in out
    rows = [line for line in out.splitlines() if "GO-2026-" in line]
    assert [row.split("  ")[0] for row in rows] == [
        "affected",
        "linked, not called",
        "not in the program",
    ]
    assert "net/url.Parse" in rows[0]
    assert "\x1b" not in out
    assert "\u202e" not in out


def test_openvex_has_no_document_without_a_statement(
    rr: Command, program: str, tmp_path: Path
) -> None:
    other = entry(4, "example.test/other", [{"path": "example.test/other", "symbols": ["F"]}])
    database = str(write_database(tmp_path / "none", [other]))
    done = rr("vulns", program, "--db", database, "--format", "openvex")
    assert (done.code, done.out) == (2, "")
    assert "There is nothing to state in OpenVEX" in done.err
    for form in ("sarif", "markdown"):
        done = rr("vulns", program, "--db", database, "--format", form)
        assert done.code == 0
        assert done.out


def test_vulnerabilities_as_json(rr: Command, program: str, database: str) -> None:
    out = rr("vulns", program, "--db", database, "--json").out
    document = fits(out, "vulns")
    assert document["database"] == {
        "name": database,
        "modified": "2026-08-21T00:00:00Z",
        "checked_at": None,
    }
    advisories = document["advisories"]
    assert [one["status"] for one in advisories] == [  # type: ignore[attr-defined]
        "affected",
        "not-called",
        "not-present",
    ]


def test_vulnerabilities_as_openvex(rr: Command, program: str, database: str) -> None:
    out = rr("vulns", program, "--db", database, "--format", "openvex").out
    document = json.loads(out)
    assert document["@context"] == "https://openvex.dev/ns/v0.2.0"
    by_id = {one["vulnerability"]["name"]: one for one in document["statements"]}
    assert by_id["GO-2026-0001"]["status"] == "affected"
    assert by_id["GO-2026-0002"]["justification"] == "vulnerable_code_not_in_execute_path"
    assert by_id["GO-2026-0003"]["justification"] == "vulnerable_code_not_present"


def test_vulnerabilities_as_sarif(rr: Command, program: str, database: str) -> None:
    out = rr("vulns", program, "--db", database, "--format", "sarif").out
    log = json.loads(out)
    assert log["version"] == "2.1.0"
    assert [one["ruleId"] for one in log["runs"][0]["results"]] == ["GO-2026-0001"]


def test_markdown_holds_no_markup_of_others(rr: Command, program: str, database: str) -> None:
    out = rr("vulns", program, "--db", database, "--format", "markdown").out
    assert "GO-2026-0001" in out
    assert "<b>" not in out
    assert "\x1b" not in out
    assert "`code`" not in out


def test_a_database_that_is_not_there(rr: Command, program: str, tmp_path: Path) -> None:
    done = rr("vulns", program, "--db", str(tmp_path / "absent"))
    code, err = done.code, done.err
    assert code == 3
    assert "vulndb.zip" in err


@pytest.mark.parametrize(("goos", "goarch"), [("windows", "amd64"), ("darwin", "arm64")])
def test_programs_for_other_systems(rr: Command, database: str, goos: str, goarch: str) -> None:
    foreign = str(go_build("gocommands", SOURCE, goos=goos, goarch=goarch))
    document = fits(rr("inspect", foreign, "--json").out, "inspect")
    assert document["go"]["settings"]["GOOS"] == goos  # type: ignore[index]
    assert "encoding/json " in rr("functions", foreign).out
    done = rr("vulns", foreign, "--db", database)
    assert done.code == 0
    assert "report 3 (module level); 1 is in the program" in done.out


def test_the_official_database_is_downloaded_and_kept(
    rr: Command, program: str, tmp_path: Path
) -> None:
    with database_server(tmp_path / "db", ENTRIES) as server:
        env = {"RR_EXPLORER_VULNDB_URL": server.url}
        done = rr("vulns", program, env=env)
        assert done.code == 0, done.err
        assert "Database: 127.0.0.1, of 2026-08-21, checked just now" in done.out
        assert rr("vulns", program, "--offline", env=env).out == done.out
        assert server.statuses == [200]


def test_without_network_or_database_it_says_what_to_do(rr: Command, program: str) -> None:
    done = rr("vulns", program, "--offline")
    assert done.code == 3
    assert "no vulnerability database here" in done.err
    assert "download https://vuln.go.dev/vulndb.zip elsewhere" in done.err
    done = rr("vulns", program, env={"RR_EXPLORER_VULNDB_URL": "http://127.0.0.1:9/vulndb.zip"})
    assert done.code == 3
    assert "name the file with --db" in done.err


def test_build_info_and_its_filter(rr: Command, program: str) -> None:
    done = rr("gobuild", program)
    assert done.code == 0
    assert done.out.splitlines()[0].split() == ["what", "name", "version"]
    assert "example.test/gocommands" in done.out
    done = rr("gobuild", program, "--filter", "goarch")
    assert [line.split() for line in done.out.splitlines()[1:]] == [["setting", "GOARCH", "amd64"]]
    document = fits(rr("gobuild", program, "--json").out, "gobuild")
    assert document["go"]["settings"]["GOARCH"] == "amd64"  # type: ignore[index]
    done = rr("gobuild", str(binary("c-static")))
    assert done.code == 2
    assert "Nothing tells what" in done.err


def test_a_bill_of_materials(rr: Command, program: str) -> None:
    done = rr("sbom", program)
    assert done.code == 0
    document = json.loads(done.out)
    assert document["metadata"]["component"]["name"] == "example.test/gocommands"
    assert [one["name"] for one in document["components"]] == ["stdlib"]
    assert rr("sbom", str(binary("c-static"))).code == 2


@pytest.fixture
def mac_program(tmp_path: Path) -> str:
    parts = [
        (cpu, go_build("gocommands", SOURCE, goos="darwin", goarch=arch).read_bytes())
        for arch, cpu in (("amd64", 0x01000007), ("arm64", 0x0100000C))
    ]
    path = tmp_path / "both"
    path.write_bytes(universal(*parts))
    return str(path)


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
def test_the_architecture_asked_for_of_a_universal_file(
    rr: Command, mac_program: str, arch: str
) -> None:
    out = rr("gobuild", mac_program, "--platform", f"darwin-{arch}", "--json").out
    document = fits(out, "gobuild")
    assert document["go"]["settings"]["GOARCH"] == arch  # type: ignore[index]
    assert [one["arch"] for one in document["slices"]] == ["amd64", "arm64"]  # type: ignore[attr-defined]
    printed = rr("gobuild", mac_program, "--platform", f"darwin-{arch}").out.splitlines()
    shown = [line.split()[1] for line in printed if "shown below" in line]
    assert shown == [arch]
    thin = str(go_build("gocommands", SOURCE, goos="darwin", goarch=arch))
    expected = rr("functions", thin, "--json").out
    out = rr("functions", mac_program, "--platform", f"darwin-{arch}", "--json").out
    assert fits(out, "functions")["functions"] == json.loads(expected)["functions"]


def test_inspect_lists_every_architecture(rr: Command, mac_program: str) -> None:
    lines = rr("inspect", mac_program).out.splitlines()
    assert [line.split()[1] for line in lines if line.startswith("Go (")] == ["(amd64)", "(arm64)"]


@pytest.mark.parametrize("is_found", [False, True], ids=["no table", "a table of hashes"])
def test_an_obfuscated_program_is_unknown(
    rr: Command, tmp_path: Path, database: str, is_found: bool
) -> None:
    program = tmp_path / "garbled"
    program.write_bytes(garbled("gocommands", SOURCE, is_found=is_found))
    for words in (("gobuild",), ("vulns", "--db", database), ("sbom",), ("reproduce",)):
        done = rr(words[0], program, *words[1:])
        assert done.code == 2, words
        assert "names neither Go's version nor a module: it is obfuscated" in done.err
    done = rr("functions", program, "--json")
    assert done.code == (0 if is_found else 2)
    assert (
        is_found or "its table of functions is not found" in json.loads(done.err)["error"]["detail"]
    )
    document = rr.json("inspect", program)
    assert document["elf"]["tzdata"] is None
    assert document["verdicts"][0]["answer"] == "yes", "it is static all the same"


def test_without_an_advisory_vulns_downloads_nothing(
    rr: Command, github: GitHub, tmp_path: Path
) -> None:
    github.add_release("v1", {"tool-linux-arm64": go_build("tool", SOURCE, goarch="arm64")})
    rr.api_url = github.api_url
    other = write_database(tmp_path / "other", [entry(1, "example.test/other", [])])
    done = rr("vulns", "v1/tool-linux-arm64", "--db", other)
    assert "No known vulnerability concerns what it was built from." in done.out
    assert github.body_bytes(host="assets") < 200_000
    advisory = entry(1, "stdlib", [{"path": "runtime", "symbols": ["goexit"]}])
    database = write_database(tmp_path / "db", [advisory])
    assert "1 is in the program" in rr("vulns", "v1/tool-linux-arm64", "--db", database).out


def test_build_info_is_the_same_before_the_download(rr: Command, github: GitHub) -> None:
    """A few bytes tell it of a program that Go linked itself; the rest is downloaded for it."""
    own = {f"tool-linux-{arch}": go_build("tool", SOURCE, goarch=arch) for arch in ARCHES}
    github.add_release("v1", {**own, "tool-with-c-linux-amd64": binary("go-cgo-glibc")})
    rr.api_url = github.api_url
    for name, path in own.items():
        assert rr("gobuild", f"v1/{name}").out == rr("gobuild", str(path)).out
        assert github.body_bytes(f"*{name}", host="assets") < 150_000
    assert "toolchain" in rr("gobuild", "v1/tool-with-c-linux-amd64").out
    assert rr("gobuild", "v1/tool-linux-arm64").code == 0, "recorded by now, without settings"
    assert rr("gobuild", "v1/tool-linux-arm64").out == rr("gobuild", str(own[RECORDED])).out


ARCHES = ("amd64", "arm64", "386", "s390x")
RECORDED = "tool-linux-arm64"
