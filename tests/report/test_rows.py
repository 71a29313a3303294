"""The rows both faces draw: what stands in them, that it fits its columns, and how it sorts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from explorer import report
from explorer.compat import Answer, Dependency, DependencyCheck, Where, find_target
from explorer.facts import NotApplicable, Unknown
from explorer.fetch import CacheStats, Check, Traffic
from explorer.progress import Progress
from explorer.releases import (
    OTHER,
    PROGRAM,
    Asset,
    AssetKind,
    Catalogue,
    Origin,
    Platform,
    Release,
    Role,
    load_profiles,
    parse_asset_name,
    snapshot,
)
from explorer.report import Cell, Column, Row, binaries, tables, verdicts
from explorer.report.json import inspect as json_inspect
from explorer.report.where import floor_cell, where_rows
from explorer.verify import CheckResult, Proof, Result
from explorer.workbench import Finding, Health, Inspection, file_key
from tests.report.conftest import NOW, inspect
from tests.support.proofs import make_proof

TAG = "v2025.1.15"
PROFILE = load_profiles().of_repo("roadrunner-server/roadrunner")


def asset(name: str, **more: object) -> Asset:
    """A file as the API describes it."""
    parsed = parse_asset_name(name, TAG)
    made = Asset(
        name,
        TAG,
        "o/n",
        1,
        24_100_000,
        f"sha256:{'0' * 64}",
        "https://x/y",
        "",
        "",
        NOW,
        5,
        PROFILE.kind_of(name, parsed),
        parsed.platform,
        parsed.archive,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def texts(row: Row) -> list[str]:
    """The row's texts."""
    return [cell.text for cell in row.cells]


def proof(**more: object) -> Proof:
    """A proof that ran."""
    words: dict[str, object] = {
        "command": (("docker", "create", "a b"), ("docker", "rm", "x")),
        "argv": ("/rr", "--version"),
        "started_at": "2026-06-17T12:02:00+00:00",
        "duration_s": 0.043,
        "total_s": 0.5,
        "stdout": "rr version\nsecond\tline\n",
        "sha256": "0" * 64,
        "subject": "rr",
    }
    return make_proof(**(words | more))


ARM64 = asset("roadrunner-2025.1.15-linux-arm64.tar.gz")
AMD64 = asset("roadrunner-2025.1.15-linux-amd64.tar.gz")
MUSL = asset("roadrunner-2025.1.15-unknown-musl-amd64.tar.gz")


def test_a_file_nobody_looked_at() -> None:
    row = tables.asset_row(ARM64).row
    assert texts(row) == [ARM64.name, "server", "linux-arm64", "24.1 MB", "sha256", "", "", ""]
    assert row.cells[0].short == "…linux-arm64.tar.gz"
    assert len(row.cells) == len(tables.asset_columns())
    unknown = replace(ARM64, size=Unknown("bundled"), digest=Unknown("bundled"))
    assert texts(tables.asset_row(unknown).row)[3:5] == ["?", "?"]
    assert (
        texts(tables.asset_row(replace(ARM64, digest=NotApplicable("null"))).row)[4] == "– absent"
    )
    assert "stand-in" in texts(tables.asset_row(replace(ARM64, stand_in=True)).row)[1]


def test_a_file_that_was_looked_at_and_proved(static_go: Inspection, inspected: Inspection) -> None:
    row = tables.asset_row(ARM64, replace(static_go, check=Check.OK), (proof(),)).row
    assert texts(row)[4:] == ["✓ ok", "✓ yes", "static Go", "▣ ran"]
    assert texts(tables.asset_row(AMD64, inspected).row)[5:7] == [
        "✗ no",
        "needs glibc's loader",
    ]


