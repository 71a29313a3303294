"""Help: first for what has the focus, then for the screen, then every key that acts now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from explorer.tui.actions import key_name, offered
from explorer.tui.render import lines, text


def help_of(screen: Screen[Any]) -> str:
    """What the widget in focus says of itself, else the nearest of its ancestors that says anything."""
    node = screen.focused or screen
    for ancestor in node.ancestors_with_self:
        words = getattr(ancestor, "help_words", "") or getattr(ancestor, "HELP", "")
        if words:
            return str(words)
    return ""


def key_lines(screen: Screen[Any]) -> Iterator[Content]:
    """The keys that act now, by group, as the keymap has them."""
    groups: dict[str, list[tuple[str, str]]] = {}
    seen: set[str] = set()
    for key, active in screen.active_bindings.items():
        action = offered(screen, active)
        if action is None or action.id in seen:
            continue
        seen.add(action.id)
        groups.setdefault(action.group, []).append((key_name(key), action.help))
    for group in ("Moving", "A file", "Lists", "Jobs", "General"):
        if group in groups:
            yield text(group, "bold $text-primary")
            for key, words in groups[group]:
                yield Content.assemble(
                    "  ", (f"{key:<8}", "bold $footer-key-foreground"), text(words)
                )
            yield Content("")


SIGNS = (
    ("✓ yes", "$text-success", "it runs there"),
    ("◐ yes-if", "$text-warning", "it runs if what the remedy names is there"),
    ("? unknown", "$text-muted", "it cannot be told from what is known"),
    ("✗ no", "$text-error", "it does not run there"),
    ("▣ ran", "$text-success", "a container has run it"),
    ("▨ failed", "$text-error", "a container could not run it"),
    ("▢ not run", "$text-muted", "nothing was learned: the engine or the image failed"),
)


class WordsScreen(ModalScreen[None]):
    """Words to read. Scrolls; escape, enter, ? or q closes."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss(None)", "close")
    ]

    def __init__(self, title: str, cells: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._title = title
        self._words = lines(
            Content.assemble(text(name, "$text-muted"), "\n", text(value)) for name, value in cells
        )

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = text(self._title)
            dialog.border_subtitle = text("esc leave")
            yield Static(self._words)


class HelpScreen(WordsScreen):
    """Help for a screen."""

    def __init__(self, about: Screen[Any]) -> None:
        super().__init__("Help")
        focus, screen = help_of(about), getattr(about, "HELP", "") or ""
        parts = [
            part
            for words in dict.fromkeys((focus, screen))
            if words
            for part in (text(words), Content(""))
        ]
        parts += [
            text(f"! {warning}", "$text-warning") for warning in getattr(about, "more_help", ())
        ]
        parts += [Content("")] if getattr(about, "more_help", ()) else []
        parts += list(key_lines(about))
        parts.append(text("Signs", "bold $text-primary"))
        parts += [
            Content.assemble("  ", (f"{sign:<11}", style), text(words))
            for sign, style, words in SIGNS
        ]
        self._words = lines(parts)
