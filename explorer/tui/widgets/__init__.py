"""Widgets: they draw and post messages; the screens decide."""
