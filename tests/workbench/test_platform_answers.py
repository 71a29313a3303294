"""Answers for a platform: the one that was asked for, or the one that a file's name claims."""

import gzip
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from explorer.archive import Member
from explorer.compat import Answer
from explorer.errors import NotFoundError, UsageError
from explorer.report.advice import advice_headline, prove_command, snippets
from explorer.report.tables import MarkState, mark_of
from explorer.workbench import Depth, Inspection, Workbench
from tests.support.archives import make_archive
from tests.support.github import GitHub
from tests.workbench.conftest import TAG, archive_name, packed, rr

REPO = "acme/tool"
MakeBench = Callable[..., Workbench]


@pytest.fixture
def bench(opened: MakeBench) -> Workbench:
    """A workbench for a project without a profile."""
    return opened(repo=REPO)


def publish(github: GitHub, files: dict[str, bytes | Path], tag: str = "v1.0.0") -> None:
    github.add_release(tag, files, repo=REPO)


def program(arch: str = "amd64") -> bytes:
    return rr(arch).read_bytes()


# ---------------------------------------------------------------- a name that lies


@pytest.fixture
def mislabelled(github: GitHub) -> str:
    """RoadRunner's arm64 file, which holds an amd64 program."""
    name = archive_name("arm64")
    github.add_release(TAG, {name: packed(rr("amd64"), name.removesuffix(".tar.gz"))})
    return name


async def test_a_file_named_arm64_that_holds_amd64_is_no(
    mislabelled: str, opened: MakeBench
) -> None:
    bench = opened()
    subject = await bench.resolve("latest", "linux-arm64")
    for depth in (Depth.VERDICT, Depth.WHOLE, Depth.VERDICT):  # peeked, read, recorded
        verdict = (await bench.look(subject, depth=depth)).verdicts[0]
        assert (verdict.answer, verdict.deciding.code) == (Answer.NO, "elf.arch")
        assert "mislabelled" in verdict.deciding.text
        assert "arm64" in verdict.deciding.text


async def test_a_mislabelled_file_is_not_advised(mislabelled: str, opened: MakeBench) -> None:
    advice = await opened().advise("latest", "arm64")
    assert advice.chosen is None
    assert not advice.is_open
    assert "mislabelled" in advice.why


async def test_a_mislabelled_file_is_no_in_the_matrix(mislabelled: str, opened: MakeBench) -> None:
    bench = opened()
    matrix = await bench.matrix()
    marks = {c.column.key: mark_of(matrix, c).state for c in matrix.rows[0].cells}
    assert marks["server:linux-arm64"] is MarkState.NO
    assert marks["server:musl-arm64"] is MarkState.NO


async def test_a_local_file_is_judged_for_what_its_name_claims(
    opened: MakeBench, tmp_path: Path
) -> None:
    bench = opened()
    answers = []
    for name in ("tool-linux-arm64", "tool-linux-amd64", "tool"):
        file = tmp_path / name
        file.write_bytes(program("amd64"))
        inspection = await bench.look(await bench.resolve(str(file)))
        answers.append(inspection.verdicts[0].answer)
    assert answers == [Answer.NO, Answer.YES, Answer.YES]


async def test_a_target_with_an_architecture_is_what_was_asked_for(
    mislabelled: str, opened: MakeBench
) -> None:
    bench = opened()
    subject = await bench.resolve("latest", "linux-arm64")
    inspection = await bench.look(subject, on=("alpine-3.22/amd64", "alpine-3.22/arm64"))
    assert [v.answer for v in inspection.verdicts] == [Answer.YES, Answer.NO]


async def test_a_loose_word_is_no_claim_against_its_sibling(
    github: GitHub, bench: Workbench
) -> None:
    publish(github, {"tool_linux_x86": program("amd64"), "tool_linux_arm": program("amd64")})
    release = (await bench.catalogue()).releases[0]
    looks = {a.name: await bench.look_at(a) for a in release.assets}
    answers = {name: s.verdict.answer for name, s in looks.items() if s.verdict is not None}
    assert answers == {"tool_linux_x86": Answer.YES, "tool_linux_arm": Answer.NO}


