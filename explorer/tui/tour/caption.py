"""The strip with the tour's caption. It takes its own lines and covers nothing."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static


class Caption(Static):
    """What the current step of the tour shows, and which keys steer it."""

    DEFAULT_CSS = """
    Caption {
        height: auto;
        max-height: 3;
        padding: 0 1;
        background: $panel;
        border-left: outer $primary;
    }
    Caption:ansi { background: ansi_default; }
    """
    HELP = "The tour: space pauses it, → goes to the next step, esc ends it."

    def say(self, place: str, words: str, hint: str) -> None:
        """Show a caption: its place in the tour, its words, and the keys."""
        first = Content.assemble((f"{place}  ", "bold $text-primary"), words)
        self.update(Content("\n").join((first, Content.styled(hint, "$text-muted"))))
