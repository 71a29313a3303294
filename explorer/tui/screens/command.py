"""Asks how to run a program that rr-explorer has no usual command for."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Checkbox, Input, Static

from explorer.tui.render import text
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.line_input import LineInput

SUGGESTION = "--version"
"""Most programs print it and exit."""


@dataclass(frozen=True, slots=True)
class CommandChoice:
    """What the dialog was left with."""

    argv: tuple[str, ...]
    """The command's words, split as a shell would; ``{}`` stands for the program. Empty: the usual
    command."""
    deep: bool
    """Whether the steps of the project's profile are done, too."""


class Tick(Checkbox):
    """A box that is empty unless it is ticked: Textual's shows the same sign in two colours."""

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Show the tick, or none."""
        self.BUTTON_INNER = "✓" if self.value else " "
        super().watch_value()


class CommandScreen(Dialog["CommandChoice | None"]):
    """Returns what to run, or None if it is closed."""

    CSS_PATH = "command.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = (
        "The program's arguments, or a whole command in which {} stands for the program. Tab and "
        "space choose a deep proof, which also does what the project's profile describes: serve, "
        "TLS, time zone, DNS. Enter runs it, escape closes the dialog."
    )

    def __init__(self, name: str) -> None:
        super().__init__()
        self._program = name

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Run with")
            dialog.border_subtitle = text("enter run · tab deep · esc close")
            question = f"Arguments for {self._program}. If {SUGGESTION} fails, --help is tried."
            yield Static(text(question, "$text-muted"))
            yield LineInput(SUGGESTION)
            yield Tick("deep: also what the project's profile describes", compact=True)
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
        deep = self.query_one(Checkbox).value
        if words == (SUGGESTION,):
            self.dismiss(CommandChoice((), deep))
            return
        argv = words if "{}" in words else ("{}", *words)
        self.dismiss(CommandChoice(argv, deep))
