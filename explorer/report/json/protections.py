"""How a program was hardened, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.elf import Degree, Protection, hardening
from explorer.facts import MISSING, Fact
from explorer.report.json.inspection import SUBJECT
from explorer.report.json.shapes import TEXT, Field, Shape, fact, many, word
from explorer.workbench import Inspection

PROTECTION = Shape[Protection](
    "protection",
    "A protection that a program is built with, or not.",
    Field("key", TEXT, lambda p: p.key),
    Field("title", TEXT, lambda p: p.title),
    Field("degree", fact(word(Degree)), lambda p: p.degree),
    Field("why", TEXT, lambda p: p.why, "what was seen"),
)


class HardeningOf(NamedTuple):
    """A program whose protections are listed."""

    inspection: Inspection
    warnings: Sequence[str]


def _protections(inspection: Inspection) -> Fact[tuple[Protection, ...]]:
    elf = inspection.binary.elf
    return elf if isinstance(elf, MISSING) else hardening(elf)


HARDENING = Shape[HardeningOf](
    "hardening",
    "rr-explorer hardening --json",
    Field("subject", SUBJECT.kind, lambda h: h.inspection.subject),
    Field("protections", fact(many(PROTECTION.kind)), lambda h: _protections(h.inspection)),
    Field("warnings", many(TEXT), lambda h: h.warnings),
)
