"""What is promised to people who see colours otherwise, or hear the output; and nothing moves."""

import itertools

import pytest
from textual.color import Color

from explorer.compat import Answer
from explorer.report import answer_cell
from explorer.settings import Settings
from explorer.tui.theme import THEMES
from tests.tui.conftest import opened

# Machado, Oliveira and Fernandes (2009), severity 1.0.
DEFICIENCIES = {
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritanopia": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}


def seen(color: str, name: str) -> tuple[float, ...]:
    """A colour as it is seen with the deficiency, each part from 0 to 1."""
    parts = Color.parse(color).normalized
    linear = [part**2.2 for part in parts]
    rows = DEFICIENCIES[name]
    mixed = [sum(a * b for a, b in zip(row, linear, strict=True)) for row in rows]
    return tuple(min(1.0, max(0.0, value)) ** (1 / 2.2) for value in mixed)


@pytest.mark.parametrize("name", DEFICIENCIES)
@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_answers_differ_for_everyone_who_sees_colours_otherwise(name: str, theme: object) -> None:
    variables = theme.variables  # type: ignore[attr-defined]
    colors = [variables[f"text-{meaning}"] for meaning in ("success", "warning", "error")]
    for one, other in itertools.combinations(colors, 2):
        distance = sum(
            (a - b) ** 2 for a, b in zip(seen(one, name), seen(other, name), strict=True)
        )
        assert distance**0.5 > 0.05, (one, other)


def test_no_answer_is_told_by_its_colour_alone() -> None:
    texts = [answer_cell(answer).text for answer in Answer]
    assert len({text[0] for text in texts}) == len(texts), "each has a sign of its own"
    assert len({text[2:] for text in texts}) == len(texts), "and a word"


async def test_nothing_moves(demo: Settings) -> None:
    async with opened(demo) as ui:
        assert ui.app.animation_level == "none"
