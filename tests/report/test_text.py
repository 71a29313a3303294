"""The sanitiser: whatever comes in, nothing that a terminal obeys or that hides text goes out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.report import Cell, cell_width, clip, clip_middle, one_line, pad, visible

NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(
            "\x00\x07\x1b\x7f\x9b\x9d\u061c\u200b\u200e\u202e\u2028\u2066\ufeff"
            "\U000e0041\U000e0100\ud800\udc9b\u0301\n\r\t[]"
        ),
    )
)
MARKUP = ("[/foo]", "[amd64]", "[@click=app.boom]x[/]", "<script>", "`code`")


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain v2025.1.15", "plain v2025.1.15"),
        ("\x1b]0;owned\x07", "␛]0;owned␇"),
        ("\x9b31m", "\\x9b31m"),
        ("\x7f", "␡"),
        ("a\nb\tc\r", "a␊b␉c␍"),
        ("rr\u202egz.rat", "rrU+202Egz.rat"),
        ("a\u200bb\u200db\u2060\ufeff", "aU+200BbU+200DbU+2060U+FEFF"),
        ("\u2066x\u2069\u200e\u200f\u061c", "U+2066xU+2069U+200EU+200FU+061C"),
        ("\u2028\u2029", "U+2028U+2029"),
        ("\U000e0041\U000e007f", "U+E0041U+E007F"),
        ("\udc9b\ud800", "\\x9bU+D800"),
        ("\ue000\u3164\u034f", "U+E000U+3164U+034F"),
        ("Grüße, 日本語, emoji 🚀", "Grüße, 日本語, emoji 🚀"),
        ("⚠\ufe0f", "⚠"),
    ],
)
def test_hostile_characters_become_visible(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_line_ends_and_tabs_stay_only_where_they_are_wanted() -> None:
    assert visible("a\r\nb\tc\x1b", newline=True, tab=True) == "a\nb\tc␛"
    assert visible("a\nb\tc", newline=True) == "a\nb␉c"
    assert one_line("a\n  b\t\x1b[2J c ") == "a b ␛[2J c"


def test_a_tower_of_combining_marks_is_cut() -> None:
    tower = "e" + "\u0301" * 500
    assert len(visible(tower)) < 8
    assert visible("e\u0301") == "e\u0301", "an honest accent stays"


@given(NASTY, st.booleans(), st.booleans())
def test_nothing_dangerous_survives(text: str, newline: bool, tab: bool) -> None:
    shown = visible(text, newline, tab)
    allowed = ("\n" if newline else "") + ("\t" if tab else "")
    for character in shown:
        assert character in allowed or unicodedata.category(character) not in (
            "Cc",
            "Cf",
            "Cs",
            "Co",
            "Cn",
            "Zl",
            "Zp",
        )
    assert visible(shown, newline, tab) == shown
    shown.encode("utf-8")


@given(NASTY)
def test_a_cell_cannot_be_built_unsafe(text: str) -> None:
    for cell in (Cell(text), Cell.of(text), Cell(text, "bad", "right")):
        assert cell.text == visible(text)
        assert not set(cell.text) & set("\x1b\x9b\n\r\t\u202e")


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_text(text: str) -> None:
    assert Cell(text).text == text


@given(NASTY.map(visible), st.integers(0, 40))
def test_what_is_clipped_fits(text: str, width: int) -> None:
    for cut in (clip(text, width), clip_middle(text, width)):
        assert cell_width(cut) <= width
        if cell_width(text) <= width:
            assert cut == text
    assert cell_width(pad(text, width)) == max(width, cell_width(text))


def test_wide_characters_count_two() -> None:
    assert cell_width("日本e\u0301") == 5
    assert clip("日本語", 4) == "日…"
    assert clip_middle("roadrunner-2025.1.15-linux-arm64.tar.gz", 21) == "roadrunner…m64.tar.gz"
    assert pad("7", 3, "right") == "  7"
