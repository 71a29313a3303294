"""Strings and bytes of a file as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.content import PrintableRun, Spot
from explorer.report.json.inspection import SUBJECT
from explorer.report.json.shapes import BYTES, TEXT, Field, Shape, many, nullable
from explorer.workbench import Subject

STRING = Shape[PrintableRun](
    "string",
    "A run of printable ASCII characters.",
    Field("offset", BYTES, lambda s: s.offset),
    Field("size", BYTES, lambda s: s.size),
    Field("text", TEXT, lambda s: s.text, "the first 4096 characters"),
)


class StringsOf(NamedTuple):
    """A file and its strings."""

    subject: Subject
    strings: Sequence[PrintableRun]
    warnings: Sequence[str]


STRINGS = Shape[StringsOf](
    "strings",
    "rr-explorer strings --json",
    Field("subject", SUBJECT.kind, lambda s: s.subject),
    Field("strings", many(STRING.kind), lambda s: s.strings),
    Field("warnings", many(TEXT), lambda s: s.warnings),
)
SPOT = Shape[Spot](
    "spot",
    "Where something was found.",
    Field("offset", BYTES, lambda s: s.offset),
    Field("size", BYTES, lambda s: s.size),
)


class HexOf(NamedTuple):
    """Bytes of a file."""

    subject: Subject
    size: int
    """Bytes of the whole file."""
    offset: int
    data: bytes
    spot: Spot | None
    warnings: Sequence[str]


HEX = Shape[HexOf](
    "hex",
    "rr-explorer hex --json",
    Field("subject", SUBJECT.kind, lambda h: h.subject),
    Field("size", BYTES, lambda h: h.size, "bytes of the whole file"),
    Field("offset", BYTES, lambda h: h.offset),
    Field("hex", TEXT, lambda h: h.data.hex()),
    Field("found", nullable(SPOT.kind), lambda h: h.spot, "null: nothing was searched for"),
    Field("warnings", many(TEXT), lambda h: h.warnings),
)
