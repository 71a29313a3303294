"""Every action of the app, declared once: keys, footer, help, palette, remapping and the README's table come from here.

A key is the user's to change: ``[keys]`` in the settings maps an action's id to another key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.binding import ActiveBinding, Binding, BindingType

if TYPE_CHECKING:
    from textual.screen import Screen

EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class Action:
    """Something a user can do."""

    id: str
    """Stable: what the settings' ``keys`` and the tests call it."""
    key: str
    """In Textual's words; several, parted by commas, are all bound."""
    label: str
    """One word, or two, for the key bar."""
    help: str
    """One sentence for the help screen, the palette and the README."""
    where: frozenset[str]
    """The screens' contexts in which it is bound; ``everywhere`` for all of them."""
    shown: int = 0
    """Place in the key bar, from the left, where there is room for it; 0: not shown there."""
    do: str = ""
    """Textual's action, where it is not the id."""
    group: str = "General"

    @property
    def action(self) -> str:
        """What the binding runs."""
        return self.do or self.id.replace("-", "_")

    def binding(self) -> Binding:
        """The binding, with an id so that a keymap can move it."""
        return Binding(
            self.key, self.action, self.label, id=self.id, show=self.shown > 0, tooltip=self.help
        )


def _action(
    name: str,
    key: str,
    label: str,
    words: str,
    where: str = EVERYWHERE,
    *,
    shown: int = 0,
    do: str = "",
    group: str = "General",
) -> Action:
    return Action(name, key, label, words, frozenset(where.split()), shown, do, group)


ACTIONS: tuple[Action, ...] = (
    _action(
        "verify",
        "v",
        "verify",
        "Run the binary on musl in a container and show the proof",
        "browser binary matrix advice",
        shown=2,
        group="A file",
    ),
    _action(
        "download",
        "d",
        "download",
        "Download the file, check its digest, keep it in the cache",
        "browser binary matrix",
        shown=3,
        group="A file",
    ),
    _action(
        "target",
        "t",
        "target",
        "Choose where it should run: an Alpine, a glibc distribution …",
        "browser binary matrix",
        shown=4,
        group="A file",
    ),
    _action(
        "advice",
        "a",
        "advice",
        "Say which file of the release to take for a system, why, and what to paste",
        "browser binary matrix",
        shown=7,
        group="A file",
    ),
    _action(
        "report",
        "R",
        "report",
        "Write down what was inspected, predicted and proved, as Markdown, JSON, HTML or SVG",
        "browser binary matrix advice",
        shown=9,
        group="A file",
    ),
    _action(
        "open-browser",
        "o",
        "browser",
        "Open the release or the file's page in the web browser",
        "browser binary matrix",
        shown=11,
        group="A file",
    ),
    _action(
        "other-arch",
        "M",
        "arch",
        "Ask for the other architecture",
        "advice",
        shown=3,
        group="A file",
    ),
    _action(
        "other-libc", "L", "libc", "Ask for the other C library", "advice", shown=4, group="A file"
    ),
    _action(
        "open-asset",
        "enter",
        "open",
        "Open the file that is advised",
        "advice",
        shown=1,
        group="A file",
    ),
    _action(
        "matrix",
        "m",
        "matrix",
        "Show every release on every platform at a glance",
        "browser",
        shown=6,
        group="Lists",
    ),
    _action(
        "refresh",
        "r",
        "refresh",
        "Ask the server for the newest list, or look at the file again",
        "browser binary doctor matrix advice",
        shown=10,
        group="Lists",
    ),
    _action(
        "filter",
        "slash",
        "filter",
        "Filter the table as you type; escape clears it",
        shown=5,
        group="Lists",
    ),
    _action("sort", "s", "sort", "Sort the table by the next column", group="Lists"),
    _action("sort-reverse", "S", "reverse", "Turn the order round", group="Lists"),
    _action(
        "copy",
        "y",
        "copy",
        "Copy the digest, the URL, a command line or any cell to the clipboard",
        shown=8,
        group="Lists",
    ),
    _action(
        "prereleases",
        "p",
        "pre-releases",
        "Show or hide pre-releases",
        "browser matrix",
        shown=12,
        group="Lists",
    ),
    _action(
        "plugins",
        "P",
        "plugins",
        "Show or hide protoc-gen-php-grpc and other plugins",
        "browser",
        group="Lists",
    ),
    _action("debs", "B", "debs", "Show or hide Debian packages", "browser", group="Lists"),
    _action(
        "next-tab",
        "right_square_bracket",
        "next tab",
        "Go to the next tab",
        "binary",
        shown=6,
        group="Moving",
    ),
    _action(
        "previous-tab",
        "left_square_bracket",
        "previous tab",
        "Go to the tab before",
        "binary",
        group="Moving",
    ),
    _action(
        "back",
        "escape",
        "back",
        "Go back: close, clear the filter, leave the pane",
        shown=13,
        group="Moving",
    ),
    _action(
        "jump",
        "g",
        "jump",
        "Jump mode: then one more key goes to any part of the screen",
        group="Moving",
    ),
    _action("jobs", "J", "jobs", "Show what is running, with its progress", group="Jobs"),
    _action(
        "cancel",
        "x",
        "cancel",
        "Cancel the job that is highlighted, or the one started last",
        group="Jobs",
    ),
    _action(
        "settings",
        "comma",
        "settings",
        "Show the settings and where to change them",
        do="app.settings",
    ),
    _action(
        "doctor",
        "D",
        "doctor",
        "Look at network, cache, engines and emulation, and say what to do",
        do="app.doctor",
    ),
    _action(
        "theme",
        "T",
        "theme",
        "Choose the colours, the terminal's own among them",
        do="app.choose_theme",
    ),
    _action(
        "help",
        "question_mark",
        "help",
        "Help for what has the focus, and all keys",
        shown=14,
        do="app.help",
    ),
    _action(
        "palette",
        "ctrl+p",
        "palette",
        "Find any command that makes sense now",
        do="app.command_palette",
    ),
    _action(
        "quit",
        "q,ctrl+q",
        "quit",
        "Leave; running jobs are stopped cleanly, downloads can be resumed",
        shown=15,
        do="app.leave",
    ),
)

