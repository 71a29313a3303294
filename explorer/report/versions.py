"""What a report was made with."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from explorer import __version__
from explorer.facts import MISSING
from explorer.report.verdicts.proofs import engine_in_words
from explorer.workbench import Inspection


def versions(inspections: Sequence[Inspection]) -> tuple[tuple[str, str], ...]:
    """rr-explorer, Python, the system, and each container engine that a proof ran on."""
    engines = {
        engine_in_words(p.engine): None
        for i in inspections
        for p in i.proofs
        if not isinstance(p.engine, MISSING)
    }
    return (
        ("rr-explorer", __version__),
        ("Python", platform.python_version()),
        ("system", f"{platform.system()} {platform.release()} {platform.machine()}"),
        *(("engine", engine) for engine in engines),
    )
