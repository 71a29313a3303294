"""Many files at once: bounded, each error in its own cell, columns for any project."""

import asyncio
from collections.abc import Callable

import pytest

from explorer.compat import Answer
from explorer.errors import NotFoundError, SourceError, UsageError
from explorer.report.json import matrix as matrix_json
from explorer.report.tables import matrix_markdown, matrix_tables
from explorer.workbench import Workbench, file_key
from explorer.workbench.matrix import PEEKS
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, VERSION, archive_name, packed, rr


def musl(arch: str) -> str:
    """The musl asset's name."""
    return f"roadrunner-{VERSION}-unknown-musl-{arch}.tar.gz"


async def test_an_empty_cell_names_the_file_to_use_instead(
    served: GitHub, bench: Workbench
) -> None:
    matrix = await bench.matrix()
    (row,) = matrix.rows
    cells = {(c.column.kind.value, c.column.title): c for c in row.cells}
    empty = cells["server", "musl-arm64"]
    assert empty.assets == ()
    assert empty.instead is not None
    assert empty.instead.name == archive_name("arm64")
    seen = matrix.known[file_key(empty.instead)]
    assert seen.inspection is not None
    assert seen.inspection.verdicts[0].answer is Answer.YES
    assert cells["plugin", "linux-amd64"].asset is None
    assert set(matrix.known) == {f"{TAG}/{archive_name(arch)}" for arch in ("amd64", "arm64")}


async def test_cached_files_are_marked_in_every_form(served: GitHub, bench: Workbench) -> None:
    (release,) = (await bench.catalogue()).releases
    await bench.download(
        next(asset for asset in release.assets if asset.name == archive_name("arm64"))
    )
    matrix = await bench.matrix()
    assert {key: seen.cached for key, seen in matrix.known.items()} == {
        f"{TAG}/{archive_name('amd64')}": False,
        f"{TAG}/{archive_name('arm64')}": True,
    }
    files = {cell["column"]: cell for cell in matrix_json(matrix)["rows"][0]["cells"]}
    assert [
        files[f"server:linux-{arch}"]["published"][0]["cached"] for arch in ("amd64", "arm64")
    ] == [False, True]
    assert files["server:musl-arm64"]["serves"]["cached"] is True
    for room in (None, 200, 60):
        shown = matrix_tables(matrix, room)
        texts = {
            column.key: cell.text
            for t in shown.tables
            for column, cell in zip(t.columns, t.rows[0].cells, strict=True)
        }
        assert texts["server:linux-amd64"] == "✓ yes"
        assert texts["server:linux-arm64"] == "✓ yes *"
        assert texts["server:musl-arm64"].endswith(" *")
        assert [line for line in shown.legend if "in the cache" in line] == [
            "*: in the cache, whole"
        ]
    assert "✓ yes \\* |" in matrix_markdown(matrix)


async def test_an_empty_cache_needs_no_legend(served: GitHub, bench: Workbench) -> None:
    shown = matrix_tables(await bench.matrix(), 200)
    assert not [line for line in shown.legend if "cache" in line]


async def test_an_error_stays_in_its_cell(served: GitHub, bench: Workbench) -> None:
    served.fault("*arm64*", host="assets", status=404)
    succeeded: dict[str, bool] = {}
    matrix = await bench.matrix(
        looked=lambda asset, seen: succeeded.update({asset.name: seen.error is None})
    )
    assert succeeded == {archive_name("amd64"): True, archive_name("arm64"): False}
    error = matrix.known[f"{TAG}/{archive_name('arm64')}"].error
    assert isinstance(error, NotFoundError)
    served.heal()
    again = await bench.matrix()
    assert all(seen.inspection for seen in again.known.values()), "an error is not kept"


async def test_no_more_than_sixteen_at_a_time(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = packed(rr(), "x")
    for number in range(20):
        github.add_release(
            f"v1.0.{number}",
            {f"roadrunner-1.0.{number}-linux-{arch}.tar.gz": data for arch in ("amd64", "arm64")},
        )
    bench = opened()
    github.fault("*", host="assets", hang=True)
    task = asyncio.ensure_future(bench.matrix())
    await asyncio.to_thread(
        github.wait_for, lambda seen: sum(s.host == "assets" for s in seen) >= PEEKS
    )
    assert github.count(host="web") == PEEKS
    github.hang_ends()
    github.heal()
    matrix = await task
    assert len(matrix.known) == 40
    assert all(s.inspection for s in matrix.known.values())
    assert github.count(host="assets") == 40


async def test_releases_are_chosen_by_tag_or_by_number(served: GitHub, bench: Workbench) -> None:
    for number in range(3):
        served.add_release(
            f"v2026.{number}.0",
            {f"roadrunner-2026.{number}.0-linux-amd64.tar.gz": packed(rr(), "x")},
        )
    assert [r.release.tag for r in (await bench.matrix(latest=2)).rows] == [
        "v2026.2.0",
        "v2026.1.0",
    ]
    chosen = await bench.matrix(tags=(TAG, "v2026.0.0"))
    assert [r.release.tag for r in chosen.rows] == [TAG, "v2026.0.0"]
    assert chosen.total == 4
    with pytest.raises(NotFoundError, match=r"v9\.9"):
        await bench.matrix(tags=("v9.9",))
    with pytest.raises(UsageError):
        await bench.matrix(on="alpine-99")


async def test_the_columns_of_another_project_are_its_platforms(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    files = {
        "tool-linux-amd64": "go-static-amd64",
        "tool-linux-arm64": "go-static-arm64",
        "tool-freebsd-amd64": "go-freebsd",
    }
    github.add_release(
        "v1", {name: binary(recipe) for name, recipe in files.items()}, repo="acme/tool"
    )
    matrix = await opened(repo="acme/tool").matrix()
    assert sorted(c.title for c in matrix.columns) == [
        "freebsd-amd64",
        "linux-amd64",
        "linux-arm64",
    ]
    answers = {
        key: seen.inspection.verdicts[0].answer
        for key, seen in matrix.known.items()
        if seen.inspection
    }
    assert answers == {
        "v1/tool-linux-amd64": Answer.YES,
        "v1/tool-linux-arm64": Answer.YES,
        "v1/tool-freebsd-amd64": Answer.NO,
    }


async def test_warnings_of_the_list_are_warnings_of_the_matrix(
    served: GitHub, bench: Workbench
) -> None:
    await bench.catalogue()
    served.exhaust()
    matrix = await bench.matrix()
    assert matrix.warnings
    assert all(seen.inspection for seen in matrix.known.values()), (
        "the files' host has no rate limit"
    )


async def test_a_server_error_is_in_every_cell(served: GitHub, bench: Workbench) -> None:
    served.fault("*", host="web", status=500)
    matrix = await bench.matrix()
    assert {type(seen.error) for seen in matrix.known.values()} == {SourceError}