async def test_the_name_of_a_cross_tool_claims_nothing(github: GitHub, bench: Workbench) -> None:
    names = ("qemu-aarch64-static", "aarch64-linux-musl-cross", "riscv64-elf-gcc")
    publish(github, {name: program("amd64") for name in names})
    for asset in (await bench.catalogue()).releases[0].assets:
        verdict = (await bench.look_at(asset)).verdict
        assert verdict is not None
        assert verdict.answer is Answer.YES, asset.name


# ---------------------------------------------------------------- names that do not say


@pytest.mark.parametrize(
    "name",
    ["tool_1.0.0_Linux.tar.gz", "tool_Linux_64-bit.tar.gz", "tool.amd64", "tool", "tool_linux_x86"],
)
async def test_a_file_whose_name_leaves_it_open_is_looked_at(
    github: GitHub, bench: Workbench, name: str
) -> None:
    data = program("amd64")
    if name.endswith(".tar.gz"):
        data = make_archive("tar.gz", "tool", {"tool": rr("amd64")})
    publish(github, {name: data, "tool-darwin-amd64": b"x", "tool.sha256": b"0" * 64})
    advice = await bench.advise("latest", "amd64")
    assert advice.chosen is not None
    assert advice.chosen.asset.name == name
    assert (await bench.advise("latest", "arm64")).chosen is None


async def test_what_holds_no_program_is_no_candidate(github: GitHub, bench: Workbench) -> None:
    sources = make_archive("tar.gz", "tool-1.0.0", {"main.go": b"package main\n"})
    publish(
        github,
        {"tool-1.0.0.tar.gz": sources, "install.sh": b"#!/bin/sh\n", "manual": b"Read me.\n"},
    )
    advice = await bench.advise("latest", "amd64")
    assert advice.candidates == ()
    assert "no Linux file for amd64" in advice.why


async def test_a_named_file_is_preferred_without_asking_the_others(
    github: GitHub, bench: Workbench
) -> None:
    publish(github, {"tool-linux": program(), "tool-linux-amd64": program()})
    advice = await bench.advise("latest", "amd64")
    assert [c.asset.name for c in advice.candidates] == ["tool-linux-amd64"]


# ---------------------------------------------------------------- unknown is not no


async def test_one_unknown_candidate_makes_the_advice_unknown(
    github: GitHub, bench: Workbench
) -> None:
    publish(
        github,
        {
            "tool-linux-amd64.rar": b"Rar!\x1a\x07\0" + bytes(100),
            "tool-linux-amd64.gz": gzip.compress(program("arm64")),
        },
    )
    advice = await bench.advise("latest", "amd64")
    assert advice.chosen is None
    assert advice.is_open
    assert "tool-linux-amd64.rar" in advice.why
    assert "not known" in advice_headline(advice).text


async def test_one_that_works_is_taken_beside_an_unknown_one(
    github: GitHub, bench: Workbench
) -> None:
    files = {"tool-linux-amd64.rar": b"Rar!\x1a\x07\0", "tool-linux-amd64.gz": program()}
    files["tool-linux-amd64.gz"] = gzip.compress(files["tool-linux-amd64.gz"])
    publish(github, dict(files))
    advice = await bench.advise("latest", "amd64")
    assert advice.chosen is not None
    assert advice.chosen.asset.name == "tool-linux-amd64.gz"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"tool-linux-amd64": "amd64", "tool-linux-amd64.bin": "arm64"}, MarkState.YES),
        ({"tool-linux-amd64": "rar", "tool-linux-amd64.bin": "arm64"}, MarkState.UNKNOWN),
        ({"tool-linux-amd64": "amd64", "tool-linux-amd64.rar": "rar"}, MarkState.YES),
        ({"tool-linux-amd64": "arm64"}, MarkState.NO),
    ],
)
async def test_a_cell_of_several_files_says_what_one_can_take(
    github: GitHub, bench: Workbench, files: dict[str, str], expected: MarkState
) -> None:
    unread = b"Rar!\x1a\x07\0" + bytes(100)
    publish(github, {n: unread if of == "rar" else program(of) for n, of in files.items()})
    matrix = await bench.matrix()
    (cell,) = matrix.rows[0].cells
    assert mark_of(matrix, cell).state is expected


