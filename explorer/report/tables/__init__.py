"""Rows for many files: releases, assets, the matrix, the cache, findings. A door of ``report``."""

from explorer.report.tables.marks import (
    Mark,
    MarkForm,
    MarkState,
    mark_cell,
    mark_of,
    verdict_words,
)
from explorer.report.tables.matrix import (
    error_lines,
    matrix_errors,
    matrix_markdown,
)
from explorer.report.tables.matrix_table import MatrixTables, matrix_tables
from explorer.report.tables.progress import ProgressWords, progress_line, progress_words
from explorer.report.tables.releases import (
    RELEASE_COLUMNS,
    AssetRow,
    asset_columns,
    asset_facts,
    asset_row,
    asset_rows,
    catalogue_title,
    catalogue_words,
    gap_row,
    release_row,
    release_title,
    shown_assets,
    unpublished,
)
from explorer.report.tables.work import (
    CACHE_COLUMNS,
    FINDING_COLUMNS,
    cache_facts,
    cache_row,
    finding_row,
)

__all__ = [
    "CACHE_COLUMNS",
    "FINDING_COLUMNS",
    "RELEASE_COLUMNS",
    "AssetRow",
    "Mark",
    "MarkForm",
    "MarkState",
    "MatrixTables",
    "ProgressWords",
    "asset_columns",
    "asset_facts",
    "asset_row",
    "asset_rows",
    "cache_facts",
    "cache_row",
    "catalogue_title",
    "catalogue_words",
    "error_lines",
    "finding_row",
    "gap_row",
    "mark_cell",
    "mark_of",
    "matrix_errors",
    "matrix_markdown",
    "matrix_tables",
    "progress_line",
    "progress_words",
    "release_row",
    "release_title",
    "shown_assets",
    "unpublished",
    "verdict_words",
]
