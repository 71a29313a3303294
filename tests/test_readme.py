"""The README says what is so: its keys, commands, options and pictures are the program's."""

import re
import shlex
from pathlib import Path

import click
import pytest

from explorer.cli.commands import COMMANDS, load
from explorer.tui.actions import keys_markdown

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def key_table() -> str:
    """The table of docs/keys.md."""
    document = (ROOT / "docs" / "keys.md").read_text(encoding="utf-8")
    match = re.search("<!-- keys -->\n(.*?)<!-- /keys -->", document, re.DOTALL)
    assert match, "docs/keys.md has no table of keys"
    return match[1].strip()


def calls() -> list[str]:
    """Every call of rr-explorer in a code block, without its comment."""
    blocks = re.findall(r"```\w+\n(.*?)```", README, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [
        re.sub(r"^.*?(\$|run:) ", "", line)
        for line in lines
        if re.search(r"(\$|run:) rr-explorer", line)
    ]
    return [line.split("  #")[0].split(" > ")[0].split(" | ")[0] for line in found]


def test_the_keys_are_the_apps() -> None:
    assert key_table() == keys_markdown().strip()


def test_the_keys_it_names_are_keys() -> None:
    section = README.split("## Keys")[1].split("##")[0]
    rows = {row.split("|")[1].strip() for row in key_table().splitlines()[2:]}
    named = set(re.findall(r"`(.|esc|enter)`", section))
    assert len(named) >= 10
    assert {f"`{key}`" for key in named} <= rows


def test_it_is_short_enough_to_be_read() -> None:
    assert len(README.split()) < 1_500


@pytest.mark.parametrize("call", calls())
def test_every_call_is_one_the_program_takes(call: str) -> None:
    words = shlex.split(call)[1:]
    if not words:
        return
    command = load(words[0])
    options = {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in parameter.opts
    }
    assert {
        word for word in words if re.fullmatch(r"--[a-z-]+", word) and word != "--version"
    } <= options


def test_every_command_is_named() -> None:
    assert {name for name in COMMANDS if f"`{name}" not in README} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_their_short_helps(name: str) -> None:
    assert load(name).short_help == COMMANDS[name]


@pytest.mark.parametrize("picture", re.findall(r"!\[.*?\]\((.*?)\)", README))
def test_every_picture_is_there_and_asks_nobody(picture: str) -> None:
    drawn = (ROOT / picture).read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    markup = re.sub(r"(<text\b[^>]*>)[^<]*", r"\1", drawn)  # a command on the screen loads nothing
    assert set(re.findall(r"https?://[^\s\"'<>)]+", markup)) <= {
        "http://www.w3.org/2000/svg",
        "https://www.textualize.io/",
    }
