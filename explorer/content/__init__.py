"""The bytes of a file as a reader sees them: printable strings, matches of a search, hex lines.

All of it works on pieces as they are read, so that memory does not grow with the file.
"""

from explorer.content.hexlines import HEX_WIDTH, hex_line, parse_offset
from explorer.content.searching import Finder, Needle, NeedleKind, Spot, parse_needle
from explorer.content.texts import PrintableRun, StringIndex, StringScanner, strings_of

__all__ = [
    "HEX_WIDTH",
    "Finder",
    "Needle",
    "NeedleKind",
    "PrintableRun",
    "Spot",
    "StringIndex",
    "StringScanner",
    "hex_line",
    "parse_needle",
    "parse_offset",
    "strings_of",
]