def test_musl_arm64_is_shown_though_it_was_never_published(
    static_go: Inspection, inspected: Inspection
) -> None:
    files = (ARM64, AMD64, MUSL)
    assert tables.unpublished(files) == (("musl-arm64", ARM64),)
    *_, gap = tables.asset_rows(files)
    assert gap.asset is None
    assert gap.serves == ARM64
    assert texts(gap.row)[:4] == ["musl-arm64: not published", "server", "musl-arm64", ""]
    assert "linux-arm64 may work: not inspected" in texts(gap.row)[6]
    *_, known = tables.asset_rows(files, lambda a: static_go)
    assert texts(known.row)[5:7] == ["↳ yes", "use linux-arm64: static Go"]
    *_, worse = tables.asset_rows(files, lambda a: inspected)
    assert texts(worse.row)[5] == "↳ no"
    assert "linux-arm64 fails too" in texts(worse.row)[6]
    assert tables.asset_rows(files, gaps=False)[-1].asset == MUSL


@pytest.mark.parametrize(
    ("name", "repo", "tag", "short"),
    [
        ("ripgrep-14.1.1-x86_64-unknown-linux-musl.tar.gz", "BurntSushi/ripgrep", "14.1.1",
         "…x86_64-unknown-linux-musl.tar.gz"),
        ("caddy_2.8.4_linux_amd64.tar.gz", "caddyserver/caddy", "v2.8.4", "…linux_amd64.tar.gz"),
        ("hugo_extended_0.121.2_linux-amd64.tar.gz", "gohugoio/hugo", "v0.121.2",
         "hugo_extended_…_linux-amd64.tar.gz"),
        ("kustomize_v5.4.1_linux_amd64.tar.gz", "kubernetes-sigs/kustomize", "kustomize/v5.4.1",
         "…linux_amd64.tar.gz"),
        ("bun-linux-x64.zip", "oven-sh/bun", "bun-v1.1.0", ""),
        ("protoc-gen-php-grpc-2025.1.15-linux-arm64.tar.gz", "spiral/roadrunner", "v2025.1.15",
         "…linux-arm64.tar.gz"),
        ("tool-1.2.3.zip", "acme/tool", "v1.2.3", "….zip"),
    ],
)  # fmt: skip
def test_a_short_name_leaves_out_what_all_files_have(
    name: str, repo: str, tag: str, short: str
) -> None:
    profile = load_profiles().of_repo(repo)
    parsed = parse_asset_name(name, tag, repo)
    kind = profile.kind_of(name, parsed)
    it = replace(ARM64, name=name, repo=repo, tag=tag, kind=kind, platform=parsed.platform)
    assert tables.asset_row(it).row.cells[0].short == short


def test_files_about_files_come_last_and_are_not_judged(static_go: Inspection) -> None:
    checksum = replace(
        ARM64, name="tool.sha256", kind=AssetKind("checksum", Role.ABOUT), about=True
    )
    source = replace(ARM64, name="tool_src.tar.gz", kind=AssetKind("source", Role.ABOUT))
    files = (checksum, source, ARM64, MUSL, AMD64)
    rows = tables.asset_rows(files, lambda _: static_go)
    assert [row.asset for row in rows][-2:] == [checksum, source]
    assert [texts(row.row)[5] for row in rows[-2:]] == ["", ""]


def test_what_a_name_leaves_open_is_filled_in_from_the_program(static_go: Inspection) -> None:
    vague = parse_asset_name("tool_linux_arm").platform
    it = replace(ARM64, name="tool_linux_arm", platform=vague)
    assert texts(tables.asset_row(it).row)[2] == "linux-arm?"
    assert texts(tables.asset_row(it, static_go).row)[2] == f"linux-{static_go.binary.arch}"
    silent = replace(ARM64, name="tool", platform=parse_asset_name("tool").platform)
    assert texts(tables.asset_row(silent).row)[2] == ""
    assert texts(tables.asset_row(silent, static_go).row)[2] == f"linux-{static_go.binary.arch}"


def test_a_project_without_musl_files_has_no_gaps() -> None:
    plain = replace(ARM64, kind=PROGRAM)
    assert tables.unpublished((plain, replace(AMD64, kind=PROGRAM))) == ()
    assert tables.unpublished((plain, replace(MUSL, kind=PROGRAM))) == (("musl-arm64", plain),)


