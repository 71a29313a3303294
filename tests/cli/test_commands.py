"""Each command from its words to its output, against a real server and real files."""

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest

from explorer import __version__
from tests.cli.conftest import AMD64, ARM64, OLD, TAG, Command
from tests.support.binaries import binary
from tests.support.github import GitHub


def test_releases(served: Command, github: GitHub) -> None:
    document = served.json("releases")
    assert [release["tag"] for release in document["releases"]] == [TAG, "v2025.2.0-rc.1", "v1.6.2"]
    assert (document["origin"], document["complete"], document["total"]) == ("api", True, 3)
    assert document["releases"][0]["published_at"] == "2026-06-17T14:49:38Z"
    assert [r["tag"] for r in served.json("releases", "--stable", "--limit", "1")["releases"]] == [
        TAG
    ]
    assert [r["tag"] for r in served.json("releases", "--filter", "RC.1")["releases"]] == [
        "v2025.2.0-rc.1"
    ]
    text = served("releases")
    assert text.out.splitlines()[1].split() == [TAG, "2026-06-17", "2"]
    assert "3 releases" in text.err
    assert github.hosts_that_saw_a_token == set()


def test_standard_input_is_a_file(rr: Command, archives: dict[str, bytes], tmp_path: Path) -> None:
    def given(data: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            rr.words(*words), input=data, capture_output=True, env=rr.environ(), check=False
        )

    program = binary("c-static").read_bytes()
    done = given(program, "inspect", "-", "--json")
    document = json.loads(done.stdout)
    assert (document["subject"]["name"], document["verdicts"][0]["answer"]) == ("-", "yes")
    assert document["file"]["sha256"] == hashlib.sha256(program).hexdigest()
    member = given(archives[AMD64], "inspect", "/dev/stdin#LICENSE")
    assert b"/dev/stdin#LICENSE" in member.stdout
    got = given(archives[AMD64], "get", "-", "-o", str(tmp_path / "out"))
    assert got.returncode == 0, got.stderr
    assert list(tmp_path.glob("out/**/rr"))
    temporary = Path(tempfile.gettempdir())
    assert not list(temporary.glob("rr-explorer-*/standard-input")), "it is removed afterwards"


def test_a_folder_is_a_list_of_its_programs(rr: Command, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "bin").mkdir(parents=True)
    shutil.copy(binary("c-static"), folder / "bin" / "tool")
    shutil.copy(binary("c-glibc"), folder / "other")
    (folder / "README.md").write_text("read me")
    done = rr("inspect", folder, "--on", "scratch", "--on", "debian-12")
    rows = [line.split()[:3] for line in done.out.splitlines()[1:]]
    assert rows == [
        [f"{folder}/other", "✗", "no"],
        [f"{folder}/other", "✓", "yes"],
        [f"{folder}/bin/tool", "✓", "yes"],
        [f"{folder}/bin/tool", "✓", "yes"],
    ]
    assert rr("inspect", folder, "--on", "scratch", "--exit-code").code == 1
    assert rr("inspect", folder, "--on", "debian-12", "--exit-code").code == 0
    assert rr.json_error("inspect", folder)["detail"] == "its programs: other, bin/tool"
    (tmp_path / "empty").mkdir()
    assert rr("inspect", tmp_path / "empty").code == 3


@pytest.mark.parametrize(
    "words", [("--platform", "linux"), ("--kind", "snap"), ("--filter", "zzz")]
)
def test_an_empty_list_of_files_says_what_there_is(served: Command, words: tuple[str, str]) -> None:
    done = served("assets", TAG, *words)
    assert done.code == 0
    assert "none of the 2 files" in done.err
    assert "linux-amd64, linux-arm64; the kinds are server" in done.err


def test_assets_and_what_is_not_published(served: Command) -> None:
    document = served.json("assets", TAG)
    assert [asset["name"] for asset in document["assets"]] == [ARM64, AMD64]
    first = document["assets"][0]
    assert first["platform"]["slug"] == "linux-arm64"
    assert first["digest"].startswith("sha256:")
    assert first["seen"] is None
    assert {"platform": "musl-arm64", "kind": "server", "perhaps": ARM64} in document["unpublished"]
    assert (
        served.json("assets", "v1.6.2")["assets"][0]["missing"]["digest"]["state"]
        == "not-applicable"
    )
    for word in ("linux-amd64", "linux/amd64", "Linux-x86_64"):
        assert [
            a["name"] for a in served.json("assets", "latest", "--platform", word)["assets"]
        ] == [AMD64]
    text = served("assets", "latest").out
    assert "not published" in text
    assert "linux-arm64 may work: not inspected" in text


