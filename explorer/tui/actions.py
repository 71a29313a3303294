"""Every action of the app, declared once for keys, key bar, help, palette and the README's table.

Users can change keys: ``[keys]`` in the settings maps an action's id to another key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textual.binding import ActiveBinding, Binding, BindingType

if TYPE_CHECKING:
    from textual.screen import Screen

EVERYWHERE = "everywhere"
GROUPS = ("Moving", "A file", "Lists", "Jobs", "General")
"""The groups of actions, in the order in which help shows them."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something a user can do."""

    id: str
    """Stable: settings and tests refer to it."""
    key: str
    """Textual's name of the key; several are separated by commas."""
    label: str
    """One or two words for the key bar."""
    help: str
    """One sentence for the help screen, the palette and the README."""
    where: frozenset[str] = frozenset({EVERYWHERE})
    """The contexts of the screens in which it is bound, or ``everywhere``."""
    shown: int = 0
    """Place in the key bar, from the left; 0: not shown there. What comes first stays longest."""
    do: str = ""
    """Textual's action, where it is not the id."""
    group: str = "General"

    @property
    def action(self) -> str:
        """What the binding runs."""
        return self.do or self.id.replace("-", "_")

    def binding(self) -> Binding:
        """The binding, with an id so that a keymap can change its key."""
        return Binding(
            self.key, self.action, self.label, id=self.id, show=self.shown > 0, tooltip=self.help
        )


def _on(*contexts: str) -> frozenset[str]:
    return frozenset(contexts)


