"""What goes wrong: its words, its exit code, and never a traceback."""

import json
from pathlib import Path

import pytest

from explorer.cli import run
from tests.cli.conftest import AMD64, ARM64, TAG, Command
from tests.support.archives import gz, tar_of
from tests.support.binaries import binary
from tests.support.github import GitHub


@pytest.mark.parametrize(
    "words",
    [
        ("relases",),
        ("inspect",),
        ("inspect", "x", "--onn", "y"),
        ("releases", "--limit", "0"),
        ("get", "x"),
        ("rules", "nothing.like.it"),
        ("schema", "nothing"),
        ("completion", "tcsh"),
        ("inspect", "/bin/sh", "--on", "alpin-3.22"),
        ("releases", "--repo", "no-slash"),
        ("releases", "--api-url", "ftp://x"),
        ("releases", "--config", "/nonexistent/config.toml"),
        ("--nonsense",),
        (),
        ("some-target",),
    ],
)
def test_wrong_words_are_usage(
    rr: Command,
    words: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in rr.environ().items():
        monkeypatch.setenv(name, value)
    assert run(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "→" in err, "it says what to do"
    if words:
        assert run([*words, "--json"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert json.loads(err)["error"]["kind"] == "usage"


def test_near_words_are_named(rr: Command) -> None:
    assert "Did you mean releases?" in rr("relases").err
    assert "alpine-3.22" in rr("inspect", "/bin/sh", "--on", "alpin-3.22").err


def test_an_unknown_setting_names_the_file(rr: Command, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("ofline = true\n", encoding="utf-8")
    for words in (("rules", "--config", config), ("--config", config, "rules")):
        done = rr(*words)
        assert done.code == 2
        assert f"{config}, line 1" in done.err
        assert "offline" in done.err


def test_no_network_is_3_and_says_so(rr: Command) -> None:
    error = rr.json_error("releases", "--repo", "other/project", "--api-url", "http://127.0.0.1:9")
    assert (error["kind"], error["exit_code"]) == ("source", 3)
    assert "127.0.0.1" in error["title"]
    assert "--offline" in error["remedy"]


def test_things_that_are_not_there_are_3(served: Command) -> None:
    for words in (
        ("inspect", "./none"),
        ("inspect", "v9.9.9/x"),
        ("assets", "v2025.1.16"),
        ("inspect", TAG, "--platform", "musl-arm64"),
    ):
        error = served.json_error(*words)
        assert error["exit_code"] == 3, words
    assert TAG in served("assets", "v2025.1.16").err
    assert served("releases", "--repo", "no/such").code == 3
    assert "linux-arm64" in served("inspect", TAG, "--platform", "musl-arm64").err


def test_wrong_bytes_exit_with_4_and_name_both_digests(
    served: Command, github: GitHub, archives: dict[str, bytes], tmp_path: Path
) -> None:
    github.fault("*linux-arm64*", host="assets", corrupt=True)
    error = served.json_error("get", f"{TAG}/{ARM64}", "-o", tmp_path / "out")
    assert (error["kind"], error["exit_code"]) == ("integrity", 4)
    import hashlib

    assert hashlib.sha256(archives[ARM64]).hexdigest() in error["title"] + error["detail"]
    assert not (tmp_path / "out").exists() or not any((tmp_path / "out").rglob("*"))


def test_files_that_are_not_what_they_claim_exit_with_6(rr: Command, tmp_path: Path) -> None:
    broken = tmp_path / "rr.tar.gz"
    broken.write_bytes(b"\x1f\x8b\x08\x00" + b"\xff" * 200)
    error = rr.json_error("inspect", broken)
    assert (error["kind"], error["exit_code"]) == ("format", 6)


def test_no_engine_is_5(rr: Command, tmp_path: Path) -> None:
    from tests.support.binaries import binary

    empty = tmp_path / "empty"
    empty.mkdir()
    done = rr(
        "verify", binary("go-static-amd64"), "--run", "{} --version", env={"PATH": str(empty)}
    )
    assert done.code == 5
    assert "→" in done.err


def test_a_rate_limit_says_until_when(served: Command, github: GitHub) -> None:
    until = github.exhaust(seconds=1800)
    error = served.json_error("releases", "--repo", "other/project")
    assert error["exit_code"] == 3
    assert error["until"] is not None
    assert error["until"][:16] == until.strftime("%Y-%m-%dT%H:%M")


def test_with_the_list_cached_a_broken_server_is_a_warning(served: Command, github: GitHub) -> None:
    assert served("releases").code == 0
    github.exhaust(seconds=1800)
    done = served("releases")
    assert done.code == 0
    assert TAG in done.out
    assert "warning:" in done.err
    assert served.json("releases")["warnings"]


def test_every_answer_from_a_stale_list_warns(
    served: Command, github: GitHub, tmp_path: Path
) -> None:
    assert served("releases").code == 0
    github.exhaust(seconds=1800)
    for words in (("inspect", f"{TAG}/{AMD64}"), ("get", f"{TAG}/{AMD64}", "-o", tmp_path / "out")):
        done = served(*words)
        assert done.code == 0
        assert done.err.count("answers no more requests until") == 1


def test_every_command_warns_of_an_unusable_cache(rr: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = tmp_path / "file" / "cache"
    for words in (
        ("cache",),
        ("inspect", binary("c-glibc")),
        ("get", binary("c-glibc"), "-o", tmp_path / "out"),
    ):
        done = rr(*words, "--cache-dir", place)
        assert done.code == 0
        assert done.err.count("warning: Using a temporary cache") == 1
        assert str(place) in done.err


def test_an_archive_s_refused_members_are_shown_with_the_rest(rr: Command, tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    many = [(f"x/paper-{number}", b"p") for number in range(30)]
    path.write_bytes(
        gz(
            tar_of(
                [
                    ("x/rr", binary("go-static-amd64").read_bytes()),
                    *many,
                    ("../\x1b[31mout", b"o"),
                    ("x/last", b"l"),
                ]
            )
        )
    )
    done = rr("inspect", path)
    assert done.code == 0
    lines = done.out.splitlines()
    assert any(line.startswith("x/paper-3 ") and line.endswith("file") for line in lines)
    assert any("out" in line and "✗ refused (" in line for line in lines)
    assert "more: --json lists them all" in lines[-1]
    assert "\x1b" not in done.out


def test_get_writes_the_rest_of_an_archive_and_warns_of_a_refused_member(
    rr: Command, tmp_path: Path
) -> None:
    path, into = tmp_path / "it's.tar.gz", tmp_path / "out"
    path.write_bytes(
        gz(
            tar_of(
                [
                    ("x/rr", binary("go-static-amd64").read_bytes()),
                    ("../\x1b[31mout", b"o"),
                    ("x/last", b"l"),
                ]
            )
        )
    )
    done = rr("get", path, "-o", into)
    assert done.code == 0
    assert sorted(file.name for file in into.rglob("*") if file.is_file()) == ["last", "rr"]
    assert "refused and not written: ../" in " ".join(done.err.split())
    assert "\x1b" not in done.err
    assert "refused and not written" in rr.json("get", path, "-o", into)["warnings"][0]
    alone = rr("get", f"{path}#x/rr", "-o", tmp_path / "alone")
    assert (alone.code, "refused" in alone.err) == (0, False)


def test_get_of_a_refused_program_offers_no_way_to_it(rr: Command, tmp_path: Path) -> None:
    path = tmp_path / "x.tar.gz"
    path.write_bytes(
        gz(tar_of([("../rr", binary("go-static-amd64").read_bytes()), ("x/last", b"l")]))
    )
    for target in (path, f"{path}#../rr"):
        error = rr.json_error("get", target, "-o", tmp_path / "out")
        assert error["exit_code"] == 6
        assert "name it" not in error["remedy"]


def test_an_error_that_asks_for_a_member_lists_members(rr: Command, tmp_path: Path) -> None:
    path = tmp_path / "papers.tar.gz"
    path.write_bytes(gz(tar_of([("x/README.md", b"read"), ("x/LICENSE", b"free")])))
    error = rr.json_error("inspect", path)
    assert "x/README.md, x/LICENSE" in error["detail"]
    assert error["remedy"] == "Name a member: papers.tar.gz#x/README.md"
    assert (
        rr.json_error("inspect", f"{path}#x/LICENCE")["remedy"]
        == "Name a member: papers.tar.gz#x/LICENSE"
    )


def test_an_unwritable_place_is_told(served: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    done = served("get", f"{TAG}/{AMD64}", "-o", tmp_path / "file" / "below")
    assert done.code in (2, 3)
    assert str(tmp_path / "file") in done.err


def test_escapes_in_arguments_are_made_visible(rr: Command) -> None:
    for words in (
        ("\x1b]0;owned\x07",),
        ("inspect", "./\x1b[31mred\u202e"),
        ("inspect", "x", "--\x1b[2J"),
        ("rules", "\x9b31m"),
    ):
        done = rr(*words)
        assert done.code in (2, 3)
        assert not set(done.err + done.out) & set("\x1b\x07\x9b\u202e")
