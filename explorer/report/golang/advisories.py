"""Known vulnerabilities of a program as rows, a sentence, Markdown, OpenVEX and SARIF."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from urllib.parse import quote

from explorer import __version__
from explorer.advisories import AdvisoryMatch, AdvisoryStatus
from explorer.errors import UsageError
from explorer.facts import MISSING
from explorer.report.cells import Cell, Column, Row, Style
from explorer.report.golang.purl import purl
from explorer.report.text import one_line
from explorer.report.units import age, iso_time, plural
from explorer.workbench import Vulnerabilities

Object = dict[str, Any]
ADVISORY_COLUMNS = (
    Column("status", "status"),
    Column("id", "id"),
    Column("alias", "alias"),
    Column("module", "module"),
    Column("fixed", "fixed in"),
    Column("summary", "summary", grows=True),
)
WORDS = {
    AdvisoryStatus.AFFECTED: "affected",
    AdvisoryStatus.MODULE_LEVEL: "module level",
    AdvisoryStatus.NOT_CALLED: "linked, not called",
    AdvisoryStatus.NOT_PRESENT: "not in the program",
}
_STYLES: dict[AdvisoryStatus, Style] = {
    AdvisoryStatus.AFFECTED: "bad",
    AdvisoryStatus.MODULE_LEVEL: "warn",
    AdvisoryStatus.NOT_CALLED: "dim",
    AdvisoryStatus.NOT_PRESENT: "dim",
}
_VEX = {
    AdvisoryStatus.AFFECTED: ("affected", ""),
    AdvisoryStatus.MODULE_LEVEL: ("under_investigation", ""),
    AdvisoryStatus.NOT_CALLED: ("not_affected", "vulnerable_code_not_in_execute_path"),
    AdvisoryStatus.NOT_PRESENT: ("not_affected", "vulnerable_code_not_present"),
}
_LEVELS = {AdvisoryStatus.AFFECTED: "error", AdvisoryStatus.MODULE_LEVEL: "warning"}


def advisories_sentence(result: Vulnerabilities) -> Cell:
    """``Scanners report 66 (module level); 8 are in the program.``"""
    total = len(result.advisories())
    affected = result.count(AdvisoryStatus.AFFECTED)
    unsure = result.count(AdvisoryStatus.MODULE_LEVEL)
    if not result.build.names_modules:
        only = "The build info names no modules, so only Go itself was looked up"
        of_go = plural(total, "known vulnerability", "known vulnerabilities") if total else ""
        return Cell(f"{only}: {of_go or 'no known vulnerability'} of it.", "warn")
    if not total:
        return Cell("No known vulnerability concerns what it was built from.", "good")
    if unsure == total:
        undecided = "which are in the program cannot be decided"
        return Cell(f"Scanners report {total:,} (module level); {undecided}.", "warn")
    inside = f"{affected} {'is' if affected == 1 else 'are'} in the program"
    more = f", {unsure} cannot be decided" if unsure else ""
    style: Style = "bad" if affected else "warn" if unsure else "good"
    return Cell(f"Scanners report {total:,} (module level); {inside}{more}.", style)


def database_cell(result: Vulnerabilities, now: datetime | None = None) -> Cell:
    """Which database was used: ``vuln.go.dev, of 2026-08-21, checked 3 h ago``."""
    words = [f"Database: {one_line(result.database.name)}"]
    if result.modified:
        words.append(f"of {one_line(result.modified).partition('T')[0]}")
    if result.database.checked_at is not None:
        words.append(f"checked {age(result.database.checked_at, now).replace(' old', ' ago')}")
    return Cell(", ".join(words), "dim")


def advisory_rows(result: Vulnerabilities) -> tuple[Row, ...]:
    """One row per advisory and module, the worst first."""
    return tuple(
        Row(
            f"{match.advisory.id} {match.module}",
            (
                Cell(WORDS[match.status], _STYLES[match.status]),
                Cell.of(match.advisory.id),
                Cell.of(next(iter(match.advisory.aliases), "")),
                Cell.of(f"{match.module} {match.version}"),
                Cell.of(_fixed(result, match)),
                Cell.of(_reason(match) if match.symbols else match.advisory.summary),
            ),
        )
        for match in result.matches
    )


def _fixed(result: Vulnerabilities, match: AdvisoryMatch) -> str:
    """The version of the module; of the project too, where a release is known to have it."""
    tag = result.fixed_in.get(match.advisory.id, "")
    if tag and match.status is AdvisoryStatus.AFFECTED:
        return f"{match.fixed or 'no fix'} ({tag})"
    return match.fixed or "no fix"


def _reason(match: AdvisoryMatch) -> str:
    more = f" and {len(match.symbols) - 1} more" if len(match.symbols) > 1 else ""
    return f"{match.symbols[0]}{more}: {match.advisory.summary}"


def as_markdown(result: Vulnerabilities) -> str:
    """A section for an issue: the sentence and a table of what is not certain to be absent."""
    lines = [f"## Known vulnerabilities of {_md(result.inspection.file.name)}", ""]
    lines += [advisories_sentence(result).text, ""]
    shown = [m for m in result.matches if m.status in _LEVELS]
    if shown:
        lines += ["| status | advisory | module | fixed in | summary |", "|---|---|---|---|---|"]
        lines += [
            f"| {WORDS[m.status]} | [{_md(m.advisory.id)}]({m.advisory.url})"
            f" {_md(' '.join(m.advisory.aliases[:1]))} | {_md(m.module)} {_md(m.version)} |"
            f" {_md(m.fixed or 'no fix')} | {_md(m.advisory.summary)} |"
            for m in shown
        ]
        lines.append("")
    lines.append(f"Built with {_md(result.build.version)}; read by rr-explorer {__version__}.")
    return "\n".join(lines) + "\n"


def _md(untrusted: str) -> str:
    """Text that no Markdown reader takes for markup."""
    plain = one_line(untrusted)
    for character in "\\`*_[]<>|#&!":
        plain = plain.replace(character, f"&#{ord(character)};")
    return plain.replace("@", "&#64;")


def as_openvex(result: Vulnerabilities, now: datetime) -> str:
    """An OpenVEX 0.2.0 document (https://github.com/openvex/spec): one statement per advisory.

    Raises:
        UsageError: no advisory concerns the program. The format's schema needs a statement.
    """
    if not result.matches:
        raise UsageError(
            "There is nothing to state in OpenVEX",
            f"no advisory concerns {one_line(result.inspection.file.name)}, and a document needs"
            " at least one statement",
            "--format sarif, --format markdown and --json can say that there is none",
        )
    product = purl(result.build.path, "") if result.build.path else "urn:rr-explorer:file"
    digest = result.inspection.file.sha256
    identified: Object = {"@id": product}
    if not isinstance(digest, MISSING):
        identified["hashes"] = {"sha-256": digest}
    statements = [_statement(result, match, identified) for match in result.advisories()]
    document = {
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": f"urn:rr-explorer:vex:{digest if isinstance(digest, str) else 'unknown'}",
        "author": f"rr-explorer {__version__}",
        "timestamp": iso_time(now),
        "version": 1,
        "tooling": f"rr-explorer {__version__}",
        "statements": statements,
    }
    return json.dumps(document, indent=2, ensure_ascii=True) + "\n"


def _statement(result: Vulnerabilities, match: AdvisoryMatch, product: Object) -> Object:
    """One advisory; the modules with the same status are its subcomponents."""
    status, justification = _VEX[match.status]
    alike = dict.fromkeys(
        purl(other.module, other.version)
        for other in result.matches
        if other.advisory.id == match.advisory.id and other.status is match.status
    )
    statement: Object = {
        "vulnerability": {
            "@id": match.advisory.url,
            "name": match.advisory.id,
            "description": match.advisory.summary,
            "aliases": list(dict.fromkeys(match.advisory.aliases)),
        },
        "products": [
            {
                **product,
                "subcomponents": [{"@id": reference} for reference in alike],
            }
        ],
        "status": status,
    }
    if justification:
        statement["justification"] = justification
    elif status == "affected":
        statement["action_statement"] = (
            f"Build with {match.module} {match.fixed} or later"
            if match.fixed
            else "No fixed version was published"
        )
    return statement


def as_sarif(result: Vulnerabilities) -> str:
    """A SARIF 2.1.0 log of what is affected or cannot be decided, for code scanning."""
    shown = [match for match in result.advisories() if match.status in _LEVELS]
    rules = {match.advisory.id: match.advisory for match in shown}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "rr-explorer",
                        "version": __version__,
                        "rules": [
                            {
                                "id": advisory.id,
                                "shortDescription": {"text": advisory.summary or advisory.id},
                                "helpUri": advisory.url,
                            }
                            for advisory in rules.values()
                        ],
                    }
                },
                "results": [_sarif_result(result, match) for match in shown],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=True) + "\n"


def _sarif_result(result: Vulnerabilities, match: AdvisoryMatch) -> Object:
    why = match.why.why if isinstance(match.why, MISSING) else match.why
    text = f"{match.module} {match.version}: {why}. Fixed in {match.fixed or 'no version yet'}."
    return {
        "ruleId": match.advisory.id,
        "level": _LEVELS[match.status],
        "message": {"text": text},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": quote(result.inspection.file.name)}}}
        ],
    }
