"""Asks for the folder in which a program is saved."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from explorer.report import visible
from explorer.tui.render import text
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.line_input import LineInput


def working_folder() -> Path:
    """The working directory, or the home directory where that one was removed."""
    try:
        return Path.cwd()
    except OSError:
        return Path.home()


class FolderScreen(Dialog["Path | None"]):
    """Returns the folder; it need not exist yet."""

    CSS_PATH = "command.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = (
        "The folder to save the program in; it is created if it does not exist. Enter downloads "
        "the file, verifies its checksum and unpacks it there. An existing file is never "
        "overwritten. Escape closes the dialog."
    )

    def __init__(self, name: str, folder: Path) -> None:
        """``name``: of the file that is saved; untrusted. ``folder``: the suggestion."""
        super().__init__()
        self._name_of_file = name
        self._folder = folder

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Save in which folder?")
            dialog.border_subtitle = text("enter save · esc close")
            yield Static(text(self._name_of_file, "$text-muted"))
            yield LineInput(visible(str(self._folder)))
            yield Static(id="problem")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        try:
            folder = (self._folder / Path(event.value.strip()).expanduser()).absolute()
        except RuntimeError:
            self._show_problem("The user named after ~ has no home directory")
            return
        if folder.exists() and not folder.is_dir():
            self._show_problem(f"{folder} is a file. Type a folder")
            return
        self.dismiss(folder)

    def _show_problem(self, problem: str) -> None:
        self.query_one("#problem", Static).update(text(problem, "$text-error"))
