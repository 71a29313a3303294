"""``strings`` and ``hex``: as binutils and ``xxd`` print them, and from a server in windows."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import AMD64, TAG, Command
from tests.support.archives import make_archive
from tests.support.binaries import binary
from tests.support.github import GitHub


def printed(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, check=True, text=True, timeout=60).stdout


def test_strings_of_a_program(rr: Command) -> None:
    path = binary("go-static-amd64")
    assert rr("strings", path).out == printed("strings", "-a", "-t", "x", path).replace("\t", "␉")
    longer = rr("strings", path, "--min", "12", "--search", "GOEXIT")
    assert longer.out
    assert all("goexit" in line.casefold() for line in longer.out.splitlines())
    document = rr.json("strings", path, "--search", "runtime.goexit")
    first = document["strings"][0]
    data = path.read_bytes()
    assert data[first["offset"] : first["offset"] + first["size"]].decode() == first["text"]


def test_strings_of_a_member_and_of_the_archive_itself(rr: Command, tmp_path: Path) -> None:
    archive = tmp_path / "rr.tar.gz"
    archive.write_bytes(make_archive("tar.gz", "rr", {"rr": binary("go-static-amd64")}))
    assert "runtime.goexit" in rr("strings", f"{archive}#rr/rr").out
    raw = rr("strings", archive, "--raw").out
    assert raw == printed("strings", "-a", "-t", "x", archive).replace("\t", "␉")


def test_hex_of_a_program(rr: Command) -> None:
    path = binary("c-glibc")
    assert rr("hex", path, "--length", "1048576").out == printed("xxd", path)
    loader = rr("hex", path, "--text", "/lib64/ld-linux", "--length", "32").out
    assert "/lib64/l" in loader
    spot = rr.json("hex", path, "--bytes", "7f 45 4c ??")["found"]
    assert spot == {"offset": 0, "size": 4}
    at = rr.json("hex", path, "--at", "0x10", "--length", "4")
    assert at["hex"] == path.read_bytes()[16:20].hex()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--text", "nowhere to be found"), 1, "Not found"),
        (("--at", "1G"), 2, "The file ends at"),
        (("--at", "x"), 2, "is not an offset"),
        (("--regex", "(a+)+"), 2, "repeats a repetition"),
        (("--regex", "a", "--text", "b"), 2, "exclude each other"),
    ],
)
def test_what_cannot_be_shown(rr: Command, words: tuple[str, ...], code: int, says: str) -> None:
    done = rr("hex", binary("c-glibc"), *words)
    assert done.code == code
    assert says in done.err


def test_bytes_on_a_server_are_read_in_windows(served: Command, github: GitHub) -> None:
    data = bytes(range(256)) * 16384 + b"needle" + bytes(1 << 20)
    github.add_release("v3.0.0", {"rr-linux-amd64": data})
    name = "v3.0.0/rr-linux-amd64"
    done = served("hex", name, "--raw", "--at", "2M", "--length", "16")
    assert done.out == ("00200000: 0001 0203 0405 0607 0809 0a0b 0c0d 0e0f  ................\n")
    assert 0 < github.body_bytes(host="assets") < 200_000
    found = served.json("hex", name, "--raw", "--text", "needle", "--length", "6")
    assert found["found"]["offset"] == 4 << 20
    assert "needle" in served("strings", name, "--raw", "--search", "needle").out


def test_the_bytes_of_a_packed_program_on_a_server(served: Command) -> None:
    assert served("hex", f"{TAG}/{AMD64}", "--length", "16").out.startswith("00000000: 7f45 4c46")
    raw = served("hex", f"{TAG}/{AMD64}", "--raw", "--length", "16").out
    assert raw.startswith("00000000: 1f8b")


def test_a_packed_program_is_read_no_further_than_needed(
    served: Command, github: GitHub, tmp_path: Path
) -> None:
    program = tmp_path / "rr"
    program.write_bytes(binary("go-static-amd64").read_bytes() * 8)
    data = make_archive("tar.gz", "roadrunner-3.0.0-linux-amd64", {"rr": program})
    name = "v3.0.0/roadrunner-3.0.0-linux-amd64.tar.gz"
    github.add_release("v3.0.0", {name.partition("/")[2]: data})
    github.forget()
    assert served("hex", name, "--at", "0x40", "--text", "ELF", "--length", "16").out
    assert github.body_bytes(host="assets") < len(data) / 2
    beyond = served("hex", name, "--at", "1G")
    assert (beyond.code, "The file ends at" in beyond.err) == (2, True)
    assert github.body_bytes(host="assets") < len(data), "its end is known from its header"
    expected = printed("strings", "-a", "-t", "x", program).replace("\t", "␉")
    assert served("strings", name).out == expected
    assert len(data) / 2 < github.body_bytes(host="assets") < 3 * len(data) + (1 << 20)
