"""Proofs in words: what was run, where, what came out, and whether it agrees with the verdict."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from explorer.compat import Answer, Target, Verdict
from explorer.facts import MISSING, NotApplicable, known_or
from explorer.report.answers import fact_cell, result_cell
from explorer.report.cells import EMPTY, Cell, Column, Row, Style
from explorer.report.text import one_line, visible
from explorer.report.units import human_duration
from explorer.verify import (
    CheckResult,
    Engine,
    Image,
    Proof,
    Result,
    proof_elsewhere,
    proof_for,
    run_line,
)
from explorer.workbench import Inspection

CONDITION = "the condition of the yes-if may not hold there"


def proof_line(proof: Proof, now: datetime | None = None) -> Cell:
    """``▣ ran 14:02 in alpine:3.22, arm64 emulated: ✓ agrees with the verdict``: a banner's line.

    A confirmed NO reads ``▨ did not start, as predicted``. A program that starts but reports
    another version, system or processor proves nothing about this file: the line says so.
    What was shown comes first in the short form, of which the end is cut where it has no room.
    """
    mark = proof_mark(proof)
    if proof.result is Result.NOT_RUN:
        return Cell(f"{mark.text}: {one_line(proof.text)}", "dim")
    where = "" if isinstance(proof.image, MISSING) else f" in {image_in_words(proof.image)}"
    arch = proof.platform.rsplit("/", 1)[-1]
    how = f", {arch} emulated" if proof.emulated is True else f", {arch}"
    differs = "".join(_difference(check) for check in proof.checks if check.ok is False)
    style: Style = "bad" if proof.agrees is False else "warn" if differs else mark.style
    confirmed = _is_confirmed_no(proof)
    is_said = isinstance(proof.agrees, NotApplicable) or confirmed
    verdict = "" if is_said else f": {agrees_cell(proof).text}"
    if _lacks_condition(proof):
        verdict = f": {CONDITION}"
    ran = f"{_clock(proof.started_at, now)}{where}{how}"
    short = f"{mark.text}{verdict}{differs} · {ran}" if verdict or differs else ""
    when = " · " if confirmed else " "
    return Cell(f"{mark.text}{when}{ran}{verdict}{differs}", style, short=short)


def _is_confirmed_no(proof: Proof) -> bool:
    """Whether it did not start, and that was predicted."""
    return proof.result is Result.FAILED and proof.agrees is True


def _difference(check: CheckResult) -> str:
    expected, seen = one_line(check.expected), one_line(check.seen)
    return f" · ✗ {one_line(check.name)} DIFFERS: expected {expected}, seen {seen}"


def proof_on(proofs: Sequence[Proof], target: Target | None, now: datetime | None = None) -> Cell:
    """The line of the proof that counts for a target, or that it was not tested there.

    ``▢ not tested on Debian 12 (on Alpine 3.24: did not start, as predicted)``.
    """
    if target is None:
        return Cell("▢ not proved yet", "dim")
    proof = proof_for(proofs, target)
    if proof is not None:
        return proof_line(proof, now)
    if not proofs:
        return Cell("▢ not proved yet", "dim")
    if proof_elsewhere(proofs) is None:
        return proof_line(proofs[0], now)
    return Cell(f"▢ {tested_in_words(proofs, target)}", "dim")


def tested_in_words(proofs: Sequence[Proof], target: Target) -> str:
    """What proofs say of a target: ``on Debian 12: started, as predicted``, ``not tested on …``.

    A proof elsewhere is named in brackets: it says nothing about this target.
    """
    proof = proof_for(proofs, target)
    if proof is not None:
        return f"on {short_title(target)}: {result_in_words(proof)}"
    other = proof_elsewhere(proofs)
    elsewhere = f" (on {system_in_words(other)}: {result_in_words(other)})" if other else ""
    return f"not tested on {short_title(target)}{elsewhere}"


def proved_on(proofs: Sequence[Proof], verdict: Verdict) -> Target:
    """A verdict's target, with the packages that make the file run if it was proved there."""
    from explorer.compat import with_packages

    if verdict.packages:
        aided = with_packages(verdict.target, verdict.packages)
        if proof_for(proofs, aided) is not None:
            return aided
    return verdict.target


def shown_proof(inspection: Inspection) -> Proof | None:
    """The proof to show in full: the one that counts for the first verdict, else the newest."""
    proofs, verdicts = inspection.proofs, inspection.verdicts
    counts = proof_for(proofs, proved_on(proofs, verdicts[0])) if verdicts else None
    return counts or next(iter(proofs), None)


