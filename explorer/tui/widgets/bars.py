"""The line at the top (what is shown) and the line at the bottom (what can be done, and what is running)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from explorer.tui.actions import BY_ID, ENTER, key_name
from explorer.tui.jobs import Job
from explorer.tui.late import report
from explorer.tui.render import text

if TYPE_CHECKING:
    from explorer.tui.app import ExplorerApp


class TopBar(Widget):
    """Program, repository, how many releases and how old, and the target. What does not fit is left out from the middle."""

    DEFAULT_CSS = """
    TopBar { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    TopBar:ansi { background: ansi_default; text-style: bold; }
    """

    def on_mount(self) -> None:
        """Follow the app's state."""
        self.explorer.changed.subscribe(self, lambda _: self.refresh())

    @property
    def explorer(self) -> ExplorerApp:
        return cast("ExplorerApp", self.app)

    def render(self) -> Content:
        """One line."""
        room = self.size.width - 2
        program, place = "rr-explorer" + " · " * self.explorer.ready, self.explorer.place
        parts = list(self.explorer.state_words)

        def too_long() -> bool:
            return cell_len(program) + cell_len(place) + 2 + cell_len(" · ".join(parts)) > room

        while len(parts) > 2 and too_long():
            parts.pop(1)
        if too_long():
            program = ""
        while len(parts) > 1 and too_long():
            parts.pop(0)
        if too_long():
            parts = []
        right = " · ".join(parts)
        if cell_len(place) > room - cell_len(program):
            place = report.clip(place, max(0, room - cell_len(program)))
        gap = max(0, room - cell_len(program) - cell_len(place) - cell_len(right))
        return Content.assemble((program, "$text-primary"), (place, "bold"), " " * gap, (right, "$text-muted"))


class KeyBar(Widget):
    """The keys that act now, the most needed first, as many as fit; at the right what is running."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $text-muted; padding: 0 1; }
    KeyBar:ansi { background: ansi_default; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, str]] = []

    @property
    def explorer(self) -> ExplorerApp:
        return cast("ExplorerApp", self.app)

    def on_mount(self) -> None:
        """Follow focus and jobs."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())
        self.explorer.jobs_changed.subscribe(self, lambda _: self.refresh())

    def _keys(self) -> list[tuple[int, str, str, str]]:
        """Place, key, label and Textual's key of what acts now."""
        found: dict[str, tuple[int, str, str, str]] = {}
        for key, active in self.screen.active_bindings.items():
            action = BY_ID.get(active.binding.id or "")
            if action is None and key == "enter" and active.binding.show:
                action = ENTER
            if action is None or not action.shown or not active.enabled or action.id in found:
                continue
            found[action.id] = (action.shown, key_name(key), action.label, key)
        return sorted(found.values())

    def render(self) -> Content:
        """One line."""
        room = self.size.width - 2
        right = jobs_in_words(self.explorer.board.running)
        if right and cell_len(right) > room - 12:
            right = report.clip(right, max(0, room))
        room -= cell_len(right) + (2 if right else 0)
        parts: list[Content] = []
        self._spans = []
        x = 1
        for _, key, label, press in self._keys():
            width = cell_len(key) + 1 + cell_len(label)
            if x - 1 + width > room:
                continue
            parts.append(Content.assemble((key, "bold $footer-key-foreground"), " ", (label, "$text-muted")))
            self._spans.append((x, x + width, press))
            x += width + 2
        left = Content("  ").join(parts)
        if not right:
            return left
        gap = max(1, self.size.width - 2 - left.cell_length - cell_len(right))
        return Content.assemble(left, " " * gap, (right, "$text-accent"))

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses it; one on what is running opens the jobs."""
        for start, end, key in self._spans:
            if start <= event.x < end:
                self.app.simulate_key(key)
                return
        if self.explorer.board.running and event.x > (self._spans[-1][1] if self._spans else 0):
            self.app.simulate_key("J")


_SIGNS = {"download": "↓", "verify": "▷", "inspect": "◎", "listing": "≡", "advise": "◎"}


def jobs_in_words(jobs: tuple[Job, ...]) -> str:
    """``↓ download 43 %  x cancel``, or how many there are with the progress of the newest."""
    if not jobs:
        return ""
    newest = jobs[-1]
    words = f"{_SIGNS[newest.kind]} {newest.kind}" if len(jobs) == 1 else report.plural(len(jobs), "job")
    progress = newest.progress
    if progress is not None and progress.total:
        words += f" {report.percent(progress.done, progress.total)}"
        if progress.unit == "bytes" and (left := progress.seconds_left) is not None and left >= 2:
            words += f", {report.human_duration(left)} left"
    elif progress is not None and progress.stage:
        words += f": {text(progress.stage).plain}"
    return f"{words}  x cancel" if len(jobs) == 1 else f"{words}  J show"
