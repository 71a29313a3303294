"""Go's table of functions, the names in it, and the versions that advisories are matched by."""

import contextlib
import itertools
import json
import struct
import tempfile
from pathlib import Path

from explorer.advisories import GoProgram, load_database, match_advisories
from explorer.advisories.versions import go_version, version_key
from explorer.bytesource import BytesSource, PrefixSource
from explorer.errors import ExplorerError
from explorer.facts import Unknown
from explorer.golang import GoTable, read_functions, split_name
from explorer.golang.names import symbols_by_package
from tests.fuzz.registry import fuzzed

_DATABASE = Path(tempfile.gettempdir()) / "rr-explorer-fuzz-advisories.json"


def go_table(version: str, order: str = "<", pointer: int = 8) -> bytes:
    """A table of two functions, in the format of Go 1.2, 1.16, 1.18 or 1.20."""
    magic = {"1.20": 0xFFFFFFF1, "1.18": 0xFFFFFFF0, "1.16": 0xFFFFFFFA, "1.2": 0xFFFFFFFB}
    names = b"\0main.main\0net/http.(*Client).Do.func1\0"
    first, second = names.index(b"main"), names.index(b"net")
    word, entry = f"{order}{'Q' if pointer == 8 else 'L'}", 4 if version > "1.16" else pointer
    packed = order + {4: "L", 8: "Q"}[entry]
    words = {"1.2": 0, "1.16": 7}.get(version, 8)
    start = 8 + pointer * (words or 1)
    pairs_bytes = 5 * entry
    functions = start if version == "1.2" else start + len(names)
    base = 0 if version == "1.2" else functions
    place = functions + pairs_bytes - base
    names_at = functions + pairs_bytes + 2 * (entry + 4) if version == "1.2" else 0
    pairs = (0x1000, place, 0x1010, place + entry + 4, 0x1040)
    table = b"".join(struct.pack(packed, value) for value in pairs)
    for address, name in ((0x1000, first), (0x1010, second)):
        table += struct.pack(packed, address) + struct.pack(f"{order}i", names_at + name)
    head = struct.pack(f"{order}L", magic[version]) + bytes((0, 0, 1, pointer))
    if version == "1.2":
        return head + struct.pack(word, 2) + table + names
    end = start + len(names)
    parts = [2, 1, *([0x1000] if words == 8 else []), start, end, end, end, functions]
    return head + b"".join(struct.pack(word, part) for part in parts) + names + table + bytes(64)


@fuzzed
def pclntab(data: bytes) -> None:
    """Functions of any file; of a part of it, the same or unknown."""
    whole = read_functions(BytesSource(data))
    if isinstance(whole, GoTable):
        assert sum(package.functions for package in whole.packages()) == len(whole.functions)
        symbols_by_package(function.name for function in whole.functions)
        for cut in (len(data) // 2, len(data) - 1):
            part = read_functions(PrefixSource(data[:cut], len(data)))
            assert isinstance(part, Unknown) or part == whole


@fuzzed
def symbols(data: bytes) -> None:
    """The names of functions."""
    path, symbol = split_name(data.decode("utf-8", "backslashreplace"))
    assert isinstance(path, str)
    assert isinstance(symbol, str)


@fuzzed
def versions(data: bytes) -> None:
    """Versions of any kind are ordered, or are none."""
    parts = data.decode("utf-8", "backslashreplace").split("\n")[:3]
    keys = [key for part in parts if (key := version_key(part)) is not None]
    for one, other in itertools.pairwise(sorted(keys)):
        assert one <= other
    for part in parts:
        made = go_version(part)
        assert not made or version_key(made) is not None


@fuzzed
def advisories(data: bytes) -> None:
    """A database of one file, and what it says of a program."""
    _DATABASE.write_bytes(data)
    with contextlib.suppress(ExplorerError):
        database = load_database(_DATABASE)
        for advisory in database.advisories:
            for module in advisory.modules:
                names = {p.path: p.symbols or frozenset({"F"}) for p in module.packages}
                for version in ("v1.2.3", "v0.0.0-20240101000000-abcdef012345", "(devel)", ""):
                    program = GoProgram(
                        {module.path: version}, "go1.21rc2", "linux", "amd64", names
                    )
                    for match in match_advisories(program, database):
                        assert match.advisory in database.advisories


def advisory(introduced: str = "0", fixed: str = "1.3.0") -> bytes:
    """A database of one entry."""
    events = [{"introduced": introduced}, {"fixed": fixed}]
    imports = [{"path": "a.b/c", "symbols": ["F"], "goos": ["linux"], "goarch": ["amd64"]}]
    affected = {
        "package": {"name": "a.b", "ecosystem": "Go"},
        "ranges": [{"type": "SEMVER", "events": events}],
        "ecosystem_specific": {"imports": imports},
    }
    return json.dumps([{"id": "GO-2026-1", "aliases": ["CVE-1"], "affected": [affected]}]).encode()
