"""How many bytes of an archive a peek requests until the head of the program is there."""

import io
import itertools
import zipfile

import pytest

from explorer.archive import Limits, listing, walk
from explorer.archive.streams import SourceStream
from explorer.bytesource import BytesSource, OutOfReachError, PrefixSource, StreamSource
from explorer.facts import NotApplicable, Unknown
from tests.archive.helpers import ArrivingSource, contents, everything, names
from tests.support.archives import make_archive, roadrunner_members, tar_of, zip_of
from tests.support.binaries import binary

ROOT = "roadrunner-2025.1.15-linux-amd64"
LAST = ["README.md", "LICENSE", "CHANGELOG.md", "rr.asc", "rr"]
"""The worst order: everything else before the program."""


def head_of_program(source: ArrivingSource, name: str) -> bytes:
    """The first 4 KiB of ``rr``, as a peek reads them."""
    for entry in walk(source, name, prefix=True):
        if entry.member.name.rsplit("/", 1)[-1] in ("rr", name.partition(".")[0]):
            assert not isinstance(entry.member.size, NotApplicable)
            return StreamSource(entry.open().read, entry.member.size).read_at(0, 4096)
    raise AssertionError("no rr in it")


@pytest.mark.parametrize("order", [None, LAST], ids=["first", "last"])
@pytest.mark.parametrize("packing", ["tar.gz", "tar.xz", "zip", "tar"])
def test_one_request_of_16_kib_is_enough_for_an_archive_like_todays(
    packing: str, order: list[str] | None
) -> None:
    program = binary("go-static-amd64")
    data = make_archive(packing, ROOT, roadrunner_members(program), order=order)
    source = ArrivingSource(data)
    assert head_of_program(source, f"x.{packing}") == program.read_bytes()[:4096]
    assert source.requests == [(0, 16384)]


@pytest.mark.parametrize("packing", ["tar.gz", "zip"])
def test_64_kib_are_enough_behind_a_long_changelog(packing: str) -> None:
    program = binary("go-static-amd64")
    data = make_archive(packing, ROOT, roadrunner_members(program, changelog=71_000), order=LAST)
    source = ArrivingSource(data)
    assert head_of_program(source, f"x.{packing}") == program.read_bytes()[:4096]
    assert source.asked <= 65536
    assert len(source.requests) <= 3


@pytest.mark.parametrize(
    ("packing", "most"), [("deb-gz", 16384), ("deb-xz", 16384), ("deb-tar", 16384), ("deb", 131072)]
)
def test_a_deb_costs_one_request_but_for_zstds_blocks(packing: str, most: int) -> None:
    """zstd gives nothing before a whole block of 128 KiB is there; here that is 60 KB of it."""
    program = binary("go-static-amd64")
    source = ArrivingSource(make_archive(packing, "roadrunner", {"usr/bin/rr": program}))
    assert head_of_program(source, "x.deb") == program.read_bytes()[:4096]
    assert source.asked <= most


@pytest.mark.parametrize("packing", ["raw", "gz"])
def test_a_plain_program_costs_one_request(packing: str) -> None:
    program = binary("go-static-amd64")
    source = ArrivingSource(make_archive(packing, "", {"rr": program}))
    assert (
        head_of_program(source, "rr" if packing == "raw" else "rr.gz")
        == program.read_bytes()[:4096]
    )
    assert source.requests == [(0, 16384)]


def test_walking_a_plain_tar_asks_for_headers_and_passes_over_the_rest() -> None:
    data = tar_of([("big", bytes(1 << 20)), ("bigger", bytes(2 << 20)), ("rr", b"1")])
    source = ArrivingSource(data, first=512)
    assert names(e.member for e in walk(source, "x.tar")) == ["big", "bigger", "rr"]
    assert source.asked < 8192


def test_a_zip_with_many_great_members_is_read_by_its_directory() -> None:
    """After two jumps the directory at the end costs less than a request for each header."""
    great = {f"{n}.bin": bytes(range(256)) * 1024 for n in range(40)}
    data = zip_of([*great.items(), ("rr", b"\x7fELF" + bytes(8000))], compression=0)
    source = ArrivingSource(data)
    assert head_of_program(source, "x.zip")[:4] == b"\x7fELF"
    assert len(source.requests) <= 6


