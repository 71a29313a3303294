"""A function chosen at start-up shows as the relocation that musl does not know."""

import pytest

from explorer.bytesource import FileSource
from explorer.elf import Elf, Linking, read
from tests.support.binaries import binary


@pytest.mark.parametrize("name", ["c-ifunc", "c-ifunc-musl"])
def test_an_indirect_function_leaves_an_irelative_relocation(name: str) -> None:
    with FileSource(binary(name)) as source:
        elf = read(source, name).elf
    assert isinstance(elf, Elf)
    assert isinstance(elf.linking, Linking)
    assert "R_X86_64_IRELATIVE" in {r.name for r in elf.linking.relocations}
