"""Projects, releases and files named by OWNER/NAME or by their GitHub address."""

import json
from pathlib import Path
from typing import Any

import pytest

from explorer.cli import run
from tests.cli.conftest import Command
from tests.support.binaries import binary
from tests.support.github import GitHub

RIPGREP = "BurntSushi/ripgrep"
PAGE = f"https://github.com/{RIPGREP}"
FILE = "ripgrep-14.1.1-x86_64-unknown-linux-musl"


@pytest.fixture
def ripgrep(rr: Command, github: GitHub) -> Command:
    """The command, and a server with one release of ripgrep and a monorepo's of kustomize."""
    files: dict[str, bytes | Path] = {
        FILE: binary("go-static-amd64"),
        f"{FILE}.sha256": b"0" * 64,
        "README.txt": b"text",
    }
    github.add_release("14.1.1", files, repo=RIPGREP)
    github.add_release("a/b", {"tool-linux-amd64": b"x"}, repo="acme/mono")
    rr.api_url = github.api_url
    return rr


@pytest.mark.parametrize(
    "words",
    [
        ("assets", PAGE),
        ("assets", f"{PAGE}/releases/latest"),
        ("assets", f"{PAGE}/releases/tag/14.1.1"),
        ("assets", f"{PAGE}/releases/download/14.1.1/{FILE}"),
        ("assets", "--repo", PAGE),
        ("assets", "--repo", RIPGREP),
    ],
)
def test_a_release_by_its_address(words: tuple[str, ...], ripgrep: Command) -> None:
    document = ripgrep.json(*words)
    names = {asset["name"] for asset in document["assets"]}
    assert names == {"README.txt", FILE, f"{FILE}.sha256"}


def test_a_tag_with_a_slash_in_an_address(ripgrep: Command) -> None:
    done = ripgrep("assets", "https://github.com/acme/mono/releases/tag/a%2Fb")
    assert (done.code, "tool-linux-amd64" in done.out) == (0, True)


def test_a_file_by_its_address(ripgrep: Command) -> None:
    document = ripgrep.json("inspect", "--peek", f"{PAGE}/releases/download/14.1.1/{FILE}")
    assert document["subject"]["name"] == f"14.1.1/{FILE}"
    assert document["verdicts"][0]["answer"] == "yes"
    done = ripgrep("inspect", "--peek", f"{PAGE}/releases/latest/download/{FILE}")
    assert done.code == 0


def test_addresses_of_two_repositories_are_refused(ripgrep: Command) -> None:
    error = ripgrep.json_error("matrix", PAGE, "https://github.com/acme/mono")
    assert error["exit_code"] == 2


def test_an_address_of_the_api_s_own_server(ripgrep: Command, github: GitHub) -> None:
    host = github.api_url.split("/")[2].partition(":")[0]
    page = f"https://{host}/{RIPGREP}/releases/tag/14.1.1"
    assert FILE in ripgrep("assets", page).out
    error = ripgrep.json_error("assets", f"https://ghe.example.com/{RIPGREP}/releases/tag/14.1.1")
    assert "ghe.example.com is not the server that is asked" in error["title"]
    assert "--api-url https://ghe.example.com/api/v3" in error["remedy"]


def test_the_address_of_a_project_on_the_api_s_own_server(ripgrep: Command, github: GitHub) -> None:
    host = github.api_url.split("/")[2].partition(":")[0]
    assert FILE in ripgrep("--repo", f"https://{host}/{RIPGREP}", "assets").out
    error = ripgrep.json_error("--repo", "https://ghe.example.com/owner/name", "assets")
    assert "ghe.example.com is not the server that is asked" in error["title"]
    assert "--api-url https://ghe.example.com/api/v3" in error["remedy"]


def test_a_checksum_file_on_disk_is_no_program(rr: Command, tmp_path: Path) -> None:
    (tmp_path / "checksums.txt").write_text(f"{'a' * 64}  tool.tar.gz\n")
    done = rr("inspect", str(tmp_path / "checksums.txt"))
    assert "a checksum file, not a program" in done.out
    assert ("tool.tar.gz" in done.out, "a" * 64 in done.out) == (True, True)
    assert "does not run" not in done.out


ABOUT_FILES = {
    "checksums.txt": (f"{'a' * 64}  tool.tar.gz\n", "a checksum file"),
    "tool.asc": ("-----BEGIN PGP SIGNATURE-----\n", "a signature"),
    "tool.sbom.json": (
        '{"bomFormat": "CycloneDX"}',
        "a list of what the release is made of (SBOM)",
    ),
}


@pytest.mark.parametrize("name", ABOUT_FILES)
def test_a_file_about_files_is_judged_nowhere(name: str, rr: Command, tmp_path: Path) -> None:
    content, words = ABOUT_FILES[name]
    path = tmp_path / name
    path.write_text(content)
    where = rr("where", str(path))
    assert where.out.splitlines()[1:] == [f"– {words}, not a program"]
    assert rr("where", str(path), "--markdown").out.endswith(", not a program\n")
    answers = [json.loads(rr(word, str(path), "--json").out) for word in ("where", "inspect")]
    kind = "checksum" if name == "checksums.txt" else "SBOM" if "sbom" in name else "signature"
    assert [answer["about_files"] for answer in answers] == [kind, kind]
    assert (answers[0]["floor"], answers[0]["places"], answers[1]["verdicts"]) == (None, [], [])
    refused = rr("verify", str(path))
    assert f"it is {words}" in refused.err
    compared = rr("compare", str(path), str(path))
    assert (refused.code, compared.code) == (2, 0)


def test_a_program_named_as_a_checksum_is_judged(rr: Command, tmp_path: Path) -> None:
    (tmp_path / "tool.sha256").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(57))
    answer = json.loads(rr("inspect", str(tmp_path / "tool.sha256"), "--json").out)
    assert (answer["about_files"], len(answer["verdicts"])) == (None, 1)


def test_a_checksum_file_is_no_program(ripgrep: Command) -> None:
    done = ripgrep("--repo", RIPGREP, "inspect", f"14.1.1/{FILE}.sha256")
    assert "a checksum file, not a program" in done.out
    assert "0" * 64 in done.out
    assert "does not run" not in done.out


def test_names_kinds_and_order_of_the_list(ripgrep: Command) -> None:
    done = ripgrep("--repo", RIPGREP, "assets", "--peek")
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "file",
        FILE,
        f"{FILE}.sha256",
        "README.txt",
    ]
    assert [line.split()[1] for line in lines] == ["kind", "program", "checksum", "other"]
    assert "✓ yes" in lines[1]
    assert "not a program" not in done.out


@pytest.mark.parametrize(
    ("word", "repo", "file"),
    [
        (RIPGREP, RIPGREP, None),
        (PAGE, RIPGREP, None),
        (f"{PAGE}/releases/tag/14.1.1", RIPGREP, "14.1.1"),
        (f"{PAGE}/releases/latest", RIPGREP, "latest"),
        (f"{PAGE}/releases/download/14.1.1/{FILE}", RIPGREP, f"14.1.1/{FILE}"),
        ("latest/x", "roadrunner-server/roadrunner", "latest/x"),
        ("v2025.1.15/x", "roadrunner-server/roadrunner", "v2025.1.15/x"),
    ],
)
def test_the_app_opens_at_a_project(
    word: str, repo: str, file: str | None, rr: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[tuple[str, str | None]] = []

    def app(settings: Any, words: str | None, tour: bool) -> int:
        opened.append((settings.repo, words))
        return 0

    for name, value in rr.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run((word,), app) == 0
    assert opened == [(repo, file)]
