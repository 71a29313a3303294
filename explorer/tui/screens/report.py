"""A report on the files at hand: choose a form, then a place that is not there yet, or the clipboard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from explorer.report import visible
from explorer.tui.render import text
from explorer.tui.screens.choose import Choice, ChooseScreen
from explorer.tui.widgets.pane import NO_CONTROLS

if TYPE_CHECKING:
    from textual.worker import Worker

    from explorer.tui.app import ExplorerApp
    from explorer.workbench import Inspection

FORMS = (
    Choice("markdown", "Markdown", "a file fit for a GitHub issue"),
    Choice("copy", "Markdown, copied", "to the clipboard, to paste into an issue"),
    Choice("html", "HTML", "one self-contained page"),
    Choice("json", "JSON", "everything, by the schema"),
    Choice("svg", "SVG", "a picture of the summary"),
)
ENDINGS = {"markdown": "md", "html": "html", "json": "json", "svg": "svg"}
TRIES = 1000


def stem_of(inspections: Sequence[Inspection]) -> str:
    """The default name without its ending: of the file, or of the release where it is about several. Nothing but plain letters."""
    first = inspections[0].subject
    words = (
        first.name
        if len(inspections) == 1 or first.asset is None
        else f"{first.asset.tag}-{len(inspections)}-files"
    )
    if len(inspections) == 1 and first.asset is not None:
        words = first.asset.name.removesuffix(f".{first.asset.archive}")
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-"
        for letter in Path(words).name
    )
    return f"report-{plain.strip('.-')[:80]}"


def free_path(folder: Path, stem: str, ending: str) -> Path:
    """A name in the folder that is not taken: with a number where it has to be."""
    names = (
        f"{stem}.{ending}" if number == 1 else f"{stem}-{number}.{ending}"
        for number in range(1, TRIES)
    )
    return next(
        (folder / name for name in names if not (folder / name).exists()),
        folder / f"{stem}.{ending}",
    )


def write_new(folder: Path, name: str, words: str) -> Path:
    """Write a file that is not there yet; ``name`` is taken from ``folder`` where it is no whole path.

    Raises:
        FileExistsError: it is there. OSError, RuntimeError, ValueError: it cannot be written; nothing is left behind.
    """
    path = folder / Path(name).expanduser()
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(words)
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return path


def offer_report(app: ExplorerApp, inspections: Sequence[Inspection]) -> None:
    """Ask for the form, make the report in a thread, then ask where to put it, or copy it."""
    if not inspections:
        app.say("Nothing is known of the files at hand yet", warning=True)
        return

    def chosen(form: str | None) -> None:
        if form is not None:
            _worker: Worker[None] = app.run_worker(
                _make(app, tuple(inspections), form), name="report", group="report", exclusive=True
            )

    what = "this file" if len(inspections) == 1 else f"{len(inspections)} files"
    app.push_screen(ChooseScreen(f"Report on {what}", FORMS), chosen)


async def _make(app: ExplorerApp, inspections: Sequence[Inspection], form: str) -> None:
    from explorer.report.documents import report

    words = await asyncio.to_thread(
        report, inspections, "markdown" if form == "copy" else form, app.now()
    )
    if form == "copy":
        app.copy_to_clipboard(words)
        app.say("The report is copied, as Markdown")
        return
    default = await asyncio.to_thread(free_path, Path.cwd(), stem_of(inspections), ENDINGS[form])

    def written(path: Path | None) -> None:
        if path is not None:
            app.say(f"The report is in {path}")

    app.push_screen(PlaceScreen(default, words), written)


class PlaceScreen(ModalScreen["Path | None"]):
    """Where the report goes: a path to edit. What is there already is not written over."""

    CSS_PATH = "report.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = "The file to write the report to; enter writes it, escape leaves. A file that is there is not written over."

    def __init__(self, path: Path, words: str) -> None:
        super().__init__()
        self._path = path
        self._words = words

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Write the report to")
            dialog.border_subtitle = text("enter write · esc leave")
            yield Static(
                text(f"in {self._path.parent}, unless the path says another place", "$text-muted")
            )
            yield Input(visible(self._path.name), compact=True, restrict=NO_CONTROLS)
            yield Static(id="problem")

    @on(Input.Submitted)
    async def _entered(self, event: Input.Submitted) -> None:
        typed = event.value.strip()
        if not typed:
            self._tell("Type the name of a file")
            return
        try:
            path = await asyncio.to_thread(write_new, self._path.parent, typed, self._words)
        except FileExistsError as problem:
            self._tell(
                f"There already, and not written over: {problem.filename}. Type another name"
            )
        except (
            OSError,
            RuntimeError,
            ValueError,
        ) as problem:  # RuntimeError: ~nobody has no home; ValueError: a NUL
            why = (
                problem.strerror
                if isinstance(problem, OSError) and problem.strerror
                else str(problem)
            )
            self._tell(f"Not written: {why}")
        else:
            self.dismiss(path)

    def _tell(self, words: str) -> None:
        self.query_one("#problem", Static).update(text(words, "$text-error"))
