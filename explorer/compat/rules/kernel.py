"""Step 0, continued: what the kernel itself refuses before any loader is asked."""

from __future__ import annotations

from explorer.compat.context import Context
from explorer.compat.kernel import (
    USUAL_PAGE,
    KernelRefusal,
    locked,
    misplaced,
    refusal,
    smallest_page,
)
from explorer.compat.models import Answer
from explorer.compat.rules.registry import Match, rule
from explorer.elf import Linkage
from explorer.facts import Unknown

_STARTED = (Linkage.STATIC, Linkage.STATIC_PIE, Linkage.DYNAMIC, Linkage.PACKED)
_REMEDY = "Build it again, without editing or stripping it afterwards"


@rule("elf.kernel", 0, Answer.NO, "The kernel does not start it")
def kernel(context: Context) -> Match | None:
    """Linux maps each PT_LOAD itself and refuses the file (or kills the process, exit 139) where
    one has a place in the file that does not fit its address modulo the page size, a larger size
    in the file than in memory, an address of the kernel, or more memory than there is. A program
    whose entry point is in no executable segment crashes at its first instruction. patchelf and
    strip leave such files. Some of this depends on the kernel, and then the answer is yes-if.
    """
    if context.elf is None or not _is_program(context):
        return None
    header, segments = context.elf.header, context.segments
    page = smallest_page(header.arch)
    refused = refusal(header, segments, page)
    usual = USUAL_PAGE.get(header.arch, page)
    loads = [segment for segment in segments if segment.type == "LOAD"]
    large = next((wrong for load in loads if (wrong := misplaced(load, usual))), None)
    if refused is None and large is not None:
        text = f"It starts only where the kernel has pages of less than {usual // 1024} KiB."
        refused = KernelRefusal(text, large.evidence, "needs small pages", Answer.YES_IF)
    if refused is None:
        return None
    return Match(
        refused.text, refused.evidence, _REMEDY, answer=refused.answer, short=refused.short
    )


@rule("elf.protection", 0, Answer.UNKNOWN, "A segment that it may not use")
def protection(context: Context) -> Match | None:
    """The flags of a PT_LOAD forbid what the program needs: it may not be read at all, or not be
    written although it holds variables. Such a program crashes as soon as it tries, at the latest;
    whether it ever does is not known. No linker writes such flags, but tools that edit headers do.
    """
    if context.elf is None or not _is_program(context) or context.linkage is Linkage.PACKED:
        return None
    if not (where := locked(context.segments)):
        return None
    return Match(
        "One of its segments may not be used as the program has to: it may crash at the start.",
        where,
        _REMEDY,
        short="a segment it may not use",
    )


def _is_program(context: Context) -> bool:
    """Known from the head but for a position-independent file without an interpreter."""
    if context.elf is None or context.elf.header.type not in ("EXEC", "DYN"):
        return False
    if isinstance(context.elf.linkage, Unknown) and (
        context.elf.header.type == "EXEC" or context.interpreter is not None
    ):
        return bool(context.segments)
    return context.linkage in _STARTED
