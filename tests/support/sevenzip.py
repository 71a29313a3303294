"""7z archives for the tests, written by the description in 7zFormat.txt. No tool is needed."""

import bz2
import lzma
import struct
import zlib
from collections.abc import Sequence

from tests.support.archives import zst

FILTERS = {
    b"\x03": {"id": lzma.FILTER_DELTA, "dist": 4},
    b"\x03\x03\x01\x03": {"id": lzma.FILTER_X86},
    b"\x07": {"id": lzma.FILTER_ARM},
}
LZMA1 = {"id": lzma.FILTER_LZMA1, "preset": 1, "dict_size": 1 << 20}
LZMA2 = {"id": lzma.FILTER_LZMA2, "preset": 1, "dict_size": 1 << 20}
LZMA1_PROPERTIES = b"\x5d" + struct.pack("<L", 1 << 20)
LZMA2_PROPERTIES = bytes([16])
Member = tuple[str, int, bytes | None]
"""Name, Unix mode and content; None for a folder."""


def number(value: int) -> bytes:
    """A number in 7z's variable length."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF00 >> extra) & 0xFF | value >> (8 * extra)
            return bytes([first]) + (value & (1 << 8 * extra) - 1).to_bytes(extra, "little")
    return b"\xff" + value.to_bytes(8, "little")


def coder(method: bytes, properties: bytes = b"") -> bytes:
    flags = len(method) | (0x20 if properties else 0)
    return bytes([flags]) + method + (number(len(properties)) + properties if properties else b"")


def pack(data: bytes, how: str) -> tuple[bytes, bytes, int]:
    """The packed bytes, the folder that describes them, and its number of coders.

    Args:
        how: ``copy``, ``lzma``, ``lzma2``, ``deflate``, ``bz2`` or ``zst``; ``x86+lzma`` and so on
            for one of the ``FILTERS`` (``delta``, ``x86``, ``arm``) before it.
    """
    *names, kind = how.split("+")
    methods = {"delta": b"\x03", "x86": b"\x03\x03\x01\x03", "arm": b"\x07"}
    filters = [methods[name] for name in names]
    chain = [FILTERS[method] for method in filters]
    if kind in ("lzma", "lzma2"):
        last = LZMA1 if kind == "lzma" else LZMA2
        packed = lzma.compress(data, format=lzma.FORMAT_RAW, filters=[*chain, last])
        own = (
            coder(b"\x03\x01\x01", LZMA1_PROPERTIES)
            if kind == "lzma"
            else coder(b"\x21", LZMA2_PROPERTIES)
        )
    else:
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed, own = {
            "copy": lambda: (data, coder(b"\0")),
            "deflate": lambda: (packer.compress(data) + packer.flush(), coder(b"\4\1\x08")),
            "bz2": lambda: (bz2.compress(data), coder(b"\4\2\2")),
            "zst": lambda: (zst(data), coder(b"\4\xf7\x11\1")),
            "aes": lambda: (data, coder(b"\6\xf1\7\1", b"x")),
            "ppmd": lambda: (data, coder(b"\3\4\1", b"xxxxx")),
        }[kind]()
    coders = [coder(m, b"\3" if m == b"\x03" else b"") for m in filters] + [own]
    count = len(coders)
    # The first coder is the last to decode: coder n reads what coder n + 1 gives.
    binds = b"".join(number(n) + number(n + 1) for n in range(count - 1))
    return packed, number(count) + b"".join(coders) + binds, count


def streams_info(packs: Sequence[tuple[int, int]], folders: bytes, at: int) -> bytes:
    """Pack and unpack info. ``packs``: size of each packed stream and CRC of what is in it."""
    sizes = b"".join(number(size) for size, _ in packs)
    crcs = b"".join(struct.pack("<L", crc) for _, crc in packs)
    return (
        b"\x06" + number(at) + number(len(packs)) + b"\x09" + sizes + b"\x00"
        + b"\x07\x0b" + number(len(packs)) + b"\x00" + folders + b"\x0a\x01" + crcs + b"\x00"
    )  # fmt: skip


def bits(values: Sequence[bool]) -> bytes:
    data = bytearray(-(-len(values) // 8))
    for index, value in enumerate(values):
        data[index // 8] |= (0x80 >> index % 8) * value
    return bytes(data)


def sevenzip_of(members: Sequence[Member], how: str = "lzma2", *, header: str = "") -> bytes:
    """A 7z archive of one solid folder.

    Args:
        how: how the files are packed, see ``pack``.
        header: how the header is packed; empty: it is not.
    """
    contents = [data for _, _, data in members if data]
    solid = b"".join(contents)
    packed, folder, count = pack(solid, how)
    body = packed if contents else b""
    info = b""
    if contents:
        sizes = b"\x0c" + number(len(solid)) * count
        info = b"\x04" + streams_info([(len(packed), zlib.crc32(solid))], folder + sizes, 0)
        crcs = b"".join(struct.pack("<L", zlib.crc32(data)) for data in contents)
        parts = b"".join(number(len(data)) for data in contents[:-1])
        info += b"\x08\x0d" + number(len(contents)) + (b"\x09" + parts if parts else b"")
        info += (b"\x0a\x01" + crcs if len(contents) > 1 else b"") + b"\x00\x00"
    empty = [not data for _, _, data in members]
    empty_files = [data is not None for _, _, data in members if not data]
    names = b"\x00" + "".join(f"{name}\0" for name, _, _ in members).encode("utf-16-le")
    modes = b"".join(struct.pack("<L", mode << 16 | 0x8000) for _, mode, _ in members)
    properties = [(0x0E, bits(empty)), (0x0F, bits(empty_files)), (0x11, names),
                  (0x15, b"\x01\x00" + modes)]  # fmt: skip
    files = b"\x05" + number(len(members))
    for kind, data in properties:
        files += bytes([kind]) + number(len(data)) + data
    end = b"\x01" + info + files + b"\x00\x00"
    if header:
        packed, folder, count = pack(end, header)
        at = len(body)
        body += packed
        sizes = b"\x0c" + number(len(end)) * count
        end = b"\x17" + streams_info([(len(packed), zlib.crc32(end))], folder + sizes, at) + b"\x00"
    start = struct.pack("<2QL", len(body), len(end), zlib.crc32(end))
    head = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start
    return head + body + end
