"""Asks how to run a program that rr-explorer has no usual command for."""

from __future__ import annotations

import shlex
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from explorer.tui.render import text
from explorer.tui.widgets.line_input import LineInput

SUGGESTION = "--version"
"""Most programs print it and exit."""


class CommandScreen(ModalScreen["tuple[str, ...] | None"]):
    """Returns the command's words, split as a shell would; none for the usual command.

    ``{}`` stands for the program.
    """

    CSS_PATH = "command.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = (
        "The program's arguments, or a whole command in which {} stands for the program. Enter "
        "runs it, escape closes the dialog."
    )

    def __init__(self, name: str) -> None:
        super().__init__()
        self._program = name

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Run with")
            dialog.border_subtitle = text("enter run · esc close")
            question = f"Arguments for {self._program}. If {SUGGESTION} fails, --help is tried."
            yield Static(text(question, "$text-muted"))
            yield LineInput(SUGGESTION)
            yield Static(id="problem")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        try:
            words = tuple(shlex.split(event.value))
        except ValueError as problem:  # an unclosed quote
            self.query_one("#problem", Static).update(
                text(f"Not a command: {problem}", "$text-error")
            )
            return
        if words == (SUGGESTION,):
            self.dismiss(())
            return
        self.dismiss(words if "{}" in words else ("{}", *words))
