"""The app: a thin face on the workbench, drawn with Textual."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from explorer.settings import Settings

__all__ = ["run_app"]


def run_app(settings: Settings, target: str | None = None) -> int:
    """Open the app and stay in it until the user leaves; textual is imported only here.

    ``target``: what ``rr-explorer TARGET`` was given: the app opens it at once, above the list of releases.
    Returns the exit code: 0, or Textual's own where the app ended by an error.
    """
    from explorer.tui.app import ExplorerApp

    app = ExplorerApp(settings, target=target)
    app.run()
    return app.return_code or 0