def test_every_release_of_the_bundled_list_has_rows() -> None:
    catalogue = snapshot()
    for release in catalogue.releases:
        assert len(tables.release_row(release).cells) == len(tables.RELEASE_COLUMNS)
        rows = tables.asset_rows(release.assets)
        assert {len(row.row.cells) for row in rows} <= {len(tables.asset_columns())}
        assert len({row.row.key for row in rows}) == len(rows), (
            "keys are unique, or a table cannot keep its cursor"
        )
    title = tables.catalogue_title(catalogue)
    assert "(incomplete list)" in title
    assert "bundled snapshot" in title


def test_plugins_and_debs_can_be_hidden() -> None:
    release = next(r for r in snapshot().releases if r.tag == TAG)
    kinds = {a.kind.value for a in tables.shown_assets(release, plugins=False, debs=False)}
    assert kinds == {"server"}
    assert len(tables.shown_assets(release)) == len(release.assets)


def test_a_count_says_whether_it_is_all() -> None:
    releases = (Release("v1", "1", "v1", NOW, False, False, "", "", ()),)
    whole = Catalogue("o/n", releases, Origin.API, NOW - timedelta(minutes=2), True)
    assert tables.catalogue_title(whole, NOW) == "1 release · 2 min old"
    assert (
        tables.catalogue_title(replace(whole, complete=False), NOW)
        == "1 release (incomplete list) · 2 min old"
    )


def test_the_banner_says_it_in_words(static_go: Inspection, inspected: Inspection) -> None:
    yes = verdicts.verdict_banner(static_go)
    assert yes.headline.text == "✓ YES, runs on Alpine 3.22 (musl 1.2.5), arm64"
    assert yes.because.text == static_go.verdicts[0].deciding.text
    assert yes.proof.text == "▢ not proved yet"
    no = verdicts.verdict_banner(inspected)
    assert no.headline.style == "bad"
    assert "/lib64/ld-linux-x86-64.so.2" in no.evidence.text
    assert no.remedy.text


def test_the_packages_that_make_it_run_stand_in_every_line(aided: Inspection) -> None:
    banner = verdicts.verdict_banner(aided)
    assert banner.headline.text == "◐ YES, IF: apk add gcompat · Alpine 3.22 (musl 1.2.5), amd64"
    assert banner.headline.style == "warn"
    assert "ld-linux-x86-64.so.2" in banner.because.text
    assert banner.remedy.text.startswith("apk add gcompat; or ")
    assert texts(tables.asset_row(AMD64, aided).row)[5:7] == ["◐ yes-if", "apk add gcompat"]


def test_a_peek_says_that_the_target_as_it_is_lacks_something(aided: Inspection) -> None:
    verdict = aided.verdicts[0]
    open_ = replace(verdict, answer=Answer.UNKNOWN, packages=(), install="")
    headline = verdicts.headline(open_)
    assert headline.text.startswith("✗ NOT AS IT IS on Alpine 3.22")
    assert headline.text.endswith("; with packages: unknown")
    assert headline.style == "warn"
    peeked = replace(aided, verdicts=(open_,))
    assert texts(tables.asset_row(AMD64, peeked).row)[5] == "✗ as is"


def test_where_a_file_may_run_stands_before_where_it_does_not_as_it_is(aided: Inspection) -> None:
    verdict = aided.verdicts[0]
    as_is = replace(verdict, answer=Answer.UNKNOWN)
    waits = replace(verdict.deciding, answer=Answer.UNKNOWN)
    unknown = replace(as_is, deciding=waits, reasons=(waits,))
    no = replace(verdict, answer=Answer.NO)
    rows = where_rows((no, as_is, unknown, as_is, verdict))
    answers = [row.cells[1].text for row in rows]
    assert answers == ["◐ yes-if", "? unknown", "✗ as is", "✗ as is", "✗ no"]
    assert floor_cell((verdict,)).style == "strong", "no answer's colour"


