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


def arm64_of(data: bytes) -> bytes:
    """The inverse of 7z's ARM64 filter's decoder: absolute targets of BL and ADRP."""
    out = bytearray(data)
    for at in range(0, len(data) - 3, 4):
        word = int.from_bytes(data[at : at + 4], "little")
        if word >> 26 == 0x25:
            word = 0x94000000 | (word + (at >> 2)) & 0x03FFFFFF
        elif word & 0x9F000000 == 0x90000000:
            source = word >> 29 & 3 | word >> 3 & 0x1FFFFC
            if not (source + 0x20000) & 0x1C0000:
                target = source + (at >> 12)
                word &= 0x9000001F
                word |= (
                    (target & 3) << 29 | (target & 0x3FFFC) << 3 | -(target & 0x20000) & 0xE00000
                )
        out[at : at + 4] = word.to_bytes(4, "little")
    return bytes(out)


class RangeEncoder:
    """The encoder of LZMA's range coder, with BCJ2's probabilities."""

    def __init__(self) -> None:
        self.low, self.range, self.cache, self.pending = 0, 0xFFFFFFFF, 0, 1
        self.out = bytearray()
        self.probabilities = [1024] * 258

    def bit(self, index: int, bit: bool) -> None:
        probability = self.probabilities[index]
        bound = (self.range >> 11) * probability
        if bit:
            self.low, self.range = self.low + bound, self.range - bound
            self.probabilities[index] -= probability >> 5
        else:
            self.range = bound
            self.probabilities[index] += (2048 - probability) >> 5
        if self.range < 1 << 24:
            self.range = self.range << 8 & 0xFFFFFFFF
            self.shift()

    def shift(self) -> None:
        if self.low < 0xFF000000 or self.low >= 1 << 32:
            carry = self.low >> 32
            for n in range(self.pending):
                self.out.append((self.cache if n == 0 else 0xFF) + carry & 0xFF)
            self.pending, self.cache = 0, self.low >> 24 & 0xFF
        self.pending += 1
        self.low = (self.low & 0x00FFFFFF) << 8

    def done(self) -> bytes:
        for _ in range(5):
            self.shift()
        return bytes(self.out)


def bcj2_of(data: bytes) -> list[bytes]:
    """Code, targets of calls, targets of jumps, range coder; every second target is moved."""
    code, calls, jumps, coder = bytearray(), bytearray(), bytearray(), RangeEncoder()
    at, last, turn = 0, 0, False
    while at < len(data):
        byte = data[at]
        code.append(byte)
        at += 1
        is_branch = byte & 0xFE == 0xE8 or (last == 0x0F and byte & 0xF0 == 0x80)
        if is_branch and at < len(data):
            turn = not turn
            moved = turn and at + 4 <= len(data)
            coder.bit(last if byte == 0xE8 else 256 if byte == 0xE9 else 257, moved)
            if moved:
                target = int.from_bytes(data[at : at + 4], "little") + at + 4 & 0xFFFFFFFF
                (calls if byte == 0xE8 else jumps).extend(target.to_bytes(4, "big"))
                byte = data[at + 3]
                at += 4
        last = byte
    return [bytes(code), bytes(calls), bytes(jumps), coder.done()]


def pack(data: bytes, how: str) -> tuple[list[bytes], bytes, list[int]]:
    """The packed streams, the folder that describes them, and what each coder gives, in bytes.

    Args:
        how: ``copy``, ``lzma``, ``lzma2``, ``deflate``, ``bz2`` or ``zst``; ``x86+lzma`` and so on
            for one of the ``FILTERS`` (``delta``, ``x86``, ``arm``) or ``arm64`` before it;
            ``bcj2`` alone, or ``bcj2+lzma2`` with its code packed.
    """
    *names, kind = how.split("+")
    if "bcj2" in how:
        return _pack_bcj2(data, how)
    methods = {"delta": b"\x03", "x86": b"\x03\x03\x01\x03", "arm": b"\x07", "arm64": b"\x0a"}
    filters = [methods[name] for name in names]
    chain = [FILTERS[method] for method in filters if method in FILTERS]
    size = len(data)
    data = arm64_of(data) if "arm64" in names else data
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    packed, own = {
        "lzma": lambda: (_raw(data, [*chain, LZMA1]), coder(b"\x03\x01\x01", LZMA1_PROPERTIES)),
        "lzma2": lambda: (_raw(data, [*chain, LZMA2]), coder(b"\x21", LZMA2_PROPERTIES)),
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
    return [packed], number(count) + b"".join(coders) + binds, [size] * count


def _raw(data: bytes, filters: list[dict[str, int]]) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters)


def _pack_bcj2(data: bytes, how: str) -> tuple[list[bytes], bytes, list[int]]:
    streams = bcj2_of(data)
    four = b"\x14\x03\x03\x01\x1b" + number(4) + number(1)
    if how == "bcj2":
        return streams, number(1) + four + b"".join(map(number, range(4))), [len(data)]
    size, streams[0] = len(streams[0]), _raw(streams[0], [LZMA2])
    # Input 0 of BCJ2 reads output 1; inputs 1 to 4 read packed streams, 4 being the LZMA2's.
    folder = number(2) + four + coder(b"\x21", LZMA2_PROPERTIES) + number(0) + number(1)
    return streams, folder + b"".join(map(number, (4, 1, 2, 3))), [len(data), size]


def streams_info(packs: Sequence[bytes], folder: bytes, sizes: Sequence[int], data: bytes,
                 at: int) -> bytes:  # fmt: skip
    """Pack and unpack info of one folder, whose content is ``data`` and whose place is ``at``."""
    return (
        b"\x06" + number(at) + number(len(packs))
        + b"\x09" + b"".join(number(len(pack)) for pack in packs) + b"\x00"
        + b"\x07\x0b\x01\x00" + folder + b"\x0c" + b"".join(map(number, sizes))
        + b"\x0a\x01" + struct.pack("<L", zlib.crc32(data)) + b"\x00"
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
    body, info = b"", b""
    if contents:
        packed, folder, sizes = pack(solid, how)
        body = b"".join(packed)
        info = b"\x04" + streams_info(packed, folder, sizes, solid, 0)
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
        packed, folder, sizes = pack(end, header)
        info = streams_info(packed, folder, sizes, end, len(body))
        body += b"".join(packed)
        end = b"\x17" + info + b"\x00"
    start = struct.pack("<2QL", len(body), len(end), zlib.crc32(end))
    head = b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<L", zlib.crc32(start)) + start
    return head + body + end
