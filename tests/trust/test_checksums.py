"""Checksum files: every form that projects publish, and what a mismatch means."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.trust import (
    Digests,
    ListedDigest,
    Signal,
    SignalKind,
    SignalState,
    check_checksums,
    companions_of,
    parse_checksums,
    satisfies,
)

ARCHIVE, PROGRAM = b"an archive", b"a program"
NAME = "tool_1.2.3_linux_amd64.tar.gz"
ALGORITHMS = ("md5", "sha1", "sha256", "sha512", "blake2b")


def digests(name: str, data: bytes, *algorithms: str) -> Digests:
    known = {each: hashlib.new(each, data).hexdigest() for each in algorithms or ALGORITHMS}
    return Digests(name, known)


def checked(text: str | bytes, source: str = "SHA256SUMS", *, whole: bool = True) -> Signal:
    data = text.encode() if isinstance(text, str) else text
    file = digests(NAME, ARCHIVE) if whole else digests(NAME, ARCHIVE, "sha256")
    program = digests("tool", PROGRAM) if whole else None
    return check_checksums(data, source, file, program, is_whole=whole)


def sha(data: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, data).hexdigest()


@pytest.mark.parametrize(
    "line",
    [
        f"{sha(ARCHIVE)}  {NAME}",
        f"{sha(ARCHIVE)} *{NAME}",
        f"{sha(ARCHIVE).upper()}\t{NAME}\r",
        f"{sha(ARCHIVE)}  ./dist/{NAME}",
        f"{sha(ARCHIVE)}  dist\\{NAME}",
        f"SHA256 ({NAME}) = {sha(ARCHIVE)}",
        f"SHA2-256({NAME})= {sha(ARCHIVE)}",
        f"{sha(ARCHIVE, 'sha512')}  {NAME}",
        f"BLAKE2b ({NAME}) = {sha(ARCHIVE, 'blake2b')}",
    ],
)
def test_forms_that_name_the_file(line: str) -> None:
    other = f"{sha(b'other')}  other.tar.gz"
    for text in (line, f"{other}\n{line}\n", f"\ufeff# comment\n{line}\n{other}"):
        assert checked(text).state is SignalState.PASS
    assert checked(line.encode("utf-16")).state is SignalState.PASS


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (f"{NAME}.sha256", sha(ARCHIVE)),
        (f"{NAME}.sha256sum", f"{sha(ARCHIVE)}  -"),
        (f"{NAME}.sha512", f"{sha(ARCHIVE, 'sha512')}\n"),
        (f"{NAME}.dgst", f"MD5= {sha(ARCHIVE, 'md5')}\nSHA2-256= {sha(ARCHIVE)}\n"),
        (f"{NAME}.sha256", f"{sha(ARCHIVE)}  name-before-upload.tar.gz"),
        (f"{NAME}.b2", sha(ARCHIVE, "blake2b")),
    ],
)
def test_forms_of_a_file_of_its_own(source: str, text: str) -> None:
    assert checked(text, source).state is SignalState.PASS
    assert checked(text, "SHA256SUMS").state is SignalState.ABSENT


def test_the_program_inside_is_said() -> None:
    signal = checked(sha(PROGRAM), f"{NAME}.sha256")
    assert signal.state is SignalState.PASS
    assert signal.why.endswith("the program inside, tool; not that of the archive")
    assert checked(f"{sha(PROGRAM)}  tool").state is SignalState.PASS
    other_platforms = f"{sha(b'arm')}  tool\n{sha(PROGRAM)}  tool\n"
    assert checked(other_platforms).state is SignalState.PASS
    assert checked(f"{sha(b'arm')}  tool").state is SignalState.ABSENT


def test_a_mismatch_fails_even_beside_a_match() -> None:
    assert checked(f"{sha(b'x')}  {NAME}").state is SignalState.FAIL
    both = f"{sha(ARCHIVE)}  {NAME}\n{sha(b'x', 'sha512')}  {NAME}\n"
    assert checked(both).state is SignalState.FAIL
    signals = (checked(both), checked(f"{sha(ARCHIVE)}  {NAME}"))
    assert not satisfies(signals, SignalKind.CHECKSUM)


def test_md5_alone_is_weak() -> None:
    signal = checked(f"{sha(ARCHIVE, 'md5')}  {NAME}", "MD5SUMS")
    assert (signal.state, signal.weak) == (SignalState.PASS, True)
    assert "weak" in signal.why
    assert not satisfies((signal,), SignalKind.CHECKSUM)
    assert satisfies((signal, checked(f"{sha(ARCHIVE)}  {NAME}")), SignalKind.CHECKSUM)


def test_before_the_download_the_api_digest_is_compared() -> None:
    same = checked(f"{sha(ARCHIVE)}  {NAME}", whole=False)
    assert same.state is SignalState.PASS
    assert same.why == "the sha256 that GitHub's API names is in SHA256SUMS"
    for text in (f"{sha(PROGRAM)}  {NAME}", f"{sha(ARCHIVE, 'sha512')}  {NAME}"):
        signal = checked(text, whole=False)
        assert signal.state is SignalState.NOT_CHECKED
        assert "needs the whole file" in signal.why


def test_an_algorithm_that_is_not_computed_is_not_checked() -> None:
    signal = checked(f"{sha(ARCHIVE)}  {NAME}", "b3sums.txt")
    assert signal.state is SignalState.NOT_CHECKED
    assert signal.why == "blake3 is not computed here"


def test_escaped_names() -> None:
    line = f"\\{sha(ARCHIVE)}  a\\nb\\\\c"
    assert parse_checksums(line.encode(), "SHA256SUMS") == (
        ListedDigest("sha256", sha(ARCHIVE), "a\nb\\c"),
    )


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    for entry in parse_checksums(data + b"\n" + sha(ARCHIVE).encode() + b"  x", "SHA256SUMS"):
        assert int(entry.digest, 16) >= 0


def test_a_huge_file_is_read_within_limits() -> None:
    line = f"{sha(ARCHIVE)}  x\n".encode()
    assert len(parse_checksums(line * 21_000, "SHA256SUMS")) == 20_000
    assert parse_checksums(b"\0\n" * 100_000, "SHA256SUMS") == ()


def test_files_that_vouch_for_a_file() -> None:
    own = [f"{NAME}{end}" for end in (".sha256", ".sha256sum", ".dgst", ".asc", ".sig", ".minisig")]
    own += [f"{NAME}.sigstore.json", f"{NAME}.sha256.asc", f"{NAME}.intoto.jsonl"]
    lists = ["tool_1.2.3_checksums.txt", "SHA256SUMS", "SHA256SUMS.asc", "sha256sum.txt"]
    lists += ["multiple.intoto.jsonl", "checksums.txt", "checksums.txt.sig", "checksums.txt.pem"]
    arm = NAME.replace("amd64", "arm64")
    others = [arm, f"{arm}.sha256", f"{arm}.asc", "README.md", "sbom.json", "ca.pem"]
    chosen = {each.name for each in companions_of(NAME, [NAME, *own, *lists, *others])}
    assert chosen == {*own, *lists}


def test_a_checksum_of_a_file_without_an_ending_is_its_own() -> None:
    names = ["tool-amd64", "tool-arm64", "tool-amd64.sha256", "tool-arm64.sha256"]
    assert [each.name for each in companions_of("tool-amd64", names)] == ["tool-amd64.sha256"]


def test_the_forms_of_coreutils_and_bsd_are_read() -> None:
    one, other = sha(b"x"), sha(b"x", "sha512")
    text = (
        f"{one}  tool-linux-amd64.tar.gz\n{one.upper()} *tool.exe\r\n"
        f"SHA512 (a (b).zip) = {other}\n# a comment\n{one}\n\n{one[:-1]}  short\n"
    )
    assert parse_checksums(text.encode(), "checksums.txt") == (
        ListedDigest("sha256", one, "tool-linux-amd64.tar.gz"),
        ListedDigest("sha256", one, "tool.exe"),
        ListedDigest("sha512", other, "a (b).zip"),
        ListedDigest("sha256", one, ""),
    )


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda t: f"{sha(b'x')}  {t}".encode()))
def test_any_bytes_can_be_read(data: bytes) -> None:
    for entry in parse_checksums(data, "SHA256SUMS"):
        assert bytes.fromhex(entry.digest)