def test_a_program_for_another_system_is_named_in_few_words(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    inspection = inspect("go-freebsd", tmp_path_factory, "alpine-3.22")
    assert verdicts.deciding_in_words(inspection.verdicts[0]) == "a program for FreeBSD"


def test_a_reason_has_fewer_words_for_a_narrow_column(aided: Inspection) -> None:
    verdict = aided.verdicts[0]
    reason = replace(verdict.deciding, short="not reached: too deep; see there", shortest="too\x1b")
    verdict = replace(verdict, deciding=reason)
    because = tables.asset_row(AMD64, replace(aided, verdicts=(verdict,))).row.cells[6]
    assert (because.text, because.short) == ("not reached: too deep; see there", "too␛")


def test_a_name_of_60_000_letters_is_cut_in_a_cell(inspected: Inspection) -> None:
    verdict = inspected.verdicts[0]
    for short in ("missing " + "x" * 60_000, ""):
        reason = replace(verdict.deciding, short=short, text="x" * 60_000)
        shown = verdicts.deciding_in_words(replace(verdict, deciding=reason))
        assert (len(shown), shown[-1]) == (200, "…")


def test_the_banner_is_loud_where_it_must_be(static_go: Inspection) -> None:
    wrong = proof(agrees=False, result=Result.FAILED)
    moved = Traffic(1, 16384, 24_100_000)
    notes = [
        n.text
        for n in verdicts.verdict_banner(
            replace(static_go, proofs=(wrong,), changed="It was yes before", traffic=moved)
        ).notes
    ]
    assert any("DISAGREES" in note for note in notes)
    assert "! It was yes before" in notes
    assert "peek: 1 request, 16.4 kB of 24.1 MB, nothing downloaded" in notes
    line = verdicts.proof_line(wrong, NOW)
    assert line.style == "bad"
    assert "DISAGREES" in line.text


def test_what_was_read_to_its_end_is_not_called_not_downloaded(static_go: Inspection) -> None:
    peeked = replace(static_go, traffic=Traffic(6, 650_000, 650_000))
    notes = [note.text for note in verdicts.verdict_banner(peeked).notes]
    assert notes == ["peek: 6 requests, 650 kB of 650 kB, not kept"]


def test_a_program_that_reports_another_version_is_marked() -> None:
    checks = (
        CheckResult("exit", True, "0", "0"),
        CheckResult("version", False, "2025.1.14", "2025.1.15\x1b[0m"),
    )
    line = verdicts.proof_line(proof(checks=checks), NOW)
    assert line.style == "warn"
    assert line.text.endswith(
        "✓ agrees with the verdict · ✗ version DIFFERS: expected 2025.1.14, seen 2025.1.15␛[0m"
    )
    assert verdicts.proof_line(proof(checks=checks[:1]), NOW).style == "good"


def test_a_proof_in_one_line_and_in_full() -> None:
    assert verdicts.proof_line(proof(), NOW).text.endswith(
        "in alpine:3.22, arm64 emulated: ✓ agrees with the verdict"
    )
    assert verdicts.proof_line(proof(), NOW).short.startswith("▣ ran: ✓ agrees with the verdict · ")
    facts = {row.cells[0].text: row.cells[1].text for row in verdicts.proof_facts(proof())}
    assert facts["engine"] == "docker 20.10 (linux/amd64)"
    assert facts["run took"] == "43 ms"
    assert verdicts.command_lines(proof()) == ("docker create 'a b'", "docker rm x")
    assert [cell.text for cell in verdicts.output_lines(proof().stdout)] == [
        "rr version",
        "second  line",
    ]
    assert verdicts.output_lines("x\n" * 5, limit=2)[-1].text == "… 3 more lines"
    none = proof(
        result=Result.NOT_RUN,
        engine=Unknown("none answers"),
        image=Unknown("none"),
        agrees=NotApplicable("nothing proved"),
    )
    assert verdicts.proof_line(none).text == f"▢ not run: {none.text}"


def test_the_tree_of_libraries_is_drawn_and_bounded(inspected: Inspection) -> None:
    deep = Dependency("leaf.so", "x", Where.MISSING, "", ("/lib",))
    for number in range(3000):
        deep = Dependency(f"lib{number}.so", "x", Where.IMAGE, "/lib/x", (), (deep,))
    check = DependencyCheck("/lib/ld", (deep,), ("leaf.so",), ("a", "b"))
    verdict = replace(inspected.verdicts[0], dependencies=check, newest_glibc="2.34")
    rows = verdicts.dependency_rows(verdict)
    assert len(rows) == 2001
    assert "cut" in texts(rows[-1])[0]
    assert rows[1].depth == 1
    assert texts(rows[1])[0].startswith("└ ")
    facts = {row.cells[0].text: row.cells[1].text for row in verdicts.dependency_facts(verdict)}
    assert facts == {
        "interpreter": "✗ /lib/ld: not in Alpine 3.22",
        "newest glibc": "GLIBC_2.34",
        "missing libraries": "leaf.so",
        "missing symbols": "2: a, b",
    }


def test_a_long_list_of_names_ends_with_how_many_more_there_are(inspected: Inspection) -> None:
    names = tuple(f"symbol_number_{number}" for number in range(31))
    check = DependencyCheck("/lib/ld", (), names, names)
    verdict = replace(inspected.verdicts[0], dependencies=check)
    cells = [row.cells[1] for row in verdicts.dependency_facts(verdict)]
    assert cells[3].text.endswith("symbol_number_19 … and 11 more")
    assert cells[3].short == "31: symbol_number_0, symbol_number_1 … and 29 more"
    assert cells[2].short == "symbol_number_0, symbol_number_1 … and 29 more"
    alone = replace(verdict, dependencies=replace(check, missing_symbols=("x" * 90,)))
    assert verdicts.dependency_facts(alone)[3].cells[1].short == "1: " + "x" * 90


def test_a_missing_loader_is_red_and_no_library_is_green_below_it(
    inspected: Inspection, aided: Inspection, on_debian: Inspection
) -> None:
    verdict = aided.verdicts[0]
    loader = verdicts.dependency_facts(verdict)[0].cells[1]
    assert loader.style == "warn"
    assert loader.text == "◐ /lib64/ld-linux-x86-64.so.2: needs “apk add gcompat”"
    on_alpine, other = inspected.verdicts[0], on_debian.verdicts[0]
    loader = verdicts.dependency_facts(on_alpine)[0].cells[1]
    assert loader.style == "bad"
    assert loader.text == ("✗ /lib64/ld-linux-x86-64.so.2: not in Alpine 3.22")
    styles = {row.cells[1].style for row in verdicts.dependency_rows(on_alpine)}
    assert "good" not in styles
    assert verdicts.dependency_facts(other)[0].cells[1].style == "good"
    assert {row.cells[1].text for row in verdicts.dependency_rows(other)} == {"✓ loader"}


def test_a_loader_is_told_before_the_libraries_are_known(inspected: Inspection) -> None:
    verdict = inspected.verdicts[0]
    (row,) = verdicts.loader_facts(verdict, "/lib64/ld-linux-x86-64.so.2")
    assert texts(row) == ["interpreter", "✗ /lib64/ld-linux-x86-64.so.2: not in Alpine 3.22"]
    assert row.cells[1].style == "bad"
    assert verdicts.loader_facts(verdict, Unknown("why")) == ()


def test_every_tab_of_a_real_binary_fits_its_columns(
    static_go: Inspection, inspected: Inspection
) -> None:
    for inspection in (static_go, inspected):
        elf = inspection.binary.elf
        assert not isinstance(elf, (Unknown, NotApplicable))
        checked: list[tuple[tuple[Column, ...], list[Row]]] = [
            (binaries.GO_COLUMNS, list(binaries.go_rows(elf.go)))
        ]
        assert isinstance(elf.segments, tuple)
        checked.append(
            (
                binaries.SEGMENT_COLUMNS,
                [binaries.segment_row(segment, n) for n, segment in enumerate(elf.segments)],
            )
        )
        assert isinstance(elf.notes, tuple)
        checked.append(
            (
                binaries.NOTE_COLUMNS,
                [binaries.note_row(note, n) for n, note in enumerate(elf.notes)],
            )
        )
        assert isinstance(elf.sections, tuple)
        checked.append(
            (binaries.SECTION_COLUMNS, [binaries.section_row(section) for section in elf.sections])
        )
        checked.append(
            (
                verdicts.REASON_COLUMNS,
                [verdicts.reason_row(reason) for reason in inspection.verdicts[0].reasons],
            )
        )
        for columns, rows in checked:
            assert rows
            assert {len(row.cells) for row in rows} == {len(columns)}
    assert (
        binaries.go_rows(Unknown("needs the whole file"))[0].cells[1].text
        == "? needs the whole file"
    )


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer.YES, "✓ yes"),
        (Answer.YES_IF, "◐ yes-if"),
        (Answer.NO, "✗ no"),
        (Answer.UNKNOWN, "? unknown"),
    ],
)
def test_answers_are_a_glyph_and_a_word(answer: Answer, text: str) -> None:
    assert report.answer_cell(answer).text == text


