"""The command palette: the registered actions that make sense now, and places to go to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual import on
from textual.screen import Screen
from textual.widgets import Input, Tab, Tabs

from explorer.errors import ExplorerError
from explorer.report import Cell, Column, Row
from explorer.tui.actions import offered
from explorer.tui.responsiveness.deferred_import import report
from explorer.tui.rows import ListRows, contains_nearly
from explorer.tui.screens.base import AssetScreen
from explorer.tui.screens.choose import MAX_LINES, ChooseScreen
from explorer.tui.widgets.table import Table

if TYPE_CHECKING:
    from explorer.tui.app_base import ExplorerBase

WORDS = {
    "advice": "dockerfile install shell commands use",
    "report": "export markdown json html svg",
    "download": "fetch get cache",
    "save": "install write folder",
    "matrix": "compare releases platforms",
    "compare": "diff changes difference same program mark",
    "by-target": "compare systems",
    "target": "alpine debian ubuntu musl glibc",
    "debs": "debian packages rpm apk",
    "verify": "run prove test docker podman container",
    "theme": "colours colors dark light",
    "settings": "preferences configuration",
    "projects": "repository github switch pin",
    "doctor": "check network engine",
    "open-browser": "web page",
    "copy": "clipboard yank",
}
"""What people type for an action, by its id."""
TAB_WORDS = {
    "dependencies": "dependencies ldd needed loader",
    "facts": "size sha256 architecture",
    "members": "archive contents list",
    "hardening": "pie relro nx security",
    "strings": "text search",
    "hex": "bytes dump",
    "go": "modules sbom buildinfo toolchain",
    "packages": "functions size",
    "vulns": "vulnerabilities cve security",
    "trust": "signature checksum attestation provenance",
    "release": "notes changelog",
}
"""The same for a tab of a file."""
MAX_RELEASES = 400
"""Releases that are offered."""
COLUMNS = (
    Column("label", "", names_row=True),
    Column("help", "", grows=True),
    Column("key", ""),
)


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the palette. All texts are visible texts."""

    label: str
    help_text: str
    run: Callable[[], object]
    key: str = ""
    """The key that does the same."""
    words: str = ""
    """What else people type for it."""
    is_action: bool = False
    """Whether it is offered before anything is typed."""


_WORD = re.compile(r"\w+")


def rank(command: Command, words: Sequence[str]) -> int | None:
    """How well a command fits the words, which are lower case: 0 is best, None not at all.

    Its work grows with the lengths of both and no faster: a release's name is anybody's.
    """
    label = command.label.casefold()
    line = " ".join((label, command.help_text.casefold(), command.words))
    query = " ".join(words)
    own = command.words.split()
    starts, all_starts = (_WORD.findall(part) for part in (label, line))
    tests: tuple[Callable[[], bool], ...] = (
        lambda: label == query,
        lambda: label.startswith(query),
        lambda: all(word in own for word in words),
        lambda: all(any(start.startswith(word) for start in starts) for word in words),
        lambda: all(any(one.startswith(word) for one in own) for word in words),
        lambda: all(any(start.startswith(word) for start in all_starts) for word in words),
        lambda: all(word in label for word in words),
        lambda: all(word in line for word in words),
        lambda: all(contains_nearly(label, word) for word in words),
    )
    return next((number for number, fits in enumerate(tests) if fits()), None)


def shown_label(command: Command, words: Sequence[str]) -> str:
    """The label; behind it, those of the command's own words for which alone it was found."""
    line = f"{command.label} {command.help_text}".casefold()
    hidden = [word for word in words if word not in line]
    meant = [own for own in command.words.split() if any(own.startswith(word) for word in hidden)]
    return f"{command.label} · {' '.join(meant)}" if meant else command.label


def matching_commands(commands: Sequence[Command], query: str) -> list[Command]:
    """The commands that fit what was typed, best first; the actions if nothing was."""
    words = query.casefold().split()
    if not words:
        return [command for command in commands if command.is_action]
    ranked = [(fit, command) for command in commands if (fit := rank(command, words)) is not None]
    return [command for _, command in sorted(ranked, key=lambda pair: pair[0])]


def action_commands(app: ExplorerBase, screen: Screen[Any]) -> Iterator[Command]:
    """The actions whose key would do something on the screen now."""
    listed = {"palette"}
    for active in screen.active_bindings.values():
        action = offered(screen, active)
        if action is None or action.id in listed:
            continue
        listed.add(action.id)
        yield Command(
            action.label[:1].upper() + action.label[1:],
            action.help,
            partial(app.call_later, app.run_action, active.binding.action, active.node),
            app.get_key_display(active.binding),
            WORDS.get(action.id, ""),
            is_action=True,
        )