async def test_packages_and_files_about_files_are_not_in_the_matrix(
    github: GitHub, bench: Workbench
) -> None:
    publish(
        github,
        {
            "tool-linux-amd64": program(),
            "tool-linux-amd64.checksum": b"0" * 64,
            "tool-linux-amd64.rpm": b"\xed\xab\xee\xdb",
            "tool_linux_amd64.deb": b"!<arch>\n",
        },
    )
    matrix = await bench.matrix()
    (cell,) = matrix.rows[0].cells
    assert [a.name for a in cell.assets] == ["tool-linux-amd64"]


async def test_an_android_app_is_not_for_alpine(
    github: GitHub, bench: Workbench, tmp_path: Path
) -> None:
    app = tmp_path / "app.apk"
    with ZipFile(app, "w") as archive:
        archive.writestr("AndroidManifest.xml", "x")
        archive.write(rr("arm64"), "lib/arm64-v8a/libapp.so")
    publish(github, {"app-arm64-v8a-release.apk": app})
    advice = await bench.advise("latest", "arm64")
    assert advice.candidates == ()


# ---------------------------------------------------------------- uploads that never finished


async def test_an_unfinished_upload_is_unknown_and_costs_no_request(
    github: GitHub, bench: Workbench
) -> None:
    name = "tool-linux-amd64"
    overrides = {name: {"state": "starter", "size": 0, "digest": None}}
    github.add_release("v1.0.0", {name: b"x"}, repo=REPO, asset_overrides=overrides)
    advice = await bench.advise("latest", "amd64")
    assert advice.is_open
    assert "never finished" in advice.why
    with pytest.raises(NotFoundError, match="never finished"):
        await bench.look(await bench.resolve(f"v1.0.0/{name}"))
    with pytest.raises(NotFoundError, match="never finished"):
        await bench.download((await bench.catalogue()).releases[0].assets[0])
    assert github.count(f"*/{name}") == 0


# ---------------------------------------------------------------- tags with a slash


async def test_the_longest_tag_that_fits_is_the_tag(github: GitHub, bench: Workbench) -> None:
    name = "tool_linux_amd64"
    for tag in ("cli", "cli/v1.0.0", "cli/v1.0.0/rc"):
        publish(github, {name: program()}, tag)
    for words in ("cli/v1.0.0", f"cli/v1.0.0/{name}"):
        subject = await bench.resolve(words, "linux-amd64")
        assert subject.name == f"cli/v1.0.0/{name}"
    assert (await bench.resolve(f"cli/v1.0.0/rc/{name}")).name == f"cli/v1.0.0/rc/{name}"
    assert (await bench.resolve(f"cli/{name}")).name == f"cli/{name}"
    with pytest.raises(NotFoundError, match="has no file other"):
        await bench.resolve("cli/v1.0.0/other")
    with pytest.raises(NotFoundError, match="has no release app/v1/tool") as caught:
        await bench.resolve("app/v1/tool")
    assert "Did you mean" in caught.value.remedy or "releases" in caught.value.remedy


# ---------------------------------------------------------------- one archive, two architectures

BOTH = "tool-1.0.0-linux.zip"


