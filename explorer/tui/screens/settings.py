"""The settings: what each is, what it does, and the one place to change it, the user's own file."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from explorer.errors import ExplorerError
from explorer.report import Cell, Column, Row, human_size, visible
from explorer.settings import Option, Settings, options, parse_value
from explorer.settings_writer import save
from explorer.tui.actions import bindings_for
from explorer.tui.copying import Copy
from explorer.tui.render import error, lines, text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import ExplorerScreen
from explorer.tui.screens.choose import Choice, ChooseScreen
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.pane import NO_CONTROLS, Pane
from explorer.tui.widgets.table import Table

COLUMNS = (
    Column("name", "setting"),
    Column("value", "value", grows=True),
    Column("help", "what it does", grows=True),
)
AT_ONCE = frozenset({"theme", "target", "prereleases", "plugins", "debs", "keys"})
"""Settings of the app itself; the others are read when the program starts."""


def value_in_words(option: Option, value: object) -> str:
    """A value as a person reads it."""
    if option.kind == "flag":
        return "yes" if value else "no"
    if option.kind == "size" and isinstance(value, int):
        return human_size(value, binary=True)
    if option.kind == "seconds":
        return f"{value:g} s"
    return as_typed(value)


def as_typed(value: object) -> str:
    """A value as it is typed: words by spaces, keys by commas."""
    if isinstance(value, dict):
        return ",".join(f"{name}={key}" for name, key in value.items())
    if isinstance(value, tuple):
        return " ".join(str(word) for word in value)
    return "" if value is None else str(value)


def setting_row(option: Option, settings: Settings) -> Row:
    """One setting; what differs from the default is marked by a dot, not by colour alone."""
    value = getattr(settings, option.name)
    default = getattr(Settings(), option.name)
    changed = value != default and not option.name.endswith(("_dir", "_file"))
    words = value_in_words(option, value) or "–"
    return Row(
        option.name,
        (
            Cell(f"{option.name} ●" if changed else option.name, "strong"),
            Cell(words, "accent" if changed else ""),
            Cell(option.help, "dim"),
        ),
    )


class EditScreen(ModalScreen[str | None]):
    """One value to type; returned as typed once it is a possible one."""

    CSS_PATH = "choose.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = "Type the value; enter keeps it, escape leaves."

    def __init__(self, option: Option, value: str) -> None:
        super().__init__()
        self._option = option
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text(self._option.name)
            dialog.border_subtitle = text("enter keep · esc leave")
            yield Static(text(self._option.help, "$text-muted"))
            yield Input(visible(self._value), compact=True, restrict=NO_CONTROLS)
            yield Static(id="problem")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        try:
            parse_value(self._option.name, event.value)
        except ExplorerError as problem:
            self.query_one("#problem", Static).update(error(problem))
        else:
            self.dismiss(event.value)


class SettingsScreen(ExplorerScreen):
    """All settings. Enter changes the one under the cursor and writes it to the file."""

    CSS_PATH = "plain.tcss"
    CONTEXT = "settings"
    BINDINGS: ClassVar = bindings_for("settings")
    HELP = (
        "Enter changes the setting under the cursor and writes it into the settings' file; a dot marks what differs from the "
        "default. Each is also an environment variable and an option of the command line. y copies."
    )

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Pane(Table(drops=("help",)), "Settings")
        yield Static(id="detail")
        yield KeyBar()

    def on_mount(self) -> None:
        """Fill the table."""
        self._fill()

    def _fill(self) -> None:
        settings = self.explorer.settings
        self.query_one(Table).show(
            ListRows(COLUMNS, [setting_row(option, settings) for option in options()])
        )

    def _option(self) -> Option | None:
        row = self.query_one(Table).row
        return next(
            (option for option in options() if row is not None and option.name == row.key), None
        )

    @on(Table.Highlighted)
    def _highlighted(self) -> None:
        option = self._option()
        if option is None:
            return
        place = self.explorer.settings.config_file
        when = (
            "takes effect at once" if option.name in AT_ONCE else "takes effect at the next start"
        )
        kept = (
            f"kept in {place}, {when}"
            if option.in_file
            else "named by the environment or the command line"
        )
        words = [text(option.help), text(f"{option.env} · {kept}", "$text-muted")]
        self.query_one("#detail", Static).update(lines(words))

    @on(Table.Selected)
    def _selected(self) -> None:
        option = self._option()
        if option is None or not option.in_file:
            return
        value = getattr(self.explorer.settings, option.name)
        if option.kind == "flag":
            self._keep(option, not value)
            return
        choices = self._choices(option)

        def take(typed: str | None) -> None:
            if typed is not None:
                self._keep(option, typed)

        if choices:
            self.app.push_screen(ChooseScreen(option.name, choices, as_typed(value)), take)
        else:
            self.app.push_screen(EditScreen(option, as_typed(value)), take)

    def _choices(self, option: Option) -> list[Choice]:
        if option.name == "theme":
            return [
                Choice("", "the default"),
                *(Choice(name, name) for name in sorted(self.app.available_themes)),
            ]
        if option.name == "target":
            return [
                Choice("", "musl of the current Alpine"),
                *(
                    Choice(target.name, target.name, target.title)
                    for target in self.explorer.wb.targets()
                ),
            ]
        return [Choice(choice, choice or "the first that answers") for choice in option.choices]

    def _keep(self, option: Option, value: object) -> None:
        self.begin(partial(self._save, option.name, value), "save")

    async def _save(self, name: str, value: object) -> None:
        try:
            settings = await asyncio.to_thread(save, self.explorer.settings, {name: value})
        except ExplorerError as problem:
            self.explorer.say(str(problem), title="Not saved", error=True)
            return
        self.explorer.use(settings, name)
        self._fill()
        self._highlighted()

    def copies(self) -> list[Copy]:
        """As a line of the file, as a variable."""
        option = self._option()
        if option is None:
            return super().copies()
        value = asdict(self.explorer.settings)[option.name]
        return [
            Copy("environment variable", f"{option.env}={as_typed(value)}"),
            Copy("settings' file", str(self.explorer.settings.config_file)),
            *super().copies(),
        ]
