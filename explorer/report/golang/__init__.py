"""What Go put into a program, and its known vulnerabilities, as rows and documents.

A door of ``report``.
"""

from explorer.report.golang.advisories import (
    ADVISORY_COLUMNS,
    advisories_sentence,
    advisory_rows,
    as_markdown,
    as_openvex,
    as_sarif,
    database_cell,
)
from explorer.report.golang.functions import (
    FUNCTION_BAR_COLUMNS,
    FUNCTION_COLUMNS,
    PACKAGE_COLUMNS,
    function_bar_rows,
    function_rows,
    package_rows,
)
from explorer.report.golang.releases import (
    VULNERABILITIES_LEGEND,
    vulnerable_cell,
    vulnerable_words,
)
from explorer.report.golang.sbom import as_cyclonedx

__all__ = [
    "ADVISORY_COLUMNS",
    "FUNCTION_BAR_COLUMNS",
    "FUNCTION_COLUMNS",
    "PACKAGE_COLUMNS",
    "VULNERABILITIES_LEGEND",
    "advisories_sentence",
    "advisory_rows",
    "as_cyclonedx",
    "as_markdown",
    "as_openvex",
    "as_sarif",
    "database_cell",
    "function_bar_rows",
    "function_rows",
    "package_rows",
    "vulnerable_cell",
    "vulnerable_words",
]
