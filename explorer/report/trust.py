"""Who vouches for a file, as rows and in a few characters. A door of ``report``."""

from __future__ import annotations

from explorer.facts import MISSING
from explorer.report.cells import Cell, Column, Row, Style
from explorer.report.units import plural
from explorer.workbench import Signal, SignalKind, SignalState, TrustReport

TRUST_COLUMNS = (
    Column("signal", "signal", names_row=True),
    Column("result", "result"),
    Column("why", "why", grows=True),
)
SIGNAL_TITLES = {
    SignalKind.DIGEST: "API digest",
    SignalKind.CHECKSUM: "checksum file",
    SignalKind.SIGNATURE: "OpenPGP signature",
    SignalKind.ATTESTATION: "attestation",
    SignalKind.IMMUTABLE: "immutable release",
    SignalKind.COSIGN: "cosign bundle",
    SignalKind.PROVENANCE: "SLSA provenance",
    SignalKind.MINISIGN: "minisign",
}
_RESULTS: dict[SignalState, tuple[str, Style, int]] = {
    SignalState.PASS: ("✓ pass", "good", 0),
    SignalState.NOT_CHECKED: ("? not checked", "unknown", 1),
    SignalState.ABSENT: ("– absent", "dim", 2),
    SignalState.FAIL: ("✗ fail", "bad", 3),
}


def signal_cell(signal: Signal) -> Cell:
    """``✓ pass``, ``✓ weak``, ``✗ fail``, ``– absent``, ``? not checked``."""
    text, style, rank = _RESULTS[signal.state]
    if signal.weak and signal.state is SignalState.PASS:
        return Cell("✓ weak", "warn", sort=rank)
    return Cell(text, style, sort=rank)


def trust_rows(report: TrustReport) -> tuple[Row, ...]:
    """One row per signal."""
    return tuple(
        Row(
            f"{signal.kind.value} {number}",
            (Cell(SIGNAL_TITLES[signal.kind]), signal_cell(signal), Cell.of(signal.why)),
        )
        for number, signal in enumerate(report.signals)
    )


def trust_sentence(report: TrustReport) -> Cell:
    """``2 signals pass: API digest, checksum file.``"""

    def titles(state: SignalState) -> list[str]:
        kinds = (s.kind for s in report.signals if s.state is state and not s.weak)
        return [SIGNAL_TITLES[kind] for kind in dict.fromkeys(kinds)]

    failed, passed = titles(SignalState.FAIL), titles(SignalState.PASS)
    if failed:
        return Cell(f"Do not use it: {', '.join(failed)} failed.", "bad")
    if passed:
        verb = "passes" if len(passed) == 1 else "pass"
        return Cell(f"{plural(len(passed), 'signal')} {verb}: {', '.join(passed)}.", "good")
    return Cell("Nothing that was checked vouches for it.", "warn")


def trust_facts(report: TrustReport) -> tuple[Row, ...]:
    """Rows above the table: the result, what was read, and what the release lost."""
    digest = report.sha256
    said = "bytes read" if report.is_whole else "GitHub's word; the file is not downloaded"
    value = Cell(f"{digest} ({said})") if not isinstance(digest, MISSING) else Cell(digest.why)
    lost = (
        Row(f"lost {number}", (Cell("warning", "dim"), Cell.of(text, "warn")))
        for number, text in enumerate(report.lost)
    )
    return (
        Row("result", (Cell("result", "dim"), trust_sentence(report))),
        Row("sha256", (Cell("sha256", "dim"), value)),
        *lost,
    )