def test_a_zip_that_was_piped_is_read_by_its_directory_and_its_entry() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

        def tell(self) -> int:
            raise io.UnsupportedOperation

    pipe = Pipe()
    program = binary("go-static-amd64")
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(program, "d/rr")
    source = ArrivingSource(pipe.getvalue())
    assert head_of_program(source, "x.zip") == program.read_bytes()[:4096]
    assert len(source.requests) <= 2
    assert source.asked <= 32768


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["rr", "CHANGELOG.md", "rr.asc"])), ids="-".join
)
def test_a_zip_says_the_same_from_the_front_and_by_its_directory(order: tuple[str, ...]) -> None:
    members = {
        name: data for name, data in roadrunner_members(binary("c-static")).items() if name in order
    }
    data = make_archive("zip", ROOT, members, order=order)
    strict, front = (
        listing(BytesSource(data), "x.zip"),
        listing(BytesSource(data), "x.zip", prefix=True),
    )
    said = [
        [(m.name, m.kind, m.size, m.refused) for m in found.members] for found in (strict, front)
    ]
    assert said[0] == said[1]
    assert (strict.problem, front.problem) == (None, None)
    assert contents(data, "x.zip") == contents(data, "x.zip", prefix=True)


def test_a_source_of_unknown_length_ends_where_its_bytes_end() -> None:
    """A server that does not say how long a file is: what lies behind tar's end is skipped."""
    tar = tar_of([("rr", b"x" * 600)])
    unsized = StreamSource(io.BytesIO(tar).read, Unknown("not said"))
    assert SourceStream(unsized).skip(1 << 20) == len(tar)
    assert names(listing(unsized, "x.tar")) == ["rr"]
    with pytest.raises(OutOfReachError):
        SourceStream(PrefixSource(tar, Unknown("not said"))).skip(1 << 20)


def test_the_end_of_a_prefix_passes_through_and_a_listing_says_so() -> None:
    data = make_archive("tar.gz", ROOT, roadrunner_members(binary("go-static-amd64")), order=LAST)
    source = PrefixSource(data[:16384], len(data), "needs the whole file")
    walked: list[str] = []
    with pytest.raises(OutOfReachError) as caught:
        walked.extend(entry.member.name for entry in walk(source, "x.tar.gz"))
    assert caught.value.needs > 16384
    found = listing(source, "x.tar.gz")
    assert names(found)[-1] == f"{ROOT}/rr"
    assert found.problem is not None
    assert (found.problem.rule, found.problem.text) == ("prefix", "needs the whole file")


def test_a_zip_of_unknown_length_is_read_from_its_front_only() -> None:
    data = make_archive("zip", ROOT, roadrunner_members(binary("go-static-amd64")))
    source = PrefixSource(data[:16384], Unknown("the server does not say how long it is"))
    assert names(listing(source, "x.zip", prefix=True))[:2] == [ROOT, f"{ROOT}/rr"]
    with pytest.raises(OutOfReachError, match="does not say"):
        next(iter(walk(source, "x.zip")))


@pytest.mark.parametrize(
    "packing", ["tar", "tar.gz", "tar.xz", "tar.bz2", "tar.zst", "zip", "deb", "gz", "raw"]
)
def test_a_prefix_never_gives_another_answer_than_the_whole(packing: str) -> None:
    program = binary("c-glibc")
    members = (
        {"usr/bin/rr": program} if packing in ("deb", "gz", "raw") else roadrunner_members(program)
    )
    data = make_archive(packing, ROOT, members)
    whole, end = everything(BytesSource(data), "rr.x", Limits())
    assert end == ""
    for cut in range(600, len(data), max(1, len(data) // 60)):
        part, end = everything(PrefixSource(data[:cut], len(data)), "rr.x", Limits(), prefix=True)
        assert part == whole[: len(part)]
        assert end in ("prefix", "")
        assert end == "prefix" or part == whole
