"""The line at the top (what is shown) and the line at the bottom (what can be done, and what is running)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from explorer.tui.actions import key_name, offered
from explorer.tui.job_board import Job
from explorer.tui.late import report
from explorer.tui.render import text

if TYPE_CHECKING:
    from explorer.tui.app import ExplorerApp


GAP = 2
"""Cells between two keys."""


class Key(NamedTuple):
    """A key of the bar."""

    place: int
    """From the left."""
    need: int
    """The smaller, the longer it stays where room is short."""
    words: str
    """Key and label."""
    press: str
    """Textual's name of the key."""

    @property
    def width(self) -> int:
        """In cells."""
        return cell_len(self.words)


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
        return Content.assemble(
            (program, "$text-primary"), (place, "bold"), " " * gap, (right, "$text-muted")
        )


class KeyBar(Widget):
    """The keys that act now, as many as fit, help and the way out always; at the right what is running."""

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

    def _keys(self) -> list[Key]:
        """What acts now, in the bar's order."""
        found: dict[str, Key] = {}
        for key, active in self.screen.active_bindings.items():
            action = offered(self.screen, active)
            if action is None or not action.shown or action.id in found:
                continue
            found[action.id] = Key(
                action.shown, self._need(action.id), f"{key_name(key)} {action.label}", key
            )
        return sorted(found.values())

    def _need(self, action: str) -> int:
        """How far an action goes before the others: help and the way out of this screen first, the other way out next."""
        way_out = "quit" if len(self.app.screen_stack) == 1 else "back"
        return 0 if action in ("help", way_out) else 1 if action in ("quit", "back") else 2

    def render(self) -> Content:
        """One line."""
        room = self.size.width - 2
        keys = self._keys()
        must = sum(key.width + GAP for key in keys if key.need == 0)
        forms = jobs_in_words(self.explorer.board.running)
        right = (
            report.clip(
                next((form for form in forms if cell_len(form) + must <= room), forms[-1]), room
            )
            if forms
            else ""
        )
        parts: list[Content] = []
        self._spans = []
        x = 0
        for key in fitting(keys, room - (cell_len(right) + GAP if right else 0)):
            name, _, label = key.words.partition(" ")
            parts.append(
                Content.assemble((name, "bold $footer-key-foreground"), " ", (label, "$text-muted"))
            )
            self._spans.append((x + 1, x + 1 + key.width, key.press))
            x += key.width + GAP
        left = Content(" " * GAP).join(parts)
        if not right:
            return left
        return Content.assemble(
            left, " " * max(0, room - left.cell_length - cell_len(right)), (right, "$text-accent")
        )

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses it; one on what is running opens the jobs."""
        for start, end, key in self._spans:
            if start <= event.x < end:
                self.app.simulate_key(key)
                return
        if self.explorer.board.running and event.x > (self._spans[-1][1] if self._spans else 0):
            self.app.simulate_key("J")


def fitting(keys: Sequence[Key], room: int) -> list[Key]:
    """Those for which there is room, the most needed first, in the bar's order."""
    found: list[Key] = []
    room += GAP
    for key in sorted(keys, key=lambda key: (key.need, key.place)):
        if key.width + GAP <= room:
            found.append(key)
            room -= key.width + GAP
    return sorted(found)


_SIGNS = {"download": "↓", "verify": "▷", "inspect": "◎", "listing": "≡", "advise": "◎"}


def jobs_in_words(jobs: tuple[Job, ...]) -> tuple[str, ...]:
    """``↓ download 43 %, 8 s left  x cancel``, or how many there are with the progress of the newest; then shorter forms of it."""
    if not jobs:
        return ()
    newest = jobs[-1]
    one = len(jobs) == 1
    sign, what = (
        (_SIGNS[newest.kind], f" {newest.kind}") if one else (report.plural(len(jobs), "job"), "")
    )
    end = "  x cancel" if one else "  J show"
    progress = newest.progress
    done = left = stage = ""
    if progress is not None and progress.total:
        done = f" {report.percent(progress.done, progress.total)}"
        if (
            progress.unit == "bytes"
            and (seconds := progress.seconds_left) is not None
            and seconds >= 2
        ):
            left = f", {report.human_duration(seconds)} left"
    elif progress is not None and progress.stage:
        stage = f": {text(progress.stage).plain}"
    return (
        f"{sign}{what}{done}{left}{stage}{end}",
        f"{sign}{what}{done}{end}",
        f"{sign}{done}{end}",
        f"{sign}{done}{end[:3]}",
    )
