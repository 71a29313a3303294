"""Step 3: launchers. That a launcher starts says nothing about the program that it carries."""

from __future__ import annotations

from explorer.compat.context import Context, need
from explorer.compat.models import Answer
from explorer.compat.rules.registry import Match, rule
from explorer.elf import Linkage, Payload
from explorer.facts import Unknown

_STARTS_ANOTHER = frozenset(("AppImage", "caxa", "scie", "Nuitka"))
"""Launchers that start another program. The others are runtimes that read a script there."""
_SELF_EXTRACTING = frozenset(
    ("gzip", "xz", "zstd", "bzip2", "zip", "squashfs", "DwarFS", "7z", "ELF")
)
_STATIC = (Linkage.STATIC, Linkage.STATIC_PIE)


def payload_of(context: Context) -> Payload | None:
    """The payload that decides: that of a static program, which may start a dynamic one.

    A dynamic launcher needs its own loader and libraries first, and those decide.
    """
    if context.elf is None or context.linkage not in _STATIC:
        return None
    payload = need(context.elf.payload, "what stands behind the program")
    if payload is None:
        return None
    starts = payload.kind in _STARTS_ANOTHER or (
        not payload.kind and payload.format in _SELF_EXTRACTING
    )
    return payload if starts else None


@rule("elf.payload", 3, Answer.UNKNOWN, "A launcher whose payload was not read")
def unread_payload(context: Context) -> Match | None:
    """A static program with an archive or a file system image behind it may unpack it and start the
    program inside, which may need a loader. Recognised: AppImage, caxa, scie, Nuitka, and payloads
    by their format. Where the payload can be read, the program inside is judged instead.
    """
    payload = payload_of(context)
    if payload is None or not isinstance(payload.program, Unknown):
        return None
    name = payload.kind or "launcher, perhaps"
    what = f"{payload.size:,} bytes of {payload.format or 'data'}"
    return Match(
        f"The program starts, and it carries {what} ({name}). Whether a program inside would start"
        f" is not known: {payload.program.why}.",
        f"payload at {payload.offset:#x}",
        "Unpack it and inspect the program inside, or run it to find out",
        short=f"{payload.kind or 'a payload'} not read",
    )
