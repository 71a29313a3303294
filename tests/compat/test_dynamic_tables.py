"""What each loader reads of a dynamic section, and what none of them does."""

import pytest

from explorer.compat.dynamic_tables import contradiction
from explorer.compat.models import Libc
from explorer.elf import Dynamic, Elf
from tests.compat.helpers import read, read_bytes
from tests.elf.crafted import with_tag
from tests.support.binaries import RECIPES, binary

STRSZ, SYMENT, RELAENT, JMPREL, RELASZ, VERSYM = 10, 11, 9, 23, 8, 0x6FFFFFF0


def seen(data: bytes, loader: Libc) -> str:
    elf = read_bytes(data).elf
    assert isinstance(elf, Elf)
    assert isinstance(elf.dynamic, Dynamic)
    assert isinstance(elf.segments, tuple)
    return contradiction(elf.dynamic, elf.segments, elf.header.bits, loader)


@pytest.mark.parametrize("recipe", sorted(name for name in RECIPES if name.startswith("c-")))
def test_no_linker_contradicts_itself(recipe: str) -> None:
    elf = read(binary(recipe)).elf
    if isinstance(elf, Elf) and isinstance(elf.dynamic, Dynamic):
        for loader in Libc:
            assert seen(binary(recipe).read_bytes(), loader) == ""


@pytest.mark.parametrize("tag", [STRSZ, SYMENT])
def test_what_no_loader_reads_may_be_anything(tag: int) -> None:
    for loader in Libc:
        assert seen(with_tag(binary("c-glibc").read_bytes(), tag), loader) == ""


def test_each_loader_has_its_own_needs() -> None:
    data = binary("c-glibc").read_bytes()
    odd = with_tag(data, RELAENT, value=16)
    assert (seen(odd, Libc.MUSL), seen(odd, Libc.GLIBC)) == (
        "",
        "DT_RELA without a DT_RELAENT of 24",
    )
    odd = with_tag(data, JMPREL)
    assert (seen(odd, Libc.NONE), seen(odd, Libc.MUSL)) == ("", "DT_PLTRELSZ without DT_JMPREL")
    odd = with_tag(data, VERSYM)
    assert (seen(odd, Libc.MUSL), seen(odd, Libc.GLIBC)) == ("", "DT_VERNEED without DT_VERSYM")
    assert seen(with_tag(data, RELASZ), Libc.NONE) == "DT_RELA without DT_RELASZ"


def test_a_table_without_entries_may_be_anywhere() -> None:
    data = with_tag(with_tag(binary("c-glibc").read_bytes(), 7, value=0), RELASZ, value=0)
    assert seen(data, Libc.GLIBC) == ""
