"""Screens, each with its .tcss file."""
