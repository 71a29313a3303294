"""Lines of a hex dump, as ``xxd`` prints them, and offsets as people type them."""

from __future__ import annotations

import re
from typing import Final

from explorer.errors import UsageError

HEX_WIDTH: Final = 16
"""Bytes of a line."""
_GROUPS = 39
"""Cells of 16 bytes in groups of two."""
_SHOWN = bytes(code if 0x20 <= code < 0x7F else 0x2E for code in range(256))


def hex_line(offset: int, data: bytes) -> str:
    """``00000270: 2f6c 6962 3634 2f6c …  /lib64/l…``: at most 16 bytes. Nothing but ASCII."""
    pairs = " ".join(data[place : place + 2].hex() for place in range(0, len(data), 2))
    text = data.translate(_SHOWN).decode("ascii")
    return f"{offset:08x}: {pairs:<{_GROUPS}}  {text}"


def parse_offset(text: str) -> int:
    """An offset in bytes: ``624``, ``0x270``, or ``1k``, ``4M`` in binary units.

    Raises:
        UsageError: it is not one.
    """
    match = re.fullmatch(r"\s*(?:0[xX]([0-9a-fA-F]{1,16})|(\d{1,18})([kKmMgG]?))\s*", text)
    if match is None:
        raise UsageError(f"“{text}” is not an offset", remedy="Write it as 624, 0x270 or 4M")
    if match[1]:
        return int(match[1], 16)
    return int(match[2]) << {"": 0, "k": 10, "m": 20, "g": 30}[match[3].lower()]
