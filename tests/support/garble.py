"""Go programs as garble leaves them, without garble, whose module is on no package index.

From https://github.com/burrowers/garble (README, "Mechanism"; ``internal/linker/patches``): it
links with ``-s -w -buildid=`` and the version ``unknown``, without module information, changes the
magic number of the table of functions, and replaces names by hashes.
"""

import hashlib
import re
from pathlib import Path

from tests.support.binaries import go_build

LDFLAGS = "-s -w -buildid= -X runtime.buildVersion=unknown"
_MAGIC = b"\xf1\xff\xff\xff\0\0\1\x08"
_NAME = re.compile(rb"(?<=\0)[a-z][\w/.%-]*\.[\w.()*\[\]-]+(?=\0)")
_MODINFO = re.compile(
    rb"0w\xaf\x0c\x92t\x08\x02A\xe1\xc1\x07\xe6\xd6\x18\xe6.*?"
    rb"\xf92C1\x86\x18 r\0\x82B\x10A\x16\xd8\xf2",
    re.DOTALL,
)
"""Between the sentinels that frame it (``cmd/go/internal/modload``)."""


def garbled(name: str, source: str, *, is_found: bool = False) -> bytes:
    """A program for linux/amd64. ``is_found``: its table keeps its magic number."""
    plain: Path = go_build(name, source, ldflags=LDFLAGS)
    data = _MODINFO.sub(lambda match: bytes(len(match[0])), plain.read_bytes())
    data = _NAME.sub(lambda match: _hashed(match[0]), data)
    assert b"runtime.goexit" not in data
    return data if is_found else data.replace(_MAGIC, b"\x9a\x1c\x07\x4e" + _MAGIC[4:])


def _hashed(name: bytes) -> bytes:
    return hashlib.sha512(name).hexdigest().encode()[: len(name)].ljust(len(name), b"x")
