"""The symbols of a binary on disk."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from explorer.bytesource import FileSource
from explorer.errors import NotFoundError
from explorer.workbench.models import Inspection

if TYPE_CHECKING:
    from explorer.elf import SymbolTable


def symbols_of(inspection: Inspection) -> SymbolTable:
    """The binary's symbol table, decoded row by row; the file closes with the table. Blocking.

    Raises:
        NotFoundError: the file was only peeked at. FormatError: not an ELF file, or damaged.
    """
    from explorer.elf import symbols

    if inspection.path is None and inspection.asset_path is not None:
        raise NotFoundError(
            "The program is not known", inspection.binary.detail, "Name it: FILE#MEMBER"
        )
    if inspection.path is None:
        raise NotFoundError(
            "The symbols are not here", "only the first bytes were read", "Download the file: d"
        )
    source = FileSource(inspection.path)
    try:
        table = symbols(source)
    except BaseException:
        source.close()
        raise
    weakref.finalize(table, source.close)
    return table
