"""What audits recommend for Go, ``-buildmode=pie`` without cgo, stops the program on musl."""

import pytest

from explorer.bytesource import FileSource
from explorer.elf import Elf, hardening, read
from explorer.verify import Result
from tests.support.binaries import binary
from tests.verify.conftest import Prover

pytestmark = pytest.mark.container


@pytest.mark.parametrize(
    ("name", "result", "words"),
    [
        ("go-static-amd64", Result.RAN, "it would no longer start on Alpine"),
        ("go-pie", Result.FAILED, "which is why it needs the loader /lib64/ld-linux-x86-64.so.2"),
    ],
)
async def test_what_hardening_says_of_pie_is_so(
    name: str, result: Result, words: str, proved: Prover
) -> None:
    path = binary(name)
    with FileSource(path) as source:
        elf = read(source, name).elf
    assert isinstance(elf, Elf)
    pie = next(one for one in hardening(elf) if one.key == "pie")
    assert words in pie.why
    proof = await proved(path)
    assert proof.result is result, proof
    assert ("hello from go" in proof.stdout) is (result is Result.RAN)