def test_cells_sort_by_what_they_mean() -> None:
    def order(*cells: Cell) -> list[str]:
        return [cell.text for cell in sorted(cells, key=lambda cell: cell.sort_key)]

    assert order(Cell("v10"), Cell("v2"), Cell("V1"), Cell("")) == ["V1", "v2", "v10", ""]
    assert order(
        Cell("1.0 MB", sort=10**6), Cell("999 kB", sort=999_000), Cell("?", "unknown")
    ) == ["999 kB", "1.0 MB", "?"]
    assert order(
        *(report.answer_cell(a) for a in (Answer.NO, Answer.UNKNOWN, Answer.YES, Answer.YES_IF))
    ) == [
        "✓ yes",
        "◐ yes-if",
        "? unknown",
        "✗ no",
    ]


def test_progress_findings_and_the_cache() -> None:
    half = Progress("downloading", 12_000_000, 24_000_000, rate=3_000_000)
    assert tables.progress_line(half) == "downloading 50 % of 24.0 MB, 3.0 MB/s, 4.0 s left"
    assert tables.progress_line(Progress("peeking", 3, 16, "files")) == "peeking 3 of 16 files"
    assert texts(tables.finding_row(Finding("docker", Health.BAD, "down", "start it"))) == [
        "✗ bad",
        "docker",
        "down",
        "start it",
    ]
    facts = tables.cache_facts(CacheStats(Path("/c"), 2, 10**6, 2 << 30, 1, 5, 3, 4))
    assert texts(facts[1]) == ["files", "2 (1.0 MB of 2 GiB)"]


