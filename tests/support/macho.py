"""Universal Mach-O files, put together as ``mach-o/fat.h`` describes them."""

import struct


def universal(*programs: tuple[int, bytes], wide: bool = False) -> bytes:
    """A universal file of programs, each with its cputype; ``wide`` writes ``FAT_MAGIC_64``."""
    header = struct.pack(">II", 0xCAFEBABF if wide else 0xCAFEBABE, len(programs))
    body = b""
    start = 0x4000
    for cpu, data in programs:
        place = (start + len(body), len(data), 14)
        header += struct.pack(">IIQQII" if wide else ">IIIII", cpu, 0, *place, *([0] * wide))
        body += data + bytes(-len(data) % 0x4000)
    return header.ljust(start, b"\0") + body
