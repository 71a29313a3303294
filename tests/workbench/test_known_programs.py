"""What is known of vulnerabilities across releases, from what earlier looks recorded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.advisories import GoProgram
from explorer.facts import NotApplicable, Unknown
from explorer.report.advice import advice_facts
from explorer.report.tables import matrix_markdown, matrix_tables
from explorer.report.tables.matrix_table import MatrixTable
from explorer.workbench import AdvisoryStatus, Depth, Workbench
from explorer.workbench.known_programs import keep_program, known_program
from tests.advisories.entries import entry, write_database
from tests.support.archives import make_archive, roadrunner_members
from tests.support.binaries import go_build
from tests.support.github import GitHub
from tests.workbench.conftest import archive_name

PARSES = """package main

import (
	"net/url"
	"os"
)

func main() { u, _ := url.Parse(os.Args[0]); os.Stdout.WriteString(u.Host) }
"""
PRINTS = 'package main\nimport "os"\nfunc main() { os.Stdout.WriteString("hello") }\n'
ENTRIES = [
    entry(1, "stdlib", [{"path": "net/url", "symbols": ["Parse"]}]),
    entry(2, "stdlib", [{"path": "os", "symbols": ["Getenv"]}]),
]
OLD, NEW, NEWEST = "2025.1.14", "2025.1.15", "2025.1.16"


@pytest.fixture
def released(github: GitHub) -> GitHub:
    """Three releases; the two newer ones do not parse addresses."""
    for version, source in ((OLD, PARSES), (NEW, PRINTS), (NEWEST, PRINTS)):
        name = archive_name("amd64", version)
        members = roadrunner_members(go_build("rr", source))
        archive = make_archive("tar.gz", name.removesuffix(".tar.gz"), members)
        github.add_release(f"v{version}", assets={name: archive})
    return github


async def looked_at(bench: Workbench, version: str) -> dict[str, str]:
    """``fixed_in``, after a look at the program's vulnerabilities."""
    subject = await bench.resolve(f"v{version}/{archive_name('amd64', version)}")
    inspection = await bench.look(subject, depth=Depth.WHOLE)
    database = await bench.database_at_hand()
    assert database is not None
    result = await bench.vulnerabilities(inspection, database)
    assert result.count(AdvisoryStatus.AFFECTED) == (1 if version == OLD else 0)
    return dict(result.fixed_in)


@pytest.mark.usefixtures("released")
async def test_the_newest_release_without_it_is_named(
    opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    bench = opened(vulndb=write_database(tmp_path / "db", ENTRIES))
    await bench.catalogue()
    assert await looked_at(bench, OLD) == {}, "nothing is known of the other releases"
    await looked_at(bench, NEW)
    assert await looked_at(bench, OLD) == {"GO-2026-0001": f"v{NEW}"}
    await looked_at(bench, NEWEST)
    assert await looked_at(bench, OLD) == {"GO-2026-0001": f"v{NEWEST}"}


def counted(table: MatrixTable) -> list[str]:
    """The cells of the column of vulnerabilities."""
    place = [column.title for column in table.columns].index("vulns")
    return [row.cells[place].text for row in table.rows]


async def test_the_matrix_counts_what_is_known(
    released: GitHub, opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    bench = opened(vulndb=write_database(tmp_path / "db", ENTRIES))
    await looked_at(bench, OLD)
    await looked_at(bench, NEW)
    await bench.matrix()
    before = len(released.seen)
    matrix = await bench.matrix_layout(await bench.catalogue())
    assert [matrix.vulnerable(row) for row in matrix.rows] == [None, 0, 1]
    downloads = [seen for seen in released.seen[before:] if "download" in seen.path]
    assert downloads == [], "the column downloads nothing"
    table = matrix_tables(matrix, None).tables[0]
    assert counted(table) == ["?", "0", "1"]
    assert counted(matrix_tables(matrix, 60).tables[0]) == ["?", "0", "1"]
    assert "| vulns |" in matrix_markdown(matrix)
    without = await opened().matrix_layout(await bench.catalogue())
    assert without.vulnerabilities is None
    assert [column.key for column in matrix_tables(without, None).tables[0].columns[:3]][:2] == [
        "tag",
        "date",
    ]


@pytest.mark.usefixtures("released")
async def test_advice_says_what_affects_the_file(
    opened: Callable[..., Workbench], tmp_path: Path
) -> None:
    bench = opened(vulndb=write_database(tmp_path / "db", ENTRIES))

    async def line(version: str) -> str:
        rows = advice_facts(await bench.advise(f"v{version}", "amd64"))
        return next((row.cells[1].text for row in rows if row.cells[0].text == "vulns"), "")

    name = f"v{OLD}/{archive_name('amd64', OLD)}"
    assert await line(OLD) == f"? the file was not checked: rr-explorer vulns {name}"
    await looked_at(bench, OLD)
    await looked_at(bench, NEW)
    assert await line(OLD) == (
        "1 known vulnerability affects this program: GO-2026-0001, fixed in stdlib 99.0.0,"
        f" not in v{NEW}"
    )
    assert await line(NEW) == "no known vulnerability affects this program"
    without = await opened().advise(f"v{OLD}", "amd64")
    assert isinstance(without.vulnerabilities, NotApplicable)


@pytest.mark.usefixtures("released")
async def test_records_survive_and_damaged_ones_are_nothing(
    opened: Callable[..., Workbench],
) -> None:
    bench = opened()
    subject = await bench.resolve(f"v{OLD}/{archive_name('amd64', OLD)}")
    assert subject.asset is not None
    inspection = await bench.look(subject)
    for symbols in ({"net/url": frozenset({"Parse", "URL.String"})}, Unknown("obfuscated")):
        program = GoProgram({"a.test/m": "v1.0.0"}, "go1.26.4", "linux", "amd64", symbols)
        keep_program(bench.resources, inspection, program)
        assert known_program(bench.resources, subject.asset) == program
    store = bench.resources.cache.store("peek")
    key = next(key for key in store.keys() if key.startswith("go program|"))  # noqa: SIM118
    for damaged in (b"", b"text", b"x\x9c\x03\x00\x00\x00\x00\x01"):
        store.save(key, damaged)
        assert known_program(bench.resources, subject.asset) is None
