"""What is inside a packed program, as far as its packer's structure tells."""

from explorer.bytesource import OutOfReachError, PrefixSource
from explorer.elf import layout as shape
from explorer.elf.head import DAMAGED_HEADER, Head, RawSegment, read_head, unknown
from explorer.elf.models import Linkage, PackedProgram
from explorer.elf.upx import Upx, read_beginning, read_upx
from explorer.elf.view import DamagedError, View, text
from explorer.facts import Fact, NotApplicable, Unknown

NOT_PACKED = NotApplicable("no packer's structure")


def look_inside(view: View, head: Head) -> Fact[PackedProgram]:
    """The program inside; NotApplicable where the file is not packed.

    Its linkage is known from its program headers, which UPX keeps in its first block. Where they
    cannot be unpacked, the file is packed all the same and the linkage is Unknown.
    """
    if not head.usable:
        return DAMAGED_HEADER
    if head.type not in (shape.ET_EXEC, shape.ET_DYN) or not head.header.phnum:
        return NOT_PACKED
    try:
        upx = read_upx(view, head)
    except OutOfReachError as error:
        return unknown(error)
    except DamagedError as error:
        hidden = Unknown(str(error))
        return PackedProgram("UPX", "", hidden, hidden, hidden)
    return NOT_PACKED if upx is None else _inside(view, head, upx)


def _inside(view: View, head: Head, upx: Upx) -> PackedProgram:
    original = read_head(View(PrefixSource(upx.head, upx.size, "it is packed")))
    if original.defects or isinstance(original.raw, (Unknown, NotApplicable)):
        hidden = Unknown("the program headers inside are damaged")
        return PackedProgram("UPX", upx.method, upx.size, hidden, hidden)
    place = original.first(shape.PT_INTERP)
    if isinstance(place, RawSegment):
        interpreter = _interpreter(view, head, upx, place)
        return PackedProgram("UPX", upx.method, upx.size, Linkage.DYNAMIC, interpreter)
    linkage = Linkage.STATIC if original.type == shape.ET_EXEC else Linkage.STATIC_PIE
    none = NotApplicable("no PT_INTERP inside: it needs no interpreter")
    return PackedProgram("UPX", upx.method, upx.size, linkage, none)


def _interpreter(view: View, head: Head, upx: Upx, place: RawSegment) -> Fact[str]:
    end = place.offset + place.filesz
    try:
        data = read_beginning(view, head, upx, end)
    except OutOfReachError as error:
        return unknown(error)
    except DamagedError as error:
        return Unknown(str(error))
    path = data[place.offset : end].split(b"\0", 1)[0]
    return text(path) if path.startswith(b"/") else Unknown("the name inside cannot be read")
