"""Checksum files in the forms that projects publish."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from explorer.releases import ChecksumEntry, read_checksums

DIGEST = hashlib.sha256(b"x").hexdigest()
SHA512 = hashlib.sha512(b"x").hexdigest()


def test_the_forms_of_coreutils_and_bsd_are_read() -> None:
    text = (
        f"{DIGEST}  tool-linux-amd64.tar.gz\n{DIGEST.upper()} *tool.exe\r\n"
        f"SHA512 (a (b).zip) = {SHA512}\n# a comment\n{DIGEST}\n\n{DIGEST[:-1]}  short\n"
    )
    assert read_checksums(text.encode()) == (
        ChecksumEntry("tool-linux-amd64.tar.gz", "sha256", DIGEST),
        ChecksumEntry("tool.exe", "sha256", DIGEST),
        ChecksumEntry("a (b).zip", "sha512", SHA512),
        ChecksumEntry("", "sha256", DIGEST),
    )


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda t: f"{DIGEST}  {t}".encode()))
def test_any_bytes_can_be_read(data: bytes) -> None:
    for entry in read_checksums(data):
        assert bytes.fromhex(entry.digest)