ENTER = Action(
    "open", "enter", "open", "Open what is highlighted", frozenset({EVERYWHERE}), 1, group="Moving"
)
"""Bound by each table itself, so that it only acts where there is a row; listed here for help and the README."""

BY_ID: Mapping[str, Action] = {action.id: action for action in (ENTER, *ACTIONS)}


def offered(screen: Screen[Any], binding: ActiveBinding) -> Action | None:
    """The action that a key of this screen runs, where it would do something now and is of the registry."""
    action = BY_ID.get(binding.binding.id or "")
    if action is None and binding.binding.key == ENTER.key and binding.binding.show:
        action = ENTER
    offers = getattr(screen, "offers", None)
    if action is None or not binding.enabled or (offers is not None and not offers(action.id)):
        return None
    return action


def actions_for(context: str) -> tuple[Action, ...]:
    """The actions that are bound on a screen of this context, in the registry's order."""
    return tuple(
        action for action in ACTIONS if context in action.where or EVERYWHERE in action.where
    )


def bindings_for(context: str) -> list[BindingType]:
    """A screen's bindings."""
    return [action.binding() for action in actions_for(context)]


_KEY_NAMES = {
    "slash": "/",
    "question_mark": "?",
    "comma": ",",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "escape": "esc",
}


def key_name(key: str) -> str:
    """A key as people write it: ``/``, ``esc``, ``ctrl+p``; the first one where there are several."""
    first = key.split(",")[0]
    return _KEY_NAMES.get(first, first)


def keymap_of(keys: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The settings' keys as Textual's keymap, and a sentence for each entry that names no action or takes another's key.

    A wrong entry falls back to the default, loudly: the app must start.
    """
    keymap: dict[str, str] = {}
    problems: list[str] = []
    for name, key in keys.items():
        if name not in BY_ID or name == ENTER.id:
            problems.append(f"keys: there is no action “{name}”")
        elif not key.strip():
            problems.append(f"keys: “{name}” has no key")
        else:
            keymap[name] = key.strip()
    now = {action.id: keymap.get(action.id, action.key) for action in ACTIONS}
    for name, key in keymap.items():
        places = BY_ID[name].where
        for other, theirs in now.items():
            told = other in keymap and other < name  # a pair is told once
            meet = EVERYWHERE in places | BY_ID[other].where or places & BY_ID[other].where
            if other != name and key in theirs.split(",") and meet and not told:
                problems.append(f"keys: “{name}” and “{other}” are both on {key}")
    return keymap, tuple(problems)


def keys_markdown() -> str:
    """The key table of the README, by group."""
    lines = ["| key | what it does | id for `[keys]` |", "|---|---|---|"]
    groups = ("Moving", "A file", "Lists", "Jobs", "General")
    for group in groups:
        lines += [
            f"| `{key_name(action.key)}` | {action.help} | {'–' if action is ENTER else f'`{action.id}`'} |"
            for action in (ENTER, *ACTIONS)
            if action.group == group
        ]
    return "\n".join(lines) + "\n"
