"""Programs packed by UPX: recognised by their structure, and seen through.

Behind the program headers of a packed program stand ``l_info`` (12 bytes), ``p_info`` (12 bytes)
and compressed blocks, each behind a ``b_info`` (12 bytes); the first block holds the original ELF
header and program headers, the next ones the original segments (UPX, ``src/p_unix.h`` and
``src/p_lx_elf.cpp``). A mark in the file, ``UPX!``, can be wiped and can stand in any file, so only
the structure counts: the first block has to unpack to an ELF header of the same class and machine.
"""

import lzma
from dataclasses import dataclass
from typing import Final

from explorer.elf import layout as shape
from explorer.elf.head import Head
from explorer.elf.layout import Layout
from explorer.elf.nrv import NrvError, decompress
from explorer.elf.view import DamagedError, View

_INFO = 12
"""Bytes of ``l_info``, of ``p_info`` and of ``b_info`` each."""
MOST_HEADERS = 64 << 10
"""Unpacked bytes of the first block: Linux takes no more program headers than that."""
MOST_BYTES = 256 << 10
"""Unpacked bytes of the original file that are looked at: an interpreter's name lies there."""
_NRV: Final = {
    method: (variant, unit)
    for first, variant in ((2, "2b"), (5, "2d"), (8, "2e"))
    for method, unit in ((first, 4), (first + 1, 1), (first + 2, 2))
}
"""M_NRV2B_LE32 … M_NRV2E_LE16 (UPX, ``src/conf.h``): the variant, and the bytes of a bit unit."""
_LZMA: Final = 14
_STORED: Final = "stored"


@dataclass(frozen=True, slots=True)
class Upx:
    """What the beginning of a packed program tells of the original one."""

    method: str
    """``LZMA``, ``NRV2B``, ``NRV2D``, ``NRV2E``, or ``stored``."""
    size: int
    """Bytes of the original program."""
    head: bytes
    """The original ELF header and program headers."""
    next_block: int
    """Offset of the second block's ``b_info`` in the packed file."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A ``b_info``: where the block's bytes are, and how they are packed."""

    offset: int
    unpacked: int
    packed: int
    method: int

    @property
    def name(self) -> str:
        if self.packed == self.unpacked:
            return _STORED
        return "LZMA" if self.method == _LZMA else f"NRV{_NRV[self.method][0].upper()}"


def read_upx(view: View, head: Head) -> Upx | None:
    """The original program's headers, or None where UPX's structure is not there.

    Raises:
        OutOfReachError: the bytes that would tell are not here.
        DamagedError: the structure and its mark are there, and the headers cannot be unpacked.
    """
    layout = head.layout
    if head.header.phoff != 16 + layout.header.size:
        return None  # UPX writes its program headers right behind the ELF header
    start = head.header.phoff + head.header.phnum * layout.segment.size
    info = head.start[start : start + 3 * _INFO]
    if len(info) < 3 * _INFO:
        info = view.upto(start, 3 * _INFO)
    try:
        size, block = _first_block(info, start, layout)
        packed = _read(view, head, block.offset, block.packed)
        original = _unpack(packed, block, block.unpacked)
        if not _same_kind(original, head):
            raise DamagedError("UPX's first block holds no ELF header")
    except DamagedError:
        if info[4:8] == b"UPX!":
            raise
        return None
    return Upx(block.name, size, original, block.offset + block.packed)


def read_beginning(view: View, head: Head, upx: Upx, end: int) -> bytes:
    """The original file's bytes from 0 to ``end``, which lies in its first segment.

    The second block holds that segment without the headers, which are packed once.

    Raises:
        OutOfReachError: these bytes are not here.
        DamagedError: they cannot be unpacked, or ``end`` lies deeper than is looked.
    """
    wanted = end - len(upx.head)
    if wanted <= 0:
        return upx.head[:end]
    if end > MOST_BYTES:
        raise DamagedError("it lies too deep in the packed program")
    block = _block(_read(view, head, upx.next_block, _INFO), upx.next_block + _INFO, head.layout)
    # Compressed data are never much longer than what they unpack to.
    enough = min(block.packed, wanted + wanted // 8 + 64)
    packed = _read(view, head, block.offset, enough)
    return upx.head + _unpack(packed, block, min(wanted, block.unpacked))


def _read(view: View, head: Head, offset: int, length: int) -> bytes:
    if offset + length <= len(head.start):
        return head.start[offset : offset + length]
    return view.exact(offset, length, "a block of UPX's")


def _first_block(info: bytes, start: int, layout: Layout) -> tuple[int, _Block]:
    """The original file's size and the first block, from ``l_info``, ``p_info`` and ``b_info``."""
    if len(info) < 3 * _INFO:
        raise DamagedError("the file ends before UPX's first block")
    size = _number(info, 16, layout)
    block = _block(info[2 * _INFO :], start + 3 * _INFO, layout)
    smallest = 16 + layout.header.size + layout.segment.size
    if not smallest <= block.unpacked <= min(MOST_HEADERS, size):
        raise DamagedError("UPX's first block is too small or too large for program headers")
    return size, block


def _block(info: bytes, offset: int, layout: Layout) -> _Block:
    unpacked, packed = _number(info, 0, layout), _number(info, 4, layout)
    method = info[8]
    if not 0 < packed <= unpacked or (packed < unpacked and method not in (*_NRV, _LZMA)):
        raise DamagedError("a block of UPX's is damaged, or packed by a method unknown here")
    return _Block(offset, unpacked, packed, method)


def _number(data: bytes, offset: int, layout: Layout) -> int:
    number: int = layout.word.unpack_from(data, offset)[0]
    return number


def _same_kind(original: bytes, head: Head) -> bool:
    """Whether the headers are those of a program for the same class, byte order and machine."""
    layout = head.layout
    if original[:4] != shape.ELF_MAGIC or len(original) < 16 + layout.header.size:
        return False
    same = (original[4] == 2) == (layout.bits == 64) and (
        (original[5] != 2) == layout.little_endian
    )
    return same and layout.header.unpack_from(original, 16)[1] == head.header.machine


def _unpack(data: bytes, block: _Block, most: int) -> bytes:
    """The block's first ``most`` bytes.

    Raises:
        DamagedError: it gives fewer.
    """
    try:
        if block.name == _STORED:
            unpacked = data[:most]
        elif block.method == _LZMA:
            unpacked = _unpack_lzma(data, block.unpacked, most)
        else:
            variant, unit = _NRV[block.method]
            unpacked = decompress(data, most, variant, unit)
    except (NrvError, lzma.LZMAError) as error:
        raise DamagedError(f"a block of UPX's cannot be unpacked: {error}") from None
    if len(unpacked) < most:
        raise DamagedError("a block of UPX's ends early")
    return unpacked


def _unpack_lzma(data: bytes, size: int, most: int) -> bytes:
    """A raw LZMA stream after two bytes with lc, lp and pb (``src/compress/compress_lzma.cpp``)."""
    if len(data) < 2:
        raise DamagedError("a block of UPX's ends early")
    properties = {"lc": data[1] & 15, "lp": data[1] >> 4, "pb": data[0] & 7}
    dictionary = min(max(size, 4096), 64 << 20)
    try:
        stream = lzma.LZMADecompressor(
            lzma.FORMAT_RAW,
            filters=[{"id": lzma.FILTER_LZMA1, "dict_size": dictionary, **properties}],
        )
    except (ValueError, MemoryError) as error:
        raise DamagedError(f"a block of UPX's cannot be unpacked: {error}") from None
    return stream.decompress(data[2:], max_length=most)
