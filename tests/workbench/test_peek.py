"""A verdict before the download: never another one than the whole file's, and cheap."""

import itertools
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from explorer.compat import Answer
from explorer.errors import (
    ExplorerError,
    FormatError,
    IntegrityError,
    NotFoundError,
    OfflineError,
    SourceError,
)
from explorer.facts import MISSING
from explorer.report.documents import FORMATS, report
from explorer.report.verdicts import binary_in_words
from explorer.report.where import floor_cell
from explorer.workbench import Depth, Inspection, Traffic, Workbench
from tests.support.archives import deb_of, make_archive, roadrunner_members, tar_of, zip_of
from tests.support.binaries import RECIPES, binary
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, archive_name, packed, rr

ON = ("alpine-3.22", "alpine-3.22+gcompat", "musl-1.2.3", "debian-12", "rhel-8", "scratch")
PACKINGS = ("tar.gz", "tar.xz", "tar.zst", "zip", "deb", "tar.bz2", "raw", "tar", "deb-xz", "gz")
CHANGELOGS = (3_000, 16_000, 71_000)
ORDERS = tuple(itertools.permutations(("rr", "rr.asc", "README.md", "CHANGELOG.md", "LICENSE")))
CEILINGS = (16 << 10, 256 << 10, 1 << 20)


@dataclass(frozen=True)
class Case:
    """One file of one release: its contents, its packing, and how much a peek may read."""

    recipe: str
    packing: str
    order: Sequence[str]
    changelog: int
    ceiling: int
    repo: str
    tag: str
    name: str

    def data(self) -> bytes:
        """The file's bytes."""
        program = binary(self.recipe)
        if self.packing in ("raw", "gz"):
            return make_archive(self.packing, "", {"rr": program})
        members = roadrunner_members(program, changelog=self.changelog)
        if self.packing.startswith("deb"):
            return make_archive(
                self.packing,
                "roadrunner",
                {f"usr/bin/{n}": members[n] for n in self.order},
                tool=False,
            )
        return make_archive(
            self.packing,
            self.name.partition(".tar")[0].removesuffix(".zip"),
            members,
            self.order,
            tool=False,
        )


