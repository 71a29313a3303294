"""Help: for what has the focus and the screen, its words, then every key that acts now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from explorer.tui.actions import BY_ID, GROUPS, key_name, offered
from explorer.tui.glossary import explained
from explorer.tui.render import lines, text
from explorer.tui.screens.base import shown
from explorer.tui.widgets.banner import TALL
from explorer.tui.widgets.table import Table

WORDS_SHOWN, WORDS_SHOWN_LOW = 4, 3
"""Words that are explained at most; fewer on a low screen, so that the keys stay in sight."""
SIGNS = (
    ("✓ yes", "$text-success", "runs there"),
    ("◐ yes-if", "$text-warning", "runs if the remedy is applied"),
    ("? unknown", "$text-muted", "cannot be decided from what is known"),
    ("✗ as is", "$text-warning", "not as the system is; whether packages help is not known"),
    ("✗ no", "$text-error", "does not run there"),
    ("▣ ran", "$text-success", "ran in a container"),
    ("▨ failed", "$text-error", "failed to run in a container"),
    ("▨ no start", "bold", "did not start in a container, as predicted: a confirmed NO"),
    ("▢ not run", "$text-muted", "nothing was learned: the engine or the image failed"),
    ("○", "$text-muted", "published, but not looked at yet"),
    ("↳", "$text-success", "not published for this platform: the file to use instead"),
    ("–", "$text-muted", "not published, and no other file can be used instead"),
    ("*", "$text-muted", "the whole file is in the cache"),
)


def help_of(screen: Screen[Any]) -> str:
    """The help of the focused widget, else of its nearest ancestor that has one."""
    node = screen.focused or screen
    for ancestor in node.ancestors_with_self:
        words = getattr(ancestor, "help_words", "") or getattr(ancestor, "HELP", "")
        if words:
            return str(words)
    return ""


def texts_of(screen: Screen[Any]) -> Iterator[str]:
    """What is on the screen: the row under the cursor first, then the blocks of text."""
    table = screen.focused
    if isinstance(table, Table):
        yield " ".join(text for _, text in table.cells())
    for block in screen.query(Static):
        if shown(block):
            yield str(block.content)


def word_lines(screen: Screen[Any]) -> Iterator[Content]:
    """The words on the screen that not everyone knows, each with two sentences."""
    most = WORDS_SHOWN if screen.size.height >= TALL else WORDS_SHOWN_LOW
    words = list(islice(explained(texts_of(screen)), most))
    if words:
        yield text("Words on this screen", "bold $text-primary")
        for word, sentences in words:
            yield Content.assemble("  ", (f"{word:<9}", "bold"), text(sentences))
        yield Content("")


def key_lines(screen: Screen[Any]) -> Iterator[Content]:
    """The keys that act now, by group, as the keymap has them."""
    groups: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    listed: set[str] = set()
    order = list(BY_ID)
    actions = ((key, offered(screen, active)) for key, active in screen.active_bindings.items())
    available = [(key, action) for key, action in actions if action is not None]
    for key, action in sorted(available, key=lambda entry: order.index(entry[1].id)):
        if action.id not in listed:
            listed.add(action.id)
            groups[action.group].append((key_name(key), action.help))
    for group, keys in groups.items():
        if keys:
            yield text(group, "bold $text-primary")
            for key, words in keys:
                name = (f"{key:<8}", "bold $footer-key-foreground")
                yield Content.assemble("  ", name, text(words))
            yield Content("")


class TextScreen(ModalScreen[None]):
    """Text to read. Scrolls; escape, enter, ? or q closes it."""

    CSS_PATH = "help.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q,enter", "dismiss(None)", "close")
    ]

    def __init__(self, title: str, cells: Sequence[tuple[str, str]] = ()) -> None:
        """``cells``: pairs of a name and a value; untrusted."""
        super().__init__()
        self._title = title
        self._content = lines(
            Content.assemble(text(name, "$text-muted"), "\n", text(value)) for name, value in cells
        )

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="dialog") as dialog:
            dialog.border_title = text(self._title)
            dialog.border_subtitle = text("esc close")
            yield Static(self._content)


class HelpScreen(TextScreen):
    """Help for a screen."""

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__("Help")
        parts: list[Content] = []
        for words in dict.fromkeys((help_of(screen), str(getattr(screen, "HELP", "")))):
            if words:
                parts += [text(words), Content("")]
        parts += word_lines(screen)
        parts += key_lines(screen)
        if warnings := getattr(screen, "more_help", ()):
            parts += [text(f"! {warning}", "$text-warning") for warning in warnings]
            parts.append(Content(""))
        parts.append(text("Signs", "bold $text-primary"))
        for sign, style, words in SIGNS:
            parts.append(Content.assemble("  ", (f"{sign:<11}", style), text(words)))
        self._content = lines(parts)