def not_tested(inspection: Inspection) -> Cell | None:
    """That no proof counts for the first verdict's target, if there are proofs elsewhere only."""
    proofs, verdicts = inspection.proofs, inspection.verdicts
    if not verdicts or proof_elsewhere(proofs) is None:
        return None
    target = proved_on(proofs, verdicts[0])
    return None if proof_for(proofs, target) else proof_on(proofs, target)


def proof_cell(proofs: Sequence[Proof], target: Target, *, in_full: bool = False) -> Cell:
    """A table's cell: the mark of the proof that counts for a target, or ``▢ elsewhere``.

    With ``in_full`` the latter says where, and that there is no proof at all.
    """
    proof = proof_for(proofs, target)
    if proof is not None:
        return proof_mark(proof)
    if proof_elsewhere(proofs) is None:
        return Cell("▢ not proved", "dim") if in_full else EMPTY
    text = f"▢ {tested_in_words(proofs, target)}"
    return Cell(text if in_full else "▢ elsewhere", "dim", sort=3)


def proof_mark(proof: Proof) -> Cell:
    """``▣ ran``, ``▢ not run``, ``▨ failed``, ``▨ did not start, as predicted``: a confirmed NO."""
    mark = result_cell(proof.result)
    if _is_confirmed_no(proof):
        return replace(
            mark, text="▨ did not start, as predicted", short="▨ no start", style="strong"
        )
    if _lacks_condition(proof):
        return replace(mark, text="▨ did not start", short="▨ no start", style="warn")
    return mark


def result_in_words(proof: Proof) -> str:
    """``did not start, as predicted``, ``started, although NO was predicted``."""
    words = "started" if proof.result is Result.RAN else "did not start"
    if proof.agrees is True:
        return f"{words}, as predicted"
    if proof.agrees is False:
        return f"{words}, although {visible(proof.verdict).upper()} was predicted"
    return f"{words}: {CONDITION}" if _lacks_condition(proof) else words


def _lacks_condition(proof: Proof) -> bool:
    """Whether a ``yes-if`` did not start: what it needs is perhaps not in the image."""
    return proof.verdict == Answer.YES_IF and proof.result is Result.FAILED


def system_in_words(proof: Proof) -> str:
    """What a proof ran on: ``Alpine 3.24``, ``the empty image``, else its image's name."""
    from explorer.compat import all_targets  # reads the data of all targets

    if not isinstance(proof.image, MISSING) and proof.image.empty:
        return "the empty image"
    base, plus, packages = proof.target.replace("libstdc++", "libstdc\0").partition("+")
    named = next((target for target in all_targets() if target.name == base), None)
    if named is not None:
        added = packages.replace("+", " ").replace("\0", "++") if plus else ""
        return f"{short_title(named)} with {one_line(added)}" if added else short_title(named)
    if isinstance(proof.image, MISSING):
        return "an unknown image"
    system = proof.image.system
    name = "" if isinstance(system, MISSING) else system.name
    return one_line(name) or image_in_words(proof.image)


def short_title(target: Target) -> str:
    """A target's title as far as its version: ``Alpine 3.24``, ``Debian 12``, ``musl 1.2.5``."""
    versioned = re.match(r"\D*\d[\d.]*", target.title)
    return one_line(versioned[0] if versioned else target.title.partition(":")[0])


def agrees_cell(proof: Proof) -> Cell:
    """Whether result and prediction agree; a disagreement is loud."""
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


def paste_line(proof: Proof, inspection: Inspection) -> str:
    """``docker run …``: one line for a shell that runs the program alone again.

    Empty without the program's own file, and for a path that no terminal could show as it is.
    """
    if inspection.path is None:
        return ""
    line = run_line(proof, inspection.path)
    return line if visible(line) == line else ""


def proof_facts(proof: Proof) -> tuple[Row, ...]:
    """All of a proof but its output, as (what, value) rows."""
    rows: list[tuple[str, Cell]] = [
        (
            "result",
            Cell(f"{proof_mark(proof).text}: {one_line(proof.text)}", proof_mark(proof).style),
        ),
        ("meaning", Cell(proof.meaning, "code")),
        ("subject", Cell(proof.subject + (" (stand-in)" if proof.stand_in else ""))),
        ("engine", fact_cell(proof.engine, lambda engine: Cell(engine_in_words(engine)))),
        ("image", fact_cell(proof.image, lambda image: Cell(image_in_words(image)))),
        ("counts for", Cell(system_in_words(proof) if proof.target else "– no known target")),
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
