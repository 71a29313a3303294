"""A dialog to open another project: pinned ones, those seen lately, or any that is typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, cast

from textual import on
from textual.binding import Binding, BindingType
from textual.widgets import Input

from explorer.report import age, visible
from explorer.tui.messages import PinChanged
from explorer.tui.screens.choose import ChooseScreen, MenuItem
from explorer.tui.widgets.table import Table
from explorer.workbench import ProjectAddress, SeenProject, is_repository, parse_address, web_host

if TYPE_CHECKING:
    from explorer.tui.app_base import ExplorerBase


def address_of(typed: str, api_url: str = "") -> ProjectAddress | None:
    """The project that was typed: OWNER/NAME or a GitHub address; None if it is neither."""
    typed = typed.strip()
    if is_repository(typed):
        return ProjectAddress(typed, host=web_host(api_url))
    return parse_address(typed, api_url)


class ProjectsScreen(ChooseScreen):
    """Returns OWNER/NAME, or the address that was typed."""

    CSS_PATH = "choose.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *ChooseScreen.BINDINGS,
        Binding("ctrl+t", "pin", "pin", priority=True),
    ]
    HINT = "OWNER/NAME, a GitHub address, or words to narrow down"
    KEYS = "enter open · ctrl+t pin · esc close"
    HELP = (
        "Pinned projects come first, then those seen lately. Type OWNER/NAME or the address of a "
        "repository, a release or a file at GitHub to open any other project, or words to narrow "
        "the list down. ctrl+t pins a project or removes its pin."
    )

    def __init__(
        self,
        seen: Sequence[SeenProject],
        pinned: Sequence[str],
        current: str,
        now: datetime,
        api_url: str = "",
    ) -> None:
        """``api_url``: addresses of its server count, too."""
        self._seen, self._pinned, self._now = tuple(seen), list(pinned), now
        self._api_url = api_url
        empty = "no project was opened yet: type OWNER/NAME"
        super().__init__("Open a project", self._items(), current, empty)

    @on(Input.Changed)
    def _say_what_enter_does(self, event: Input.Changed) -> None:
        """Say what can be typed where no project matches, or that it can be opened."""
        address = address_of(event.value, self._api_url)
        words = f"enter opens {address.repo} · ctrl+t pins it" if address is not None else ""
        table = self.query_one(Table)
        table.way_back = ": OWNER/NAME opens any project"
        table.unmatched = visible(words)

    def _items(self) -> list[MenuItem]:
        seen = {project.repo.lower(): project for project in self._seen}
        items = [MenuItem(repo, repo, "pinned") for repo in self._pinned]
        pinned = {repo.lower() for repo in self._pinned}
        items += [
            MenuItem(project.repo, project.repo, f"listed {age(project.at, self._now)}")
            for low, project in seen.items()
            if low not in pinned
        ]
        return items

    def action_pin(self) -> None:
        """Pin the project that was typed or is under the cursor, or remove its pin."""
        address = address_of(self.query_one(Input).value, self._api_url)
        row = self.query_one(Table).row
        repo = address.repo if address is not None else row.key if row is not None else ""
        if not repo:
            return
        same = [pin for pin in self._pinned if pin.lower() == repo.lower()]
        if same:
            self._pinned.remove(same[0])
        else:
            self._pinned.append(repo)
        self.show_choices(self._items())
        self.query_one(Table).go_to(repo)
        self.app.post_message(PinChanged(repo))

    @on(Input.Submitted)
    def _opened(self, event: Input.Submitted) -> None:
        if address_of(event.value, self._api_url) is not None:
            event.prevent_default()
            self.dismiss(event.value.strip())
        elif self.query_one(Table).row is None and event.value.strip():
            words = f"{event.value.strip()} is neither OWNER/NAME nor a GitHub address"
            cast("ExplorerBase", self.app).say(words, warning=True)
