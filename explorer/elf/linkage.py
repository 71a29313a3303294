"""How a program meets its libraries, from its program headers and PT_DYNAMIC."""

from explorer.elf import dynamic as dyn
from explorer.elf import layout as shape
from explorer.elf.head import Head, file_end
from explorer.elf.models import Linkage, Linking, PackedProgram
from explorer.facts import Fact, NotApplicable, Unknown

NO_LOADER = "it needs libraries (DT_NEEDED) but no interpreter (PT_INTERP) that would load them"


def decide(
    head: Head,
    packed: Fact[PackedProgram],
    table: Fact[dyn.DynamicTable],
    linking: Fact[Linking],
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
    if isinstance(table, NotApplicable):
        return _without_dynamic(head), ""
    return _without_interpreter(head, table, linking)


def _missing(head: Head, packed: Fact[PackedProgram], size: int | Unknown) -> Unknown | None:
    """What else has to be read before anything can be said."""
    for fact in (head.raw, packed, head.interpreter):
        if isinstance(fact, Unknown):
            return fact
    if isinstance(size, Unknown) and not isinstance(head.raw, (Unknown, NotApplicable)):
        return Unknown("the length of the file is not known: it may be cut", file_end(head.raw))
    return None


def _without_dynamic(head: Head) -> Linkage:
    if head.type == shape.ET_EXEC:
        return Linkage.STATIC
    return Linkage.STATIC_PIE if head.header.entry else Linkage.SHARED_LIBRARY


def _without_interpreter(
    head: Head, table: dyn.DynamicTable, linking: Fact[Linking]
) -> tuple[Fact[Linkage], str]:
    fixed = head.type == shape.ET_EXEC
    needs = table.has(dyn.NEEDED)
    named = table.has(dyn.SONAME)
    # Linkers write DT_DEBUG into programs only: it marks PIEs that are older than DF_1_PIE.
    debug = table.has(dyn.DEBUG)
    if needs and (fixed or table.pie or (debug and not named)):
        return Linkage.BROKEN, NO_LOADER
    if fixed:
        return Linkage.STATIC, ""
    if table.pie:
        return Linkage.STATIC_PIE, ""
    if needs or named or not head.header.entry:
        return Linkage.SHARED_LIBRARY, ""
    if debug:
        return Linkage.STATIC_PIE, ""
    # Some linkers (mold, older GNU ld) give libraries an entry too: then exported symbols tell.
    if isinstance(linking, Unknown):
        return linking, ""
    if isinstance(linking, Linking) and linking.exports:
        return Linkage.SHARED_LIBRARY, ""
    return Unknown("nothing in it says whether it is a program or a library"), ""
