"""The demo's stand-ins: what is shipped is labelled, is what it says it is, and can be built again
from its source."""

import hashlib
import json
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSegment
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment

from explorer.archive import MemberKind, chunks, listing, walk
from explorer.bytesource import BytesSource
from tests.build_standins import LABEL, PLACE, STAND_INS, StandIn, pack

INDEX = json.loads((PLACE / "index.json").read_text("utf-8"))["assets"]
MACHINES = {"amd64": "EM_X86_64", "arm64": "EM_AARCH64"}
LOADERS = {
    "roadrunner-2.7.2-linux-amd64.tar.gz": ("/lib64/ld-linux-x86-64.so.2", []),
    "roadrunner-1.6.2-linux-amd64.tar.gz": (
        "/lib64/ld-linux-x86-64.so.2",
        ["libc.so.6", "libpthread.so.0"],
    ),
    "roadrunner-1.6.2-unknown-musl-amd64.zip": ("/lib/ld-musl-x86_64.so.1", ["libc.so"]),
}
"""The interpreter and the libraries of those that are not static."""


def unpack(data: bytes, name: str) -> dict[str, bytes]:
    """Files by the last part of their names."""
    source = BytesSource(data)
    return {
        e.member.name.rsplit("/", 1)[-1]: b"".join(chunks(e.open()))
        for e in walk(source, name)
        if e.member.kind is MemberKind.FILE and e.member.part != "control"
    }


def facts(program: bytes, folder: Path) -> tuple[str, str, str, list[str]]:
    """Machine, type, interpreter and libraries of an ELF file."""
    path = folder / "program"
    path.write_bytes(program)
    with path.open("rb") as file:
        elf = ELFFile(file)
        interpreter, needed = "", []
        for segment in elf.iter_segments():
            if isinstance(segment, InterpSegment):
                interpreter = segment.get_interp_name()
            if isinstance(segment, DynamicSegment):
                needed = [str(getattr(tag, "needed", "")) for tag in segment.iter_tags("DT_NEEDED")]
        return elf["e_machine"], elf["e_type"], interpreter, sorted(needed)


def test_the_index_names_what_is_there_and_no_more() -> None:
    assert [(row["tag"], row["asset"]) for row in INDEX] == [
        (one.tag, one.asset) for one in STAND_INS
    ]
    for row in INDEX:
        data = (PLACE / row["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (row["size"], row["sha256"])
        assert row["note"].endswith("built for rr-explorer")
    shipped = {
        path.name
        for path in PLACE.iterdir()
        if path.suffix not in (".py", ".json") and path.is_file()
    }
    assert shipped == {row["file"] for row in INDEX}
    assert sum(row["size"] for row in INDEX) < 4_000_000


@pytest.mark.parametrize("one", STAND_INS, ids=lambda one: one.asset)
def test_each_is_laid_out_as_a_release_and_labelled(one: StandIn, tmp_path: Path) -> None:
    data = (PLACE / one.asset).read_bytes()
    found = listing(BytesSource(data), one.asset)
    assert found.problem is None
    assert [m.refused for m in found.members] == [None] * len(found.members)
    files = unpack(data, one.asset)
    assert LABEL in files["README.md"].decode()
    program = files["rr.exe" if "windows" in one.asset else "rr"]
    assert one.version.encode() in program
    assert b"stand-in built for rr-explorer, not RoadRunner" in program
    if not one.asset.endswith(".deb"):
        root = one.asset.removesuffix(".tar.gz").removesuffix(".zip")
        assert {m.name.partition("/")[0] for m in found.members} == {root}
    if "windows" in one.asset:
        assert program.startswith(b"MZ")
        return
    machine, kind, interpreter, needed = facts(program, tmp_path)
    assert machine == MACHINES["arm64" if "arm64" in one.asset else "amd64"]
    assert (interpreter, needed) == LOADERS.get(one.asset, ("", []))
    assert kind == ("ET_DYN" if one.version == "2.7.2" else "ET_EXEC")


@pytest.mark.parametrize(
    "asset", ["roadrunner-2025.1.15-linux-arm64.tar.gz", "roadrunner-1.6.2-unknown-musl-amd64.zip"]
)
def test_one_that_is_built_again_is_the_same_kind_of_program(asset: str, tmp_path: Path) -> None:
    """Facts are compared, not bytes: another compiler may be installed than the one that built what
    is shipped."""
    one = next(one for one in STAND_INS if one.asset == asset)
    again = unpack(pack(one, one.build(one.version)), asset)
    shipped = unpack((PLACE / asset).read_bytes(), asset)
    assert again.keys() == shipped.keys()
    assert again["README.md"] == shipped["README.md"]
    assert facts(again["rr"], tmp_path) == facts(shipped["rr"], tmp_path)
    assert 0.7 < len(again["rr"]) / len(shipped["rr"]) < 1.4
