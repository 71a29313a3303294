"""The names of the tabs in one line, with marks at its ends where more of them are out of sight."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.content import Content
from textual.widgets import Static, Tab, Tabs

from explorer.tui.render import text


class TabStrip(Horizontal):
    """Tabs. The active one is always in sight; ``‹`` and ``›`` say that there are more."""

    DEFAULT_CSS = """
    TabStrip {
        height: 2;
        & > Tabs { width: 1fr; height: 2; }
        & > Static { width: 1; height: 2; color: $text-accent; text-style: bold; }
        & Tab { padding: 0 1 0 0; }
        & Tab:last-child { padding: 0; }
        & Tab.-cut { text-opacity: 0%; }
    }
    """

    def __init__(self, names: Sequence[tuple[str, str]], active: str) -> None:
        """``names``: the id and the label of each tab."""
        super().__init__()
        self.tabs = Tabs(*(Tab(text(label), id=name) for name, label in names), active=active)
        self._left, self._right = Static(classes="more"), Static(classes="more")

    def compose(self) -> ComposeResult:
        yield self._left
        yield self.tabs
        yield self._right

    def on_mount(self) -> None:
        """Follow what is in sight."""
        names = self._names
        for what in ("scroll_x", "virtual_size"):
            self.watch(names, what, self._mark_soon)

    @property
    def _names(self) -> Container:
        return self.tabs.query_one("#tabs-scroll", Container)

    def on_resize(self) -> None:
        """Other tabs may be in sight."""
        self._mark_soon()

    def _mark_soon(self) -> None:
        self.call_after_refresh(self._mark_ends)

    def _mark_ends(self) -> None:
        """Hide names that are only partly in sight, and mark the ends where names are hidden."""
        names = self._names
        start = names.scroll_offset.x
        end = start + names.size.width
        before = after = False
        left = 0
        for tab in self.tabs.query(Tab):
            right = left + tab.label.cell_length
            before, after = before or left < start, after or right > end
            # It keeps its place, so that it can still be scrolled to.
            tab.set_class(left < start or right > end, "-cut")
            left = right + tab.styles.padding.right
        self._left.update(Content("‹" if before else ""))
        self._right.update(Content("›" if after else ""))

    def open_number(self, number: int) -> None:
        """Activate a tab by its place, from 1."""
        tabs = list(self.tabs.query(Tab))
        if 0 < number <= len(tabs):
            self.tabs.active = tabs[number - 1].id or ""
