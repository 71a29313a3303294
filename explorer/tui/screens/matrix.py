"""Every release on every platform: what is published, its verdict, and what to use instead."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from explorer.report import plural
from explorer.report.golang import vulnerable_words
from explorer.report.story import Story, column_of_story, story_of
from explorer.report.tables import release_title
from explorer.report.trust import SHORT_TRUST_LEGEND, TRUST_LEGEND, trust_words
from explorer.report.verdicts import target_in_words
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy, asset_copies, command_copy, path_copies, proof_copies
from explorer.tui.matrix_rows import (
    FileIndex,
    MatrixRows,
    files_of,
    headings,
    index_files,
    legend_of,
)
from explorer.tui.render import content, text
from explorer.tui.screens.base import REDRAW_S, SETTLE_S, WIDE, AssetScreen
from explorer.tui.screens.choose import ChooseScreen, MenuItem
from explorer.tui.visible_peeks import VisiblePeeks
from explorer.tui.widgets.banner import VerdictBanner
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.grid import Grid
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table
from explorer.workbench import (
    Asset,
    Inspection,
    Matrix,
    MatrixCell,
    MatrixRow,
    Release,
    Role,
    file_key,
)

NO_SYSTEM = "No file's name claims a system"
NO_COLUMNS = "so the matrix has no columns. W shows where each program runs, by system."
FIRST_DRAWING_S = 0.2
"""Seconds that the first drawing of the screen waits for the releases."""
STORY_LINES, STORY_EDGES = 2, 2
"""Lines of the story at most, as in the style sheet, and cells that its edges take."""
PEEKED = 16
"""Files of one cell that are peeked at; usually a cell has one or two."""


class LaidOut(Message):
    """The matrix of the current list is laid out."""

    def __init__(self, matrix: Matrix, files: FileIndex) -> None:
        super().__init__()
        self.matrix = matrix
        self.files = files


class CacheChecked(Message):
    """For each of these files (by ``file_key``), whether the cache has it."""

    def __init__(self, cached: dict[str, bool]) -> None:
        super().__init__()
        self.cached = cached


class MatrixScreen(AssetScreen):
    """A grid; below it, what the cell under the cursor means."""

    CSS_PATH = "matrix.tcss"
    CONTEXT = "matrix"
    BINDINGS: ClassVar = bindings_for("matrix")
    AUTO_FOCUS = "Grid"
    HELP = (
        "Releases down, platforms across, server and plugin apart. Each cell is the verdict on the "
        "file for the target, from its first bytes on the server or from the whole file on disk; "
        "▣ and ▨ once it ran in a container. ↳ names the file to use instead where none is "
        "published, – means that there is none, ○ that only the name is known, * that the file is "
        "in the cache. Of several files in one cell the worst verdict is shown. Only files on the "
        "screen are looked at. The column “trust” has a letter for each signal that vouches for a "
        "release, as far as that is known without a download: D API digest, C checksums, "
        "S signature, A attestation, P provenance, I immutable; · means absent, ? not known, and "
        "! that the release before it had more. “known vulns” counts the vulnerabilities that "
        "affect the program; ? means that no file of the release was checked yet."
    )

    def __init__(self, tag: str = "") -> None:
        """``tag``: the release that the cursor starts on."""
        super().__init__()
        self._tag = tag
        self._rows: MatrixRows | None = None
        self._files = FileIndex({}, {})
        self._timer: Timer | None = None
        self._redraw: Timer | None = None
        self._shown: Matrix | None = None
        """The matrix with the rows that are shown, for the story."""
        self._story = Story("", "")
        self._stale: set[str] = set()
        """Tags of releases of which something was learned since they were drawn."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Static(id="story")
        grid = Grid(empty="laying out the releases …", widget_id="grid")
        yield Pane(grid, "Matrix")
        yield Static(id="trust-legend")
        yield VerdictBanner(id="banner")
        yield KeyBar()

    def on_mount(self) -> None:
        """Follow the app's state."""
        self.peeks = VisiblePeeks(self, self.state)
        self.state.changed.subscribe(self, self._state_changed)
        self.state.file_changed.subscribe(self, self._file_changed)
        self.watch(self.grid, "scroll_y", self._scrolled, init=False)
        self.watch(self.grid, "scroll_x", self._scrolled, init=False)
        self.opening = self.state.catalogue is not None
        self.start_worker(self._lay_out_first, "layout")

    @property
    def grid(self) -> Grid:
        """The grid."""
        return self.query_one("#grid", Grid)

    # -- what is under the cursor ------------------------------------------------------------------

    @property
    def row(self) -> MatrixRow | None:
        """The release's row under the cursor."""
        row = self.grid.row
        return self._rows.at(row.key) if row is not None and self._rows is not None else None

    @property
    def cell(self) -> MatrixCell | None:
        """The cell under the cursor."""
        row = self.row
        column = self.grid.column - (self._rows.first if self._rows is not None else 0)
        return row.cells[column] if row is not None and 0 <= column < len(row.cells) else None

    @property
    def asset(self) -> Asset | None:
        """The file that is published there, else the one to use instead."""
        cell = self.cell
        return cell.asset if cell is not None else None

    @property
    def release(self) -> Release | None:
        """The release under the cursor."""
        row = self.row
        return row.release if row is not None else None

    # -- filling -----------------------------------------------------------------------------------

    async def _lay_out_first(self) -> None:
        """Lay the releases out. For a moment, no empty grid is drawn."""
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self._lay_out())
            with self.app.batch_update():
                await asyncio.wait([task], timeout=FIRST_DRAWING_S)
            self.refresh()  # what was drawn meanwhile did not reach the terminal

    async def _lay_out(self) -> None:
        state = self.state
        if state.catalogue is not None:
            on = state.judged_on
            layout = state.wb.matrix_layout(state.catalogue, on=on[0] if on else "")
            matrix = await state.background.run(layout)
            self.post_message(LaidOut(matrix, await asyncio.to_thread(index_files, matrix)))

    @on(LaidOut)
    def _laid_out(self, message: LaidOut) -> None:
        state, grid = self.state, self.grid
        matrix = replace(message.matrix, known=state.files)
        rows = [row for row in matrix.rows if state.show_prereleases or not row.release.prerelease]
        self._files = message.files
        self.opening = False
        before = self._rows.first if self._rows is not None else 0
        self._rows = MatrixRows(matrix, rows, message.files)
        self._shown = replace(matrix, rows=tuple(rows))
        grid.empty = "no release has files"
        grid.headings = headings(matrix)
        grid.show(self._rows)
        grid.column += self._rows.first - before
        if self._tag and grid.go_to(self._tag):
            self._tag = ""
            column = column_of_story(matrix)
            place = matrix.columns.index(column) if column is not None else 0
            grid.column = self._rows.first + place
        hidden = len(matrix.rows) - len(rows)
        count = f"{plural(len(rows), 'release')} with files"
        parts = ["Matrix", count, target_in_words(matrix.target)]
        if hidden:
            parts.insert(2, f"{hidden} hidden")
        self.query_one(Pane).retitle(" · ".join(parts))
        self.query_one("#trust-legend").set_class("trust" in self._rows.fixed, "-filled")
        self._tell()
        self._explain()
        self._show_legend()
        self._look_soon()
        self.refresh_bindings()

    def _state_changed(self, what: str) -> None:
        if what == "target":
            self.peeks.want(())
        self.start_worker(self._lay_out, "layout")

    def _file_changed(self, key: str) -> None:
        """Draw the file's release again, soon: results that arrive together are drawn together."""
        tag = self._files.tags.get(key)
        if tag is None or self._rows is None:
            return
        self._rows.forget(tag)
        self._stale.add(tag)
        if self._redraw is None:
            self._redraw = self.set_timer(REDRAW_S, self._draw_stale)

    def _draw_stale(self) -> None:
        self._redraw = None
        self.grid.draw(self._stale)
        self._stale.clear()
        self._tell()
        self._explain()
        self._show_legend()
        self.refresh_bindings()

    # -- looking -----------------------------------------------------------------------------------

    def _scrolled(self) -> None:
        self._look_soon()
        self._show_legend()

    def _look_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_S, self._look)

    def _look(self) -> None:
        if not self.in_front:  # its time has come behind another screen
            return
        wanted = list(self._in_sight())
        self.peeks.want(wanted)
        remote = [asset for asset in wanted if asset.path is None]
        self.start_worker(partial(self._check_cache, remote), "cache")

    async def _check_cache(self, assets: Sequence[Asset]) -> None:
        state = self.state
        cached = await state.background.run(state.wb.cached(assets))
        keys = [file_key(asset) for asset in assets]
        self.post_message(CacheChecked({key: key in cached for key in keys}))

    @on(CacheChecked)
    def _cache_checked(self, message: CacheChecked) -> None:
        for key, cached in message.cached.items():
            self.state.files.set_cached(key, cached)

    def _in_sight(self) -> Iterator[Asset]:
        """The files of the cells on the screen: under the cursor first, then row by row."""
        if self._rows is None or self.app.screen is not self:
            return
        if self.asset is not None:
            yield self.asset
        columns = self.grid.columns_in_sight()
        for shown in self.grid.rows_in_sight():
            row = self._rows.at(shown.key)
            if row is not None:
                first = self._rows.first
                for cell in row.cells[max(0, columns.start - first) : columns.stop - first]:
                    yield from files_of(cell)[:PEEKED]

    def on_resize(self) -> None:
        """Look at what has come into sight."""
        self._look_soon()
        self._explain()
        self._show_legend()
        self._show_story()
        has_room = len(TRUST_LEGEND) <= self.app.size.width - STORY_EDGES
        legend = TRUST_LEGEND if has_room else TRUST_LEGEND.replace("; ", ";\n")
        self.query_one("#trust-legend", Static).update(Content(legend))

    def on_screen_suspend(self) -> None:
        """Stop looking at files that are not shown."""
        self.peeks.want(())

    def on_screen_resume(self) -> None:
        """Show what was learned behind another screen."""
        if self._rows is not None:
            for row in self.grid.rows_in_sight():
                self._rows.forget(row.key)
                self._stale.add(row.key)
            self._draw_stale()
            self.start_worker(self._update_fixed, "count")
        self._look_soon()

    async def _update_fixed(self) -> None:
        """Lay the releases out again if more is known of vulnerabilities or trust by now."""
        matrix, state = self._shown, self.state
        if matrix is None:
            return
        files = [file for row in matrix.rows for cell in row.cells for file in cell.assets]
        known = await state.background.run(state.wb.known_vulnerabilities(files))
        releases = [row.release for row in matrix.rows]
        trust = await state.background.run(state.wb.trust_of_releases(releases))
        if known != matrix.vulnerabilities or trust != matrix.trust:
            await self._lay_out()

    # -- explaining --------------------------------------------------------------------------------

    @on(Grid.Moved)
    def _moved(self) -> None:
        """Another cell, or another view after filtering."""
        self._look_soon()
        self._explain()
        self._show_legend()
        self.refresh_bindings()

    def _explain(self) -> None:
        """Say in words what the cell under the cursor means."""
        banner = self.query_one(VerdictBanner)
        row, cell = self.row, self.cell
        if self._shown is not None and not self._shown.columns:
            empty = not self._shown.rows
            why, so = ("No release has files", "") if empty else (NO_SYSTEM, NO_COLUMNS)
            banner.say(text(why, "bold"), text(so))
            return
        if row is not None and cell is None and self._shown is not None:
            explain = trust_words if self._on_trust else vulnerable_words
            banner.say(text(row.release.tag, "bold"), content(explain(self._shown, row)))
            return
        if row is None or cell is None:
            banner.say(text("nothing under the cursor", "$text-muted"))
            return
        plugin = " (plugin)" if cell.column.kind.role is Role.PLUGIN else ""
        place = text(f"{row.release.tag}  {cell.column.title}{plugin}", "bold")
        asset = cell.asset
        if asset is None:
            title = release_title(row.release)
            words = f"{title}: not published, and no other file of the release can be used instead"
            absent = Content.assemble(place, text("  –", "$text-muted"))
            banner.say(absent, text(words, "$text-muted"))
            return
        if cell.assets:
            others = len(cell.assets) - 1
            more = f"  and {others} more" if others else ""
            lead = Content.assemble(place, "  ", text(asset.name), text(more, "$text-muted"))
        else:
            instead = text("  is not published ↳ use ", "$text-muted")
            lead = Content.assemble(place, instead, text(asset.name))
        banner.show_asset(self.state, asset, lead)

    @property
    def _on_trust(self) -> bool:
        """Whether the cursor is in the column of letters."""
        fixed, column = self._rows.fixed if self._rows is not None else (), self.grid.column
        return column < len(fixed) and fixed[column] == "trust"

    def _show_legend(self) -> None:
        """What the marks on the screen mean; the letters of trust where the cursor is on them."""
        width = self.app.size.width
        letters = self._on_trust and width < WIDE
        legend = SHORT_TRUST_LEGEND if letters else legend_of(self._texts_in_sight(), width)
        self.query_one(Pane).explain(legend)

    def _texts_in_sight(self) -> Iterator[str]:
        """What the cells of the platforms on the screen say."""
        if self._rows is None:
            return
        columns, first = self.grid.columns_in_sight(), 1 + self._rows.first
        for row in self.grid.rows_in_sight():
            for cell in row.cells[max(first, 1 + columns.start) : 1 + columns.stop]:
                yield cell.text

    def _tell(self) -> None:
        """Say above the grid what its rows say of the platform that matters most."""
        if self._shown is None:
            return
        self._story = story_of(self._shown)
        self._show_story()

    def _show_story(self) -> None:
        """Show as many words of the story as have room: those that decide come last."""
        jump = text("  n jumps there", "$text-accent") if self._story.last_no else text("")
        strip = self.query_one("#story", Static)
        forms = [Content.assemble(content(form), jump) for form in self._story.forms]
        width = self.app.size.width - STORY_EDGES
        strip.update(next((f for f in forms if len(f.wrap(width)) <= STORY_LINES), forms[-1]))
        strip.set_class(bool(self._story.text), "-filled")

    # -- actions -----------------------------------------------------------------------------------

    def action_last_no(self) -> None:
        """Go to the newest release whose file does not run as it is."""
        if self._story.last_no and self.grid.go_to(self._story.last_no):
            return
        column = column_of_story(self._shown) if self._shown is not None else None
        about = f" for {text(column.title).plain}" if column is not None else ""
        self.explorer.say(f"No file{about} in this list is known not to run")

    def action_verify_all(self) -> None:
        """Run every program of the releases that the user chooses; while that runs, stop it."""
        if self.stopped_sweep():
            return
        grid = self.grid
        in_sight = [row.key for row in grid.rows_in_sight()]
        items = [MenuItem(self.tag, f"{self.tag} alone")]
        if len(in_sight) > 1:
            items.append(MenuItem("sight", f"the {len(in_sight)} releases on the screen"))
        if len(grid.view) > len(in_sight):
            items.append(MenuItem("shown", f"all {len(grid.view)} releases of the list"))

        def sweep(choice: str | None) -> None:
            if choice is None:
                return
            tags = [choice]
            if choice == "sight":
                tags = in_sight
            elif choice == "shown":
                tags = [grid.source.row(index).key for index in grid.view]
            self.jobs.sweep(tags, tags[0] if len(tags) == 1 else plural(len(tags), "release"))

        self.app.push_screen(ChooseScreen("Run the programs of", items), sweep)

    @property
    def tag(self) -> str:
        """The tag of the release under the cursor."""
        return self.release.tag if self.release is not None else ""

    def inspections(self) -> Sequence[Inspection]:
        """Of the cell's file."""
        inspection = self.state.known(self.asset) if self.asset is not None else None
        return [inspection] if inspection is not None else []

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the web browser only with an address."""
        if action == "open_browser" and self.is_mounted:
            return self.release is not None and bool(self.release.url)
        return super().check_action(action, parameters)

    @on(Table.Selected)
    def _selected(self) -> None:
        self.action_open_asset()
        if self.asset is None:
            self.explorer.say(
                "Nothing is published there, and no other file can be used instead", warning=True
            )

    def action_refresh(self) -> None:
        """Ask the server again, and look again at what could not be looked at."""
        self.state.files.forget_errors()
        self.jobs.list_releases()

    def action_open_browser(self) -> None:
        """Open the release's page."""
        if self.release is not None:
            self.explorer.open_page(self.release.url)

    def copies(self) -> list[Copy]:
        """Of the file under the cursor."""
        asset, settings = self.asset, self.state.settings
        copies = asset_copies(asset, settings) if asset is not None else []
        known = self.state.known(asset) if asset is not None else None
        if known is not None:
            copies += [*path_copies(known), *proof_copies(known)]
        if self.release is not None:
            title = "command line of the matrix"
            copies.append(command_copy(settings, "matrix", self.release.tag, title=title))
        return copies