ACTIONS: tuple[Action, ...] = (
    Action(
        "verify",
        "v",
        "verify",
        "Run the file on the target in a container and show the proof",
        _on("browser", "binary", "matrix", "advice", "by-target"),
        shown=2,
        group="A file",
    ),
    Action(
        "verify-with",
        "V",
        "run with",
        "Choose what to run in the container: other arguments, or a whole command",
        _on("binary"),
        group="A file",
    ),
    Action(
        "verify-all",
        "V",
        "verify all",
        "Run every program of the release on the target, several at a time; again: stop",
        _on("browser", "matrix", "by-target"),
        shown=10,
        group="A file",
    ),
    Action(
        "where",
        "w",
        "where",
        "Show where the file runs: every system, best first, and the least that it needs",
        _on("browser", "binary", "matrix", "advice", "by-target"),
        shown=10,
        group="A file",
    ),
    Action(
        "download",
        "d",
        "download",
        "Download the file into the cache and verify its checksum",
        _on("browser", "binary", "matrix", "by-target", "compare"),
        shown=7,
        group="A file",
    ),
    Action(
        "update-database",
        "u",
        "update",
        "Download the vulnerability database, or a newer one, for the tab Vulns",
        _on("binary"),
        shown=3,
        group="A file",
    ),
    Action(
        "read-on",
        "e",
        "read on",
        "Read a program on its server to its end, for the tabs Strings and Hex; esc stops",
        _on("binary"),
        shown=3,
        group="A file",
    ),
    Action(
        "save",
        "S",
        "save",
        "Save the program in a folder: the file is downloaded, verified and unpacked there",
        _on("browser", "binary", "matrix", "advice", "by-target"),
        shown=9,
        group="A file",
    ),
    Action(
        "target",
        "t",
        "target",
        "Choose the target: a version of Alpine, a glibc distribution …",
        _on("browser", "binary", "matrix"),
        shown=10,
        group="A file",
    ),
    Action(
        "advice",
        "a",
        "advice",
        "Show which file of the release to take for a system, why, and the commands",
        _on("browser", "binary", "matrix"),
        shown=4,
        group="A file",
    ),
    Action(
        "report",
        "R",
        "report",
        "Export a report as Markdown, JSON, HTML or SVG",
        _on("browser", "binary", "matrix", "advice", "compare"),
        shown=11,
        group="A file",
    ),
    Action(
        "open-browser",
        "o",
        "browser",
        "Open the release's page or the file's address in the web browser",
        _on("browser", "binary", "matrix"),
        shown=13,
        group="A file",
    ),
    Action(
        "compare",
        "c",
        "compare",
        "Mark a file or a release, then compare another one with it: what changed",
        _on("browser", "binary", "matrix", "by-target"),
        shown=13,
        group="A file",
    ),
    Action(
        "other-arch",
        "M",
        "arch",
        "Switch to the other architecture",
        _on("advice"),
        shown=3,
        group="A file",
    ),
    Action(
        "other-libc",
        "L",
        "libc",
        "Switch to the other C library",
        _on("advice"),
        shown=4,
        group="A file",
    ),
    Action(
        "open-asset",
        "enter",
        "open",
        "Open the recommended file",
        _on("advice"),
        shown=1,
        group="A file",
    ),
    Action(
        "matrix",
        "m",
        "matrix",
        "Show every release on every platform",
        _on("browser"),
        shown=3,
        group="Lists",
    ),
    Action(
        "last-no",
        "n",
        "last no",
        "Go to the newest release whose file does not run",
        _on("matrix"),
        group="Lists",
    ),
    Action(
        "by-target",
        "W",
        "by system",
        "Show on which systems each program of the release runs, and the least that it needs",
        _on("browser", "matrix"),
        group="Lists",
    ),
    Action(
        "pull-image",
        "p",
        "pull",
        "Pull the image that proofs run in, for the processor of the row",
        _on("doctor"),
        shown=2,
        group="Jobs",
    ),
    Action(
        "projects",
        "O",
        "project",
        "Open another project: pinned, seen lately, OWNER/NAME or a GitHub address",
        group="Lists",
        do="app.projects",
    ),
    Action(
        "refresh",
        "r",
        "refresh",
        "Reload the list, or look at the file again",
        _on("browser", "binary", "doctor", "matrix", "advice", "by-target", "compare"),
        shown=12,
        group="Lists",
    ),
    Action(
        "filter",
        "slash",
        "filter",
        "Filter the table as you type; escape clears the filter",
        shown=5,
        group="Lists",
    ),
    Action(
        "sort",
        "s",
        "sort",
        "Sort the table by the next column",
        group="Lists",
    ),
    Action(
        "sort-reverse",
        "I",
        "reverse",
        "Reverse sort",
        group="Lists",
    ),
    Action(
        "copy",
        "y",
        "copy",
        "Copy a digest, a URL, a command line or any cell to the clipboard",
        shown=8,
        group="Lists",
    ),
    Action(
        "prereleases",
        "p",
        "pre-releases",
        "Show or hide pre-releases",
        _on("browser", "matrix"),
        shown=14,
        group="Lists",
    ),
    Action(
        "plugins",
        "P",
        "plugins",
        "Show or hide plugins, such as RoadRunner's protoc-gen-php-grpc",
        _on("browser"),
        group="Lists",
    ),
    Action(
        "debs",
        "B",
        "debs",
        "Show or hide Debian packages",
        _on("browser"),
        group="Lists",
    ),
    Action(
        "next-pane",
        "l,right",
        "files",
        "Go from the releases to the files, or on a file open it",
        _on("browser"),
        group="Moving",
    ),
    Action(
        "previous-pane",
        "h,left",
        "releases",
        "Go from the files back to the releases",
        _on("browser"),
        group="Moving",
    ),
    Action(
        "next-tab",
        "right_square_bracket,l",
        "next tab",
        "Go to the next tab (also l); 1 to 9 open a tab by its place",
        _on("binary"),
        shown=6,
        group="Moving",
    ),
    Action(
        "previous-tab",
        "left_square_bracket,h",
        "previous tab",
        "Go to the previous tab (also h)",
        _on("binary"),
        group="Moving",
    ),
    Action(
        "back",
        "escape",
        "back",
        "Go back: clear the filter, leave the pane, close the screen",
        shown=15,
        group="Moving",
    ),
    Action(
        "jump",
        "g",
        "jump",
        "Jump mode: a letter, or two where there are many, goes to any part of the screen or row",
        group="Moving",
    ),
    Action(
        "jobs",
        "J",
        "jobs",
        "List running and finished jobs with their progress",
        group="Jobs",
    ),
    Action(
        "cancel",
        "x",
        "cancel",
        "Cancel the job under the cursor, or the one started last",
        group="Jobs",
    ),
    Action(
        "settings",
        "comma",
        "settings",
        "Show and change the settings",
        do="app.settings",
    ),
    Action(
        "doctor",
        "D",
        "doctor",
        "Check network, cache, container engines and emulation",
        do="app.doctor",
    ),
    Action(
        "theme",
        "T",
        "theme",
        "Choose the colours, including the terminal's own",
        do="app.choose_theme",
    ),
    Action(
        "help",
        "question_mark",
        "help",
        "Show help for what has the focus, and all keys",
        shown=16,
        do="app.help",
    ),
    Action(
        "palette",
        "ctrl+p",
        "palette",
        "Find any command that is available now",
        do="app.command_palette",
    ),
    Action(
        "quit",
        "q,ctrl+q",
        "quit",
        "Quit; asks first while downloads or proofs are running",
        shown=17,
        do="app.leave",
    ),
)

