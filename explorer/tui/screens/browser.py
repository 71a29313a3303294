"""Releases and their files side by side; below, the verdict on the file under the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
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
from explorer.tui.app_state import CompareMark
from explorer.tui.asset_rows import (
    AssetRows,
    FileEntry,
    ReleaseRows,
    has_file,
    nearly_has_file,
)
from explorer.tui.project_state import BrowserPlace
from explorer.tui.render import error, lines, text
from explorer.tui.responsiveness.deferred_import import report, tables
from explorer.tui.rows import NO_ROWS, ListRows
from explorer.tui.screens.base import REDRAW_S, SETTLE_S, WIDE, AssetScreen
from explorer.tui.visible_peeks import VisiblePeeks
from explorer.tui.widgets.banner import EDGES, VerdictBanner
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.columns import SHORT_FORMS
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table

if TYPE_CHECKING:
    from explorer.tui.copying import Copy
    from explorer.tui.kept_screen import KeptScreen
    from explorer.workbench import Asset, Inspection, Release

TAG_WIDTH, NARROW_TAG_WIDTH = 21, 13
"""Cells that a tag keeps at the expense of other columns: ``v2023.1.0-alpha.1 pre``, or on a narrow
screen without ``pre`` and shortened in the middle, so that the date stays."""
FILE_WIDTH, NARROW_FILE_WIDTH = 29, 22
"""Cells that a file keeps: ``use linux-arm64: static Go``, or beside a proof somewhat less."""
REST = " … ? tells all"
"""Where the rest of a notice is."""
QUICK_FILES = 2000
"""Files whose rows are prepared immediately; more are prepared in a thread."""
LOOKED_AT = 64
"""Files that are looked up even if they are not in sight."""
NOTICES = 3
"""Warnings that are shown; help lists all."""


def whole_words(notice: str, room: int) -> str:
    """As many words as have room, and where the rest is to be read."""
    if room <= len(REST) or report.cell_width(notice) <= room:
        return notice
    begun = report.clip(notice, room - len(REST)).rpartition(" ")[0]
    return f"{begun.rstrip(',;:')}{REST}"


class BrowserScreen(AssetScreen):
    """The first screen."""

    CONTEXT = "browser"
    BINDINGS: ClassVar = bindings_for("browser")
    HELP = (
        "Left: the releases, newest first. Right: the files of the release under the cursor, with "
        "the predicted verdict for the target. Enter or l goes from a release to its files and "
        "opens a file, h goes back to the releases. A row for a platform that is not published "
        "names the file to use instead."
    )

    def __init__(self) -> None:
        super().__init__()
        self._release: Release | None = None
        self._rows: AssetRows | None = None
        """The files of the release under the cursor."""
        self._timer: Timer | None = None
        self._redraw: Timer | None = None
        self._stale: set[str] = set()
        """Keys of files of which something was learned since they were drawn."""
        self._placed = False
        """Whether the cursor has been put on the newest stable release."""
        self._newest = ""
        """The release that the cursor goes to at the start: its files are looked up at once."""

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Static(id="notice", classes="-empty")
        with Horizontal(id="panes"):
            yield Pane(
                Table(
                    widget_id="release-table",
                    drops=("files", "date"),
                    floor=NARROW_TAG_WIDTH,
                    empty="reading the releases …",
                ),
                "Releases",
                widget_id="releases",
            )
            yield Pane(
                Table(
                    widget_id="asset-table",
                    drops=("platform", "digest", SHORT_FORMS, "size", "fact", "proof", "kind"),
                    floor=FILE_WIDTH,
                    empty="no files",
                ),
                "Files",
                widget_id="assets",
            )
        yield VerdictBanner(id="banner", classes="-empty")
        yield KeyBar()

    def on_mount(self) -> None:
        """Follow the app's state."""
        self.peeks = VisiblePeeks(self, self.state)
        self.releases.view_changed = self._filter_files
        self.state.changed.subscribe(self, self._state_changed)
        self.state.file_changed.subscribe(self, self._file_changed)
        if self.state.kept is not None:
            self._show_kept(self.state.kept)

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
        """The file under the cursor; if none is published there, the one to use instead."""
        entry = self._entry()
        return entry.asset if entry is not None else None

    def _entry(self) -> FileEntry | None:
        row = self.assets.row
        return self._rows.entry(row.key) if row is not None and self._rows is not None else None

    def on_resize(self, event: Resize) -> None:
        """A wide screen has room for whole tags, a tall one for the evidence."""
        self.releases.floor = TAG_WIDTH if event.size.width >= WIDE else NARROW_TAG_WIDTH
        self.releases.on_resize()
        self._show_banner()
        self._show_notice()

    # -- filling -----------------------------------------------------------------------------------

    def _show_kept(self, kept: KeptScreen) -> None:
        """Draw what the last session has kept. Keys wait until the real rows are here."""
        self._show_release_rows(kept.releases, kept.hidden)
        self.releases.go_to(kept.tag)
        pane = self.query_one("#assets", Pane)
        pane.retitle(kept.title)
        self.assets.floor = NARROW_FILE_WIDTH if kept.has_proofs else FILE_WIDTH
        self.assets.show(kept.files)
        self.assets.go_to(kept.file)
        self._explain(pane, kept.lost, kept.has_gaps)
        self._show_banner()

    def _state_changed(self, what: str) -> None:
        if what == "target":
            self._fill_assets()
            self._look_up()
        else:
            self._fill_releases()
        self.refresh_bindings()

    @property
    def more_help(self) -> Sequence[str]:
        """All warnings in full, for the help screen."""
        warnings = self.state.catalogue.warnings if self.state.catalogue is not None else ()
        return (*self._lost(), *warnings)

    def _lost(self) -> Sequence[str]:
        """What the release under the cursor lacks and the one before it had."""
        release = self._release
        return self.state.wb.lost_signals(release) if release is not None else ()

    def _shown(self) -> list[Release]:
        catalogue = self.state.catalogue
        if catalogue is None:
            return []
        return [
            release
            for release in catalogue.releases
            if self.state.show_prereleases or not release.prerelease
        ]

    def _file_changed(self, key: str) -> None:
        """Draw results that arrive together at once; behind another screen, on return."""
        self._stale.add(key)
        is_last = self.peeks.idle
        if is_last:
            self.state.looked_up.set()
        if not self.in_front:
            return
        if is_last:
            self._draw_stale()
        elif self._redraw is None:
            self._redraw = self.set_timer(REDRAW_S, self._draw_stale)

    def _draw_stale(self) -> None:
        if self._redraw is not None:
            self._redraw.stop()
            self._redraw = None
        rows, stale = self._rows, list(self._stale)
        self._stale.clear()
        if rows is None or not sum(rows.forget(key) for key in stale):
            return
        if self._has_proofs() and all(column.key != "proof" for column in rows.columns):
            self._fill_assets()
        else:
            self.assets.update()
            self._show_banner()

    def _fill_releases(self) -> None:
        state = self.state
        shown = self._shown()
        self.releases.announce_again()  # a kept row may look the same
        if state.catalogue is None:
            self.assets.show(NO_ROWS)
            self._show_banner()
        unread = "reading the releases …" if state.failure is None else "not known: see above"
        self.releases.empty = "no releases" if state.catalogue else unread
        self.assets.empty = "no files" if state.catalogue else ""
        hidden = len(state.catalogue.releases) - len(shown) if state.catalogue else 0
        self._show_release_rows(ReleaseRows(shown), hidden)
        if not self._placed and state.catalogue is not None:
            self._placed = True
            place = state.shown.place
            newest = state.catalogue.release(place.tag or "latest")
            self._newest = newest.tag if newest is not None else ""
            self.releases.go_to(self._newest)
            if place.in_files:
                self.assets.focus()
        self._show_notice()

    def _show_release_rows(self, rows: ListRows, hidden: int) -> None:
        self.releases.show(rows)
        keys = [rows.row(number).key for number in range(len(rows))]
        long_tags = sum(len(key) > NARROW_TAG_WIDTH for key in keys)
        self.set_class(2 * long_tags > len(keys), "-long-tags")
        self.query_one("#releases", Pane).retitle(
            f"Releases · {hidden} hidden" if hidden else "Releases"
        )

    # -- projects ----------------------------------------------------------------------------------

    def leave_project(self) -> None:
        """Keep where the cursors are, and stop looking up files."""
        row = self.assets.row
        self.state.shown.place = BrowserPlace(
            self.tag, row.key if row is not None else "", self.focused is self.assets
        )
        self.peeks.want(())
        for pane in self.query(Pane):
            pane.clear_filter()

    def show_project(self) -> None:
        """Show the project that has been chosen, where it was left."""
        self._release, self._rows, self._placed = None, None, False
        self.assets.show(NO_ROWS)
        self.leave()
        self._fill_releases()
        self._fill_assets(keep=False)
        self._show_banner()
        self.refresh_bindings()

    def place_at(self, place: BrowserPlace) -> None:
        """Put the cursors there, now or when the list has arrived."""
        self.state.shown.place = place
        self._placed = False
        self._fill_releases()

    def _show_notice(self) -> None:
        """Show the error or the warnings of the list."""
        state = self.state
        parts = []
        if state.failure is not None:
            parts.append(error(state.failure))
        warnings = state.catalogue.warnings if state.catalogue else ()
        room = self.size.width - EDGES
        parts += [
            text(whole_words(f"! {one}", room), "$text-warning") for one in warnings[:NOTICES]
        ]
        if len(warnings) > NOTICES:
            more = f"+{len(warnings) - NOTICES} more in ? · "
            parts[-1] = Content.assemble((more, "$text-muted"), parts[-1])
        notice = self.query_one("#notice", Static)
        notice.update(lines(parts))
        notice.set_class(not parts, "-empty")
        notice.set_class(state.catalogue is None, "-alone")

    @on(Table.Highlighted, "#release-table")
    def _release_highlighted(self, event: Table.Highlighted) -> None:
        catalogue = self.state.catalogue
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
        self._filter_files()
        if not moved or (release is not None and release.tag == self._newest):
            self._newest = ""
            self._look_up()  # no key brought it here: no other one follows soon
        else:
            self.peeks.want(())
            self._look_up_soon()

    def _fill_assets(self, keep: bool = True) -> None:
        state, release = self.state, self._release
        if state.catalogue is None:
            return  # the first frame is drawn before modules that make rows are imported
        if state.kept is not None:
            state.kept = None
            self.assets.announce_again()
        assets: Sequence[Asset] = ()
        title = "Files"
        if release is not None:
            assets = tables.shown_assets(release, state.show_plugins, state.show_debs)
            title = tables.release_title(release)
        self.query_one("#assets", Pane).retitle(title)
        self._stale.clear()
        proofs = self._has_proofs()
        self.assets.floor = NARROW_FILE_WIDTH if proofs else FILE_WIDTH
        make_rows = partial(
            AssetRows, assets, state.target, state.known, proofs=proofs, failure=state.failure_of
        )
        if len(assets) <= QUICK_FILES:
            self.workers.cancel_group(self, "rows")
            self._show_files(make_rows(), keep)
        else:
            self.start_worker(partial(self._make_many_rows, make_rows, keep), "rows")

    async def _make_many_rows(self, make_rows: Callable[[], AssetRows], keep: bool) -> None:
        if not keep:
            self._rows = None
            self.assets.show(NO_ROWS)
        self._show_files(await asyncio.to_thread(make_rows), keep)
        self._look_up_soon()

    def _show_files(self, rows: AssetRows, keep: bool) -> None:
        self._rows = rows
        self.assets.show(rows, keep=keep)
        pane = self.query_one("#assets", Pane)
        lost = self._lost()
        self._explain(pane, lost[0] if lost else "", rows.has_gaps)
        if not keep:
            place, release = self.state.shown.place, self._release
            same = release is not None and release.tag == place.tag
            self.assets.go_to((same and place.row) or rows.best(self.state.target))
        self._show_banner()

    def _explain(self, pane: Pane, lost: str, has_gaps: bool) -> None:
        """Below the files: what the release has lost, and what a mark means."""
        if self.app.size.width < WIDE:  # what the release before it had is in the help
            lost = lost.partition(";")[0]
        room = self.app.size.width >= WIDE or not lost
        gaps = ["↳ not published: use this"] if has_gaps and room else []
        pane.explain("  ".join([*([f"! {lost}"] if lost else []), *gaps]))
        pane.set_class(bool(lost), "-warned")

    def _known_files(self) -> list[str]:
        """The keys of the release's files that were looked at."""
        release = self._release
        return [
            key
            for key, known in self.state.files.items()
            if release is not None
            and known.inspection is not None
            and (asset := known.inspection.subject.asset) is not None
            and asset.tag == release.tag
        ]

    def _has_proofs(self) -> bool:
        """Whether any of the release's files has been proved."""
        files = self.state.files
        known = (files[key].inspection for key in self._known_files())
        return any(inspection.proofs for inspection in known if inspection is not None)

    def _filter_files(self) -> None:
        """Filter the files by the words for the releases, where these are in names of files."""
        if self.query_one("#assets", Pane).filtered:
            return
        words = self.releases.row_query.words
        release = self._release
        in_files = release is not None and (
            has_file(release, words)
            or (words.casefold() not in release.tag.casefold() and nearly_has_file(release, words))
        )
        wanted = words if in_files else ""
        if self.assets.row_query.words != wanted:
            self.assets.filter(wanted)

    @on(Table.Highlighted, "#asset-table")
    def _asset_highlighted(self) -> None:
        if self._rows is not None and len(self._rows) > LOOKED_AT:
            self._look_up_soon()
        self._show_banner()
        self.refresh_bindings()

    def _show_banner(self) -> None:
        banner = self.query_one(VerdictBanner)
        entry, kept = self._entry(), self.state.kept
        banner.set_class(entry is None and kept is None, "-empty")
        if kept is not None:
            banner.show_kept(kept)
        elif entry is not None:
            banner.show_asset(self.state, entry.asset, self._instead(entry))

    @staticmethod
    def _instead(entry: FileEntry) -> Content | None:
        """For a platform that is not published: which file is judged instead."""
        if not entry.missing:
            return None
        return Content.assemble(
            text(f"{entry.missing} is not published", "bold"),
            text(f" ↳ this is {entry.asset.name}", "$text-muted"),
        )

    # -- looking up --------------------------------------------------------------------------------

    def _look_up_soon(self) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(SETTLE_S, self._look_up)

    def _look_up(self) -> None:
        """Look up the files in sight, then the others, unless there are very many."""
        rows = self._rows
        if rows is None or not self.in_front:  # its time may come behind another screen
            return
        in_sight = [rows.entry(row.key) for row in self.assets.rows_in_sight()]
        entries = [*(entry for entry in in_sight if entry), *rows.entries[:LOOKED_AT]]
        wanted = {
            entry.key: entry.asset
            for entry in entries
            if not entry.missing
            and not entry.asset.runs_nowhere
            and self.state.known(entry.asset) is None
        }
        self.peeks.want(wanted.values())
        if self.peeks.idle:
            self.state.looked_up.set()

    def on_screen_resume(self) -> None:
        """Show what was learned behind another screen, and look up what is still unknown."""
        self._draw_stale()
        self._look_up_soon()

    def on_screen_suspend(self) -> None:
        """Stop looking up files that are not shown."""
        self.peeks.want(())

    # -- actions -----------------------------------------------------------------------------------

    @property
    def tag(self) -> str:
        """The release under the cursor."""
        return self._release.tag if self._release is not None else ""

    def to_mark(self) -> CompareMark | None:
        """The file, where the files have the focus; else the release."""
        if self.focused is self.releases and self.tag:
            return CompareMark(self.tag, self.tag)
        return super().to_mark()

    def inspections(self) -> Sequence[Inspection]:
        """Of the file under the cursor where the files have the focus, else of all files shown."""
        if self.focused is self.assets:
            shown = [self.asset] if self.asset is not None else []
        else:
            shown = list(self._rows.published(self._known_files())) if self._rows else []
        known = [self.state.known(asset) for asset in shown]
        return [inspection for inspection in known if inspection is not None]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the browser only with an address, and back only where that does something."""
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

    def action_next_pane(self) -> None:
        """Go from the releases to the files; from there to the file under the cursor."""
        if self.focused is self.assets:
            self.action_open_asset()
        else:
            self._enter_release()

    def action_previous_pane(self) -> None:
        """Go from the files back to the releases."""
        self.leave()

    def leave(self) -> None:
        """Go from the files back to the releases. This screen itself is never closed."""
        self.remove_class("-files")
        self.releases.focus()

    def on_descendant_focus(self) -> None:
        """Show the pane with the focus on a narrow screen."""
        focused = self.focused
        self.set_class(
            focused is not None and any(node.id == "assets" for node in focused.ancestors), "-files"
        )

    def go_to_release(self, tag: str) -> None:
        """Put the cursor on a release. Clears the filter."""
        self.query_one("#releases", Pane).clear_filter()
        if self.releases.go_to(tag):
            self.releases.focus()

    def action_refresh(self) -> None:
        """Ask the server again."""
        self.state.files.forget_errors()
        self.jobs.list_releases()
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
        self.state.show_plugins = not self.state.show_plugins
        self._fill_assets()
        self._look_up_soon()

    def action_debs(self) -> None:
        """Show or hide Debian packages."""
        self.state.show_debs = not self.state.show_debs
        self._fill_assets()
        self._look_up_soon()

    def copies(self) -> list[Copy]:
        """Of the file under the cursor, or of the release."""
        from explorer.tui.copying import Copy, asset_copies, command_copy, path_copies, proof_copies

        release, asset, settings = self._release, self.asset, self.state.settings
        if self.focused is self.assets and asset is not None:
            copies = asset_copies(asset, settings)
            known = self.state.known(asset)
            if known is not None:
                copies += [*path_copies(known), *proof_copies(known)]
            return copies + super().copies()
        if release is None:
            return super().copies()
        pages = [Copy("URL", release.url)] if release.url else []
        command = command_copy(settings, "assets", release.tag)
        return [Copy("tag", release.tag), *pages, command, *super().copies()]
