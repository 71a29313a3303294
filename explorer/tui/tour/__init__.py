"""The tour: the app shows itself, by its own keys, with a caption for each step."""

from explorer.tui.tour.player import Tour

__all__ = ["Tour"]
