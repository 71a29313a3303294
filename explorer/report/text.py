"""The one sanitiser, and the width of text in terminal cells.

Names, notes, ELF strings and container output may be an attacker's. A terminal obeys ESC and C1
bytes, and bidi and zero-width characters fool a reader: each is replaced by a visible form. Nothing
else in the program does this.
"""

from __future__ import annotations

import re
import unicodedata

MARKS = 4
"""Combining marks kept on a character. Real scripts need up to four; a tower hides other lines."""

# Controls, and what has no meaning here: Cf has bidi, zero-width and tag characters.
_HOSTILE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Assigned characters that draw nothing: grapheme joiner, fillers, Khmer inherent vowels, Mongolian
# and supplementary variation selectors, the braille blank.
_BLANK = frozenset(
    [
        0x034F,
        0x115F,
        0x1160,
        0x17B4,
        0x17B5,
        0x180B,
        0x180C,
        0x180D,
        0x180F,
        0x2800,
        0x3164,
        0xFFA0,
        *range(0xE0100, 0xE01F0),
    ]
)
# VS15 and VS16 choose between text and emoji. Terminals disagree about the width: both are dropped.
_PRESENTATION = re.compile("[\ufe00-\ufe0f]")
_MARK_RUN = re.compile(rf"[^\x00-\u02ff]{{{MARKS + 1},}}")


def visible(text: str, newline: bool = False, tab: bool = False) -> str:
    """``text`` without anything that a terminal obeys or that hides text.

    C0 controls and DEL become their pictures (``␛``), C1 and undecodable bytes ``\\x9b``, others
    ``U+202E``. Idempotent.

    Args:
        newline: keep line ends; CRLF becomes LF.
        tab: keep tabs.
    """
    if text.isascii() and text.isprintable():
        return text
    if newline:
        text = text.replace("\r\n", "\n")
    if not text.isascii():
        text = _PRESENTATION.sub("", text)
        text = _MARK_RUN.sub(lambda run: _bounded_marks(run[0]), text)
    return "".join(
        [
            character
            if character.isprintable() and ord(character) not in _BLANK
            else _form(character, newline, tab)
            for character in text
        ]
    )


def _form(character: str, newline: bool, tab: bool) -> str:
    code = ord(character)
    if (newline and character == "\n") or (tab and character == "\t"):
        return character
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if code < 0xA0:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was not UTF-8, kept by "surrogateescape"
        return f"\\x{code - 0xDC00:02x}"
    if code in _BLANK or unicodedata.category(character) in _HOSTILE:
        return f"U+{code:04X}"
    return character  # spaces of other widths: harmless, though not "printable" to Python


def _bounded_marks(text: str) -> str:
    kept: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if run <= MARKS:
            kept.append(character)
        elif run == MARKS + 1:
            kept.append("…")
    return "".join(kept)


def cell_width(text: str) -> int:
    """How many terminal cells ``text`` takes, by the same table that Textual draws with."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _width(character: str) -> int:
    if character < "\u0300":
        return 1
    from rich.cells import get_character_cell_size

    return get_character_cell_size(character)


def clip(text: str, width: int) -> str:
    """``text`` in at most ``width`` cells; if it was cut, the last one is ``…``."""
    if width <= 0:
        return ""
    if cell_width(text) <= width:
        return text
    kept: list[str] = []
    room = width - 1
    for character in text:
        room -= _width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…"


def clip_middle(text: str, width: int) -> str:
    """As ``clip``, but the end is kept too: the last part of a file's name tells most."""
    if cell_width(text) <= width or width < 5:
        return clip(text, width)
    tail: list[str] = []
    room = (width - 1) // 2
    for character in reversed(text):
        room -= _width(character)
        if room < 0:
            break
        tail.append(character)
    end = "".join(reversed(tail))
    return clip(text, width - cell_width(end)) + end


def pad(text: str, width: int, align: str = "left") -> str:
    """``text`` filled with spaces to ``width`` cells; longer text is unchanged."""
    fill = " " * max(0, width - cell_width(text))
    return fill + text if align == "right" else text + fill


def one_line(text: str) -> str:
    """``text`` as one visible line: each run of white space becomes a space."""
    return visible(" ".join(text.split()))
