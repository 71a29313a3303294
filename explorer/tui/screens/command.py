"""What to run of a program that nobody knows how to try: its arguments, or a whole command."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from explorer.tui.render import text
from explorer.tui.widgets.pane import NO_CONTROLS

if TYPE_CHECKING:
    from explorer.tui.app import ExplorerApp
    from explorer.workbench import Inspection, Subject

USUAL = "--version"
"""What most programs answer and end: offered, to be edited."""


class CommandScreen(ModalScreen["tuple[str, ...] | None"]):
    """The words to run, split as a shell would; ``{}`` stands for the program."""

    CSS_PATH = "command.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = "The program's arguments, or a whole command in which {} stands for it; enter runs it, escape leaves."

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name_of = name

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text("Run with")
            dialog.border_subtitle = text("enter run · esc leave")
            yield Static(
                text(
                    f"{self._name_of} is neither RoadRunner's server nor its plugin: say what to run of it",
                    "$text-muted",
                )
            )
            yield Input(USUAL, compact=True, restrict=NO_CONTROLS)
            yield Static(id="problem")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        try:
            words = tuple(shlex.split(event.value))
        except ValueError as problem:  # a quote that is not closed
            self.query_one("#problem", Static).update(
                text(f"Not a command: {problem}", "$text-error")
            )
            return
        self.dismiss(words if "{}" in words else ("{}", *words))


def ask_command(app: ExplorerApp, subject: Subject, inspection: Inspection) -> None:
    """Ask, and then prove it with what was answered."""
    from explorer.workbench import ProofOptions

    def answered(words: tuple[str, ...] | None) -> None:
        if words is not None:
            app.work.verify(subject, inspection, ProofOptions(argv=words))

    app.push_screen(CommandScreen(inspection.file.name), answered)
