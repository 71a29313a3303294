"""Who vouches for a file, as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.report.json.inspection import SUBJECT
from explorer.report.json.shapes import BOOLEAN, SHA256, TEXT, Field, Shape, fact, many, word
from explorer.trust import Signal, SignalKind, SignalState
from explorer.workbench import TrustReport

SIGNAL = Shape[Signal](
    "signal",
    "A reason to believe that a file is the one its project published.",
    Field("kind", word(SignalKind), lambda s: s.kind),
    Field("state", word(SignalState), lambda s: s.state),
    Field("why", TEXT, lambda s: s.why),
    Field("source", TEXT, lambda s: s.source, "the file that carries it; empty: GitHub's API"),
    Field("weak", BOOLEAN, lambda s: s.weak, "MD5 or SHA-1 only, which can be forged"),
)


class TrustOf(NamedTuple):
    """What ``trust`` says."""

    report: TrustReport
    warnings: Sequence[str]


TRUST = Shape[TrustOf](
    "trust",
    "rr-explorer trust --json",
    Field("subject", SUBJECT.kind, lambda t: t.report.subject),
    Field("sha256", fact(SHA256), lambda t: t.report.sha256, "of the file, else as the API says"),
    Field("whole", BOOLEAN, lambda t: t.report.is_whole, "whether the file's bytes were read"),
    Field("signals", many(SIGNAL.kind), lambda t: t.report.signals, "at least one of each kind"),
    Field(
        "lost",
        many(TEXT),
        lambda t: t.report.lost,
        "what the release lacks and the one before it had",
    ),
    Field("warnings", many(TEXT), lambda t: t.warnings),
)
