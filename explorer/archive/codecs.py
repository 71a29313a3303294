"""Decompressors that give the first bytes for the least input.

They are fed small pieces and drained before they are fed again. gzip (RFC 1952), xz (its file
format 1.2), bzip2, zstd (RFC 8878), lzip (its manual, "File format"), ``.lzma`` (LZMA SDK) and
lz4 frames; several members, streams or frames in a row are one file, as with their own tools.
The libraries check the checksums at the end of each stream.
"""

import bz2
import functools
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from explorer.archive.models import RefusedError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WINDOW_BYTES = 128 << 20
"""The most memory a stream may ask for: enough for xz -9 (65 MiB) and zstd --long=27 (128 MiB)."""

MAGICS = {
    "gz": b"\x1f\x8b",
    "xz": b"\xfd7zXZ\x00",
    "bz2": b"BZh",
    "zst": b"\x28\xb5\x2f\xfd",
    "lz": b"LZIP\x01",
    "lz4": b"\x04\x22\x4d\x18",
}
"""How each compressed file begins. ``.lzma`` has no magic: see ``formats.compression``."""

SKIPPABLE = b"\x2a\x4d\x18"
"""Bytes 1 to 3 of a skippable frame (zstd and lz4); byte 0 is 0x50 to 0x5f."""

_FREE_STREAMS, _BYTES_A_STREAM = 1000, 256
"""A file may hold 1,000 streams, and one more for every 256 bytes that came out: millions of empty
frames would keep a processor busy and give nothing."""

_TRAILING_IS_IGNORED = ("gz", "bz2")
"""gzip and bzip2 warn about bytes behind the last stream and unpack; xz, zstd and lzip fail."""


class _Engine(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


@functools.cache
def _inflater() -> Any:
    """What inflates a stream that is read to its end: ISA-L if it is installed, else zlib.

    ISA-L takes half the time, but unpacks some damaged streams up to their checksum, which zlib
    refuses at once: what looks at a beginning needs zlib.
    """
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    return isal_zlib


class _Zlib:
    """A zlib object that keeps its own unread input, as the other decompressors do."""

    def __init__(self, wbits: int, inflater: Any = zlib) -> None:
        self._z = inflater.decompressobj(wbits)
        self._error: type[Exception] = inflater.error
        self._rest = b""

    @property
    def eof(self) -> bool:
        return bool(self._z.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._z.unused_data)

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        try:
            out: bytes = self._z.decompress(self._rest + data, max(0, max_length))
        except self._error as error:
            raise zlib.error(str(error)) from None
        self._rest = self._z.unconsumed_tail
        return out


class _Lzip:
    """One lzip member: a 6-byte header, an LZMA stream with its end mark, and a 20-byte trailer."""

    _HEAD, _TRAILER = 6, 20

    def __init__(self) -> None:
        self._lzma = lzma.LZMADecompressor(format=lzma.FORMAT_ALONE, memlimit=WINDOW_BYTES)
        self._head = self._tail = b""
        self._crc = self._size = 0
        self._packed = self._HEAD

    @property
    def eof(self) -> bool:
        return len(self._tail) >= self._TRAILER

    @property
    def unused_data(self) -> bytes:
        return self._tail[self._TRAILER :]

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        if len(self._head) < self._HEAD:
            missing = self._HEAD - len(self._head)
            self._head, data = self._head + data[:missing], data[missing:]
            if len(self._head) < self._HEAD:
                return b""
            data = self._alone_header() + data
            self._packed -= 13
        out = b""
        if self._lzma.eof:
            self._tail += data
        else:
            out = self._unpack(data, max_length)
        if self.eof:
            self._check()
        return out

    def _unpack(self, data: bytes, limit: int) -> bytes:
        self._packed += len(data)
        out = self._lzma.decompress(data, limit)
        self._crc, self._size = zlib.crc32(out, self._crc), self._size + len(out)
        self._tail = self._lzma.unused_data
        self._packed -= len(self._tail)
        return out

    def _alone_header(self) -> bytes:
        """The header that the same stream would have in a ``.lzma`` file, of unknown length."""
        coded = self._head[5]
        size = 1 << (coded & 0x1F)
        size -= (size >> 4) * (coded >> 5)
        if not 1 << 12 <= size <= 1 << 29:
            raise lzma.LZMAError("lzip dictionary size out of range")
        return b"\x5d" + size.to_bytes(4, "little") + b"\xff" * 8

    def _check(self) -> None:
        crc, size, packed = (
            int.from_bytes(self._tail[start:end], "little")
            for start, end in ((0, 4), (4, 12), (12, 20))
        )
        if (crc, size) != (self._crc, self._size):
            raise lzma.LZMAError("lzip checksum is wrong")
        if packed != self._packed + self._TRAILER:
            raise lzma.LZMAError("lzip member size is wrong")


class _Lz4:
    """One lz4 frame. The library is imported here because few files need it."""

    def __init__(self) -> None:
        from lz4.frame import LZ4FrameDecompressor

        self._frame = LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        return bool(self._frame.eof)

    @property
    def unused_data(self) -> bytes:
        return bytes(self._frame.unused_data or b"")

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return bytes(self._frame.decompress(data, max_length))


def _new_zstd() -> _Engine:
    return zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: WINDOW_BYTES.bit_length() - 1}
    )