@pytest.fixture
def for_both(github: GitHub) -> str:
    """An archive whose name says no architecture, with a program for each of two."""
    members = {f"{arch}/tool": rr(arch) for arch in ("amd64", "arm64")}
    publish(github, {BOTH: make_archive("zip", "", members)})
    return f"v1.0.0/{BOTH}"


def judged(inspection: Inspection) -> tuple[str, Answer]:
    assert isinstance(inspection.member, Member), inspection.verdicts[0].deciding
    return inspection.member.name, inspection.verdicts[0].answer


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
@pytest.mark.parametrize("depth", [Depth.VERDICT, Depth.WHOLE])
async def test_a_targets_architecture_picks_the_member(
    for_both: str, bench: Workbench, arch: str, depth: Depth
) -> None:
    subject = await bench.resolve(for_both)
    for _ in range(2):  # looked at, recorded
        seen = await bench.look(subject, on=(f"alpine-3.24/{arch}",), depth=depth)
        assert judged(seen) == (f"{arch}/tool", Answer.YES)
    [verdict] = (await bench.look(subject)).verdicts
    assert verdict.answer is Answer.UNKNOWN  # no question, no answer
    assert "arm64/tool" in verdict.deciding.text


@pytest.mark.parametrize("words", ["linux/arm64", "linux-aarch64", "arm64"])
async def test_the_platform_asked_for_picks_the_member_of_a_named_file(
    for_both: str, bench: Workbench, tmp_path: Path, words: str
) -> None:
    local = tmp_path / "both.tar.gz"
    local.write_bytes(make_archive("tar.gz", "", {f"{a}/x": rr(a) for a in ("amd64", "arm64")}))
    seen = await bench.look(await bench.resolve(str(local), words))
    assert judged(seen) == ("arm64/x", Answer.YES)
    subject = await bench.resolve(for_both, words)
    assert judged(await bench.look(subject)) == ("arm64/tool", Answer.YES)
    seen = await bench.look(subject, depth=Depth.WHOLE)
    assert seen.others == ("amd64/tool",)
    written = await bench.get(await bench.resolve(for_both, words), tmp_path / "out")
    assert written.binary == tmp_path / "out/arm64/tool"


async def test_targets_of_two_architectures_are_each_judged_on_their_program(
    for_both: str, bench: Workbench
) -> None:
    on = ("alpine-3.24/arm64", "debian-12/amd64", "alpine-3.23/arm64")
    for depth in (Depth.VERDICT, Depth.WHOLE):
        seen = await bench.look(await bench.resolve(for_both), on=on, depth=depth)
        assert [verdict.target.name for verdict in seen.verdicts] == list(on)
        assert [verdict.answer for verdict in seen.verdicts] == [Answer.YES] * 3
        texts = [verdict.deciding.text for verdict in seen.verdicts]
        assert [text.startswith("amd64/tool: ") for text in texts] == [False, True, False]


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
async def test_advice_takes_the_member_for_its_architecture(
    for_both: str, bench: Workbench, arch: str
) -> None:
    await bench.look(await bench.resolve(for_both))
    advice = await bench.advise("v1.0.0", arch)
    assert advice.chosen is not None
    assert advice.inspection is not None
    assert judged(advice.inspection) == (f"{arch}/tool", Answer.YES)
    assert any(f" {arch}/tool >" in line for s in snippets(advice) for line in s.lines)
    assert prove_command(advice).endswith(f"--on alpine-3.24/{arch}")


async def test_a_platform_asked_for_that_a_file_is_not_for_is_no(
    github: GitHub, bench: Workbench, tmp_path: Path
) -> None:
    local = tmp_path / "tool"
    local.write_bytes(program("amd64"))
    [verdict] = (await bench.look(await bench.resolve(str(local), "linux-arm64"))).verdicts
    assert (verdict.answer, verdict.deciding.code) == (Answer.NO, "elf.arch")
    assert "mislabelled" not in verdict.deciding.text
    with pytest.raises(UsageError, match="is not a platform"):
        await bench.resolve(str(local), "plan-b")
