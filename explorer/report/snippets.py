"""Old place of ``explorer.report.advice``: goes once the app imports from there."""

from explorer.report.advice import Snippet, pastable

__all__ = ["Snippet", "pastable"]
