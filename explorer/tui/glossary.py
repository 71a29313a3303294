"""Words that the screens use, in two sentences each. Help explains those that are on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

WORDS: dict[str, tuple[str, str]] = {
    "yes-if": (
        r"yes[-, ]{1,2}if",
        "It runs once the remedy is applied, for example after installing a package. Without that "
        "it does not start.",
    ),
    "musl": (
        r"musl",
        "The C library of Alpine Linux. Most programs built for glibc do not start with it, unless "
        "they are static or gcompat is installed.",
    ),
    "glibc": (
        r"glibc|GLIBC_[\d.]+",
        "The C library of Debian, Ubuntu, Fedora and most other distributions. A program needs the "
        "version it was built with, or a newer one.",
    ),
    "static": (
        r"static",
        "The program holds all the code it needs and uses no library of the system. It runs on "
        "musl, on glibc and in an empty image alike.",
    ),
    "dynamic": (
        r"dynamic",
        "The program needs libraries of the system, which a loader finds when it starts. If one is "
        "missing, it does not start.",
    ),
    "loader": (
        r"loader|interpreter|PT_INTERP|elf\.interp[\w.]*",
        "The file that the kernel starts first, to load the program and its libraries. Where it is "
        "missing, a shell says “not found” although the program is there.",
    ),
    "gcompat": (
        r"gcompat",
        "An Alpine package that imitates glibc's loader and some of its functions. Many programs "
        "start with it, but not all of them.",
    ),
    "stand-in": (
        r"stand-in",
        "A small program that was built for the demo, in place of the project's own. It says "
        "nothing about the published file.",
    ),
    "peek": (
        r"peek|first bytes",
        "A verdict from the first bytes of a file on the server, without a download. It never "
        "contradicts the whole file; at most it is unknown.",
    ),
    "cgo": (
        r"cgo",
        "Go's way to call C code. With cgo on, a program usually needs a C library; with cgo off, "
        "it is usually static.",
    ),
    "emulated": (
        r"emulated",
        "The program ran on another processor architecture, translated by QEMU. It starts more "
        "slowly, but what it needs is the same.",
    ),
    "advice": (
        r"· advice",
        "Something worth knowing that does not change the verdict. What to do about it stands "
        "below it.",
    ),
}
"""Each word with a pattern that finds it on a screen, and two sentences."""


def explained(parts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The words that occur in the parts of a screen, the first part's first."""
    explained_words: set[str] = set()
    for part in parts:
        for word, (pattern, sentences) in WORDS.items():
            whole = rf"(?<![\w-])(?:{pattern})(?![\w-])"
            if word not in explained_words and re.search(whole, part, re.IGNORECASE):
                explained_words.add(word)
                yield word, sentences
