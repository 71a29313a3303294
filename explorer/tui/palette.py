"""The command palette: only what makes sense now, from the registry of actions, and places to go to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from explorer.tui.actions import offered
from explorer.tui.late import report
from explorer.tui.render import text

if TYPE_CHECKING:
    from explorer.tui.app import ExplorerApp

PLACES = 400
"""Releases and files that are offered as places; a list of some 200 releases has as many, plus one release's files."""


class NowProvider(Provider):
    """Actions whose key would do something now, then releases and files."""

    @property
    def explorer(self) -> ExplorerApp:
        """The app, with its state."""
        return cast("ExplorerApp", self.app)

    def _actions(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        seen: set[str] = set()
        for active in self.screen.active_bindings.values():
            action = offered(self.screen, active)
            if action is None or action.id in seen or action.id == "palette":
                continue
            seen.add(action.id)
            run = active.binding.action
            node = active.node

            def press(run: str = run, node: object = node) -> None:
                self.app.call_later(self.app.run_action, run, node)

            name = self.app.get_key_display(active.binding)
            yield action.label, f"{action.help} ({name})", press

    def _places(self) -> Iterator[tuple[str, str, Callable[[], None]]]:
        go = getattr(self.screen, "go_to_release", None)
        catalogue = self.explorer.catalogue
        if go is None or catalogue is None:
            return
        for release in catalogue.releases[:PLACES]:

            def visit(tag: str = release.tag) -> None:
                go(tag)

            yield f"go to {report.visible(release.tag)}", "Show the files of this release", visit

    async def discover(self) -> Hits:
        """Before anything is typed: the actions."""
        for label, help_text, run in self._actions():
            yield DiscoveryHit(
                text(label[:1].upper() + label[1:]), run, text=label, help=escaped(help_text)
            )

    async def search(self, query: str) -> Hits:
        """What fits the words typed."""
        matcher = self.matcher(query)
        for label, help_text, run in (*self._actions(), *self._places()):
            score = max(matcher.match(label), matcher.match(help_text) * 0.8)
            if score > 0:
                yield Hit(score, matcher.highlight(label), run, text=label, help=escaped(help_text))


def escaped(help_text: str) -> str:
    """The palette reads its help lines as markup: brackets are put in a form it leaves alone."""
    return help_text.replace("\\", "\\\\").replace("[", "\\[")
