"""Decompressors that give the first bytes for the least input: fed small pieces, drained before they are fed again.

gzip (RFC 1952), xz (its file format 1.2), bzip2 and zstd (RFC 8878); several members, streams or frames in a row are one
file, as their own tools have it. Checksums are checked by the libraries, at the end of each.
"""

import bz2
import lzma
import sys
import zlib
from collections.abc import Callable
from typing import Protocol

from explorer.archive.models import RefusedError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

WINDOW_BYTES = 128 << 20
"""The most memory a stream may ask for: what xz -9 (65 MiB) and zstd --long=27 (128 MiB) take, and no more."""

GZ, XZ, BZ2, ZST = b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh", b"\x28\xb5\x2f\xfd"


class _Engine(Protocol):
    """What the standard library's decompressors have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = ...) -> bytes: ...


class _Zlib:
    """zlib's object, made to keep its own unread input as the other three do."""

    def __init__(self, wbits: int) -> None:
        self._z = zlib.decompressobj(wbits)
        self._rest = b""

    @property
    def eof(self) -> bool:
        return self._z.eof

    @property
    def unused_data(self) -> bytes:
        return self._z.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._z.decompress(self._rest + data, max(0, max_length))
        self._rest = self._z.unconsumed_tail
        return out


def _new_zstd() -> _Engine:
    return zstd.ZstdDecompressor(
        options={zstd.DecompressionParameter.window_log_max: WINDOW_BYTES.bit_length() - 1}
    )


_ENGINES: dict[str, Callable[[], _Engine]] = {
    "gz": lambda: _Zlib(31),
    "deflate": lambda: _Zlib(-15),
    "xz": lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=WINDOW_BYTES),
    "bz2": bz2.BZ2Decompressor,
    "zst": _new_zstd,
}
_FAULTS = (zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, ValueError, EOFError)
"""bz2 says OSError; a damaged stream must not be more than a damaged stream."""


class Codec:
    """One compressed file, unpacked forwards. Knows nothing of where the bytes come from."""

    def __init__(self, kind: str, *, single: bool = False) -> None:
        """``kind``: ``gz``, ``xz``, ``bz2``, ``zst`` or ``deflate``; ``single``: nothing may follow the first stream (zip)."""
        self._kind = kind
        self._single = single or kind == "deflate"
        self._engine: _Engine | None = _ENGINES[kind]()
        self._held = b""
        self._hungry = True

    @property
    def hungry(self) -> bool:
        """True when nothing more comes out before something goes in."""
        return self._hungry

    @property
    def complete(self) -> bool:
        """Whether what went in so far ends where a file may end."""
        return self._engine is None and (self._single or not self._held)

    @property
    def unused(self) -> bytes:
        """Bytes behind the end of a single stream."""
        return self._held if self._single and self._engine is None else b""

    def give(self, data: bytes, limit: int) -> bytes:
        """Up to ``limit`` bytes out of what was held back and ``data``; empty only while ``hungry``.

        Raises:
            RefusedError: ``damaged``, ``checksum``, ``header`` or ``size`` (memory); the caller names the member.
        """
        self._held += data
        while True:
            if self._engine is None:
                self._engine = self._next_engine()
            if self._engine is None:
                self._hungry = True
                return b""
            engine = self._engine
            data, self._held = self._held, b""
            try:
                out = engine.decompress(data, limit)
            except MemoryError:
                raise RefusedError(
                    "size", f"its {self._kind} stream asks for too much memory"
                ) from None
            except _FAULTS as error:
                raise RefusedError(*self._blame(error)) from None
            self._hungry = len(out) < limit
            if engine.eof:
                self._engine, self._held = None, engine.unused_data
                self._hungry = self._single or not self._held
            if out or self._hungry:
                return out

    def _next_engine(self) -> _Engine | None:
        """For the stream that begins in what is held back; None where none does (yet). Zeros between two are padding."""
        if self._single:
            return None
        self._held = self._held.lstrip(b"\0")
        magic = {"gz": GZ, "xz": XZ, "bz2": BZ2}.get(self._kind, b"")
        if not self._held.startswith(magic[: len(self._held)]):
            raise RefusedError("header", f"something that is no {self._kind} follows its end")
        return _ENGINES[self._kind]() if self._held and len(self._held) >= len(magic) else None

    def _blame(self, error: Exception) -> tuple[str, str]:
        text = str(error)
        if "incorrect data check" in text or "incorrect length check" in text or "hecksum" in text:
            return "checksum", f"its {self._kind} checksum is wrong"
        if isinstance(error, lzma.LZMAError) and "emory" in text:
            return "size", f"its xz stream asks for more than {WINDOW_BYTES >> 20} MiB of memory"
        return "damaged", f"its {self._kind} data cannot be read ({text})"