def cases() -> list[Case]:
    """Every kind of program in three packings, under RoadRunner's names and under other names."""
    made = []
    turn = itertools.count()
    for recipe in RECIPES:
        for _ in range(3):
            n = next(turn)
            packing = PACKINGS[n % len(PACKINGS)]
            own = n % 2 == 0 and packing not in ("raw", "gz", "tar")
            ending = {"raw": "", "deb-xz": ".deb"}.get(packing, f".{packing}")
            name = f"{'roadrunner' if own else 'tool'}-1.0.{n}-linux-amd64{ending}"
            repo = "roadrunner-server/roadrunner" if own else "acme/tool"
            # 37 has no common divisor with 120: orders and programs do not go in step
            chosen = ORDERS[n * 37 % len(ORDERS)], CHANGELOGS[n % 3], CEILINGS[n // 3 % 3]
            made.append(Case(recipe, packing, *chosen, repo, f"v1.0.{n}", name))
    return made


async def test_a_peek_agrees_with_the_whole_file_or_is_unknown(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    all_cases = cases()
    for case in all_cases:
        github.add_release(case.tag, {case.name: case.data()}, repo=case.repo)
    benches = {
        (repo, c): opened(repo=repo, peek_ceiling=c)
        for repo in {c.repo for c in all_cases}
        for c in CEILINGS
    }
    whole = {repo: opened(repo=repo) for repo in {c.repo for c in all_cases}}
    sure = 0
    for case in all_cases:
        bench = benches[case.repo, case.ceiling]
        peeked = await bench.look(await bench.resolve(f"{case.tag}/{case.name}"), on=ON)
        full = await whole[case.repo].look(
            await whole[case.repo].resolve(f"{case.tag}/{case.name}"), on=ON, depth=Depth.WHOLE
        )
        for before, after in zip(peeked.verdicts, full.verdicts, strict=True):
            assert before.answer in (after.answer, Answer.UNKNOWN), (case, before, after)
            if before.answer is Answer.UNKNOWN and after.answer is not Answer.UNKNOWN:
                assert before.deciding.remedy, case
            sure += before.answer is not Answer.UNKNOWN
        assert not isinstance(peeked.traffic, MISSING)
        assert peeked.traffic.bytes <= case.ceiling
        assert peeked.traffic.requests <= 8
        if not isinstance(peeked.file.size, MISSING):
            assert peeked.file.size == full.file.size
        assert peeked.file.name == full.file.name or isinstance(peeked.member, MISSING)
    assert sure > len(all_cases) * len(ON) // 2, (
        "a peek that never knows is never wrong, and no use"
    )


@pytest.mark.parametrize("recipe", ["go-static-amd64", "go-freebsd", "c-glibc", "go-pie"])
@pytest.mark.parametrize(
    "order", [ORDERS[0], ORDERS[40], ORDERS[119]], ids=["first", "middle", "last"]
)
async def test_an_archive_since_2024_costs_one_request_of_16_kib(
    github: GitHub, opened: Callable[..., Workbench], recipe: str, order: Sequence[str]
) -> None:
    members = roadrunner_members(binary(recipe), changelog=16_000)
    inspection, requests, moved = await peeked(
        github, opened(), make_archive("tar.gz", "roadrunner", members, order), "tar.gz"
    )
    assert inspection.verdicts[0].unaided is not Answer.UNKNOWN
    assert requests == 1
    assert moved <= 16 << 10


async def peeked(
    github: GitHub, bench: Workbench, data: bytes, ending: str
) -> tuple[Inspection, int, int]:
    """A peek at a release's only file; the host's count of ranged requests and body bytes."""
    name = f"roadrunner-2.12.3-linux-amd64.{ending}"
    github.add_release("v2.12.3", {name: data})
    subject = await bench.resolve(f"v2.12.3/{name}")
    github.forget()
    inspection = await bench.look(subject)
    github.wait_for(lambda seen: all(s.body_bytes or s.host != "assets" for s in seen))
    assert inspection.traffic == Traffic(
        github.count(host="assets"), github.body_bytes(host="assets"), len(data)
    )
    return inspection, github.count(host="assets"), github.body_bytes(host="assets")


async def test_a_program_after_a_71_kb_changelog_costs_64_kib_at_most(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    members = roadrunner_members(binary("go-static-amd64"), changelog=71_000)
    data = make_archive(
        "tar.gz", "roadrunner", members, ["CHANGELOG.md", "LICENSE", "README.md", "rr.asc", "rr"]
    )
    inspection, requests, moved = await peeked(github, opened(), data, "tar.gz")
    assert inspection.verdicts[0].answer is Answer.YES
    assert requests <= 2
    assert moved <= 64 << 10


async def test_a_zip_costs_three_requests_at_most_and_a_deb_one(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    members = roadrunner_members(binary("go-static-amd64"))
    inspection, requests, _ = await peeked(
        github, opened(), make_archive("zip", "roadrunner", members), "zip"
    )
    assert inspection.verdicts[0].answer is Answer.YES
    assert requests <= 3
    github.remove_release("v2.12.3")
    deb = make_archive("deb", "roadrunner", {"usr/bin/rr": binary("go-static-amd64")})
    inspection, requests, _ = await peeked(github, opened(), deb, "deb")
    assert inspection.verdicts[0].answer is Answer.YES
    assert requests == 1


@pytest.mark.parametrize("form", FORMATS)
async def test_a_program_behind_the_ceiling_is_reported_as_not_reached(
    github: GitHub, opened: Callable[..., Workbench], form: str
) -> None:
    """No byte of the program is read, and every format says so."""
    members: dict[str, bytes | Path] = {
        "first": random.Random(1).randbytes(300_000),
        "rr": binary("go-static-amd64"),
    }
    github.add_release(
        "v1", {archive_name("amd64"): make_archive("tar.gz", "x", members, ["first", "rr"])}
    )
    bench = opened(peek_ceiling=16 << 10)
    inspection = await bench.look(await bench.resolve("v1/" + archive_name("amd64")))
    assert inspection.verdicts[0].answer is Answer.UNKNOWN
    text = report([inspection], form)
    assert "unknown" in text
    assert "not reached: needs the whole file" in text
    assert form == "svg" or "first bytes of the asset do not reach the program" in text
    assert binary_in_words(inspection.binary) == "not reached: needs the whole file"
    floor = "not known: the first bytes of the asset do not reach the program"
    assert floor_cell(inspection.verdicts).text == floor


# ---- servers


async def test_a_second_peek_needs_no_request_a_new_upload_does(
    served: GitHub, bench: Workbench
) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    first = await bench.look(subject)
    served.forget()
    again = await bench.look(subject)
    assert again.verdicts == tuple(_without_libraries(first))
    assert again.subject == subject
    assert not served.seen

    served.replace_asset(TAG, archive_name("amd64"), packed(binary("c-glibc"), "x"))
    await bench.catalogue()
    served.forget()
    newer = await bench.look(await bench.resolve("latest", "linux-amd64"))
    assert newer.verdicts[0].answer is Answer.YES_IF
    assert served.count(host="assets") == 1


def _without_libraries(inspection: Inspection) -> list[object]:
    from dataclasses import replace

    from explorer.facts import Unknown

    gone = Unknown("needs the whole file")
    return [
        v if isinstance(v.dependencies, MISSING) else replace(v, dependencies=gone)
        for v in inspection.verdicts
    ]


async def test_another_target_is_judged_from_the_record_or_a_new_peek(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    bench = opened(repo="acme/tool")
    for recipe in ("go-static-amd64", "c-musl"):
        github.add_release(
            recipe, {"tool-linux-amd64": binary(recipe).read_bytes()}, repo="acme/tool"
        )
    for recipe, requests in (("go-static-amd64", 0), ("c-musl", 1)):
        subject = await bench.resolve(f"{recipe}/tool-linux-amd64")
        await bench.look(subject)
        github.forget()
        assert (await bench.look(subject, on=("musl-1.2.3",))).verdicts[0].answer is Answer.YES
        assert min(1, github.count(host="assets")) == requests
        github.forget()
        both = await bench.look(subject, on=("musl-1.2.3", (await bench.default_target()).name))
        assert [v.answer for v in both.verdicts] == [Answer.YES, Answer.YES]
        assert not github.seen, "both are kept by now"


async def test_a_server_that_ignores_range_is_cut_off(served: GitHub, bench: Workbench) -> None:
    served.fault("*", host="assets", ignore_range=True)
    subject = await bench.resolve("latest", "linux-amd64")
    served.forget()
    inspection = await bench.look(subject)
    assert inspection.verdicts[0].answer is Answer.YES
    assert served.count(host="assets") == 1
    assert not isinstance(inspection.traffic, MISSING)
    assert inspection.traffic.bytes <= 128 << 10


async def test_a_file_that_changes_between_two_ranges_is_an_error(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    members = roadrunner_members(rr(), changelog=200_000)
    data = make_archive(
        "tar.gz", "x", members, ["CHANGELOG.md", "rr", "rr.asc", "README.md", "LICENSE"]
    )
    github.add_release(TAG, {archive_name("amd64"): data})
    github.fault("*", host="assets", skip=1, new_etag='"another"')
    bench = opened()
    with pytest.raises(SourceError, match="changed while it was read"):
        await bench.look(await bench.resolve("latest", "linux-amd64"))
    asset = (await bench.resolve("latest", "linux-amd64")).asset
    assert asset is not None
    assert await bench.known(asset) is None


async def test_addresses_that_stay_expired_are_an_error(served: GitHub, bench: Workbench) -> None:
    subject = await bench.resolve("latest", "linux-amd64")
    served.fault("*", host="assets", status=404)
    with pytest.raises(NotFoundError, match="is not there"):
        await bench.look(subject)
    served.heal()
    assert (await bench.look(subject)).verdicts[0].answer is Answer.YES


async def test_a_file_of_another_size_than_listed_is_an_integrity_error(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    data = packed(rr(), "x")
    github.add_release(
        TAG,
        {archive_name("amd64"): data},
        asset_overrides={archive_name("amd64"): {"size": len(data) + 1}},
    )
    bench = opened()
    with pytest.raises(IntegrityError):
        await bench.look(await bench.resolve("latest", "linux-amd64"))


async def test_offline_only_records_answer(
    served: GitHub, opened: Callable[..., Workbench]
) -> None:
    first = opened()
    await first.look(await first.resolve("latest", "linux-amd64"))
    await first.aclose()
    bench = opened(cache_dir=first.settings.cache_dir, offline=True)
    served.forget()
    assert (await bench.look(await bench.resolve("latest", "linux-amd64"))).verdicts[
        0
    ].answer is Answer.YES
    with pytest.raises(OfflineError, match="offline"):
        await bench.look(await bench.resolve("latest", "linux-arm64"))
    assert not served.seen


async def test_the_demo_makes_no_request_and_reads_its_stand_ins(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    bench = opened(demo=True)
    catalogue = await bench.catalogue()
    assets = [a for r in catalogue.releases for a in r.assets]
    for asset in [a for a in assets if a.stand_in]:
        inspection = await bench.look(bench.subject(asset))
        assert inspection.subject.stand_in
        assert inspection.verdicts[0].answer is not Answer.UNKNOWN
        assert (await bench.download(asset)).blob.sha256 == inspection.asset_sha256
    with pytest.raises(NotFoundError, match="not part of the demo"):
        await bench.look(bench.subject(next(a for a in assets if not a.stand_in)))
    assert not github.seen


async def test_a_whole_file_that_contradicts_its_peek_is_reported(
    github: GitHub, opened: Callable[..., Workbench]
) -> None:
    static, dynamic = binary("go-static-amd64").read_bytes(), binary("c-glibc").read_bytes()
    github.add_release("v1", {"tool-linux-amd64": static}, repo="acme/tool", digests=False)
    bench = opened(repo="acme/tool")
    subject = await bench.resolve("v1/tool-linux-amd64")
    assert (await bench.look(subject)).verdicts[0].answer is Answer.YES
    github.replace_asset(
        "v1", "tool-linux-amd64", dynamic + bytes(len(static) - len(dynamic)), repo="acme/tool"
    )
    whole = await bench.look(subject, depth=Depth.WHOLE)
    assert whole.verdicts[0].answer is Answer.YES_IF
    assert "first bytes said yes" in whole.changed
    assert "the whole file says yes-if" in whole.changed
    assert (await bench.look(subject, depth=Depth.WHOLE)).changed == "", (
        "said once: the record is the whole file's now"
    )
    assert (await bench.look(subject)).verdicts[0].answer is Answer.YES_IF


# ---- hostile archives

BAD = {
    "not-an-archive.tar.gz": b"\x1f\x8b" + bytes(20_000),
    "html.tar.gz": b"<!DOCTYPE html><title>Sign in</title>",
    "cut.tar.gz": make_archive("tar.gz", "x", {"README.md": bytes(3_000_000)}, tool=False)[:1500],
    "empty.tar.gz": b"",
    "zeros.tar": bytes(10_240),
    "bomb.tar.gz": make_archive("tar.gz", "x", {"a": bytes(60 << 20)}, tool=False),
    "traversal.tar.gz": make_archive(
        "gz", "", {"x": tar_of([("../../rr", b"\x7fELF" + bytes(60))])}
    ),
    "traversal.zip": zip_of([("../rr", b"\x7fELF" + bytes(60))]),
    "garbage.zip": b"PK\x03\x04" + b"\xff" * 4000,
    "garbage.deb": b"!<arch>\ndebian-binary   " + b"\xff" * 300,
    "no-data.deb": deb_of(tar_of([]), b"", packing="tar"),
    "short-elf": b"\x7fELF\x02\x01\x01",
    "elf-of-lies": b"\x7fELF\x02\x01\x01" + b"\xff" * 500,
}


@pytest.mark.parametrize("name", sorted(BAD))
async def test_a_hostile_file_never_gets_a_yes(
    github: GitHub, opened: Callable[..., Workbench], name: str
) -> None:
    github.add_release("v1", {name: BAD[name]}, repo="acme/tool")
    bench = opened(repo="acme/tool")
    subject = await bench.resolve(f"v1/{name}")
    for depth in (Depth.VERDICT, Depth.WHOLE):
        answer, error = await answered(bench.look(subject, depth=depth))
        assert answer in (Answer.NO, Answer.UNKNOWN)
        assert error is None or (error.title and error.remedy), error


async def answered(looking: Awaitable[Inspection]) -> tuple[Answer, ExplorerError | None]:
    """The answer and None, or unknown and the error."""
    try:
        return (await looking).verdicts[0].answer, None
    except (FormatError, SourceError) as error:
        return Answer.UNKNOWN, error
