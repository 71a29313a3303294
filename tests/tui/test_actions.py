"""The registry of actions: unique, complete, bound, documented."""

import pytest

from explorer.tui.actions import ACTIONS, BY_ID, EVERYWHERE, actions_for, keymap_of, keys_markdown
from explorer.tui.app import ExplorerApp
from explorer.tui.screens.advice import AdviceScreen
from explorer.tui.screens.base import ExplorerScreen
from explorer.tui.screens.binary import BinaryScreen
from explorer.tui.screens.browser import BrowserScreen
from explorer.tui.screens.by_target import ByTargetScreen
from explorer.tui.screens.compare import CompareScreen
from explorer.tui.screens.doctor import DoctorScreen
from explorer.tui.screens.matrix import MatrixScreen
from explorer.tui.screens.settings import SettingsScreen

SCREENS: list[type[ExplorerScreen]] = [
    BrowserScreen,
    BinaryScreen,
    SettingsScreen,
    DoctorScreen,
    MatrixScreen,
    AdviceScreen,
    ByTargetScreen,
    CompareScreen,
]
PROMISED = {
    "filter": "slash",
    "open": "enter",
    "back": "escape",
    "verify": "v",
    "download": "d",
    "save": "S",
    "refresh": "r",
    "copy": "y",
    "open-browser": "o",
    "prereleases": "p",
    "target": "t",
    "help": "question_mark",
    "palette": "ctrl+p",
    "matrix": "m",
    "advice": "a",
    "report": "R",
    "compare": "c",
}


def test_the_promised_keys() -> None:
    assert {name: BY_ID[name].key for name in PROMISED} == PROMISED
    assert "q" in BY_ID["quit"].key.split(",")


def test_ids_are_unique_and_every_context_is_a_screen() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    contexts = {screen.CONTEXT for screen in SCREENS} | {EVERYWHERE}
    assert set().union(*(action.where for action in ACTIONS)) <= contexts


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.CONTEXT)
def test_no_key_is_bound_twice_and_every_action_can_be_run(screen: type[ExplorerScreen]) -> None:
    keys = [key for action in actions_for(screen.CONTEXT) for key in action.key.split(",")]
    assert len(keys) == len(set(keys))
    for action in actions_for(screen.CONTEXT):
        owner, _, name = action.action.rpartition(".")
        assert hasattr(ExplorerApp if owner == "app" else screen, f"action_{name}"), action.id


def test_a_keymap_takes_what_it_knows_and_names_the_rest() -> None:
    keymap, problems = keymap_of({"verify": "Z", "fly": "f", "copy": " ", "open": "o"})
    assert keymap == {"verify": "Z"}
    assert len(problems) == 3
    assert any("fly" in problem for problem in problems)


def test_a_key_that_another_action_has_is_told_once() -> None:
    assert keymap_of({"verify": "q"})[1] == ("keys: “verify” and “quit” are both on q",)
    assert len(keymap_of({"verify": "f5", "refresh": "f5"})[1]) == 1
    assert keymap_of({"verify": "q", "quit": "v"})[1] == ()  # changed places


def test_the_readme_table_has_every_action() -> None:
    table = keys_markdown()
    for action in ACTIONS:
        assert f"`{action.id}`" in table
        assert action.help in table
    assert "| `/` |" in table