ENTER = Action(
    "open",
    "enter",
    "open",
    "Open the row under the cursor",
    frozenset({EVERYWHERE}),
    1,
    group="Moving",
)
"""Bound by each table itself, so that it acts only on a row; listed for help and the README."""

FIND = Action(
    "filter",
    "slash",
    "find",
    "Find a text, /a regular expression/ or bytes as x:7f 45, or go to an offset as @0x270",
    shown=5,
    group="Lists",
)
"""What ``/`` is where there are bytes instead of rows."""

JUDGE = replace(ENTER, label="judge", help="Judge the file for this system, and show why")
"""What enter does in the table of systems."""
BYTES = replace(ENTER, label="bytes", help="Show the bytes of the row under the cursor")
"""What enter does where rows have a place in the file."""

CHANGE = replace(ENTER, label="change", help="Change the setting under the cursor")
"""What enter does in the settings."""
SHOW = replace(ENTER, label="show", help="Show the row under the cursor in full")
"""What enter does where a row leads nowhere."""
TYPING: Mapping[str, Action] = {
    "open": replace(ENTER, label="done", help="Go to the rows that match"),
    "back": Action("back", "escape", "clear", "Clear the filter", shown=15, group="Moving"),
}
"""What keys do in a filter line, by the actions' ids."""

BY_ID: Mapping[str, Action] = {action.id: action for action in (ENTER, *ACTIONS)}


def offered(screen: Screen[Any], binding: ActiveBinding) -> Action | None:
    """The registered action that a key of this screen runs, if it is available now."""
    action = BY_ID.get(binding.binding.id or "")
    if action is None and binding.binding.key == ENTER.key and binding.binding.show:
        action = ENTER
    offers = getattr(screen, "offers", None)
    if action is None or not binding.enabled or (offers is not None and not offers(action.id)):
        return None
    here = getattr(screen, "here", None)
    renamed: Action = here(action) if here is not None else action
    return renamed


def actions_for(context: str) -> tuple[Action, ...]:
    """The actions that are bound on a screen of this context, in the order of ``ACTIONS``."""
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
    """A key as it is shown: ``/``, ``esc``, ``ctrl+p``. Of several keys, the first one."""
    first = key.split(",")[0]
    return _KEY_NAMES.get(first, first)


def keymap_of(keys: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The settings' keys as Textual's keymap, and a sentence for each problem with them.

    An invalid entry is left out, so that the app always starts. Two actions on one key are
    reported, but kept.
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
    return keymap, (*problems, *_collisions(keymap))


def _collisions(keymap: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each pair of actions with one key, of which ``keymap`` names at least one."""
    current = {action.id: keymap.get(action.id, action.key) for action in ACTIONS}
    for name, key in keymap.items():
        for other, other_keys in current.items():
            reported = other in keymap and other < name
            if other == name or reported or key not in other_keys.split(","):
                continue
            places, other_places = BY_ID[name].where, BY_ID[other].where
            if EVERYWHERE in places | other_places or places & other_places:
                yield f"keys: “{name}” and “{other}” are both on {key}"


def keys_markdown() -> str:
    """The key table of the README, by group."""
    lines = ["| key | what it does | id for `[keys]` |", "|---|---|---|"]
    for group in GROUPS:
        for action in (ENTER, *ACTIONS):
            if action.group == group:
                name = "–" if action is ENTER else f"`{action.id}`"
                lines.append(f"| `{key_name(action.key)}` | {action.help} | {name} |")
    return "\n".join(lines) + "\n"
