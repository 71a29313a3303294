"""Proofs in words: what was run, where, what came out, and whether it agrees with the verdict."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime

from explorer.facts import MISSING, NotApplicable, known_or
from explorer.report.cells import Cell, Column, Row, Style, fact_cell, result_cell
from explorer.report.text import one_line, visible
from explorer.report.units import human_duration
from explorer.verify import CheckResult, Engine, Image, Proof, Result


def proof_line(proof: Proof, now: datetime | None = None) -> Cell:
    """``▣ ran 14:02 in alpine:3.22, arm64 emulated: agrees with the verdict``: a banner's line.

    A program that starts and says that it is another version, system or processor is no proof of this file: the line says so.
    """
    mark = result_cell(proof.result)
    if proof.result is Result.NOT_RUN:
        return Cell(f"{mark.text}: {one_line(proof.text)}", "dim")
    where = "" if isinstance(proof.image, MISSING) else f" in {image_in_words(proof.image)}"
    arch = proof.platform.rsplit("/", 1)[-1]
    how = f", {arch} emulated" if proof.emulated is True else f", {arch}"
    agrees = agrees_cell(proof)
    differs = "".join(
        f" · ✗ {one_line(check.name)} DIFFERS: expected {one_line(check.expected)}, seen {one_line(check.seen)}"
        for check in proof.checks
        if check.ok is False
    )
    style: Style = "bad" if proof.agrees is False else "warn" if differs else mark.style
    verdict = f": {agrees.text}" if not isinstance(proof.agrees, NotApplicable) else ""
    return Cell(f"{mark.text} {_clock(proof.started_at, now)}{where}{how}{verdict}{differs}", style)


def agrees_cell(proof: Proof) -> Cell:
    """Whether observation and prediction agree; a disagreement is loud."""
    if isinstance(proof.agrees, MISSING):
        return fact_cell(proof.agrees, lambda _: Cell(""), short=True)
    if proof.agrees:
        return Cell("✓ agrees with the verdict", "good")
    return Cell(f"✗ DISAGREES with the verdict {proof.verdict}", "bad")


def image_in_words(image: Image) -> str:
    """``alpine:3.22``, ``the empty image``."""
    return "the empty image" if image.empty else visible(image.reference)


def engine_in_words(engine: Engine) -> str:
    """``docker 20.10.24 (linux/amd64), rootless``."""
    rootless = ", rootless" if known_or(engine.rootless, False) else ""
    return visible(f"{engine.name} {engine.version} ({engine.platform}){rootless}")


def command_lines(proof: Proof) -> tuple[str, ...]:
    """The engine's command lines, quoted for a shell and visible: ready to be copied."""
    return tuple(visible(shlex.join(words)) for words in proof.command)


def proof_facts(proof: Proof) -> tuple[Row, ...]:
    """All of a proof but its output, as (what, value) rows."""
    rows: list[tuple[str, Cell]] = [
        (
            "result",
            Cell(
                f"{result_cell(proof.result).text}: {one_line(proof.text)}",
                result_cell(proof.result).style,
            ),
        ),
        ("meaning", Cell(proof.meaning, "code")),
        ("subject", Cell(proof.subject + (" (stand-in)" if proof.stand_in else ""))),
        ("engine", fact_cell(proof.engine, lambda engine: Cell(engine_in_words(engine)))),
        ("image", fact_cell(proof.image, lambda image: Cell(image_in_words(image)))),
        ("image digest", fact_cell(proof.image, lambda image: fact_cell(image.digest, Cell.of))),
        ("platform", Cell(proof.platform)),
        ("emulated", fact_cell(proof.emulated, lambda yes: Cell("yes" if yes else "no"))),
        ("ran", Cell(shlex.join(proof.argv), "code")),
        ("exit code", fact_cell(proof.exit_code, lambda code: Cell(str(code)))),
        ("run took", fact_cell(proof.duration_s, lambda seconds: Cell(human_duration(seconds)))),
        ("all steps", Cell(human_duration(proof.total_s))),
        ("when", Cell(proof.started_at)),
        ("verdict", agrees_cell(proof)),
    ]
    if not isinstance(proof.dry_run, MISSING):
        rows.append(
            (
                "loader's --list",
                Cell(f"exit {proof.dry_run.exit_code}: {one_line(proof.dry_run.output)}"),
            )
        )
    return tuple(Row(name, (Cell(name, "dim"), cell)) for name, cell in rows)


CHECK_COLUMNS = (
    Column("ok", "check", width=9),
    Column("name", "what"),
    Column("expected", "expected"),
    Column("seen", "seen", grows=True),
)


def check_row(check: CheckResult) -> Row:
    """One comparison of what was printed with what was promised."""
    ok = fact_cell(
        check.ok,
        lambda fine: Cell("✓ ok", "good") if fine else Cell("✗ differs", "bad"),
        short=True,
    )
    return Row(
        check.name,
        (ok, Cell(check.name), Cell(one_line(check.expected)), Cell(one_line(check.seen))),
    )


def output_lines(text: str, limit: int = 2000) -> tuple[Cell, ...]:
    """What a container printed, line by line, visible, at most ``limit`` lines."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    shown = [Cell(line.expandtabs(8)) for line in lines[:limit]]
    if len(lines) > limit:
        shown.append(Cell(f"… {len(lines) - limit} more lines", "dim"))
    return tuple(shown)


def _parse(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _clock(text: str, now: datetime | None) -> str:
    """The local time of day for today's proofs, the date too for older ones."""
    moment = _parse(text)
    if moment is None:
        return one_line(text)
    local = moment.astimezone()
    today = (now or datetime.now(UTC)).astimezone().date()
    return local.strftime("%H:%M" if local.date() == today else "%Y-%m-%d %H:%M")
