"""The doctor's screen: a missing image of proofs can be pulled from it."""

from pathlib import Path

import pytest

from explorer.tui.job_board import JobKind
from explorer.tui.widgets.table import Table
from explorer.verify.images import kept_name
from tests.support.engine import TestEngine
from tests.tui.conftest import opened, settings
from tests.verify.test_pull import Registry, allow, registry

__all__ = ["registry"]

NOWHERE = "localhost:9/rr-explorer/none:1"
"""An image of a registry that does not answer."""


@pytest.mark.container
@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_a_missing_image_is_pulled(
    arch: str, tmp_path: Path, engine: TestEngine, registry: Registry
) -> None:
    with registry.served() as address:
        name = allow(address, tmp_path)
        chosen = settings(tmp_path, engine=engine.command[0], image=name)
        try:
            async with opened(chosen, size=(80, 24)) as ui:
                await ui.press("D")
                await ui.shows(f"image {arch}")
                table = ui.find("Table", Table)
                rows = (table.source.row(n) for n in range(99))
                table.go_to(next(r.key for r in rows if f"image {arch}" in r.cells[1].text))
                await ui.shows("p pulls it: ", f"pull --platform linux/{arch}")
                await ui.press("p")
                await ui.until(lambda: ui.state.board.find(JobKind.PULL, f"image linux/{arch}"))
                await ui.until(lambda: not ui.state.board.running)
                await ui.shows(f"{name} is here")
                assert "p pulls it" not in ui.drawn()
        finally:
            for one in (name, kept_name(name, f"linux/{arch}")):
                engine.run("image", "rm", "--force", one)


@pytest.mark.container
async def test_a_missing_image_can_be_pulled(tmp_path: Path, engine: TestEngine) -> None:
    chosen = settings(tmp_path, engine=engine.command[0], image=NOWHERE)
    async with opened(chosen, size=(80, 24)) as ui:
        await ui.press("D")
        await ui.shows("image amd64")
        table = ui.find("Table", Table)
        assert "p pull" not in ui.drawn()
        number = next(n for n in range(99) if "image amd64" in table.source.row(n).cells[1].text)
        table.go_to(table.source.row(number).key)
        await ui.shows("p pulls it: ", f"pull --platform linux/amd64 {NOWHERE}", "p pull")
        await ui.press("p")
        await ui.until(lambda: ui.state.board.find(JobKind.PULL, "image linux/amd64"))
        await ui.shows("is not here and cannot be pulled", "With a network: ")