def _lzma2(dictionary: int) -> _Engine:
    """A raw LZMA2 stream (7z), with a dictionary of this many bytes."""
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary}]
    return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)


_ENGINES: dict[str, Callable[[], _Engine]] = {
    "gz": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(-15),
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=WINDOW_BYTES),
    "lzma": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_ALONE, memlimit=WINDOW_BYTES),
    "lzma2": lambda: _lzma2(WINDOW_BYTES),
    "lz": _Lzip,
    "bz2": bz2.BZ2Decompressor,
    "zst": _new_zstd,
    "lz4": _Lz4,
}
_FAULTS = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, ValueError, EOFError, RuntimeError)
"""What the libraries raise for damaged data: bz2 an OSError, lz4 a RuntimeError."""


class Codec:
    """Decompresses one file forwards. Does not know where the bytes come from."""

    def __init__(
        self, kind: str, *, single: bool = False, dictionary: int = 0, whole: bool = False
    ) -> None:
        """Start at the beginning of a file.

        Args:
            kind: ``gz``, ``xz``, ``bz2``, ``zst``, ``lz``, ``lzma``, ``lz4``, ``deflate``, or
                ``lzma2``.
            single: nothing may follow the first stream (a zip member).
            dictionary: of ``lzma2``, which does not say it itself; in bytes.
            whole: it will be read to its end, and is not used unless its checksum is right.
        """
        self._kind = kind
        self._single = single or kind in ("deflate", "lzma", "lzma2")
        self._whole = whole
        self._engine: _Engine | None = _lzma2(dictionary) if dictionary else self._new_engine()
        self._held = b""
        self._hungry = True
        self._ignoring = False
        self._streams = 1
        self._out = 0

    @property
    def hungry(self) -> bool:
        """True when nothing more comes out before something goes in."""
        return self._hungry

    @property
    def complete(self) -> bool:
        """Whether the input so far ends where a file may end."""
        return self._engine is None and (self._single or self._ignoring or not self._held)

    @property
    def unused(self) -> bytes:
        """Bytes behind the end of a single stream."""
        return self._held if self._single and self._engine is None else b""

    def give(self, data: bytes, limit: int) -> bytes:
        """Decompress ``data`` and what was held back; empty only while ``hungry``.

        Returns:
            Up to ``limit`` bytes.

        Raises:
            RefusedError: ``damaged``, ``checksum``, ``header`` or ``size`` (memory).
        """
        if self._ignoring:
            return b""
        self._held += data
        while True:
            if self._engine is None:
                self._engine = self._next_engine()
            if self._engine is None:
                self._hungry = True
                return b""
            out = self._step(self._engine, limit)
            if out or self._hungry:
                return out

    def _step(self, engine: _Engine, limit: int) -> bytes:
        data, self._held = self._held, b""
        try:
            out = engine.decompress(data, limit)
            complete = engine.eof
        except MemoryError:
            raise RefusedError("size", f"its {self._kind} stream needs too much memory") from None
        except _FAULTS as error:
            raise RefusedError(*self._blame(error)) from None
        self._out += len(out)
        self._hungry = len(out) < limit
        if complete:
            self._engine, self._held = None, engine.unused_data
            self._hungry = self._single or not self._held
        return out

    def _next_engine(self) -> _Engine | None:
        """A decompressor for the stream that begins in what is held back; None if none does yet.

        Zeros between two streams are padding.
        """
        if self._single:
            return None
        self._held = self._held.lstrip(b"\0")
        magic = MAGICS[self._kind]
        if not self._held.startswith(magic[: len(self._held)]) and not self._skippable():
            if self._kind in _TRAILING_IS_IGNORED:
                self._ignoring, self._held = True, b""
                return None
            raise RefusedError("header", f"something that is not {self._kind} follows its end")
        if len(self._held) < len(magic):
            return None
        self._streams += 1
        if self._streams > _FREE_STREAMS + self._out // _BYTES_A_STREAM:
            raise RefusedError(
                "count",
                f"it holds more than {_FREE_STREAMS:,} almost empty {self._kind} streams",
            )
        return self._new_engine()

    def _new_engine(self) -> _Engine:
        if self._whole and self._kind == "gz":
            return _Zlib(31, _inflater())
        return _ENGINES[self._kind]()

    def _skippable(self) -> bool:
        held = self._held[:4]
        return (
            self._kind in ("zst", "lz4")
            and held[0] & 0xF0 == 0x50
            and SKIPPABLE.startswith(held[1:])
        )

    def _blame(self, error: Exception) -> tuple[str, str]:
        text = str(error)
        if "incorrect data check" in text or "incorrect length check" in text or "hecksum" in text:
            return "checksum", f"its {self._kind} checksum is wrong"
        if "memory" in text.lower():
            limit = f"{WINDOW_BYTES >> 20} MiB"
            return "size", f"its {self._kind} stream needs more than {limit} of memory"
        return "damaged", f"its {self._kind} data cannot be read ({text})"
