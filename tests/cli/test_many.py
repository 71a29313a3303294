"""``matrix``, ``advise`` and ``report`` from their words to their output."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import AMD64, ARM64, OLD, TAG, Command
from tests.support.archives import make_archive
from tests.support.binaries import binary
from tests.support.github import GitHub
from tests.support.workflows import check_workflow


def test_the_matrix_tells_the_story_of_musl_arm64(served: Command, github: GitHub) -> None:
    document = served.json("matrix", TAG, "v1.6.2")
    columns = [column["key"] for column in document["columns"]]
    new, old = ({cell["column"]: cell for cell in row["cells"]} for row in document["rows"])
    assert set(new) == set(columns)
    assert new["server:linux-arm64"]["published"][0]["answer"] == "yes"
    assert new["server:musl-arm64"]["published"] == []
    assert (
        new["server:musl-arm64"]["serves"]["name"],
        new["server:musl-arm64"]["serves"]["answer"],
    ) == (ARM64, "yes")
    file = old["server:linux-amd64"]["published"][0]
    assert (file["answer"], file["if"]) == ("yes-if", ["gcompat"])
    assert github.count("*", "assets") == 3, "one ranged request for each file"
    assert "↳ linux-arm64: yes, static" in served("matrix", "--latest", "1").out
    text = served("matrix", TAG, "--markdown").out
    assert "↳ linux-arm64: yes, static" in text
    tables = [part.splitlines() for part in text.split("\n\n") if part.startswith("|")]
    assert [len({line.count("|") for line in table}) for table in tables] == [1, 1], (
        "RoadRunner and its plugin apart"
    )
    assert served("matrix", "--markdown", "--json").code == 2


def test_advice_names_a_file_with_its_digest_or_how_to_build_one(served: Command) -> None:
    document = served.json("advise", "--arch", "arm64")
    assert (document["chosen"]["name"], document["libc"], document["sha256_from"]) == (
        ARM64,
        "musl",
        "api",
    )
    assert {"dockerfile", "shell"} <= {snippet["key"] for snippet in document["snippets"]}
    assert any(document["sha256"] in snippet["text"] for snippet in document["snippets"])
    text = served("advise", TAG, "--arch", "amd64")
    assert text.code == 0
    assert f"use {AMD64}" in text.out
    assert "▢ not proved yet" in text.out
    assert f"rr-explorer verify {TAG}/{AMD64} --on alpine-" in text.out
    assert document["proof"] is None
    assert document["prove"].startswith(f"rr-explorer verify {TAG}/{ARM64}")
    aided = served.json("advise", "v1.6.2", "--arch", "amd64")
    assert aided["candidates"][0]["if"] == ["gcompat"]
    lines = {snippet["key"]: snippet["text"] for snippet in aided["snippets"]}
    assert "RUN apk add --no-cache gcompat\n" in lines["dockerfile"]
    assert "CGO_ENABLED=0" in lines["build-go"]
    assert "◐ use" in served("advise", "v1.6.2", "--arch", "amd64").out
    assert served("advise", "v9.9.9").code == 3


def test_advise_prints_the_lines_alone(served: Command) -> None:
    document = served.json("advise", "--arch", "arm64")
    texts = {snippet["key"]: snippet["text"] for snippet in document["snippets"]}
    for key in ("dockerfile", "shell"):
        done = served("advise", "--arch", "arm64", "--print", key)
        assert (done.code, done.out) == (0, texts[key])
    build = served("advise", "v1.6.2", "--arch", "amd64", "--print", "build-go")
    assert (build.code, "CGO_ENABLED=0" in build.out) == (0, True)
    none = served("advise", "--arch", "arm64", "--print", "build-go")
    assert (none.code, none.out) == (1, "")
    assert "dockerfile" in none.err
    assert served("advise", "--print", "shell", "--json").code == 2


def test_mistyped_platforms_and_architectures_get_suggestions(served: Command) -> None:
    done = served("advise", "--arch", "amd46")
    assert (done.code, "Did you mean amd64?" in done.err) == (2, True)
    done = served("inspect", TAG, "--platform", "linux-am64")
    assert (done.code, "Did you mean linux-a" in done.err) == (3, True)
    done = served("inspect", TAG, "--platform", "lnux-amd64")
    assert (done.code, "Did you mean linux-amd64?" in done.err) == (3, True)
    done = served("assets", TAG, "--platform", "lnux-amd64")
    assert "Did you mean linux-amd64?" in done.err
    assert "?," not in done.err, "a file without a platform has none to choose"
    done = served("inspect", TAG, "--platform", "linux-riscv64")
    assert (done.code, "Did you mean" in done.err) == (3, False), "no other processor's file"


def test_how_to_build_another_project_is_read_from_its_program(rr: Command, github: GitHub) -> None:
    name = "hello-linux-amd64.tar.gz"
    github.add_release(
        "v1",
        {name: make_archive("tar.gz", "hello", {"hello": binary("go-static-amd64")})},
        repo="acme/hello",
    )
    rr.api_url = github.api_url
    before = rr("--repo", "acme/hello", "advise", "v1", "--arch", "arm64")
    assert before.code == 1
    assert (
        f"Nothing to paste: which Go package to build is not known: inspect v1/{name}, which reads"
        in before.out
    )
    assert rr("--repo", "acme/hello", "inspect", f"v1/{name}").code == 0
    after = rr("--repo", "acme/hello", "advise", "v1", "--arch", "arm64")
    assert after.code == 1
    assert (
        "CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -ldflags '-s' -o ../hello .\n"
        in after.out
    )
    assert "cmd/rr" not in after.out


def test_what_the_demo_cannot_inspect_is_published_not_an_error(rr: Command) -> None:
    document = rr.json("matrix", "v2025.1.15", "v2025.1.14", "--demo")
    new, old = ({cell["column"]: cell for cell in row["cells"]} for row in document["rows"])
    assert new["server:musl-arm64"]["serves"]["state"] == "seen"
    assert new["server:freebsd"]["published"][0]["state"] == "published"
    assert {file["state"] for cell in old.values() for file in cell["published"]} == {"published"}
    done = rr("matrix", "v2025.1.14", "--demo")
    assert "error" not in done.out + done.err
    assert "↳ linux-arm64 ?" in done.out
    assert "published: not inspected" in done.err


def test_offline_shows_what_was_kept_and_the_rest_as_published(
    served: Command, github: GitHub
) -> None:
    served("inspect", f"{TAG}/{ARM64}", "--peek")
    served("get", f"{TAG}/{AMD64}", "-o", served.home / "bin")
    before = github.count()
    document = served.json("--offline", "matrix", TAG, "v1.6.2")
    new, old = ({cell["column"]: cell for cell in row["cells"]} for row in document["rows"])
    assert [
        new[f"server:linux-{arch}"]["published"][0]["state"] for arch in ("arm64", "amd64")
    ] == ["seen", "seen"]
    assert old["server:linux-amd64"]["published"][0]["state"] == "published"
    assert github.count() == before
    lines = served("assets", "v1.6.2", "--peek", "--offline").err.splitlines()
    assert [line for line in lines if "not inspected" in line] == [
        "warning: 1 file was not inspected: rr-explorer was told to stay offline"
    ]


def test_a_stand_in_has_nothing_to_paste_and_advice_says_so(rr: Command) -> None:
    done = rr("advise", "--demo")
    assert done.code == 0
    assert done.out.splitlines()[-1].startswith("Nothing to paste: a stand-in is not published.")
    assert "rr-explorer --demo verify v2025.1.15/" in done.out
    document = rr.json("advise", "--demo")
    assert document["snippets"] == []
    assert "stand-in" in document["nothing_to_paste"]
    both = rr("advise", "--demo", "--arch", "amd64").out
    assert "✓ yes · roadrunner-2025.1.15-unknown-musl-amd64.tar.gz: static Go" in both


def test_advice_that_cannot_look_does_not_say_no_file_works(rr: Command) -> None:
    done = rr("advise", "--offline")
    assert done.code == 1
    assert "? which file to use is not known" in done.out
    assert "stay offline" in done.out
    assert "CGO_ENABLED" not in done.out


@pytest.mark.parametrize(
    ("form", "start"),
    [("markdown", "## "), ("html", "<!DOCTYPE html>"), ("svg", "<svg "), ("json", "{")],
)
def test_reports_of_several_files(served: Command, form: str, start: str) -> None:
    done = served("report", f"v1.6.2/{OLD}", binary("go-static-arm64"), "--format", form)
    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith(start)
    assert OLD in done.out


def test_a_report_as_json_fits_its_schema(rr: Command, tmp_path: Path) -> None:
    document = rr.json("report", binary("c-glibc"), binary("go-static-arm64"), "--on", "scratch")
    assert [item["verdicts"][0]["answer"] for item in document["inspections"]] == ["no", "yes"]
    assert document["versions"][0]["name"] == "rr-explorer"
    assert rr("report", binary("c-glibc"), "--json", "--format", "svg").code == 2
    assert (
        json.loads(rr("report", tmp_path / "none", "--format", "json").err)["error"]["exit_code"]
        == 3
    )


def test_the_matrix_by_target_has_files_down_and_systems_across(
    served: Command, github: GitHub
) -> None:
    document = served.json("matrix", TAG, "v1.6.2", "--by", "target")
    files = {file["name"]: file for file in document["files"]}
    assert files[ARM64]["floor"] == "any Linux on arm64"
    old = next(file for name, file in files.items() if "1.6.2" in name)
    assert "Alpine 3.17 with gcompat" in old["floor"]
    places = {place["target"]: place for place in old["places"]}
    assert list(places) == document["targets"]
    assert places["alpine-3.24"]["if"] == ["gcompat"]
    assert places["debian-13"]["answer"] == "yes"
    assert not any("checksums" in name for name in files)
    assert github.body_bytes("*", "assets") < 200_000, "first bytes only"
    assert old["floor"].startswith("glibc 2.")
    again = served.json("matrix", TAG, "v1.6.2", "--by", "target")
    assert again["files"] == document["files"], "what was recorded says as much as the first look"
    text = served("matrix", "latest", "--by", "target").out
    assert "any Linux on arm64" in text
    assert text.index("alpine") < text.index("distroless")
    assert "| any Linux on arm64 |" in served("matrix", "--by", "target", "--markdown").out
    assert served("matrix", "--by", "target", "--on", "debian-12").code == 2


def test_the_story_stands_above_the_matrix(rr: Command, github: GitHub) -> None:
    for tag, arm in (("v3", "go-static-arm64"), ("v2", "c-fcntl64-arm64"), ("v1", "c-glibc-arm64")):
        files = {
            f"tool-linux-{arch}": binary(recipe).read_bytes()
            for arch, recipe in (("arm64", arm), ("amd64", "go-static-amd64"))
        }
        github.add_release(
            tag, files, repo="acme/tool", published_at=f"202{tag[1]}-01-01T00:00:00Z"
        )
    rr.api_url = github.api_url
    document = rr.json("matrix", "--repo", "acme/tool")
    story = (
        "linux-arm64: published in 3 of 3 releases; runs in 1, with packages in 1; last NO: v2"
        " (needs glibc's loader)"
    )
    assert (document["story"], document["last_no"]) == (story, "v2")
    assert rr("--repo", "acme/tool", "matrix").out.startswith(story)
    assert "last NO: v2" in rr("--repo", "acme/tool", "matrix", "--markdown").out


def test_the_story_counts_only_what_was_inspected(served: Command) -> None:
    story = served.json("matrix", TAG, "v1.6.2")["story"]
    assert story == "musl-arm64: never published in 2 releases; linux-arm64 runs in 1"


def test_the_story_of_a_list_says_that_nothing_was_inspected(rr: Command) -> None:
    assert "none inspected yet" in rr("matrix", "--offline", "--latest", "20").out


def test_maintainers_of_a_static_file_are_asked_to_say_so(served: Command) -> None:
    text = served("advise", "--for-maintainers")
    assert text.code == 0
    assert "linux-arm64 is static and runs on musl: say so" in text.out
    assert "? Not run on Alpine" in text.out
    document = served.json("advise", "--for-maintainers")
    assert (document["situation"], document["platform"]) == ("static", "musl-arm64")
    assert document["files"][0]["evidence"].endswith("no PT_INTERP, no PT_DYNAMIC")
    label = next(one["text"] for one in document["snippets"] if one["key"] == "label")
    assert label.startswith("gh api --method PATCH repos/roadrunner-server/roadrunner/releases/")
    markdown = served("advise", "--for-maintainers", "--markdown").out
    assert markdown.startswith("## linux-arm64 is static")
    assert f"- `{ARM64}`: **yes**." in markdown
    assert "### What is not known" in markdown


def test_maintainers_without_a_working_file_are_given_a_build(
    served: Command, tmp_path: Path
) -> None:
    document = served.json("advise", "v1.6.2", "--arch", "amd64", "--for-maintainers")
    assert document["situation"] == "conditional"
    lines = {one["key"]: one["text"] for one in document["snippets"]}
    assert "      - CGO_ENABLED=0\n" in lines["goreleaser"]
    assert 'gh release upload "$TAG"' in lines["workflow"]
    file = tmp_path / "release.yaml"
    file.write_text(lines["workflow"], encoding="utf-8")
    check_workflow(file)
    assert any("how the project publishes" in sentence for sentence in document["unknown"])
    none = served.json("advise", TAG, "--arch", "riscv64", "--for-maintainers", code=1)
    assert (none["situation"], none["files"]) == ("build", [])


def test_maintainers_are_not_promised_what_was_not_read(rr: Command) -> None:
    offline = rr.json("--offline", "advise", "--for-maintainers", code=1)
    assert (offline["situation"], offline["snippets"]) == ("unknown", [])
    demo = rr("--demo", "advise", "--for-maintainers").out
    assert "nothing here is evidence about the published files" in demo
    assert "gh release" not in demo
    for words in (["--print", "shell"], ["--libc", "glibc"], ["--json", "--markdown"]):
        assert rr("advise", "--for-maintainers", *words).code == 2
    assert rr("advise", "--markdown").code == 2
