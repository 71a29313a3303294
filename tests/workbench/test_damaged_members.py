"""A damaged member that may be the program is not passed over: from a peek and whole alike."""

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from explorer.bytesource import PrefixSource
from explorer.compat import Answer, find_target
from explorer.errors import ExplorerError, FormatError
from explorer.facts import Unknown
from explorer.progress import Cancellation
from explorer.releases.local import folder
from explorer.workbench import Depth, Workbench
from explorer.workbench.models import Subject
from explorer.workbench.peek import read_beginning
from explorer.workbench.resolve import asset_subject
from explorer.workbench.verdicts import verdicts_of
from tests.elf.crafted import Program
from tests.support.archives import ar_of, cpio_of, gz, rpm_of, tar_of, zip_of
from tests.support.sevenzip import sevenzip_of

TARGET = find_target("scratch")
INTERPRETER = b"/lib64/ld-linux-x86-64.so.2\0"
FIRST = Program(segments=[(3, 4, 192, len(INTERPRETER), 1)], body=INTERPRETER).build()
"""The answer is no for the program, which is damaged below, and not for what stands behind it."""
SECOND = Program(body=bytes(64)).build()
MEMBERS = [("tool", FIRST), ("a/tool", SECOND), ("a/notes", bytes(100_000))]
NAME = "tool-linux-amd64"
REGULAR, FIFO, LINK = 0o100755, 0o010755, 0o120777


def _zip(
    *, local: dict[int, bytes] | None = None, central: dict[int, bytes] | None = None
) -> bytes:
    """The members as a zip; bytes of the first one's headers replaced, by their offsets."""
    data = bytearray(zip_of(MEMBERS))
    for start, changes in ((0, local or {}), (data.index(b"PK\x01\x02"), central or {})):
        for offset, value in changes.items():
            data[start + offset : start + offset + len(value)] = value
    return bytes(data)


def _zip_with_both(offset: int, value: int) -> bytes:
    """A field of four bytes in both headers; ``offset``: in the local one."""
    packed = struct.pack("<L", value)
    return _zip(local={offset: packed}, central={offset + 2: packed})


def _flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def _deb(data: bytes) -> bytes:
    control = gz(tar_of([("./control", b"Package: tool\n")]))
    members = [("debian-binary", b"2.0\n"), ("control.tar.gz", control), ("data.tar.gz", data)]
    return ar_of(members)


def _seven() -> bytes:
    """The checksum of its first member is wrong."""
    plain = [(name, REGULAR, data) for name, data in MEMBERS]
    data = bytearray(sevenzip_of(plain, "copy"))
    at = data.rindex(struct.pack("<L", zlib.crc32(FIRST)))
    data[at] ^= 1
    header = struct.unpack_from("<2Q", data, 12)
    data[28:32] = struct.pack("<L", zlib.crc32(data[32 + header[0] :]))
    data[8:12] = struct.pack("<L", zlib.crc32(data[12:32]))
    return bytes(data)


BEHIND_PAPERS = [("README", b"x" * 512), *MEMBERS]
TAR = tar_of(BEHIND_PAPERS)
CPIO = cpio_of((name, REGULAR, data) for name, data in BEHIND_PAPERS)
DAMAGED: dict[str, Callable[[], bytes]] = {
    "checksum.zip": lambda: _zip_with_both(14, 1),
    "shorter.zip": lambda: _zip_with_both(22, len(FIRST) - 1),
    "longer.zip": lambda: _zip_with_both(22, len(FIRST) + 1),
    "local-checksum.zip": lambda: _zip(local={14: b"1234"}),
    "local-name.zip": lambda: _zip(central={46: b"look"}),
    "method.zip": lambda: _zip(central={10: b"\x0c\0"}),
    "fifo.zip": lambda: _zip(central={38: struct.pack("<L", FIFO << 16)}),
    "link.zip": lambda: _zip(central={38: struct.pack("<L", LINK << 16)}),
    "bytes.zip": lambda: _flipped(zip_of(MEMBERS), 34),
    "header.tar": lambda: _flipped(TAR, 1026),
    "size.tar.gz": lambda: gz(_flipped(TAR, 1154)),
    "bytes.tar.gz": lambda: _flipped(gz(TAR), 60),
    "bytes.deb": lambda: _deb(_flipped(gz(TAR), 60)),
    "header.deb": lambda: _deb(gz(_flipped(TAR, 1026))),
    "checksum.7z": _seven,
    "header.cpio": lambda: _flipped(CPIO, CPIO.index(b"tool") - 105),
    "header.rpm": lambda: rpm_of(gz(_flipped(CPIO, CPIO.index(b"tool") - 105))),
}


def _subject(name: str, place: Path) -> Subject:
    place.mkdir()
    (place / name).touch()
    return asset_subject(folder(place).releases[0].assets[0], None)


@pytest.mark.parametrize("packing", DAMAGED)
async def test_a_damaged_member_is_not_passed_over(
    opened: Callable[..., Workbench], packing: str, tmp_path: Path
) -> None:
    """Neither a peek nor a look at the whole file judges the member behind it instead."""
    kind, data = packing.partition(".")[2], DAMAGED[packing]()
    (tmp_path / f"{NAME}.{kind}").write_bytes(data)
    bench = opened()
    subject = await bench.resolve(str(tmp_path / f"{NAME}.{kind}"))
    try:
        whole = await bench.look(subject, on=("scratch",), depth=Depth.WHOLE)
        assert whole.verdicts[0].answer is Answer.UNKNOWN
        assert whole.verdicts[0].deciding.code == "archive.undecided"
    except FormatError:
        pass
    peeked = _subject(f"{NAME}.{kind}", tmp_path / "named")
    for cut in (150, 300, 1000, len(data) - 300, len(data)):
        for size in (len(data), 1 << 20, Unknown("not said")):
            try:
                seen = read_beginning(
                    PrefixSource(data[:cut], size), peeked, (TARGET,), Cancellation()
                )
            except ExplorerError:
                continue
            answer = verdicts_of(seen.binary, (TARGET,))[0].answer
            assert answer in (Answer.NO, Answer.UNKNOWN), (cut, size)
