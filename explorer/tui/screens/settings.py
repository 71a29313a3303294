"""The settings: name, value and meaning of each. Changes go into the user's settings file."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static

from explorer.errors import ExplorerError
from explorer.report import Cell, Column, Row, human_size, visible
from explorer.settings import (
    DATABASE_SETTINGS,
    PROOF_SETTINGS,
    Option,
    Settings,
    options,
    parse_value,
)
from explorer.settings_writer import save
from explorer.tui.actions import CHANGE, ENTER, Action, bindings_for
from explorer.tui.copying import Copy
from explorer.tui.render import error, lines, text
from explorer.tui.rows import ListRows
from explorer.tui.screens.base import ExplorerScreen
from explorer.tui.screens.choose import ChooseScreen, MenuItem
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.banner import Detail
from explorer.tui.widgets.bars import KeyBar, TopBar
from explorer.tui.widgets.line_input import LineInput
from explorer.tui.widgets.pane import Pane
from explorer.tui.widgets.table import Table

COLUMNS = (
    Column("name", "setting"),
    Column("value", "value", grows=True),
    Column("help", "what it does", grows=True),
)
IMMEDIATE = (
    PROOF_SETTINGS
    | DATABASE_SETTINGS
    | {"theme", "target", "prereleases", "plugins", "debs", "keys"}
)
"""Settings that apply immediately; the others are read when the program starts."""


def value_in_words(option: Option, value: object) -> str:
    """A value as it is shown."""
    if option.kind == "flag":
        return "yes" if value else "no"
    if option.kind == "size" and isinstance(value, int):
        return human_size(value, binary=True)
    if option.kind == "seconds":
        return f"{value:g} s"
    return as_typed(value)


def as_typed(value: object) -> str:
    """A value as it is typed: words separated by spaces, keys by commas."""
    if isinstance(value, dict):
        return ",".join(f"{name}={key}" for name, key in value.items())
    if isinstance(value, tuple):
        return " ".join(str(word) for word in value)
    return "" if value is None else str(value)


def setting_row(option: Option, settings: Settings) -> Row:
    """One setting. A dot marks what differs from the default, beside the colour."""
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


class EditScreen(Dialog[str | None]):
    """Asks for one value. Returns it as typed, once it is valid."""

    CSS_PATH = "choose.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "close")]
    HELP = "Type a value. Enter saves it, escape closes the dialog."

    def __init__(self, option: Option, value: str) -> None:
        super().__init__()
        self._option = option
        self._value = value

    def compose(self) -> ComposeResult:
        with Vertical(id="dialog") as dialog:
            dialog.border_title = text(self._option.name)
            dialog.border_subtitle = text("enter save · esc close")
            yield Static(text(self._option.help, "$text-muted"))
            yield LineInput(visible(self._value))
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
    """All settings. Enter changes the one under the cursor and saves it."""

    CSS_PATH = "plain.tcss"
    CONTEXT = "settings"
    BINDINGS: ClassVar = bindings_for("settings")
    HELP = (
        "Enter changes the setting under the cursor and saves it in the settings file. A dot marks "
        "what differs from the default. Each setting is also an environment variable and an "
        "option of the command line. y copies."
    )

    def compose(self) -> ComposeResult:
        yield TopBar()
        yield Pane(Table(drops=("help",)), "Settings")
        yield Detail(id="detail")
        yield KeyBar()

    def here(self, action: Action) -> Action:
        """Enter changes a setting."""
        return CHANGE if action is ENTER and self.focused is self.table() else super().here(action)

    def on_mount(self) -> None:
        """Fill the table."""
        self._fill()

    def _fill(self) -> None:
        settings = self.state.settings
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
        place = self.state.settings.config_file
        when = "immediately" if option.name in IMMEDIATE else "at the next start"
        source = (
            f"saved in {place}, takes effect {when}"
            if option.in_file
            else "set by the environment or the command line"
        )
        words = [text(option.help), text(f"{option.env} · {source}", "$text-muted")]
        self.query_one("#detail", Static).update(lines(words))

    @on(Table.Selected)
    def _selected(self) -> None:
        option = self._option()
        if option is None or not option.in_file:
            return
        value = getattr(self.state.settings, option.name)
        if option.kind == "flag":
            self._save_soon(option, not value)
            return
        choices = self._choices(option)

        def take(typed: str | None) -> None:
            if typed is not None:
                self._save_soon(option, typed)

        if choices:
            self.app.push_screen(ChooseScreen(option.name, choices, as_typed(value)), take)
        else:
            self.app.push_screen(EditScreen(option, as_typed(value)), take)

    def _choices(self, option: Option) -> list[MenuItem]:
        if option.name == "theme":
            return [
                MenuItem("", "the default"),
                *(MenuItem(name, name) for name in sorted(self.app.available_themes)),
            ]
        if option.name == "target":
            return [
                MenuItem("", "musl of the current Alpine"),
                *(
                    MenuItem(target.name, target.name, target.title)
                    for target in self.state.wb.targets()
                ),
            ]
        return [MenuItem(choice, choice or "the first that works") for choice in option.choices]

    def _save_soon(self, option: Option, value: object) -> None:
        self.start_worker(partial(self._save, option.name, value), "save")

    async def _save(self, name: str, value: object) -> None:
        try:
            settings = await asyncio.to_thread(save, self.state.settings, {name: value})
        except ExplorerError as problem:
            self.explorer.say(str(problem), title="Not saved", error=True)
            return
        self.explorer.apply_settings(settings, name)
        self._fill()
        self._highlighted()

    def copies(self) -> list[Copy]:
        """The environment variable, the settings file, and the cells of the row."""
        option = self._option()
        if option is None:
            return super().copies()
        value = asdict(self.state.settings)[option.name]
        return [
            Copy("environment variable", f"{option.env}={as_typed(value)}"),
            Copy("settings file", str(self.state.settings.config_file)),
            *super().copies(),
        ]
