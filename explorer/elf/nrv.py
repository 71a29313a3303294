"""NRV2B, NRV2D and NRV2E: the compression methods that UPX has used since 1998.

The formats are those of UCL's decompressors (``n2b_d.c``, ``n2d_d.c``, ``n2e_d.c``): literals and
matches, distinguished by single bits that are interleaved with whole bytes. The variants differ in
how an offset and a length are written, and in the size of the units that the bits are taken from.
"""

from collections.abc import Callable

END = 0xFFFF_FFFF
"""The offset that marks the end of a block."""
_OFFSET_BYTES = 0xFF_FFFF + 3
"""An offset's high part never exceeds this; more is damage."""


class NrvError(ValueError):
    """The compressed data are damaged."""


class _Bits:
    """Bits and bytes of a compressed block, read through one position."""

    def __init__(self, data: bytes, unit: int) -> None:
        self.data = data
        self.position = 0
        self._unit = unit
        self._bits = 0
        self._left = 0

    def byte(self) -> int:
        if self.position >= len(self.data):
            raise NrvError("the block ends early")
        value = self.data[self.position]
        self.position += 1
        return value

    def bit(self) -> int:
        if not self._left:
            part = self.data[self.position : self.position + self._unit]
            if len(part) < self._unit:
                raise NrvError("the block ends early")
            self.position += self._unit
            self._bits = int.from_bytes(part, "little")
            self._left = 8 * self._unit
        self._left -= 1
        return (self._bits >> self._left) & 1

    def gamma(self, value: int) -> int:
        """Doubles ``value`` and adds a bit until a stop bit is set."""
        while True:
            value = 2 * value + self.bit()
            if value > _OFFSET_BYTES:
                raise NrvError("a number is out of range")
            if self.bit():
                return value


def _offset_2b(bits: _Bits) -> int:
    return bits.gamma(1)


def _offset_2d(bits: _Bits) -> int:
    value = 1
    while True:
        value = 2 * value + bits.bit()
        if value > _OFFSET_BYTES:
            raise NrvError("a number is out of range")
        if bits.bit():
            return value
        value = 2 * (value - 1) + bits.bit()


def _length_2b(bits: _Bits, _: int) -> int:
    length = 2 * bits.bit() + bits.bit()
    return length or bits.gamma(1) + 2


def _length_2d(bits: _Bits, low: int) -> int:
    length = 2 * low + bits.bit()
    return length or bits.gamma(1) + 2


def _length_2e(bits: _Bits, low: int) -> int:
    if low:
        return 1 + bits.bit()
    if bits.bit():
        return 3 + bits.bit()
    return bits.gamma(1) + 3


_Variant = tuple[Callable[[_Bits], int], Callable[[_Bits, int], int], int]
_VARIANTS: dict[str, _Variant] = {
    "2b": (_offset_2b, _length_2b, 0xD00),
    "2d": (_offset_2d, _length_2d, 0x500),
    "2e": (_offset_2d, _length_2e, 0x500),
}
"""How an offset and a length are read, and the offset beyond which a match is one byte longer."""


def decompress(data: bytes, most: int, variant: str, unit: int = 4) -> bytes:
    """The first ``most`` bytes of a block, or all of it where it is shorter.

    Args:
        variant: ``2b``, ``2d`` or ``2e``.
        unit: bytes that bits are taken from at once: 1, 2 or 4, little-endian on every machine.

    Raises:
        NrvError: the data are damaged.
    """
    read_offset, read_length, far = _VARIANTS[variant]
    bits = _Bits(data, unit)
    out = bytearray()
    last = 1
    while len(out) < most:
        if bits.bit():
            out.append(bits.byte())
            continue
        offset, low = read_offset(bits), 0
        if offset == 2:
            offset = last
            low = bits.bit() if variant != "2b" else 0
        else:
            offset = ((offset - 3) << 8 | bits.byte()) & END
            if offset == END:
                break
            if variant != "2b":
                low = ~offset & 1
                offset >>= 1
            offset += 1
            last = offset
        _copy(out, offset, read_length(bits, low) + (offset > far) + 1, most)
    return bytes(out)


def _copy(out: bytearray, offset: int, length: int, most: int) -> None:
    if offset > len(out):
        raise NrvError("a match reaches before the block's first byte")
    length = min(length, most - len(out))
    start = len(out) - offset
    while length > 0:  # a match may overlap what it writes
        part = out[start : start + min(length, len(out) - start)]
        out += part
        start += len(part)
        length -= len(part)
