"""Releases and their files side by side, with the verdict of the file under the cursor below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.timer import Timer
from textual.widgets import Static

from explorer.tui.actions import bindings_for
from explorer.tui.late import report
from explorer.tui.pace import REDRAW
from explorer.tui.render import error, lines, text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import WIDE, AssetScreen
from explorer.tui.widgets.banner import VerdictBanner
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table

if TYPE_CHECKING:
    from explorer.report import AssetRow, Column, Row
    from explorer.tui.copying import Copy
    from explorer.workbench import Asset, Inspection, Proof, Release

SETTLE = 0.12
"""Seconds the cursor has to rest on a release before its files are looked up: holding ↓ must not start a request a row."""
TAG, LEAST_TAG = 21, 14
"""Cells that a tag keeps, at the expense of the columns beside it: ``v2023.1.0-alpha.1 pre``; where the screen is not wide it goes
without the word, and without some of its middle where files are marked as stand-ins beside it: the date stays."""
NOTICES = 3
"""Warnings that are shown at once."""


class BrowserScreen(AssetScreen):
    """The first screen."""

    CONTEXT = "browser"
    BINDINGS: ClassVar = bindings_for("browser")
    HELP = (
        "Left the releases, newest first; right the files of the one under the cursor, with what is predicted of each on the "
        "target. Enter on a release goes to its files, enter on a file opens it. A row that was not published names the file that"
        " serves instead."
    )

    def __init__(self) -> None:
        super().__init__()
        self._release: Release | None = None
        self._rows: dict[str, AssetRow] = {}
        self._timer: Timer | None = None
        self._redraw: Timer | None = None
        self._placed = False
        """Whether the cursor was put on the newest stable release once."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Static(id="notice", classes="-empty")
        with Horizontal(id="panes"):
            yield Pane(
                Table(
                    widget_id="release-table",
                    drops=("files", "date"),
                    floor=LEAST_TAG,
                    empty="reading the releases …",
                ),
                "Releases",
                widget_id="releases",
            )
            yield Pane(
                Table(
                    widget_id="asset-table",
                    drops=("digest", "format", "size", "proof", "fact", "kind"),
                    floor=29,
                    empty="no files",
                ),
                "Files",
                widget_id="assets",
            )
        yield VerdictBanner(id="banner", classes="-empty")
        yield KeyBar()

    def on_mount(self) -> None:
        """Follow the app's state."""
        self.set_class(self.explorer.settings.demo, "-demo")
        self.explorer.changed.subscribe(self, self._state_changed)
        self.explorer.learnt.subscribe(self, self._learnt)

    @property
    def releases(self) -> Table:
        """The table of releases."""
        return self.query_one("#release-table", Table)

    @property
    def assets(self) -> Table:
        """The table of files."""
        return self.query_one("#asset-table", Table)

    @property
    def asset(self) -> Asset | None:
        """The file under the cursor; for a row that was not published the one that serves."""
        row = self._row()
        return None if row is None else row.asset or row.serves

    def _row(self) -> AssetRow | None:
        row = self.assets.row
        return self._rows.get(row.key) if row is not None else None

    def on_resize(self, event: Resize) -> None:
        """A wide screen has room for whole tags, a high one for more words."""
        self.releases.floor = TAG if event.size.width >= WIDE else LEAST_TAG
        self.releases.on_resize()
        self._show_banner()

    # -- filling ------------------------------------------------------------------------------------------------------

    def _state_changed(self, what: str) -> None:
        if what == "target":
            self._fill_assets()
            self._look_up()
        else:
            self._fill_releases()
        self.refresh_bindings()

    @property
    def more_help(self) -> Sequence[str]:
        """The warnings in full, for the help screen: above the table each has one line."""
        return self.explorer.catalogue.warnings if self.explorer.catalogue is not None else ()

    def _shown(self) -> list[Release]:
        catalogue = self.explorer.catalogue
        if catalogue is None:
            return []
        return [
            release
            for release in catalogue.releases
            if self.explorer.show_prereleases or not release.prerelease
        ]

    def _learnt(self, _: str) -> None:
        """Results that come together are drawn together; behind another screen, when the user comes back."""
        if self._redraw is None and self.is_current:
            self._redraw = self.set_timer(REDRAW, self._drawn_anew)

    def _drawn_anew(self) -> None:
        self._redraw = None
        self._fill_assets()

    def _fill_releases(self) -> None:
        explorer = self.explorer
        shown = self._shown()
        failure = explorer.failure
        self.releases.empty = (
            "no releases"
            if explorer.catalogue is not None or failure is not None
            else "reading the releases …"
        )
        self.releases.show(
            ListRows(report.RELEASE_COLUMNS, [report.release_row(release) for release in shown])
        )
        if not self._placed and explorer.catalogue is not None:
            self._placed = True
            newest = explorer.catalogue.release("latest")
            self.releases.go_to(newest.tag if newest is not None else "")
        hidden = len(explorer.catalogue.releases) - len(shown) if explorer.catalogue else 0
        self.query_one("#releases", Pane).retitle(
            f"Releases · {hidden} hidden" if hidden else "Releases"
        )
        self._notice()

    def _notice(self) -> None:
        explorer = self.explorer
        parts = []
        if explorer.failure is not None:
            parts.append(error(explorer.failure))
        warnings = explorer.catalogue.warnings if explorer.catalogue else ()
        parts += [text(f"! {warning}", "$text-warning") for warning in warnings[:NOTICES]]
        if len(warnings) > NOTICES:
            parts[-1] = Content.assemble(
                (f"+{len(warnings) - NOTICES} more in ? · ", "$text-muted"), parts[-1]
            )
        notice = self.query_one("#notice", Static)
        notice.update(lines(parts))
        notice.set_class(not parts, "-empty")

    @on(Table.Highlighted, "#release-table")
    def _release_highlighted(self, event: Table.Highlighted) -> None:
        catalogue = self.explorer.catalogue
        release = (
            catalogue.release(event.row.key)
            if catalogue is not None and event.row is not None
            else None
        )
        if release is self._release and release is not None:
            return
        moved = self._release is None or release is None or release.tag != self._release.tag
        self._release = release
        self._fill_assets(keep=not moved)
        self._look_up_soon()

    def _fill_assets(self, keep: bool = True) -> None:
        explorer, release = self.explorer, self._release
        if explorer.catalogue is None:
            return  # the first frame does without what makes rows
        self._rows = {}
        if release is not None:
            shown = report.shown_assets(release, explorer.show_plugins, explorer.show_debs)
            found = report.asset_rows(shown, explorer.known, self._proofs, gaps=True)
            self._rows = {row.row.key: row for row in sorted(found, key=order)}
        self.query_one("#assets", Pane).retitle(
            report.release_title(release) if release is not None else "Files"
        )
        rows = without(
            "proof",
            report.asset_columns(explorer.target),
            [slim(row) for row in self._rows.values()],
        )
        # "linux-arm64 serves: static Go" has 29 cells; beside a proof at 120 columns there are 22.
        self.assets.floor = 22 if any(column.key == "proof" for column in rows.columns) else 29
        self.assets.show(rows, keep=keep)
        if not keep:
            self.assets.go_to(self._answering())
        self._show_banner()

    def _answering(self) -> str:
        """The row that answers the question: the server for Linux on arm64 where there is one."""
        fits = (
            row
            for row in self._rows.values()
            if row.asset is not None and row.asset.kind.value == "server"
        )
        return next(
            (
                row.row.key
                for row in fits
                if row.asset is not None and row.asset.platform.slug == "linux-arm64"
            ),
            "",
        )

    def _proofs(self, asset: Asset) -> Sequence[Proof]:
        found = self.explorer.known(asset)
        return found.proofs if found is not None else ()

    @on(Table.Highlighted, "#asset-table")
    def _asset_highlighted(self) -> None:
        self._show_banner()
        self.refresh_bindings()

    def _show_banner(self) -> None:
        banner = self.query_one(VerdictBanner)
        row = self._row()
        asset = self.asset
        banner.set_class(asset is None, "-empty")
        if row is None or asset is None:
            return
        banner.tell(self.explorer, asset, self._instead(row))

    @staticmethod
    def _instead(row: AssetRow) -> Content | None:
        """For a file that was not published: which one is judged instead."""
        if row.asset is not None or row.serves is None:
            return None
        slug = row.row.key.rsplit(":", 1)[-1]
        return Content.assemble(
            text(f"{slug} is not published", "bold"),
            text(f" ↳ this is {row.serves.name}", "$text-muted"),
        )

    # -- looking up ---------------------------------------------------------------------------------------------------

    def _look_up_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self.workers.cancel_group(self, "look-up")
        self._timer = self.set_timer(SETTLE, self._look_up)

    def _look_up(self) -> None:
        if self._release is None:
            return
        in_sight = {row.key for row in self.assets.rows_in_sight()}
        shown = [row.asset for row in self._rows.values() if row.asset is not None]
        wanted = [asset for asset in shown if self.explorer.known(asset) is None]
        wanted.sort(key=lambda asset: asset.name not in in_sight)
        if wanted:
            self.begin(partial(self.explorer.work.look_up, wanted), "look-up")

    def on_screen_resume(self) -> None:
        """Back from another screen: what it has learned is shown, and what is still unknown is looked up."""
        self._fill_assets()
        self._look_up_soon()

    def on_screen_suspend(self) -> None:
        """The user has moved on."""
        self.workers.cancel_group(self, "look-up")

    # -- actions ------------------------------------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The release under the cursor."""
        return self._release.tag if self._release is not None else ""

    def inspections(self) -> Sequence[Inspection]:
        """Of the file under the cursor where the files have the focus, else of all the release's files that were looked at."""
        shown = (
            [self.asset]
            if self.focused is self.assets
            else [row.asset for row in self._rows.values()]
        )
        found = [self.explorer.known(asset) for asset in shown if asset is not None]
        return [inspection for inspection in found if inspection is not None]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What needs an address is only offered with one, and going back where there is something to go back from."""
        if action == "open_browser" and self.is_mounted:
            return bool(self._url())
        if action == "back" and self.is_mounted:
            pane = self.pane()
            return self.focused is not self.releases or (pane is not None and pane.filtered)
        return super().check_action(action, parameters)

    @on(Table.Selected, "#release-table")
    def _enter_release(self) -> None:
        self.add_class("-files")
        self.assets.focus()

    @on(Table.Selected, "#asset-table")
    def _enter_asset(self) -> None:
        self.action_open_asset()

    def leave(self) -> None:
        """From the files back to the releases; this screen itself stays."""
        self.remove_class("-files")
        self.releases.focus()

    def on_descendant_focus(self) -> None:
        """On a narrow screen the pane with the focus is the one that is shown."""
        focused = self.focused
        self.set_class(
            focused is not None and any(node.id == "assets" for node in focused.ancestors), "-files"
        )

    def go_to_release(self, tag: str) -> None:
        """Put the cursor on a release, whatever the filter."""
        self.query_one("#releases", Pane).clear_filter()
        if self.releases.go_to(tag):
            self.releases.focus()

    def action_refresh(self) -> None:
        """Ask the server again."""
        self.explorer.problems.clear()
        self.explorer.work.list_releases()
        self._look_up_soon()

    def _url(self) -> str:
        if self.focused is self.assets and (asset := self.asset) is not None and asset.url:
            return asset.url
        return self._release.url if self._release is not None else ""

    def action_open_browser(self) -> None:
        """Open the release's page, or the file's address where the files have the focus."""
        self.explorer.open_page(
            self._release.url if self._release is not None and self._release.url else self._url()
        )

    def action_plugins(self) -> None:
        """Show or hide plugins."""
        self.explorer.show_plugins = not self.explorer.show_plugins
        self._fill_assets()
        self._look_up_soon()

    def action_debs(self) -> None:
        """Show or hide Debian packages."""
        self.explorer.show_debs = not self.explorer.show_debs
        self._fill_assets()
        self._look_up_soon()

    def copies(self) -> list[Copy]:
        """Of the file under the cursor, or of the release."""
        from explorer.tui.copying import Copy, asset_copies, proof_copies

        release, asset = self._release, self.asset
        if self.focused is self.assets and asset is not None:
            found = asset_copies(asset)
            if proofs := self._proofs(asset):
                found += proof_copies(proofs[0])
            return found + super().copies()
        if release is None:
            return super().copies()
        pages = [Copy("URL", release.url)] if release.url else []
        commands = [Copy("command line", f"rr-explorer assets {release.tag}")]
        return [Copy("tag", release.tag), *pages, *commands, *super().copies()]


_KINDS = ["server", "plugin", "deb", "other"]
_SYSTEMS = ["linux", "musl"]


def order(row: AssetRow) -> tuple[int, int, str]:
    """Servers first, and of each kind what runs on Linux: that is what this is about. The place of a missing file is among them."""
    asset = row.asset or row.serves
    assert asset is not None
    slug = asset.platform.slug if row.asset is not None else row.row.key.rsplit(":", 1)[-1]
    system = slug.split("-")[0]
    return (
        _KINDS.index(asset.kind.value),
        _SYSTEMS.index(system) if system in _SYSTEMS else len(_SYSTEMS),
        slug,
    )


def slim(row: AssetRow) -> Row:
    """A missing file's row says so in the first column, so that the last one has the room to say what serves instead."""
    if row.asset is not None:
        return row.row
    cells = {
        column.key: cell for column, cell in zip(report.asset_columns(), row.row.cells, strict=True)
    }
    cells["kind"] = report.Cell("not published", "dim")
    cells["size"] = report.Cell("–", "dim", "right")
    if not cells["answer"].text and row.serves is not None:
        cells["fact"] = report.Cell(f"perhaps {row.serves.platform.slug} serves", "unknown")
    return replace(row.row, cells=tuple(cells.values()))


def without(key: str, columns: Sequence[Column], rows: Sequence[Row]) -> ListRows:
    """The rows, without this column where it is empty: its room is wanted."""
    place = next((number for number, column in enumerate(columns) if column.key == key), None)
    if place is None or any(row.cells[place].text for row in rows):
        return ListRows(columns, rows)
    kept = [replace(row, cells=(*row.cells[:place], *row.cells[place + 1 :])) for row in rows]
    return ListRows([*columns[:place], *columns[place + 1 :]], kept)
