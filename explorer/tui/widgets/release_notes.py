"""A release's notes. Untrusted Markdown: no HTML, no images, and no link opens by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Markdown

from explorer.report import visible

if TYPE_CHECKING:
    from explorer.tui.app_base import ExplorerBase

LONGEST = 40_000
"""Characters that are shown. Markdown makes a widget of each block; GitHub allows 125,000."""


class ReleaseNotes(VerticalScroll, can_focus=True):
    """Scrolls with the arrows."""

    DEFAULT_CSS = """
    ReleaseNotes {
        border: round $border-blurred;
        scrollbar-size-vertical: 1;
        padding: 0 1;
        &:focus-within { border: round $border; }
        & > Markdown { background: transparent; padding: 0; }
    }
    """
    HELP = (
        "The notes of the release, as its authors wrote them. Only a click on a link opens it in "
        "the web browser."
    )

    def compose(self) -> ComposeResult:
        yield Markdown(open_links=False)

    def show(self, body: str) -> None:
        """Show notes; untrusted."""
        words = visible(body[:LONGEST], newline=True, tab=True)
        if len(body) > LONGEST:
            more = len(body) - LONGEST
            words += f"\n\n*… shortened: the release's page has {more:,} more characters*"
        self.query_one(Markdown).update(words or "*No release notes.*")

    @on(Markdown.LinkClicked)
    def _follow(self, event: Markdown.LinkClicked) -> None:
        event.stop()
        cast("ExplorerBase", self.app).open_page(event.href)