def test_assets_peeked_at_say_who_serves(served: Command, github: GitHub) -> None:
    document = served.json("assets", TAG, "--peek")
    assert [asset["seen"]["verdicts"][0]["answer"] for asset in document["assets"]] == [
        "yes",
        "yes",
    ]
    assert github.count("*", "assets") == 2, "one ranged request for each file"
    text = served("assets", TAG).out
    assert github.count("*", "assets") == 2, "what was seen is kept"
    line = next(line for line in text.splitlines() if "musl-arm64" in line)
    assert "↳ yes" in line
    assert "use linux-arm64: static" in line


@pytest.mark.parametrize(
    "target", [f"{TAG}/{ARM64}", ARM64, f"{TAG}/{ARM64}#rr", "latest --platform linux-arm64"]
)
def test_inspect_by_every_form_of_target(served: Command, target: str) -> None:
    document = served.json("inspect", *target.split())
    program = binary("go-static-arm64").read_bytes()
    assert document["file"] == {
        "name": document["file"]["name"],
        "size": len(program),
        "sha256": hashlib.sha256(program).hexdigest(),
    }
    assert document["file"]["name"].endswith("rr")
    assert document["check"] == "ok"
    assert document["arch"] == "arm64"
    assert document["elf"]["linkage"] == "static"
    assert document["go"]["settings"]["CGO_ENABLED"] == "0"
    verdict = document["verdicts"][0]
    assert (verdict["target"][:7], verdict["arch"], verdict["answer"]) == (
        "alpine-",
        "arm64",
        "yes",
    )
    assert set(verdict["reasons"][0]) == {
        "code",
        "answer",
        "text",
        "evidence",
        "remedy",
        "advice",
        "short",
    }
    assert "peek" not in document


def test_inspect_a_local_file_on_several_targets(rr: Command) -> None:
    path = binary("c-glibc")
    document = rr.json(
        "inspect", path, "--on", "alpine-3.22", "--on", "debian-12", "--on", "scratch"
    )
    assert [(v["target"], v["answer"]) for v in document["verdicts"]] == [
        ("alpine-3.22", "yes-if"),
        ("debian-12", "yes"),
        ("scratch", "no"),
    ]
    assert document["missing"]["check"]["state"] == "not-applicable"
    text = rr("inspect", path, "--on", "alpine-3.22").out
    assert "◐ YES, IF: apk add gcompat · Alpine 3.22 (musl 1.2.5), amd64" in text
    assert "[elf.interp.glibc]" in text
    assert "/lib64/ld-linux-x86-64.so.2" in text


def test_a_no_is_an_exit_code_only_on_request(rr: Command) -> None:
    path = binary("c-fcntl64")
    assert rr("inspect", path).code == 0
    assert rr("inspect", path, "--exit-code").code == 1
    assert rr("inspect", path, "--exit-code", "--on", "debian-12").code == 0


def test_peek_moves_next_to_nothing(
    served: Command, github: GitHub, archives: dict[str, bytes]
) -> None:
    document = served.json("inspect", "latest", "--platform", "linux-arm64", "--peek")
    assert document["peek"] == {
        "requests": 1,
        "bytes": document["peek"]["bytes"],
        "of": len(archives[ARM64]),
    }
    assert document["peek"]["bytes"] <= 16384
    assert github.body_bytes("*", "assets") == document["peek"]["bytes"]
    assert document["verdicts"][0]["answer"] == "yes"
    assert document["file"]["sha256"] is None
    assert document["missing"]["check"]["state"] == "unknown"
    text = served("inspect", "v1.6.2", "--platform", "linux-amd64", "--peek").out
    assert ", not kept" in text, "it was read to its end"
    assert "◐ YES, IF: apk add gcompat" in text
    text = served("inspect", "latest", "--platform", "linux-arm64", "--peek").out
    assert "nothing downloaded" in text


def test_get_downloads_checks_unpacks_and_marks_executable(served: Command, tmp_path: Path) -> None:
    into = tmp_path / "bin"
    document = served.json("get", "latest", "--platform", "linux-amd64", "-o", into)
    program = Path(document["binary"])
    assert into in program.parents
    assert program.read_bytes() == binary("go-static-amd64").read_bytes()
    assert os.access(program, os.X_OK)
    assert stat.S_IMODE(program.stat().st_mode) & 0o022 == 0, "nobody else may change it"
    assert document["download"]["check"] == "ok"
    again = served.json("get", "latest", "--platform", "linux-amd64", "-o", tmp_path / "again")
    assert again["download"]["from_cache"] is True
    assert again["download"]["moved"] == 0
    text = served("get", "v1.6.2", "--platform", "linux-amd64", "-o", tmp_path / "old")
    assert "– absent digest" in text.err


def test_rules_and_targets_explain_themselves(rr: Command) -> None:
    rules = rr.json("rules")["rules"]
    assert {"elf.interp.glibc", "elf.static"} <= {rule["code"] for rule in rules}
    assert all(rule["explanation"] for rule in rules)
    one = rr("rules", "elf.interp.glibc").out
    assert next(rule for rule in rules if rule["code"] == "elf.interp.glibc")["explanation"] in one
    targets = rr.json("targets")
    names = {target["name"] for target in targets["targets"]}
    assert targets["default"] in names
    assert {"scratch", "debian-12", "amazonlinux-2023"} <= names
    assert rr("rules", "elf.interp.glibcx").err.count("elf.interp.glibc") == 2


