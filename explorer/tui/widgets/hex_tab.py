"""The bytes of a file, 16 to a line, read as they come into sight."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Label, Static
from textual.worker import Worker

from explorer.errors import ExplorerError, OperationCancelledError, UsageError, as_explorer_error
from explorer.facts import MISSING
from explorer.progress import Cancellation, Progress
from explorer.report import Row, human_size, percent, visible
from explorer.report.binaries import BYTES_COLUMNS, bytes_row
from explorer.tui.render import error, lines, text
from explorer.tui.rows import NO_ROWS, LazyRows
from explorer.tui.widgets.line_input import LineInput
from explorer.tui.widgets.table import Table
from explorer.workbench import HEX_WIDTH, WINDOW, Needle, NeedleKind, parse_needle, parse_offset

if TYPE_CHECKING:
    from explorer.tui.app_state import AppState
    from explorer.workbench import (
        FileContent,
        Inspection,
        RemoteProgram,
        Section,
        Spot,
        Subject,
    )

MOST_AHEAD = 1 << 20
"""Bytes of a program on its server that are read because others behind them come into sight."""
FIND_HELP = "text · /regex/ · x:7f 45 4c 46 · @0x270"


class FindInput(LineInput):
    """What to look for, or where to go."""

    HELP = (
        "Type a text, /a regular expression/, bytes as x:7f 45 ?? 46, or an offset as @0x270 or "
        "@4M. Enter looks for it from the cursor on; n and N go to the next and the previous one."
    )

    def __init__(self) -> None:
        super().__init__(placeholder=FIND_HELP)


class ContentOpened(Message):
    """The bytes can be read, or why not."""

    def __init__(self, content: FileContent | ExplorerError) -> None:
        super().__init__()
        self.content = content


class WindowRead(Message):
    """Bytes that were out of reach are here."""

    def __init__(self, window: int, problem: ExplorerError | None) -> None:
        super().__init__()
        self.window = window
        self.problem = problem


class FindProgressed(Message):
    """How far a search is."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self.progress = progress


class FindEnded(Message):
    """Where the needle is; None: nowhere in that direction."""

    def __init__(self, spot: Spot | ExplorerError | None) -> None:
        super().__init__()
        self.spot = spot


def parse_query(query: str) -> int | Needle:
    """An offset to go to, or what to search for.

    Raises:
        UsageError: it is neither.
    """
    if query.startswith("@"):
        return parse_offset(query[1:])
    if query.startswith("x:"):
        return parse_needle(query[2:], NeedleKind.HEX)
    if len(query) > 2 and query.startswith("/") and query.endswith("/"):
        return parse_needle(query[1:-1], NeedleKind.REGEX)
    return parse_needle(query)


