"""Old place of ``explorer.report.tables``: goes once the app imports from there."""

from explorer.report.tables import MarkForm, MarkState, mark_cell, mark_of

__all__ = ["MarkForm", "MarkState", "mark_cell", "mark_of"]
