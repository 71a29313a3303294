"""The app: a thin user interface for the workbench, drawn with Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.settings import Settings

__all__ = ["run_app"]


def run_app(settings: Settings, file: str | None = None, tour: bool = False) -> int:
    """Run the app until the user quits. Textual is imported only here.

    ``file``: the FILE of ``rr-explorer FILE``, which is opened at the start.
    ``tour`` starts the demo's tour.
    Returns the exit code: 0, 128 plus a signal's number, or Textual's own after an error.
    """
    import gc

    gc.disable()  # what a start makes stays; switched on again after the first verdicts
    from explorer.tui.app import ExplorerApp
    from explorer.tui.responsiveness.terminal_output import forgiving_stderr

    app = ExplorerApp(settings, file=file, tour=tour)
    with forgiving_stderr():
        app.run()
    return app.return_code or 0