class HexTab(Vertical):
    """A line about the place under the cursor, the bytes, and a line to search."""

    DEFAULT_CSS = """
    HexTab {
        height: 1fr;
        border: round $border-blurred;
        &:focus-within { border: round $border; }
        & > Static { height: auto; max-height: 5; padding: 0 1; }
        & > Horizontal { height: 1; display: none; }
        & > Horizontal > Label { width: 3; color: $text-accent; padding: 0 0 0 1; }
        & > Horizontal > Input { width: 1fr; background: transparent; }
        &.-finding > Horizontal { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "find_next(1)", "next", show=False),
        Binding("N", "find_next(-1)", "previous", show=False),
    ]
    help_words = (
        "The bytes of the program, 16 to a line, read as they come into sight; of a file on a "
        "server, in windows of 64 KiB. / finds a text, /a regular expression/, bytes as x:7f 45, "
        "or goes to an offset as @0x270; n and N go to the next and the previous match."
    )

    def __init__(self) -> None:
        super().__init__(id="hex")
        self.words = Static()
        self.table = Table(fits=False, empty="reading …")
        self.input = FindInput()
        self.input.can_focus = False
        self._content: FileContent | RemoteProgram | None = None
        self._is_shared = False
        """Whether the screen closes the content."""
        self._about: Callable[[], Content] | None = None
        """How much of a program on its server is here, in words."""
        self._state: AppState | None = None
        self._sections: Sequence[Section] = ()
        self._wanted: int | None = None
        """The offset to go to once the bytes are here."""
        self._needle: Needle | None = None
        self._spot: Spot | None = None
        """What was found last."""
        self._searching: Cancellation | None = None
        self._missing: set[int] = set()
        """Windows that are being read."""

    def compose(self) -> ComposeResult:
        yield self.words
        yield Horizontal(Label(Content("/")), self.input)
        yield self.table

    def on_unmount(self) -> None:
        """Close the file."""
        self._close()

    def _close(self) -> None:
        if self._content is not None and not self._is_shared:
            self._content.close()
        self._content, self._is_shared, self._about = None, False, None

    def _start(
        self, work: Callable[[], Coroutine[Any, Any, None]], group: str, exclusive: bool = True
    ) -> None:
        _worker: Worker[None] = self.run_worker(work, group=group, exclusive=exclusive)

    # -- bytes -------------------------------------------------------------------------------------

    @property
    def has_bytes(self) -> bool:
        """Whether there are bytes to search."""
        return self._content is not None

    def offer(self, words: Content) -> None:
        """Say how to get the bytes, which are not here."""
        self._close()
        self.table.display = False
        self.table.show(NO_ROWS)
        self._say(words)

    def open(self, state: AppState, subject: Subject, inspection: Inspection) -> None:
        """Open the bytes of a program; the tab fills itself."""
        self._take(state, inspection)

        async def work() -> None:
            try:
                content = await state.background.run(state.wb.content(subject, inspection))
                self.post_message(ContentOpened(content))
            except OperationCancelledError:
                raise
            except Exception as exception:  # noqa: BLE001 - the last boundary
                self.post_message(ContentOpened(as_explorer_error(exception)))

        self._start(work, "hex-open")

    def _take(self, state: AppState, inspection: Inspection) -> None:
        self._state = state
        elf = inspection.binary.elf
        sections = () if isinstance(elf, MISSING) else elf.sections
        self._sections = () if isinstance(sections, MISSING) else sections

    def show_remote(
        self,
        state: AppState,
        program: RemoteProgram,
        inspection: Inspection,
        words: Callable[[], Content],
    ) -> None:
        """Show what has arrived of a program on its server; ``words`` say how much that is."""
        self._take(state, inspection)
        if self._content is not program:
            self._close()
            self._show_content(program)
        self._is_shared, self._about = True, words
        self._fit_rows()
        self._tell()

    def _fit_rows(self) -> None:
        """As many lines as there are bytes, of which more may be known by now."""
        content = self._content
        count = -(-content.size // HEX_WIDTH) if content is not None else 0
        if count != len(self.table.source):
            self.table.show(LazyRows(BYTES_COLUMNS, count, self._row, _no_search))
        self.table.refresh()

    def go(self, offset: int) -> None:
        """Put the cursor on the line of an offset, now or once the bytes are here."""
        content = self._content
        if content is None:
            self._wanted = offset
        elif 0 <= offset < content.size:
            self._fit_rows()
            self.table.reveal(offset // HEX_WIDTH)
            self._tell()
        else:
            self._say(text(f"The file ends at {content.size:#x}", "$text-warning"))

    @on(ContentOpened)
    def _opened(self, message: ContentOpened) -> None:
        message.stop()
        self._close()
        self.table.display = not isinstance(message.content, ExplorerError)
        if isinstance(message.content, ExplorerError):
            self.table.show(NO_ROWS)
            self._say(error(message.content))
            return
        self._show_content(message.content)

    def _show_content(self, content: FileContent | RemoteProgram) -> None:
        self._content = content
        self.table.display = True
        self.table.empty = "the file is empty"
        self.table.show(NO_ROWS)
        self._fit_rows()
        wanted, self._wanted = self._wanted, None
        if wanted is not None:
            self.go(wanted)
        self._tell()
        self.screen.refresh_bindings()

    def _row(self, number: int) -> Row:
        """A line; of bytes that are not here yet, its offset alone until they are."""
        content = self._content
        offset = number * HEX_WIDTH
        data = content.at_hand(offset, HEX_WIDTH) if content is not None else None
        window = offset - offset % WINDOW
        is_missing = data is None and window not in self._missing
        if is_missing and content is not None and content.gap_before(window) <= MOST_AHEAD:
            self._missing.add(window)
            self._fetch(content, window)
        return bytes_row(offset, data)

    def _fetch(self, content: FileContent | RemoteProgram, window: int) -> None:
        state = self._state
        assert state is not None

        async def work() -> None:
            problem = None
            try:
                await state.background.run(content.read(window, WINDOW))
            except OperationCancelledError:
                raise
            except Exception as exception:  # noqa: BLE001 - the last boundary
                problem = as_explorer_error(exception)
            self.post_message(WindowRead(window, problem))

        self._start(work, "hex-read", exclusive=False)

    @on(WindowRead)
    def _window_read(self, message: WindowRead) -> None:
        message.stop()
        self._missing.discard(message.window)
        if message.problem is not None:
            self._say(error(message.problem))
            return
        self._fit_rows()
        if self._searching is None and not self.has_class("-finding"):
            self._tell()

    # -- where the cursor is -----------------------------------------------------------------------

    @on(Table.Highlighted)
    def _highlighted(self, message: Table.Highlighted) -> None:
        message.stop()
        self._tell()

    def _tell(self) -> None:
        """The offset under the cursor, and the section that holds it."""
        content = self._content
        if content is None or self._searching is not None:
            return
        offset = self.table.cursor * HEX_WIDTH
        section = self._section(offset)
        inside = f"  in {visible(section.name)} + {offset - section.offset:#x}" if section else ""
        moved = f"  · on the server, {human_size(content.moved)} transferred"
        where = moved if content.remote and self._about is None else ""
        if content.gap_before(offset) > MOST_AHEAD:
            where += "  · not read yet"
        if self._spot is not None and self._spot.offset // HEX_WIDTH == self.table.cursor:
            spot = self._spot
            where += f"  · found at {spot.offset:#x}, {spot.size} bytes"
        place = text(f"{offset:#x} of {content.size:#x}{inside}", "bold")
        line = Content.assemble(place, text(where, "$text-muted"))
        self._say(lines([line, self._about()]) if self._about is not None else line)

    def _section(self, offset: int) -> Section | None:
        for section in self._sections:
            holds = section.offset <= offset < section.offset + section.size
            if holds and section.type not in ("NULL", "NOBITS"):
                return section
        return None

    def _say(self, words: Content) -> None:
        self.words.update(lines([words]))

    # -- finding -----------------------------------------------------------------------------------

    def start_find(self) -> None:
        """Open the line to search and focus it."""
        self.add_class("-finding")
        self.input.can_focus = True
        self.screen.set_focus(self.input)
        content = self._content
        if content is not None and (cost := content.to_move):
            most = f"up to {human_size(cost)}" if isinstance(cost, int) else "as much as it takes"
            words = f"A search reads on from the server, {most}; esc stops it."
            self._say(text(words, "$text-muted"))

    def close_find(self) -> bool:
        """Stop a search, or close the line. False if there is neither."""
        if self._searching is not None:
            self._searching = None
            self.workers.cancel_group(self, "hex-find")
            self._tell()
            return True
        if not self.has_class("-finding"):
            return False
        self.screen.set_focus(self.table)
        self.input.can_focus = False
        self.remove_class("-finding")
        return True

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        try:
            query = parse_query(event.value)
        except UsageError as problem:
            self._say(error(problem))
            return
        self.screen.set_focus(self.table)
        if isinstance(query, int):
            self.go(query)
            return
        self._needle = query
        self._find(self.table.cursor * HEX_WIDTH, back=False)

    def action_find_next(self, step: int) -> None:
        """Go to the next match, or with -1 to the previous one."""
        here = self.table.cursor * HEX_WIDTH
        if self._needle is None:
            self._say(text("Nothing was searched for yet: / searches", "$text-muted"))
        elif step > 0:
            self._find(here + HEX_WIDTH, back=False)
        else:
            self._find(here, back=True)

    def _find(self, start: int, back: bool) -> None:
        content, state, needle = self._content, self._state, self._needle
        if content is None or state is None or needle is None:
            return
        self._searching = Cancellation()
        self._say(text("searching …", "$text-accent"))

        def progressed(progress: Progress) -> None:
            self.post_message(FindProgressed(progress))

        async def work() -> None:
            try:
                search = content.find(needle, start, back=back, progress=_seldom(progressed))
                self.post_message(FindEnded(await state.background.run(search)))
            except OperationCancelledError:
                raise
            except Exception as exception:  # noqa: BLE001 - the last boundary
                self.post_message(FindEnded(as_explorer_error(exception)))

        self._start(work, "hex-find")

    @on(FindProgressed)
    def _progressed(self, message: FindProgressed) -> None:
        message.stop()
        if self._searching is not None:
            done, total = message.progress.done, message.progress.total or 0
            content = self._content
            moved = content.moved if content is not None else 0
            so_far = f", {human_size(moved)} transferred" if moved else ""
            words = f"searching … {percent(done, total)}{so_far}, esc stops"
            self._say(text(words, "$text-accent"))

    @on(FindEnded)
    def _found(self, message: FindEnded) -> None:
        message.stop()
        self._searching = None
        spot = message.spot
        if isinstance(spot, ExplorerError):
            self._say(error(spot))
        elif spot is None:
            self._say(text("Not found from here on: n and N search both ways", "$text-warning"))
        else:
            self._spot = spot
            self.go(spot.offset)


def _no_search(words: str, cancel: Cancellation) -> Sequence[int]:
    """Lines of bytes are not filtered."""
    return ()


def _seldom(report: Callable[[Progress], None], step: int = 2 << 20) -> Callable[[Progress], None]:
    """Report only every few megabytes: each report is a message to the app."""
    last = [-step]

    def reported(progress: Progress) -> None:
        if progress.done - last[0] >= step:
            last[0] = progress.done
            report(progress)

    return reported
