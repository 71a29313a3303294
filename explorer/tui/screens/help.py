"""Help: the words under the cursor, the part with the focus, the screen, then all keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from explorer.tui.actions import BY_ID, GROUPS, key_name, offered
from explorer.tui.glossary import explained
from explorer.tui.render import lines, text
from explorer.tui.screens.base import shown
from explorer.tui.screens.dialog import Dialog
from explorer.tui.widgets.banner import TALL
from explorer.tui.widgets.grid import Grid
from explorer.tui.widgets.table import Table

WORDS_SHOWN, WORDS_SHOWN_LOW = 4, 3
"""Words that are explained at most; fewer on a low screen, so that the keys stay in sight."""
DIALOG_WIDTH = 84
"""Cells; as in the style sheet."""
NAME_WIDTH = 11
"""Cells of a word, a key or a sign."""
SIGNS = (
    ("✓ yes", "$text-success", "runs there"),
    ("◐ yes-if", "$text-warning", "runs if the remedy is applied"),
    ("? unknown", "$text-muted", "cannot be decided from what is known"),
    ("✗ as is", "$text-warning", "not as the system is; whether packages help is not known"),
    ("✗ no", "$text-error", "does not run there"),
    ("▣ ran", "$text-success", "ran in a container"),
    ("▨ failed", "$text-error", "failed to run in a container"),
    ("▨ no", "bold", "did not start in a container, as predicted: a confirmed NO"),
    ("▢ not run", "$text-muted", "nothing was learned: the engine or the image failed"),
    ("! error", "$text-warning", "could not be looked at: the words below the table say why"),
    ("…", "$text-muted", "published, and being looked at"),
    ("○", "$text-muted", "published, but not looked at yet"),
    ("↳", "$text-success", "not published for this platform: the file to use instead"),
    ("–", "$text-muted", "not published, and no other file can be used instead"),
    ("*", "$text-muted", "the whole file is in the cache"),
)


def room_for_text(screen: Screen[Any]) -> int:
    """Cells of a line in the dialog, without its frame, its padding and a scroll bar."""
    return min(DIALOG_WIDTH, screen.size.width * 96 // 100) - 5


def help_of(screen: Screen[Any]) -> str:
    """The help of the focused widget, else of its nearest ancestor that has one."""
    node = screen.focused or screen
    for ancestor in node.ancestors_with_self:
        words = getattr(ancestor, "help_words", "") or getattr(ancestor, "HELP", "")
        if words:
            return str(words)
    return ""


def chosen_text(screen: Screen[Any]) -> str:
    """What the cursor is on: the row of a table, or the text that has the focus."""
    focused = screen.focused
    if isinstance(focused, Table):
        return " ".join(text for _, text in focused.cells())
    if focused is None or isinstance(focused, Input):
        return ""
    return "\n".join(str(block.content) for block in focused.query(Static) if shown(block))


def _entry(word: str, style: str, words: str, room: int) -> Content:
    """A word and what it means, in lines of ``room`` cells that start below one another."""
    indent = " " * (NAME_WIDTH + 2)
    first, *more = text(words).wrap(max(room - len(indent), 20)) or [Content("")]
    name = Content.assemble("  ", (f"{word:<{NAME_WIDTH}}", style), first)
    return lines([name, *(Content.assemble(indent, line) for line in more)])


def word_lines(screen: Screen[Any]) -> tuple[list[Content], list[Content]]:
    """The words that not everyone knows, each with two sentences.

    Returns:
        Those that the cursor is on, with the signs there; those on the rest of the screen.
    """
    most = WORDS_SHOWN if screen.size.height >= TALL else WORDS_SHOWN_LOW
    chosen = chosen_text(screen)
    on_grid = isinstance(screen.focused, Grid)  # elsewhere – stands for “none” of something else
    signs = [
        sign
        for sign in SIGNS
        if re.search(rf"{re.escape(sign[0])}(?!\S)", chosen) and (on_grid or sign[0] not in "–…")
    ]
    here = dict(islice(explained((chosen,)), most))
    blocks = (str(block.content) for block in screen.query(Static) if shown(block))
    others = [(word, words) for word, words in explained(blocks) if word not in here]
    room = room_for_text(screen)
    first = [_entry(*sign, room) for sign in signs[:1]]
    first += [_entry(word, "bold", words, room) for word, words in here.items()]
    rest = [_entry(word, "bold", words, room) for word, words in others[: most - len(here)]]
    return _titled("Under the cursor", first), _titled("Words on this screen", rest)


def _titled(title: str, entries: Sequence[Content]) -> list[Content]:
    return [text(title, "bold $text-primary"), *entries, Content("")] if entries else []


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
                yield _entry(key, "bold $footer-key-foreground", words, room_for_text(screen))
            yield Content("")


class TextScreen(Dialog[None]):
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
        here, rest = word_lines(screen)
        parts: list[Content] = [*here]
        for words in dict.fromkeys((help_of(screen), str(getattr(screen, "HELP", "")))):
            if words:
                parts += [text(words), Content("")]
        parts += rest
        parts += key_lines(screen)
        if warnings := getattr(screen, "more_help", ()):
            parts += [text(f"! {warning}", "$text-warning") for warning in warnings]
            parts.append(Content(""))
        parts.append(text("Signs", "bold $text-primary"))
        parts += [_entry(*sign, room_for_text(screen)) for sign in SIGNS]
        self._content = lines(parts)
