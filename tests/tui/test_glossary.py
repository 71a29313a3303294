"""Words that not everyone knows are explained where they stand."""

import re

import pytest

from explorer.settings import Settings
from explorer.tui.glossary import WORDS, explained
from tests.support.binaries import binary
from tests.tui.conftest import opened


def test_each_word_is_explained_in_two_sentences() -> None:
    for word, (pattern, sentences) in WORDS.items():
        assert len(re.findall(r"\.(?= |$)", sentences)) == 2, word
        assert re.search(pattern, word if word != "advice" else "· advice")


def test_the_words_of_the_first_part_come_first() -> None:
    assert [word for word, _ in explained(["glibc's loader", "musl 1.2.5"])] == [
        "glibc",
        "loader",
        "musl",
    ]
    assert [word for word, _ in explained(["◐ YES, IF: apk add gcompat"])] == ["yes-if", "gcompat"]
    assert not list(explained(["ecstatic", "muslin", ""]))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_help_explains_the_words_on_the_screen(demo: Settings, size: tuple[int, int]) -> None:
    async with opened(demo, size=size, file=str(binary("c-glibc"))) as ui:
        await ui.shows("elf.interp.glibc")
        await ui.press("question_mark")
        await ui.shows("Under the cursor", "The C library of Debian", "The C library of Alpine")


async def test_a_dash_is_a_platform_without_a_file_in_the_matrix_only(demo: Settings) -> None:
    async with opened(demo) as ui:
        await ui.press("D")
        await ui.shows("– absent")
        await ui.press("end", "up", "up", "question_mark")
        await ui.shows("Help")
        assert "not published, and no other file" not in ui.drawn().partition("Moving")[0]


async def test_help_begins_with_the_word_under_the_cursor(demo: Settings) -> None:
    async with opened(demo, size=(80, 24), file=str(binary("c-glibc"))) as ui:
        await ui.shows("elf.interp.glibc")
        await ui.press("3")
        await ui.shows("ld-linux-x86-64.so.2")
        await ui.press("question_mark")
        await ui.shows("Under the cursor")
        lines = ui.drawn().splitlines()
        top = next(number for number, line in enumerate(lines) if "Under the cursor" in line)
        assert "The file that the kernel starts first" in "\n".join(lines[top + 1 : top + 3])
