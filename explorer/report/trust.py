"""Who vouches for a file, as rows and in a few characters. A door of ``report``."""

from __future__ import annotations

from explorer.facts import MISSING
from explorer.report.cells import Cell, Column, Row, Style
from explorer.report.units import plural
from explorer.workbench import (
    Matrix,
    MatrixRow,
    ReleaseTrust,
    Signal,
    SignalKind,
    SignalState,
    TrustReport,
    Voucher,
)

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


# ---- releases, in the matrix

_LETTERS: tuple[tuple[str, str, tuple[SignalKind, ...]], ...] = (
    ("D", "API digest", (SignalKind.DIGEST,)),
    ("C", "checksums", (SignalKind.CHECKSUM,)),
    ("S", "signature", (SignalKind.SIGNATURE, SignalKind.MINISIGN, SignalKind.COSIGN)),
    ("A", "attestation", (SignalKind.ATTESTATION,)),
    ("P", "provenance", (SignalKind.PROVENANCE,)),
    ("I", "immutable", (SignalKind.IMMUTABLE,)),
)
_WORST_FIRST = (
    Voucher.FAILED,
    Voucher.PASSED,
    Voucher.PUBLISHED,
    Voucher.UNKNOWN,
    Voucher.ABSENT,
)
_GLYPHS = {Voucher.FAILED: "✗", Voucher.UNKNOWN: "?", Voucher.ABSENT: "·"}
TRUST_WIDTH = len(_LETTERS) + 1
TRUST_LEGEND = (
    "trust: D API digest, C checksums, S signature, A attestation, P provenance, I immutable; "
    "· absent, ? not known, ✗ fails, ! the release before it had more"
)
SHORT_TRUST_LEGEND = "D digest C checksums S signature A attestation P provenance I immutable"


def _voucher(trust: ReleaseTrust, kinds: tuple[SignalKind, ...]) -> Voucher:
    return min((trust.vouchers[kind] for kind in kinds), key=_WORST_FIRST.index)


def trust_cell(matrix: Matrix, row: MatrixRow) -> Cell:
    """``DC?··I!``: a letter for each kind of signal that is there, as ``TRUST_LEGEND`` says."""
    trust = matrix.trust.get(row.release.tag)
    if trust is None:
        return Cell("?" * len(_LETTERS), "dim", sort=len(_LETTERS))
    vouchers = [_voucher(trust, kinds) for _, _, kinds in _LETTERS]
    letters = (
        _GLYPHS.get(voucher, letter)
        for voucher, (letter, _, _) in zip(vouchers, _LETTERS, strict=True)
    )
    failed = Voucher.FAILED in vouchers
    style: Style = "bad" if failed else "warn" if trust.lost else ""
    missing = sum(voucher in (Voucher.ABSENT, Voucher.UNKNOWN) for voucher in vouchers)
    return Cell("".join(letters) + "!" * bool(trust.lost), style, sort=missing)


def trust_words(matrix: Matrix, row: MatrixRow) -> Cell:
    """What the cell of ``trust_cell`` means, with what the release lost."""
    trust = matrix.trust.get(row.release.tag)
    if trust is None:
        return Cell("? what vouches for it is not known", "dim")
    by_voucher: dict[Voucher, list[str]] = {}
    for _, title, kinds in _LETTERS:
        by_voucher.setdefault(_voucher(trust, kinds), []).append(title)
    parts = [f"{text}." for text in trust.lost]
    for voucher, lead in (
        (Voucher.FAILED, "Failed"),
        (Voucher.PASSED, "Checked"),
        (Voucher.PUBLISHED, "Published, not checked"),
        (Voucher.ABSENT, "Absent"),
        (Voucher.UNKNOWN, "Not known without the file"),
    ):
        if titles := by_voucher.get(voucher):
            parts.append(f"{lead}: {', '.join(titles)}.")
    style: Style = "bad" if Voucher.FAILED in by_voucher else "warn" if trust.lost else ""
    return Cell.of(" ".join(parts), style)


def lost_warnings(matrix: Matrix, most: int = 3) -> tuple[str, ...]:
    """What releases of the matrix lack and those before them had; untrusted."""
    lost = [
        text
        for row in matrix.rows
        if (trust := matrix.trust.get(row.release.tag)) is not None
        for text in trust.lost
    ]
    more = len(lost) - most
    return (*lost[:most], *([f"and {more} more: see the column “trust”"] if more > 0 else ()))
