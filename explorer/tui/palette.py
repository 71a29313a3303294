"""The command palette: the registered actions that make sense now, and releases to go to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual import on
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input, Tab, Tabs

from explorer.errors import ExplorerError
from explorer.tui.actions import offered
from explorer.tui.render import text
from explorer.tui.responsiveness.deferred_import import report
from explorer.tui.responsiveness.key_queue import RECHECK_S

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
    "projects": "repository github switch",
    "doctor": "check network engine",
    "open-browser": "web page",
    "copy": "clipboard yank",
}
"""What people type for an action, by its id."""
MAX_RELEASES = 400
"""Releases that are offered."""
LONGEST = 200
"""Characters of a query: a pasted megabyte is no command."""


class Palette(CommandPalette):
    """Textual's palette, in which a key typed ahead acts on the results of what was typed."""

    @property
    def opening(self) -> bool:
        """Whether results are still being gathered: the key queue holds later keys back."""
        return any(
            worker.node is self and worker.group == self._GATHER_COMMANDS_GROUP
            for worker in self.app.workers
            if not worker.is_finished
        )

    def on_mount(self) -> None:
        """Bound what can be pasted."""
        self.query_one(Input).max_length = LONGEST

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Put enter off until the results are those of the query."""
        if self.opening:
            event.prevent_default()
            event.stop()
            again = Input.Submitted(event.input, event.value)
            self.set_timer(RECHECK_S, lambda: event.input.post_message(again))


class ActionProvider(Provider):
    """Actions whose key would do something now, then targets, themes, projects, releases."""

    _seen: tuple[str, ...] = ()
    """Projects that were listed lately."""

    @property
    def explorer(self) -> ExplorerBase:
        """The app."""
        return cast("ExplorerBase", self.app)

    def _actions(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        for _, label, help_text, run in self._named_actions():
            yield label, help_text, run

    def _named_actions(self) -> Iterator[tuple[str, str, str, Callable[[], None]]]:
        listed: set[str] = set()
        for active in self.screen.active_bindings.values():
            action = offered(self.screen, active)
            if action is None or action.id in listed or action.id == "palette":
                continue
            listed.add(action.id)
            run = active.binding.action
            node = active.node

            def press(run: str = run, node: object = node) -> None:
                self.app.call_later(self.app.run_action, run, node)

            name = self.app.get_key_display(active.binding)
            yield action.id, action.label, f"{action.help} ({name})", press

    def _releases(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        go = getattr(self.screen, "go_to_release", None)
        catalogue = self.explorer.state.catalogue
        if go is None or catalogue is None:
            return
        for release in catalogue.releases[:MAX_RELEASES]:

            def visit(tag: str = release.tag) -> None:
                go(tag)

            yield f"go to {report.visible(release.tag)}", "Show the files of this release", visit

    def _places(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        """Targets, themes, projects, and the tabs of an open file."""
        explorer = self.explorer
        if explorer.state.settings.demo:
            yield "tour", "Show the journey from a release to a proof", explorer.start_tour
        shows = explorer.state.settings.show_keys
        label = "hide pressed keys" if shows else "show pressed keys"
        yield (
            label,
            "For an audience: the last keys in a corner",
            partial(explorer.show_keys, not shows),
        )
        if explorer.state.target is not None:
            for target in explorer.state.wb.targets():
                name = target.name
                yield f"target {name}", "Judge for this system", partial(explorer.set_target, name)
        for theme in sorted(explorer.available_themes):
            yield f"theme {theme}", "Use these colours", partial(explorer.use_theme, theme)
        for repo in dict.fromkeys((*explorer.state.settings.pinned, *self._seen)):
            shown = report.visible(repo)
            yield f"project {shown}", "Open this project", partial(explorer.open_project, repo)
        for tabs in self.screen.query(Tabs):
            for tab in tabs.query(Tab):
                show = partial(setattr, tabs, "active", tab.id)
                yield f"tab {tab.label_text}", "Show this tab of the file", show

    async def startup(self) -> None:
        """Ask once for the projects that were listed lately."""
        state = self.explorer.state
        try:
            seen = await state.background.run(state.wb.seen_projects())
            self._seen = tuple(project.repo for project in seen)
        except ExplorerError:
            self._seen = ()

    async def discover(self) -> Hits:
        """Before anything is typed: the actions."""
        for label, help_text, run in self._actions():
            title = text(label[:1].upper() + label[1:])
            yield DiscoveryHit(title, run, text=label, help=escaped(help_text))

    async def search(self, query: str) -> Hits:
        """Actions and releases that match the query."""
        matcher = self.matcher(query)
        actions = [
            (label, help_text, WORDS.get(name, ""), run)
            for name, label, help_text, run in self._named_actions()
        ]
        others = (
            (label, help_text, "", run)
            for label, help_text, run in (*self._places(), *self._releases())
        )
        for label, help_text, words, run in (*actions, *others):
            known = max(map(matcher.match, words.split()), default=0.0) * 0.9
            score = max(matcher.match(label), matcher.match(help_text) * 0.8, known)
            if score > 0:
                yield Hit(score, matcher.highlight(label), run, text=label, help=escaped(help_text))


def escaped(help_text: str) -> str:
    """The palette reads help texts as markup: brackets are escaped."""
    return help_text.replace("\\", "\\\\").replace("[", "\\[")
