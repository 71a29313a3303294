"""How a program meets its libraries: steps 0 to 3 of the verdict's procedure, from program headers and PT_DYNAMIC."""

from explorer.elf import dynamic as dyn
from explorer.elf import layout as shape
from explorer.elf.head import Head, file_end
from explorer.elf.models import Linkage, PackedProgram
from explorer.facts import Fact, NotApplicable, Unknown


def decide(
    head: Head,
    packed: Fact[PackedProgram],
    table: Fact[dyn.DynamicTable],
    size: int | Unknown,
) -> tuple[Fact[Linkage], str]:
    """The linkage, and a sentence why where the dynamic section makes it BROKEN.

    On a prefix the answer is that of the whole file, or Unknown.
    """
    if head.defects:
        return Linkage.BROKEN, ""
    if head.type == shape.ET_REL:
        return Linkage.OBJECT, ""
    if head.type == shape.ET_CORE:
        return Linkage.CORE, ""
    missing = _missing(head, packed, size)
    if missing is not None:
        return missing, ""
    if isinstance(packed, PackedProgram):
        return Linkage.PACKED, ""
    if not isinstance(head.interpreter, NotApplicable):
        return Linkage.DYNAMIC, ""
    if isinstance(table, Unknown):
        return table, ""
    return _without_interpreter(head, table)


def _missing(head: Head, packed: Fact[PackedProgram], size: int | Unknown) -> Unknown | None:
    """What else has to be here before anything can be said."""
    for fact in (head.raw, packed, head.interpreter):
        if isinstance(fact, Unknown):
            return fact
    if isinstance(size, Unknown) and not isinstance(head.raw, (Unknown, NotApplicable)):
        return Unknown("nobody says how long the file is, so it may be cut", file_end(head.raw))
    return None


def _without_interpreter(
    head: Head, table: dyn.DynamicTable | NotApplicable
) -> tuple[Fact[Linkage], str]:
    fixed = head.type == shape.ET_EXEC
    if isinstance(table, NotApplicable):
        if fixed:
            return Linkage.STATIC, ""
        return (Linkage.STATIC_PIE if head.header.entry else Linkage.SHARED_LIBRARY), ""
    needs = table.has(dyn.NEEDED)
    # DT_DEBUG is what linkers give to programs only; it tells an old PIE from an old plugin without DT_SONAME.
    program = fixed or table.pie or (needs and table.has(dyn.DEBUG) and not table.has(dyn.SONAME))
    if program and needs:
        return (
            Linkage.BROKEN,
            "it needs libraries (DT_NEEDED) but names no interpreter (PT_INTERP) that would load them",
        )
    if fixed:
        return Linkage.STATIC, ""
    if table.pie:
        return Linkage.STATIC_PIE, ""
    library = needs or table.has(dyn.SONAME) or not head.header.entry
    return (Linkage.SHARED_LIBRARY if library else Linkage.STATIC_PIE), ""
