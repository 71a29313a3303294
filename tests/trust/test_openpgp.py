"""OpenPGP signatures: who made them and when, and good, bad, unknown and expired told apart."""

import base64
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.progress import Cancellation
from explorer.trust import (
    OpenPgpResult,
    is_key,
    is_openpgp,
    key_fingerprints,
    read_signatures,
    verify_openpgp,
)
from explorer.trust.gpg import _outcome
from tests.trust import expired
from tests.trust.keys import openpgp_key

DATA = b"a program\n" * 100


def packet(hashed: bytes, unhashed: bytes = b"", version: int = 4) -> bytes:
    """A signature packet with these subpackets and no valid signature."""
    body = bytes((version, 0, 1, 8)) + len(hashed).to_bytes(2) + hashed
    body += len(unhashed).to_bytes(2) + unhashed + b"\0\0" + b"\0\1\1"
    return bytes((0x88, len(body))) + body


def subpacket(kind: int, value: bytes) -> bytes:
    return bytes((len(value) + 1, kind)) + value


CREATED = subpacket(2, (1718910688).to_bytes(4))
FINGERPRINT = bytes(range(20))


def test_issuer_and_date_of_a_real_signature() -> None:
    key = openpgp_key("author")
    for armored in (True, False):
        (made,) = read_signatures(key.sign(DATA, armored=armored))
        assert made.issuer in key_fingerprints(key.public)
        assert made.issuer != key.fingerprint  # a subkey signs
        assert made.created is not None
        assert abs(datetime.now(UTC) - made.created).total_seconds() < 3600
    assert key.fingerprint in key_fingerprints(key.public)


def test_issuer_and_date_of_a_packet() -> None:
    (made,) = read_signatures(packet(subpacket(33, b"\4" + FINGERPRINT) + CREATED))
    assert made.issuer == FINGERPRINT.hex().upper()
    assert made.created == datetime(2024, 6, 20, 19, 11, 28, tzinfo=UTC)
    (old,) = read_signatures(packet(CREATED, subpacket(16, FINGERPRINT[-8:])))
    assert old.issuer == FINGERPRINT[-8:].hex().upper()
    assert is_key(old.issuer, made.issuer)
    assert not is_key(old.issuer, "0" * 40)


def test_a_date_that_is_not_signed_is_none() -> None:
    assert read_signatures(packet(b"", CREATED))[0].created is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x88",
        b"\x88\x10\x04",
        b"no signature",
        packet(CREATED, version=9),
        b"-----BEGIN PGP SIGNATURE-----\n\nAAAA",
        b"-----BEGIN PGP SIGNATURE-----\n\n!!!!\n-----END PGP SIGNATURE-----",
        b"\xff" * 100,
    ],
)
def test_what_is_no_signature_is_an_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_signatures(data)
    assert not is_openpgp(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for text in (
        data,
        b"\x88\x20\x04\0\1\x08" + data,
        b"-----BEGIN PGP SIGNATURE-----\n\n"
        + base64.b64encode(data)
        + b"\n-----END PGP SIGNATURE-----",
    ):
        is_openpgp(text)
        key_fingerprints(text)


@pytest.fixture(params=["gpgv", "pysequoia"])
def verifier(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each way to verify; gpgv is used where it is installed, as everywhere."""
    if request.param == "pysequoia" or shutil.which("gpgv") is None:
        monkeypatch.setenv("PATH", "")
    return str(request.param)


@pytest.mark.usefixtures("verifier")
def test_good_bad_and_unknown_are_told_apart(tmp_path: Path) -> None:
    author, other = openpgp_key("author"), openpgp_key("other")
    file, signature = tmp_path / "file", tmp_path / "file.asc"
    file.write_bytes(DATA)
    signature.write_bytes(author.sign(DATA))

    def verified(*keys: bytes) -> OpenPgpResult:
        return verify_openpgp(file, signature, keys, Cancellation()).result

    outcome = verify_openpgp(file, signature, (other.public, author.public), Cancellation())
    assert outcome.result is OpenPgpResult.VALID
    assert author.fingerprint in outcome.keys
    assert verified(other.public) is OpenPgpResult.UNKNOWN_KEY
    assert verified() is OpenPgpResult.UNKNOWN_KEY
    file.write_bytes(DATA + b"!")
    assert verified(author.public) is OpenPgpResult.BAD
    assert verified(other.public) is OpenPgpResult.UNKNOWN_KEY


@pytest.mark.usefixtures("verifier")
def test_what_has_expired_since_is_told_from_what_has_expired(tmp_path: Path) -> None:
    file, signature = tmp_path / "file", tmp_path / "file.asc"
    file.write_bytes(expired.SIGNED)

    def verified(data: bytes) -> OpenPgpResult:
        signature.write_bytes(data)
        return verify_openpgp(file, signature, (expired.KEY,), Cancellation()).result

    assert verified(expired.BY_EXPIRED_KEY) is OpenPgpResult.EXPIRED_KEY
    assert verified(expired.EXPIRED_SIGNATURE) is OpenPgpResult.EXPIRED
    file.write_bytes(b"other")
    assert verified(expired.BY_EXPIRED_KEY) is OpenPgpResult.BAD


@pytest.mark.parametrize(("made", "late"), [("100", False), ("300", True)])
def test_a_signature_by_a_key_that_had_expired_is_late(made: str, late: bool) -> None:
    output = f"[GNUPG:] KEYEXPIRED 200\n[GNUPG:] EXPKEYSIG K\n[GNUPG:] VALIDSIG K 2020 {made} 0\n"
    result = OpenPgpResult.EXPIRED if late else OpenPgpResult.EXPIRED_KEY
    assert _outcome(output).result is result


def test_without_a_verifier_the_remedy_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "pysequoia", None)
    key = openpgp_key("author")
    signature = tmp_path / "file.asc"
    signature.write_bytes(key.sign(DATA))
    outcome = verify_openpgp(signature, signature, (key.public,), Cancellation())
    assert outcome.result is OpenPgpResult.NOT_CHECKED
    assert outcome.detail == "install gpgv or rr-explorer[trust]"
