"""The verdict in words: what is predicted, the deciding fact, and what was proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from explorer.tui.render import content, error, lines, spaced, text
from explorer.tui.responsiveness.deferred_import import report, verdicts

if TYPE_CHECKING:
    from explorer.errors import ExplorerError
    from explorer.report import Banner
    from explorer.tui.app_state import AppState
    from explorer.tui.kept_screen import KeptScreen
    from explorer.workbench import Asset

_CLASSES = {"good": "-good", "warn": "-warn", "bad": "-bad"}
EDGES = 4
"""Cells of a line that the edge and the padding take."""
WIDE = 120
"""Cells of a screen from which whole lists of names have room."""
NARROW = 80
"""Cells of a screen from which files and releases stand beside each other."""
LOW = 20
"""Lines of a screen below which the banner shows the verdict only."""
FEW = 5
"""Lines of a verdict on a low screen, of which the proof takes what is left, at least one."""
ARROW = "→ "
TALL = 30
"""Lines of a screen from which the banner shows the evidence, too."""


def fitted(parts: Sequence[Content], ways: Sequence[int], width: int, most: int) -> list[Content]:
    """The parts of a verdict in at most ``most`` lines of ``width`` cells; 0 for any number.

    Args:
        parts: what it is about, the reason, the evidence, the remedy, the proof; some may be empty.
        ways: where the remedy may be cut.
    """
    if not most:
        return list(parts)
    about, reason, evidence, remedy, proof = parts
    last, none = one_line(proof, width), Content("")
    forms = [
        (about, reason, evidence, remedy, proof),
        (about, reason, none, remedy, proof),  # where a file is, is said here only
        (about, reason, evidence, remedy, last),
    ]
    rooms = range(len(remedy.wrap(width)), 0, -1)
    forms += [(about, reason, none, whole_ways(remedy, ways, width, room), last) for room in rooms]
    forms.append((about, reason, none, whole_ways(remedy, ways, width, 1), none))

    def count(form: Sequence[Content]) -> int:
        return sum(len(part.wrap(width)) for part in form if part)

    return list(next((form for form in forms if count(form) <= most), forms[-1]))


def whole_ways(remedy: Content, ways: Sequence[int], width: int, most: int) -> Content:
    """As many of the ways out as have room in ``most`` lines, and a mark where more follow.

    None is cut in the middle but the first, which is never left out. ``ways``: the lengths at which
    one ends and another follows.
    """
    if len(remedy.wrap(width)) <= most:
        return remedy
    shorter = (Content.assemble(remedy[:end], " …") for end in reversed(ways))
    fits = (words for words in shorter if len(words.wrap(width)) <= most)
    return next(fits, None) or one_line(remedy, width)


def few_lines(part: Content, width: int, most: int) -> Content:
    """The first lines of a text, and a mark where more follow."""
    if len(part.wrap(width)) <= most:
        return part
    *whole, last = part.wrap(width)[:most]
    return Content("\n").join([*whole, one_line(Content.assemble(last.rstrip(), " …"), width)])


def one_line(part: Content, width: int) -> Content:
    """The beginning of a text, and a mark where more follows."""
    return part.truncate(width, ellipsis=True)


def keep_toasts_off(widget: Widget) -> None:
    """Show toasts above a widget at the bottom of its screen and the edge of the pane above it."""
    height = widget.screen.size.height
    top = widget.region.y - 1
    bottom_margin = height - top if top > height // 2 else 1
    for rack in widget.screen.query("ToastRack"):
        if rack.styles.margin.bottom != bottom_margin:  # else setting it lays out again
            rack.styles.margin = (0, 0, bottom_margin, 0)


class Detail(Static):
    """What is known of the row under the cursor, below a table."""

    def on_resize(self) -> None:
        """Keep toasts off it."""
        keep_toasts_off(self)


class VerdictBanner(Static):
    """A few lines with an edge in the answer's colour. The words alone say everything."""

    DEFAULT_CSS = """
    VerdictBanner {
        height: auto;
        max-height: 7;
        padding: 0 1;
        background: $surface;
        border-left: outer $border-blurred;
        &.-good { border-left: outer $success; }
        &.-warn { border-left: outer $warning; }
        &.-bad { border-left: outer $error; }
    }
    """
    HELP = (
        "The verdict: what is predicted for the target, the deciding fact and its place in the "
        "file, what to do about it, and the newest proof."
    )

    def on_resize(self) -> None:
        """Keep toasts off the banner at the bottom, and off the edge of the pane above it.

        On that edge stands what a release has lost.
        """
        keep_toasts_off(self)

    def say(self, headline: Content, *more: Content) -> None:
        """Show any words, e.g. that a file is being looked at."""
        self._set_edge("")
        self._put(lines([headline, *(line for line in more if line)]))

    def show(self, banner: Banner, lead: Content | None = None, short: bool = False) -> None:
        """Show a verdict below ``lead``.

        ``short`` leaves out the evidence and keeps the proof to what ``FEW`` lines leave, or one,
        or two where the notes that have a short form need them, such as where the file is. The
        reason is never cut. Of what has no room at all, the end is marked.
        """
        self._set_edge(banner.headline.style)
        head = content(banner.headline, "bold")
        because = content(banner.because)
        reason = Content.assemble(head, ": ", because) if because else head
        remedy = content(banner.remedy)
        if remedy:
            remedy = Content.assemble((ARROW, "$text-accent"), remedy)
        ways = [len(ARROW) + end for end in banner.ways]
        evidence = content(banner.evidence) if not short else Content("")
        notes = [
            content(replace(note, text=note.short) if short and note.short else note)
            for note in banner.notes
        ]
        width = self.app.size.width - EDGES
        proof, line = banner.proof, spaced([content(banner.proof), *notes], "  ·  ")
        if short and proof.short and line.cell_length > width:
            proof = replace(proof, text=proof.short)
            line = spaced([content(proof), *notes], "  ·  ")
        room = self.styles.max_height
        most = int(room.value) if room is not None and room.is_cells else 0
        above = [lead or Content(""), reason, evidence, remedy]
        lines_above = sum(len(part.wrap(width)) for part in above if part)
        short_notes = [note for note, cell in zip(notes, banner.notes, strict=True) if cell.short]
        least = 1 if spaced([content(proof), *short_notes], "  ·  ").cell_length <= width else 2
        rest = max(least, min(most, FEW) - lines_above)
        parts = [*above, few_lines(line, width, rest) if short else line]
        self._put(lines(part for part in fitted(parts, ways, width, most) if part))

    def show_asset(self, state: AppState, asset: Asset, lead: Content | None = None) -> None:
        """Show what is known about an asset, or why nothing is."""
        known = state.files.of(asset)
        head = lead or text(asset.name, "bold")
        lead = self._lead(head) or lead
        may_ask = not (state.settings.offline or state.settings.demo)
        if known.inspection is not None:
            short = self.app.size.height < TALL
            self.show(state.banner(known.inspection), lead, short)
        elif known.error is not None:
            self.show_error(known.error, lead)
        elif asset.runs_nowhere:
            self.say(head, text(f"– {verdicts.asset_about(asset)}, not a program", "$text-muted"))
        elif asset.path is None and not (may_ask and (asset.url or asset.api_url)):
            why = "Only its name is known: nothing was downloaded, so its contents are unknown."
            self.say(Content.assemble(("? ", "$text-muted"), head), text(why, "$text-muted"))
        else:
            doing = "looking at its first bytes …" if known.in_progress else "not looked at yet"
            self.say(head, text(doing, "$text-muted"))

    def show_kept(self, kept: KeptScreen) -> None:
        """Show the verdict that the last session kept."""
        lead = self._lead(text(kept.name, "bold"))
        self.show(kept.banner, lead, short=self.app.size.height < TALL)

    def _lead(self, name: Content) -> Content | None:
        """The name above the verdict, where the list of files may be hidden."""
        narrow = self.app.size.width < NARROW and self.app.size.height >= LOW
        return name if narrow else None

    def show_error(self, problem: ExplorerError, lead: Content | None = None) -> None:
        """Show why there is no verdict."""
        self._set_edge("warn")
        no_verdict = content(report.Cell("? no verdict yet", "unknown"), "bold")
        parts = [Content.assemble(lead, "  ", no_verdict)] if lead else [no_verdict]
        self._put(lines([*parts, error(problem)]))

    def _set_edge(self, style: str) -> None:
        for meaning, name in _CLASSES.items():
            self.set_class(meaning == style, name)

    def _put(self, words: Content) -> None:
        """Show the words. Lay the screen out again only where they need another number of lines."""
        before = self._line_count()
        self.update(words, layout=False)
        if before != self._line_count() or not before:
            self.refresh(layout=True)

    def _line_count(self) -> int:
        """Lines that the words take; 0 before the first layout."""
        width = self.content_size.width
        return self.visual.get_height(self.styles.get_rules(), width) if width else 0
