"""Export a report: choose a format, then a file that does not exist yet, or the clipboard."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from explorer.errors import as_explorer_error
from explorer.report import visible
from explorer.tui.copying import Copy
from explorer.tui.render import text
from explorer.tui.screens.choose import ChooseScreen, MenuItem
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from textual.worker import Worker

    from explorer.tui.app_base import ExplorerBase
    from explorer.workbench import Inspection

FORMATS = (
    MenuItem("markdown", "Markdown", "a file to attach to a GitHub issue"),
    MenuItem("copy", "Markdown, copied", "to the clipboard, to paste into an issue"),
    MenuItem("html", "HTML", "one self-contained page"),
    MenuItem("json", "JSON", "everything, as the schema describes it"),
    MenuItem("svg", "SVG", "a picture of the summary"),
)
SUFFIXES = {"markdown": "md", "html": "html", "json": "json", "svg": "svg"}
ATTEMPTS = 1000


def default_stem(inspections: Sequence[Inspection]) -> str:
    """The default file name without its suffix: of the file, or of the release for several files.

    Contains only ASCII letters, digits, ``.``, ``_`` and ``-``.
    """
    first = inspections[0].subject
    name = first.name
    if first.asset is not None:
        name = f"{first.asset.tag}-{len(inspections)}-files"
        if len(inspections) == 1:
            name = first.asset.name.removesuffix(f".{first.asset.archive}")
    plain = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "._-") else "-"
        for letter in Path(name).name
    )
    return f"report-{plain.strip('.-')[:80]}"


def free_path(folder: Path, stem: str, suffix: str) -> Path:
    """A path in the folder that does not exist yet, numbered where that is needed."""
    names = (
        f"{stem}.{suffix}" if number == 1 else f"{stem}-{number}.{suffix}"
        for number in range(1, ATTEMPTS)
    )
    return next(
        (folder / name for name in names if not (folder / name).exists()),
        folder / f"{stem}.{suffix}",
    )


def write_new(folder: Path, name: str, content: str) -> Path:
    """Create a file. A relative ``name`` is taken from ``folder``.

    Raises:
        FileExistsError: the file exists.
        OSError, RuntimeError, ValueError: it cannot be written; no part of it is left behind.
    """
    path = folder / Path(name).expanduser()
    with path.open("x", encoding="utf-8", newline="\n") as file:
        try:
            file.write(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise
    return path


def offer_report(app: ExplorerBase, inspections: Sequence[Inspection]) -> None:
    """Ask for the format, make the report in a thread, then ask for a path or copy it."""
    if not inspections:
        app.say("Nothing is known about these files yet", warning=True)
        return

    def chosen(form: str | None) -> None:
        if form is not None:
            # A coroutine, not a partial: Textual takes the repr of what it runs.
            making = _make(app, tuple(inspections), form)
            _worker: Worker[None] = app.run_worker(
                making, name="report", group="report", exclusive=True
            )

    what = "this file" if len(inspections) == 1 else f"{len(inspections)} files"
    app.push_screen(ChooseScreen(f"Report on {what}", FORMATS), chosen)


async def _make(app: ExplorerBase, inspections: Sequence[Inspection], form: str) -> None:
    from explorer.report.documents import report

    try:
        content = await asyncio.to_thread(
            report, inspections, "markdown" if form == "copy" else form, app.state.now()
        )
    except Exception as exception:  # noqa: BLE001 - the last boundary
        app.say(as_explorer_error(exception), title="No report", error=True)
        return
    if form == "copy":
        app.copy(Copy("report in Markdown", content))
        return
    stem = default_stem(inspections)
    default = await asyncio.to_thread(free_path, Path.cwd(), stem, SUFFIXES[form])

    def saved(path: Path | None) -> None:
        if path is not None:
            app.say(f"Report saved to {path}")

    app.push_screen(SaveScreen(default, content), saved)


class SaveScreen(Dialog["Path | None"]):
    """Asks for the report's path. An existing file is never overwritten."""

    CSS_PATH = "report.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = (
        "The file to save the report to. Enter saves it, escape closes the dialog. An existing "
        "file is never overwritten."
    )

    def __init__(self, path: Path, content: str) -> None:
        super().__init__()
        self._path = path
        self._content = content

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Save the report")
            dialog.border_subtitle = text("enter save · esc close")
            yield Static(text(f"Relative to {self._path.parent}", "$text-muted"))
            yield LineInput(visible(self._path.name))
            yield Static(id="problem")

    @on(Input.Submitted)
    async def _submitted(self, event: Input.Submitted) -> None:
        name = event.value.strip()
        if not name:
            self._show_problem("Type a file name")
            return
        try:
            path = await asyncio.to_thread(write_new, self._path.parent, name, self._content)
        except FileExistsError:
            self._show_problem("That file exists already. Type another name")
        except (OSError, RuntimeError, ValueError) as error:
            # RuntimeError: ~user without a home directory; ValueError: a NUL character
            reason = (isinstance(error, OSError) and error.strerror) or str(error)
            self._show_problem(f"Not saved: {reason}")
        else:
            self.dismiss(path)

    def _show_problem(self, problem: str) -> None:
        self.query_one("#problem", Static).update(text(problem, "$text-error"))
