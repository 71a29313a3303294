"""A user's own project profile, from the settings to every answer."""

import tomllib
from collections.abc import Callable
from pathlib import Path

from explorer.facts import Unknown
from explorer.releases import Role
from explorer.report.tables import MarkState, mark_of
from explorer.workbench import BuildRecipe, Workbench
from explorer.workbench.prove import deep_steps, usual_command
from tests.support.archives import make_archive
from tests.support.github import GitHub
from tests.workbench.conftest import rr

REPO = "acme/tool"
DOCUMENT = Path(__file__).parents[2] / "docs" / "project-profiles.md"


def documented() -> dict[str, dict[str, object]]:
    """The example in the documentation."""
    text = DOCUMENT.read_text("utf-8").partition("```toml\n")[2].partition("```")[0]
    projects: dict[str, dict[str, object]] = tomllib.loads(text)["projects"]
    return projects


async def test_the_documented_profile_works(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    archive = make_archive("tar.gz", "x", {"helper": rr("arm64"), "toold": rr("arm64")})
    github.add_release("v2.0.0", {"tool-agent-2.0.0-linux-arm64.tar.gz": archive}, repo=REPO)
    bench = opened(repo=REPO, projects=documented())
    matrix = await bench.matrix()
    assert bench.warnings == ()
    (column,) = matrix.columns
    assert (column.key, column.instead) == ("agent:musl-arm64", "linux-arm64")
    (cell,) = matrix.rows[0].cells
    assert cell.instead is not None
    assert cell.instead.kind.role is Role.PROGRAM
    assert mark_of(matrix, cell).state is MarkState.YES  # looked at, though it has no column
    inspection = await bench.look(bench.subject(cell.instead))
    assert inspection.file.name == "toold"
    command = usual_command(inspection, bench.resources.profiles)
    assert command is not None
    assert command.argv == ("{}", "--version")  # the default, as 2.0.0 is after 1.9
    assert [step.name for step in deep_steps(inspection, bench.resources.profiles)] == ["serve"]
    advice = await bench.advise("latest", "amd64")
    assert isinstance(advice.source, BuildRecipe)
    assert advice.source.variable == "example.com/tool/v2.version"


async def test_a_profile_that_is_wrong_is_a_warning(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    github.add_release("v1.0.0", {"tool-linux-arm64": rr("arm64")}, repo=REPO)
    bench = opened(repo=REPO, projects={REPO: {"title": 7, "kind": []}})
    catalogue = await bench.catalogue()
    assert any("title must be text" in warning for warning in catalogue.warnings)
    assert any("unknown key kind" in warning for warning in bench.warnings)
    advice = await bench.advise("latest", "arm64")
    assert advice.chosen is not None
    assert not isinstance(advice.source, Unknown)


async def test_a_profile_without_columns_has_those_of_its_files(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    names = ("agent-linux-arm64", "agent-linux-amd64", "extra-linux-amd64", "agent.sha256")
    files = dict.fromkeys((*names, "agent_linux_riscv64.deb"), b"x")
    github.add_release("v1.0.0", files, repo=REPO)
    kinds = [{"name": "agent", "prefix": "agent-"}]
    bench = opened(repo=REPO, projects={REPO: {"kinds": kinds}})
    matrix = await bench.matrix_layout(await bench.catalogue())
    keys = [column.key for column in matrix.columns]
    assert keys == ["agent:linux-amd64", "agent:linux-arm64", "other:linux-amd64"]
