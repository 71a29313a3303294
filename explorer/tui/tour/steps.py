"""The tour through the demo, as data: which keys each step presses, and its caption."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TourStep:
    """One step of the tour."""

    keys: tuple[str, ...]
    """Ids of actions, whose keys a user may have changed, or Textual's names of keys."""
    caption: str
    """About 12 to 20 words."""


STEPS = (
    TourStep(
        (),
        "On the left, every release, newest first. On the right, its files and whether each runs "
        "on Alpine.",
    ),
    TourStep(
        ("open",),
        "No file is published for musl on ARM64. The arrow ↳ names the one to use instead.",
    ),
    TourStep(
        ("open",),
        "YES: this linux-arm64 file runs on Alpine. It is predicted from the headers; nothing was "
        "run.",
    ),
    TourStep(
        ("down", "down", "down"),
        "Every reason has a code, the place in the file that shows it, and what to do.",
    ),
    TourStep(
        ("where",),
        "Where else does it run? Every system, best first, and the least that the file needs.",
    ),
    TourStep(
        ("back", "back", "filter", "1", ".", "6", ".", "2", "enter", "open", "up", "open"),
        "An older release, 1.6.2: this file needs glibc's loader, which Alpine lacks. It needs "
        "gcompat.",
    ),
    TourStep(
        ("3",),
        "Its libraries: where Alpine's loader would find each of them, and which ones are missing.",
    ),
    TourStep(
        ("advice", "other-arch"),
        "No file of 1.6.2 fits ARM64, so the advice is a build, with lines to paste.",
    ),
    TourStep(
        ("back", "back", "back", "back", "home", "down", "matrix"),
        "The matrix: releases by platform. musl-arm64 was never published; linux-arm64 runs "
        "instead.",
    ),
    TourStep(
        ("open", "2"),
        "A verdict is a prediction. Press v to run the file in a throw-away container as proof.",
    ),
)
