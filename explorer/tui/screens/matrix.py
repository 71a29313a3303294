"""Every release on every platform: what is published, what it would do on the target, and what serves where nothing is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.timer import Timer

from explorer.report import release_title, target_in_words
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy, asset_copies, proof_copies
from explorer.tui.matrix_rows import MatrixRows, headings
from explorer.tui.pace import REDRAW
from explorer.tui.render import text
from explorer.tui.screens.base import AssetScreen
from explorer.tui.visible_peeks import Looking, key_of_asset
from explorer.tui.widgets.banner import VerdictBanner
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.grid import Grid
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from explorer.workbench import Asset, Inspection, Matrix, MatrixCell, MatrixRow, Release, file_key

SETTLE = 0.12
"""Seconds the screen has to rest before what is seen is looked at: scrolling through must not start a request a row."""


class LaidOut(Message):
    """The matrix of the list at hand."""

    def __init__(self, matrix: Matrix) -> None:
        super().__init__()
        self.matrix = matrix


class CacheAsked(Message):
    """Which of these files (``TAG/NAME``) the cache has."""

    def __init__(self, asked: Sequence[str], held: set[str]) -> None:
        super().__init__()
        self.asked = asked
        self.held = held


class MatrixScreen(AssetScreen):
    """A grid, and below it what the cell under the cursor means."""

    CSS_PATH = "matrix.tcss"
    CONTEXT = "matrix"
    BINDINGS: ClassVar = bindings_for("matrix")
    AUTO_FOCUS = "Grid"
    HELP = (
        "Releases down, platforms across, server and plugin apart. A cell says what the file there would do on the target: from "
        "its first bytes on the server, or from the file where it is here; ▣ and ▨ once a container has run it. ↳ stands where "
        "nothing is published and names the file that serves instead, – where nothing does, ○ where only the name is known, * behind "
        "what is in the cache. Of two files in one cell the worse answer is shown. Only what is on the screen is looked at."
    )

    def __init__(self, tag: str = "") -> None:
        """``tag``: the release the cursor begins on."""
        super().__init__()
        self._tag = tag
        self._rows: MatrixRows | None = None
        self.looking = Looking(self)
        self._timer: Timer | None = None
        self._redraw: Timer | None = None
        self._cached: set[str] = set()
        self._stale: set[str] = set()
        """Releases of which something was learned since they were drawn."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Pane(Grid(empty="laying out the releases …", widget_id="grid"), "Matrix")
        yield VerdictBanner(id="banner")
        yield KeyBar()

    def on_mount(self) -> None:
        """Follow the app's state."""
        self.explorer.changed.subscribe(self, self._changed)
        self.explorer.learnt.subscribe(self, self._learnt)
        self.watch(self.grid, "scroll_y", self._look_soon, init=False)
        self.watch(self.grid, "scroll_x", self._look_soon, init=False)
        self.opening = self.explorer.catalogue is not None
        self.begin(self._lay_out, "layout")

    @property
    def grid(self) -> Grid:
        """The grid."""
        return self.query_one("#grid", Grid)

    # -- what is under the cursor -------------------------------------------------------------------------------------

    @property
    def row(self) -> MatrixRow | None:
        """The release under the cursor."""
        row = self.grid.row
        return self._rows.at(row.key) if row is not None and self._rows is not None else None

    @property
    def cell(self) -> MatrixCell | None:
        """The cell under the cursor."""
        row = self.row
        return (
            row.cells[self.grid.column]
            if row is not None and self.grid.column < len(row.cells)
            else None
        )

    @property
    def asset(self) -> Asset | None:
        """The file that is published there, else the one that serves instead."""
        cell = self.cell
        return cell.asset if cell is not None else None

    @property
    def release(self) -> Release | None:
        """The release under the cursor."""
        row = self.row
        return row.release if row is not None else None

    # -- filling ------------------------------------------------------------------------------------------------------

    async def _lay_out(self) -> None:
        explorer = self.explorer
        if explorer.catalogue is not None:
            on = explorer.judged_on
            layout = explorer.wb.matrix_layout(explorer.catalogue, on=on[0] if on else "")
            matrix = await explorer.away.run(layout)
            self.post_message(LaidOut(matrix))

    @on(LaidOut)
    def _laid_out(self, message: LaidOut) -> None:
        explorer, matrix, grid = self.explorer, message.matrix, self.grid
        rows = [
            row for row in matrix.rows if explorer.show_prereleases or not row.release.prerelease
        ]
        self.opening = False
        self._rows = MatrixRows(
            matrix,
            rows,
            explorer.known,
            lambda asset: explorer.problems.get(key_of_asset(asset), ""),
        )
        self._rows.unreachable = set(self.looking.unreachable)
        self._rows.cached = self._cached
        grid.empty = "no release has files"
        grid.headings = headings(matrix)
        grid.show(self._rows)
        if self._tag and grid.go_to(self._tag):
            self._tag = ""
            story = next((n for n, c in enumerate(matrix.columns) if c.title == "musl-arm64"), 0)
            grid.column = story
        hidden = len(matrix.rows) - len(rows)
        words = [
            "Matrix",
            f"{len(rows)} releases with files",
            *([f"{hidden} hidden"] if hidden else []),
            target_in_words(matrix.target),
        ]
        self.query_one(Pane).retitle(" · ".join(words))
        self._explain()
        self._look_soon()
        self.refresh_bindings()

    def _changed(self, what: str) -> None:
        if what == "target":
            self.looking.want(())
        self.begin(self._lay_out, "layout")

    def _learnt(self, key: str) -> None:
        if self._rows is None:
            return
        if key in self.looking.unreachable:
            self._rows.unreachable.add(key)
        found = self.explorer.learned.get(key)
        if found is not None and found.path is not None and found.subject.path is None:
            self._cached.add(key)  # just downloaded
        self._draw_soon(key.rpartition("/")[0])

    def _draw_soon(self, tag: str) -> None:
        """Something of this release has changed."""
        if self._rows is None:
            return
        self._rows.forget(tag)
        self._stale.add(tag)
        if self._redraw is None:
            self._redraw = self.set_timer(REDRAW, self._drawn_anew)

    def _drawn_anew(self) -> None:
        self._redraw = None
        self.grid.draw(self._stale)
        self._stale.clear()
        self._explain()
        self.refresh_bindings()

    # -- looking ------------------------------------------------------------------------------------------------------

    def _look_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE, self._look)

    def _look(self) -> None:
        wanted = list(self._in_sight())
        self.looking.want(wanted)
        self.begin(
            partial(self._ask_cache, [asset for asset in wanted if asset.path is None]), "cache"
        )

    async def _ask_cache(self, assets: Sequence[Asset]) -> None:
        explorer = self.explorer
        held = set(await explorer.away.run(explorer.wb.cached(assets)))
        self.post_message(CacheAsked([file_key(asset) for asset in assets], held))

    @on(CacheAsked)
    def _cache_asked(self, message: CacheAsked) -> None:
        changed = {
            key for key in message.asked if (key in message.held) is not (key in self._cached)
        }
        self._cached.difference_update(message.asked)
        self._cached |= message.held
        for key in changed:
            self._draw_soon(key.rpartition("/")[0])

    def _in_sight(self) -> Iterator[Asset]:
        """The files of the cells on the screen, the one under the cursor first, then row by row."""
        if self._rows is None or self.app.screen is not self:
            return
        if self.asset is not None:
            yield self.asset
        columns = self.grid.columns_in_sight()
        for shown in self.grid.rows_in_sight():
            row = self._rows.at(shown.key)
            if row is not None:
                for cell in row.cells[columns.start : columns.stop]:
                    yield from cell.assets or ((cell.serves,) if cell.serves is not None else ())

    def on_resize(self) -> None:
        """More or less is seen."""
        self._look_soon()
        self._explain()

    def on_screen_suspend(self) -> None:
        """The user has moved on."""
        self.looking.want(())

    def on_screen_resume(self) -> None:
        """Back from another screen, which may have learned something."""
        if self._rows is not None:
            for row in self.grid.rows_in_sight():
                self._rows.forget(row.key)
                self._stale.add(row.key)
            self._drawn_anew()
        self._look_soon()

    # -- explaining ---------------------------------------------------------------------------------------------------

    @on(Grid.Moved)
    def _moved(self) -> None:
        """Another cell, or another view: what the filter has left."""
        self._look_soon()
        self._explain()
        self.refresh_bindings()

    def _explain(self) -> None:
        banner = self.query_one(VerdictBanner)
        row, cell = self.row, self.cell
        if row is None or cell is None:
            banner.say(text("nothing under the cursor", "$text-muted"))
            return
        place = text(
            f"{row.release.tag}  {cell.column.title}{' (plugin)' if cell.column.kind.value == 'plugin' else ''}",
            "bold",
        )
        asset = cell.asset
        if asset is None:
            words = f"{release_title(row.release)}: not published, and no other file of the release serves instead"
            banner.say(
                Content.assemble(place, text("  –", "$text-muted")), text(words, "$text-muted")
            )
            return
        if cell.assets:
            more = f"  and {len(cell.assets) - 1} more there" if len(cell.assets) > 1 else ""
            lead = Content.assemble(place, "  ", text(asset.name), text(more, "$text-muted"))
        else:
            lead = Content.assemble(
                place, text("  is not published ↳ ", "$text-muted"), text(f"{asset.name} instead")
            )
        banner.tell(self.explorer, asset, lead)

    # -- actions ------------------------------------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The release under the cursor."""
        return self.release.tag if self.release is not None else ""

    def inspections(self) -> Sequence[Inspection]:
        """Of the file of the cell."""
        found = self.explorer.known(self.asset) if self.asset is not None else None
        return [found] if found is not None else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What needs an address is only offered with one."""
        if action == "open_browser" and self.is_mounted:
            return self.release is not None and bool(self.release.url)
        return super().check_action(action, parameters)

    @on(Table.Selected)
    def _enter(self) -> None:
        self.action_open_asset()
        if self.asset is None:
            self.explorer.say(
                "Nothing is published there, and nothing serves instead", warning=True
            )

    def action_refresh(self) -> None:
        """Ask the server again, and look again at what could not be looked at."""
        self.explorer.problems.clear()
        self.looking.unreachable.clear()
        self.explorer.work.list_releases()

    def action_open_browser(self) -> None:
        """Open the release's page."""
        if self.release is not None:
            self.explorer.open_page(self.release.url)

    def copies(self) -> list[Copy]:
        """Of the file under the cursor."""
        asset = self.asset
        found = asset_copies(asset) if asset is not None else []
        if asset is not None and (known := self.explorer.known(asset)) is not None and known.proofs:
            found += proof_copies(known.proofs[0])
        if self.release is not None:
            found.append(
                Copy("command line of the matrix", f"rr-explorer matrix {self.release.tag}")
            )
        return found