def test_a_name_that_says_nothing_is_shown_itself() -> None:
    nowhere = Platform(Unknown("?"), Unknown("?"), Unknown("?"))
    other = replace(
        ARM64,
        name="notes\x1b.txt",
        kind=OTHER,
        platform=nowhere,
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert texts(tables.asset_row(other).row)[0] == "notes␛.txt"
    assert {row.key for row in tables.asset_facts(other)} >= {"name", "size", "digest", "uploaded"}
    assert file_key(other) == f"{TAG}/notes\x1b.txt"


def test_a_proof_counts_for_the_target_it_ran_on() -> None:
    debian, alpine = find_target("debian-12"), find_target("alpine-3.22")
    failed = proof(result=Result.FAILED, verdict="no", meaning="interpreter-missing")
    confirmed = verdicts.proof_on((failed,), alpine, NOW).text
    assert confirmed.startswith("▨ did not start, as predicted")
    assert "failed" not in confirmed
    assert verdicts.proof_on((failed,), debian, NOW).text == (
        "▢ not tested on Debian 12 (on Alpine 3.22: did not start, as predicted)"
    )
    assert verdicts.proof_on((), debian).text == "▢ not proved yet"
    wrong = replace(failed, verdict="yes", agrees=False)
    assert verdicts.proof_on((wrong,), debian, NOW).text.endswith(
        "(on Alpine 3.22: did not start, although YES was predicted)"
    )
    odd = proof(target="", agrees=NotApplicable("no target is like it"))
    assert "(on Alpine Linux v3.22: started)" in verdicts.proof_on((odd,), debian, NOW).text


def test_a_proof_with_the_packages_of_a_yes_if_counts_everywhere(static_go: Inspection) -> None:
    """Not "ran" at the top of the screen and "not tested" below."""
    needs = replace(static_go.verdicts[0], packages=("libgcc",), target=find_target("alpine-3.22"))
    aided = replace(static_go, verdicts=(needs,), proofs=(proof(target="alpine-3.22+libgcc"),))
    assert verdicts.verdict_banner(aided).proof.text.startswith("▣ ran")
    assert verdicts.not_tested(aided) is None
    assert texts(tables.asset_row(ARM64, aided).row)[7] == "▣ ran"
    other = replace(aided, proofs=(proof(target="alpine-3.22+gcompat"),))
    assert verdicts.not_tested(other) is not None
    assert texts(tables.asset_row(ARM64, other).row)[7] == "▢ elsewhere"


def test_lists_and_marks_count_a_proof_for_its_target(static_go: Inspection) -> None:
    target = find_target("debian-12")
    verdict = replace(static_go.verdicts[0], target=target)
    elsewhere = replace(static_go, verdicts=(verdict,), proofs=(proof(),))
    assert texts(tables.asset_row(ARM64, elsewhere).row)[7] == "▢ elsewhere"
    here = replace(elsewhere, proofs=(proof(), proof(target="debian-12")))
    assert texts(tables.asset_row(ARM64, here).row)[7] == "▣ ran"
    banner = verdicts.verdict_banner(replace(elsewhere, proofs=(proof(agrees=False),)))
    assert "not tested on Debian 12" in banner.proof.text
    assert not [note for note in banner.notes if "DISAGREES" in note.text]


def test_a_confirmed_no_looks_neither_good_nor_bad() -> None:
    failed = proof(result=Result.FAILED, verdict="no", agrees=True)
    assert verdicts.proof_line(failed, NOW).style == "strong"
    assert verdicts.proof_mark(failed).short == "▨ no start"
    assert verdicts.proof_mark(replace(failed, agrees=False)).style == "bad"


def test_a_yes_if_that_did_not_start_contradicts_nothing() -> None:
    agrees = NotApplicable("its condition may not hold in this image")
    failed = proof(result=Result.FAILED, verdict="yes-if", agrees=agrees)
    line = verdicts.proof_line(failed, NOW)
    assert line.text.startswith("▨ did not start")
    assert line.text.endswith(": the condition of the yes-if may not hold there")
    assert line.style == "warn"
    debian = find_target("debian-12")
    assert "(on Alpine 3.22: did not start: the" in verdicts.proof_on((failed,), debian, NOW).text


def test_an_unfinished_upload_has_a_word_of_its_own() -> None:
    row = texts(tables.asset_row(replace(ARM64, unfinished=True)).row)
    assert row[5:7] == ["? unfinished", "its upload was never finished"]


def test_json_says_what_was_tested_on_each_target(static_go: Inspection) -> None:
    alpine, debian = (
        replace(static_go.verdicts[0], target=find_target(name))
        for name in ("alpine-3.22", "debian-12")
    )
    failed = proof(result=Result.FAILED, verdict="no", agrees=True)
    document = json_inspect(replace(static_go, verdicts=(alpine, debian), proofs=(failed,)))
    assert document["tested"] == [
        {
            "target": "alpine-3.22",
            "result": "failed",
            "text": "on Alpine 3.22: did not start, as predicted",
        },
        {
            "target": "debian-12",
            "result": None,
            "text": "not tested on Debian 12 (on Alpine 3.22: did not start, as predicted)",
        },
    ]
