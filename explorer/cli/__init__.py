"""The command line: a thin face on the workbench. Textual is never imported here."""

from explorer.cli.entry import main, run

__all__ = ["main", "run"]
