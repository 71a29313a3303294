"""The top bar (what is shown) and the key bar (what can be done, and what is running)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, cast

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from explorer.tui.actions import key_name, offered
from explorer.tui.job_board import Job, JobKind
from explorer.tui.render import text
from explorer.tui.responsiveness.deferred_import import report, tables

if TYPE_CHECKING:
    from explorer.tui.app_base import ExplorerBase
    from explorer.tui.app_state import AppState


GAP = 2
"""Cells between two keys."""


class Key(NamedTuple):
    """A key of the bar."""

    place: int
    """Order from the left."""
    rank: int
    """Where room is short, keys with a lower rank stay longer."""
    name: str
    label: str
    press: str
    """Textual's name of the key."""

    @property
    def width(self) -> int:
        """Width in cells."""
        return cell_len(self.name) + 1 + cell_len(self.label)


class TopBar(Widget):
    """Program, repository, number of releases and their age, and the target.

    Where room is short, the parts in the middle are left out first.
    """

    DEFAULT_CSS = """
    TopBar { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    TopBar:ansi { background: ansi_default; text-style: bold; }
    """

    def on_mount(self) -> None:
        """Follow the app's state."""
        self.state.changed.subscribe(self, lambda _: self.refresh())

    @property
    def state(self) -> AppState:
        """What the app knows."""
        return cast("ExplorerBase", self.app).state

    def render(self) -> Content:
        """One line."""
        room = self.size.width - 2
        program, place = "rr-explorer" + " · " * self.state.ready, self.state.place
        parts = list(self.state.headline)
        if self.state.ready and not getattr(self.screen, "about_a_release", True):
            place, parts = "a local file", parts[-1:] if self.state.target is not None else []

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
    """The keys that act now, as many as fit, always with help and a way out; then running jobs."""

    DEFAULT_CSS = """
    KeyBar { height: 1; background: $panel; color: $text-muted; padding: 0 1; }
    KeyBar:ansi { background: ansi_default; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._spans: list[tuple[int, int, str]] = []
        """First and last cell of each key that is shown, and Textual's name of the key."""

    @property
    def state(self) -> AppState:
        """What the app knows."""
        return cast("ExplorerBase", self.app).state

    def on_mount(self) -> None:
        """Follow focus and jobs."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.refresh())
        self.state.jobs_changed.subscribe(self, lambda _: self.refresh())

    def _keys(self) -> list[Key]:
        """The keys that act now, in the bar's order."""
        keys: dict[str, Key] = {}
        for key, active in self.screen.active_bindings.items():
            action = offered(self.screen, active)
            if action is None or not action.shown or action.id in keys:
                continue
            rank = self._rank(action.id)
            keys[action.id] = Key(action.shown, rank, key_name(key), action.label, key)
        return sorted(keys.values())

    def _rank(self, action: str) -> int:
        """Help and the way out of this screen come first, what leads to an answer second."""
        way_out = "quit" if len(self.app.screen_stack) == 1 else "back"
        return 0 if action in ("help", way_out) else 1 if action in _NEEDED else 2

    def render(self) -> Content:
        """One line."""
        room = self.size.width - 2
        keys = self._keys()
        right = self._running_text(
            room - sum(key.width + GAP for key in keys if key.rank <= 1), room
        )
        parts: list[Content] = []
        self._spans = []
        x = 0
        for key in fitting(keys, room - (cell_len(right) + GAP if right else 0)):
            name, label = (key.name, "bold $footer-key-foreground"), (key.label, "$text-muted")
            parts.append(Content.assemble(name, " ", label))
            self._spans.append((x + 1, x + 1 + key.width, key.press))
            x += key.width + GAP
        left = Content(" " * GAP).join(parts)
        if not right:
            return left
        gap = max(0, room - left.cell_length - cell_len(right))
        return Content.assemble(left, " " * gap, (right, "$text-accent"))

    def _running_text(self, free: int, room: int) -> str:
        """What is running, in the longest form that fits into ``free`` cells."""
        forms = running_jobs_text(self.state.board.running)
        if not forms:
            return ""
        return report.clip(
            next((form for form in forms if cell_len(form) <= free), forms[-1]), room
        )

    def on_click(self, event: events.Click) -> None:
        """A click on a key presses it; a click on what is running lists the jobs."""
        for start, end, key in self._spans:
            if start <= event.x < end:
                self.app.simulate_key(key)
                return
        if self.state.board.running and event.x > (self._spans[-1][1] if self._spans else 0):
            self.app.simulate_key("J")


_NEEDED = ("quit", "back", "matrix", "advice")
"""Actions whose keys stay while a job is told beside them."""


def fitting(keys: Sequence[Key], room: int) -> list[Key]:
    """The keys that fit into ``room`` cells, those with the lowest rank first."""
    chosen: list[Key] = []
    room += GAP
    for key in sorted(keys, key=lambda key: (key.rank, key.place)):
        if key.width + GAP <= room:
            chosen.append(key)
            room -= key.width + GAP
    return sorted(chosen)


_SIGNS = {
    JobKind.DOWNLOAD: "↓",
    JobKind.SAVE: "↓",
    JobKind.VERIFY: "▷",
    JobKind.SWEEP: "▷",
    JobKind.INSPECT: "◎",
    JobKind.OPEN: "◎",
    JobKind.LISTING: "≡",
    JobKind.ADVISE: "◎",
    JobKind.PULL: "↓",
    JobKind.COMPARE: "≠",
    JobKind.DATABASE: "↓",
}


def running_jobs_text(jobs: Sequence[Job]) -> tuple[str, ...]:
    """``↓ download 43 %, 8 s left  x cancel`` and shorter forms of it, the longest first.

    For several jobs: their number, and the progress of the newest one.
    """
    if not jobs:
        return ()
    newest = jobs[-1]
    if len(jobs) == 1:
        sign, what, hint, short_hint = _SIGNS[newest.kind], f" {newest.kind}", "x cancel", "x"
    else:
        sign, what, hint, short_hint = report.plural(len(jobs), "job"), "", "J show", "J"
    done, left = _progress_parts(newest)
    return (
        f"{sign}{what}{done}{left}  {hint}",
        f"{sign}{what}{done}  {hint}",
        f"{sign}{done}  {hint}",
        f"{sign}{done}  {short_hint}",
    )


def _progress_parts(job: Job) -> tuple[str, str]:
    """How much is done, and what may be left out: the time left, or the current stage."""
    progress = job.progress
    if progress is None:
        return "", ""
    if not progress.total:
        return "", f": {text(progress.stage).plain}" if progress.stage else ""
    words = tables.progress_words(progress)
    if job.kind is JobKind.SWEEP:
        if progress.stage != "proving":  # the share of it would be taken for that of the proofs
            return "", f": {text(progress.stage).plain}"
        return f" {words.done} of {progress.total}", f", {words.detail}" if words.detail else ""
    seconds = progress.seconds_left
    is_worth_saying = progress.unit == "bytes" and seconds is not None and seconds >= 2
    return f" {words.share}", f", {words.left}" if is_worth_saying else ""