def test_cache_shows_prunes_and_clears(served: Command) -> None:
    served("inspect", "latest", "--platform", "linux-arm64")
    shown = served.json("cache")
    assert shown["blobs"] >= 1
    assert any(ARM64 in name for entry in shown["entries"] for name in entry["names"])
    assert served.json("cache", "prune", "--limit", "1kB")["freed"] > 0
    assert served.json("cache", "show")["blobs"] == 0
    cleared = served.json("cache", "clear")
    assert (cleared["pages"], cleared["records"]) == (0, 0)
    assert served("cache", "clear", "--limit", "5").code == 2
    assert served("cache", "prune", "--limit", "much").code == 2


def test_doctor_names_what_is_wrong(served: Command) -> None:
    document = {finding["subject"]: finding for finding in served.json("doctor")["findings"]}
    assert document["network"]["health"] == "ok"
    assert document["versions"]["text"].startswith(f"rr-explorer {__version__}")
    served("doctor", env={"RR_EXPLORER_DOWNLOADS": "many"})
    wrong = served("doctor", "--exit-code", env={"RR_EXPLORER_DOWNLOADS": "many"})
    assert wrong.code == 1
    assert "RR_EXPLORER_DOWNLOADS" in wrong.out


def test_the_demo_without_a_terminal_is_text(rr: Command) -> None:
    done = rr("--demo")
    assert done.code == 0
    parts = re.split(r"^([1-9])\. ", done.out, flags=re.MULTILINE)[1:]
    assert parts[::2] == ["1", "2", "3", "4", "5", "6"]
    releases, files, why, matrix, advice, proof = parts[1::2]
    assert max(len(part.splitlines()) for part in parts) <= 40, "no part is longer than a screen"
    assert "Demo:" in releases
    assert "(stand-in)" in files
    assert "✓ YES" in why
    assert "◐ YES, IF: apk add gcompat" in why
    assert "musl-arm64 → linux-arm64: yes, static Go" in matrix
    assert max(map(len, matrix.splitlines()[3:6])) <= 100
    assert "use roadrunner-2025.1.15-linux-arm64.tar.gz (stand-in)" in advice
    assert "not proved yet" in advice
    assert "Nothing to paste: a stand-in is not published" in advice
    assert "answers above are predicted: nothing was run" in " ".join(proof.split())


def test_offline_shows_the_bundled_list_under_its_banner(rr: Command) -> None:
    document = rr.json("--offline", "releases")
    assert document["origin"] == "snapshot"
    assert document["total"] > 200
    assert document["complete"] is not True
    assert any("undled" in warning for warning in document["warnings"])
    assert "incomplete list" in rr("releases", "--offline").err


def test_an_old_release_needs_glibc_and_says_why(served: Command) -> None:
    document = served.json("inspect", f"v1.6.2/{OLD}")
    assert document["check"] == "absent"
    verdict = document["verdicts"][0]
    assert (verdict["answer"], verdict["if"], verdict["unaided"]) == ("yes-if", ["gcompat"], "no")
    assert verdict["install"] == "apk add gcompat"
    assert verdict["reasons"][0]["code"] == "target.packages"
    assert verdict["reasons"][1]["code"] == "elf.interp.glibc"
    assert verdict["reasons"][1]["remedy"]


def test_where_a_file_runs_is_one_table_best_first(rr: Command) -> None:
    path = binary("c-glibc-new")
    document = rr.json("where", path)
    answers = [place["answer"] for place in document["places"]]
    assert answers == sorted(answers, key=["yes", "yes-if", "unknown", "no"].index)
    assert document["floor"].startswith("glibc 2.34 or newer: Debian 12")
    places = {place["target"]: place for place in document["places"]}
    assert places["alpine-3.24"]["if"] == ["gcompat"]
    assert places["alpine-3.24"]["install"] == "apk add gcompat"
    assert not any("+" in name for name in places)
    text = rr("where", path).out
    assert "floor  glibc 2.34 or newer" in text
    assert text.index("Ubuntu 24.04 LTS") < text.index("Debian 11 bullseye")
    markdown = rr("where", path, "--markdown").out
    assert "| Debian 11 bullseye" in markdown
    assert rr("where", path, "--markdown", "--json").code == 2


def test_where_a_published_file_runs_is_known_from_its_first_bytes(served: Command) -> None:
    document = served.json("where", "latest", "--platform", "linux-arm64", "--peek")
    assert document["floor"] == "any Linux on arm64"
    assert {place["answer"] for place in document["places"]} == {"yes"}
