"""Verdicts, reasons, libraries, proofs, targets and rules in words. A door of ``report``."""

from explorer.report.verdicts.banner import headline, verdict_banner
from explorer.report.verdicts.dependencies import (
    DEPENDENCY_COLUMNS,
    dependency_facts,
    dependency_rows,
    loader_facts,
)
from explorer.report.verdicts.proofs import (
    CHECK_COLUMNS,
    agrees_cell,
    check_row,
    command_lines,
    image_in_words,
    not_tested,
    output_lines,
    paste_line,
    proof_facts,
    proof_line,
    proof_mark,
    proof_on,
    shown_proof,
)
from explorer.report.verdicts.reasons import (
    REASON_COLUMNS,
    ReasonBlock,
    reason_blocks,
    reason_row,
)
from explorer.report.verdicts.targets import RULE_COLUMNS, TARGET_COLUMNS, rule_row, target_row
from explorer.report.verdicts.words import (
    about_in_words,
    asset_about,
    binary_in_words,
    deciding_in_words,
    target_in_words,
)

__all__ = [
    "CHECK_COLUMNS",
    "DEPENDENCY_COLUMNS",
    "REASON_COLUMNS",
    "RULE_COLUMNS",
    "TARGET_COLUMNS",
    "ReasonBlock",
    "about_in_words",
    "agrees_cell",
    "asset_about",
    "binary_in_words",
    "check_row",
    "command_lines",
    "deciding_in_words",
    "dependency_facts",
    "dependency_rows",
    "headline",
    "image_in_words",
    "loader_facts",
    "not_tested",
    "output_lines",
    "paste_line",
    "proof_facts",
    "proof_line",
    "proof_mark",
    "proof_on",
    "reason_blocks",
    "reason_row",
    "rule_row",
    "shown_proof",
    "target_in_words",
    "target_row",
    "verdict_banner",
]
