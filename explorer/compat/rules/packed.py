"""Step 2: packed programs, judged by the program inside."""

from __future__ import annotations

from explorer.compat.context import Context, need
from explorer.compat.loaders import Presence, listed, presence
from explorer.compat.models import Answer
from explorer.compat.rules.registry import Match, rule
from explorer.compat.rules.words import place
from explorer.elf import Linkage, PackedProgram

_UNPACK = "Unpack it with “upx -d” and inspect the result, or run it to find out"


def _inside(context: Context) -> PackedProgram | None:
    return need(context.elf.packed, "whether it is packed") if context.elf else None


@rule("elf.packed", 2, Answer.UNKNOWN, "Packed, and the program inside cannot be judged")
def packed(context: Context) -> Match | None:
    """A packer such as UPX puts a small static program in front of the real one, which it unpacks
    into memory. What the real one needs is read from UPX's first blocks. The answer is unknown
    where these are damaged, and where the program inside is dynamic and its loader is present: its
    libraries and symbols are not read.
    """
    inside = _inside(context)
    if inside is None:
        return None
    name = inside.packer
    linkage = need(inside.linkage, f"the program inside, packed with {name}")
    if linkage is not Linkage.DYNAMIC:
        return None
    loader = need(inside.interpreter, f"the loader of the program inside, packed with {name}")
    if loader is None or presence(loader, context.target) is Presence.ABSENT:
        return None
    return Match(
        f"It is packed with {name}. The program inside needs the loader {loader}, which is"
        " present, and libraries that cannot be seen.",
        _evidence(inside),
        _UNPACK,
        short=f"packed ({name}), dynamic",
    )


@rule("elf.packed.static", 2, Answer.YES, "Packed, and the program inside is static")
def packed_static(context: Context) -> Match | None:
    """The program headers inside name no interpreter: it unpacks itself into memory and needs
    nothing but the kernel, as it would unpacked.
    """
    inside = _inside(context)
    if inside is None:
        return None
    linkage = need(inside.linkage, f"the program inside, packed with {inside.packer}")
    if linkage not in (Linkage.STATIC, Linkage.STATIC_PIE):
        return None
    return Match(
        f"It is packed with {inside.packer}, and the program inside is static: no interpreter, no"
        " libraries.",
        _evidence(inside),
        short=f"static, packed ({inside.packer})",
    )


@rule("elf.packed.loader", 2, Answer.NO, "Packed, and the program inside needs a missing loader")
def packed_loader(context: Context) -> Match | None:
    """The program headers inside name an interpreter that the target does not have. UPX's own code
    opens it, and without it ends with exit code 127 and no message.
    """
    inside = _inside(context)
    if inside is None:
        return None
    loader = need(
        inside.interpreter, f"the loader of the program inside, packed with {inside.packer}"
    )
    if loader is None or presence(loader, context.target) is not Presence.ABSENT:
        return None
    known = listed(loader, context.target)
    missing = "does not have" if known else "may not have"
    return Match(
        f"It is packed with {inside.packer}, and the program inside needs the loader {loader},"
        f" which {place(context.target)} {missing}: it would end with exit code 127 and no"
        " message.",
        _evidence(inside),
        "Use a static file, or an image that has this loader",
        None if known else Answer.UNKNOWN,
        short=f"packed ({inside.packer}), missing loader",
    )


def _evidence(inside: PackedProgram) -> str:
    return f"{inside.packer}'s first block ({inside.method}): the original program headers"