def place_commands(app: ExplorerBase, screen: Screen[Any]) -> Iterator[Command]:
    """The tour, targets, colours, the tabs of an open file, and releases."""
    state = app.state
    if state.settings.demo:
        yield Command("tour", "Show the journey from a release to a proof", app.start_tour)
    shows = state.settings.show_keys
    yield Command(
        "hide pressed keys" if shows else "show pressed keys",
        "For an audience: the last keys in a corner",
        partial(app.show_keys, not shows),
    )
    if state.target is not None:
        for target in state.wb.targets():
            name = target.name
            yield Command(f"target {name}", "Judge for this system", partial(app.set_target, name))
    for theme in sorted(app.available_themes):
        yield Command(f"theme {theme}", "Use these colours", partial(app.use_theme, theme))
    yield from tab_commands(screen)
    go = getattr(screen, "go_to_release", None)
    if go is not None and state.catalogue is not None:
        for release in state.catalogue.releases[:MAX_RELEASES]:
            label = f"go to {report.visible(release.tag)}"
            yield Command(label, "Show the files of this release", partial(go, release.tag))


def tab_commands(screen: Screen[Any]) -> Iterator[Command]:
    """The tabs of the open file; elsewhere those of the file under the cursor."""
    for tabs in screen.query(Tabs):
        for tab in tabs.query(Tab):
            show = partial(setattr, tabs, "active", tab.id)
            words = TAB_WORDS.get(tab.id or "", "")
            yield Command(f"tab {tab.label_text}", "Show this tab of the file", show, words=words)
    if not isinstance(screen, AssetScreen) or screen.asset is None:
        return
    from explorer.tui.tabs import TABS

    for spec in TABS:
        if spec.id != "proof":  # it would start one: that is the action "verify"
            show = partial(screen.action_open_asset, spec.id)
            words = TAB_WORDS.get(spec.id, "")
            yield Command(f"tab {spec.label}", "Open the file at this tab", show, words=words)


def project_commands(app: ExplorerBase, repos: Sequence[str]) -> Iterator[Command]:
    """Projects to open."""
    for repo in repos:
        label = f"project {report.visible(repo)}"
        yield Command(label, "Open this project", partial(app.open_project, repo))


class Palette(ChooseScreen):
    """Returns the number of the command that was chosen, as text."""

    CSS_PATH = "screens/choose.tcss"
    MIN_LINES = MAX_LINES
    HINT = "Search for commands…"
    KEYS = "enter run · esc close"
    HELP = (
        "Type what you want to do: the best match comes first. ↑ ↓ move, enter runs the command, "
        "escape closes the palette."
    )
    opening = True
    """Whether the projects listed lately are still being read: the key queue holds keys back."""

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = list(commands)
        super().__init__("Commands", (), empty="No matches found")
        self._rows = self._best("")

    def _best(self, query: str) -> ListRows:
        words = query.casefold().split()
        numbers = {id(command): number for number, command in enumerate(self.commands)}
        return ListRows(
            COLUMNS,
            [
                Row(
                    str(numbers[id(command)]),
                    (
                        Cell(shown_label(command, words), "strong"),
                        Cell(command.help_text, "dim"),
                        Cell(command.key, "accent"),
                    ),
                )
                for command in matching_commands(self.commands, query)
            ],
        )

    def on_mount(self) -> None:
        """Ask for the projects that were listed lately."""
        self.run_worker(self._add_projects(), exit_on_error=False)

    async def _add_projects(self) -> None:
        app = cast("ExplorerBase", self.app)
        state = app.state
        try:
            seen = await state.background.run(state.wb.seen_projects())
        except ExplorerError:
            seen = ()
        finally:
            self.opening = False
        repos = (*state.settings.pinned, *(project.repo for project in seen))
        self.commands += project_commands(app, tuple(dict.fromkeys(repos)))
        query = self.query_one(Input).value
        if query.strip():
            self.query_one(Table).show(self._best(query))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """Show the best matches, the cursor on the first."""
        event.prevent_default()  # the list is ranked, not only narrowed down
        self.query_one(Table).show(self._best(event.value), keep=False)


def open_palette(app: ExplorerBase) -> None:
    """Open the palette on the screen in front, and run what is chosen in it."""
    screen = app.screen
    if isinstance(screen, Palette):
        return
    palette = Palette((*action_commands(app, screen), *place_commands(app, screen)))

    def take(number: str | None) -> None:
        if number is not None:
            palette.commands[int(number)].run()

    app.push_screen(palette, take)
