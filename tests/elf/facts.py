"""What "a prefix never gives a different answer" means, field by field."""

from dataclasses import fields

from explorer.elf import Binary, Elf, PackedProgram
from explorer.facts import MISSING, Unknown


def assert_agrees(part: Binary, whole: Binary, where: str) -> None:
    """Every fact of ``part`` is Unknown or exactly that of ``whole``; problems may be fewer."""
    for name in ("size", "arch", "elf"):
        mine, full = getattr(part, name), getattr(whole, name)
        if isinstance(mine, Unknown) or (name == "elf" and isinstance(mine, Elf)):
            continue
        assert mine == full, f"{where}: {name}"
    if isinstance(part.arch, Unknown) and isinstance(part.elf, Unknown):
        return  # too short to be named
    assert part.format == whole.format, where
    if not isinstance(part.elf, Elf):
        return
    assert isinstance(whole.elf, Elf), where
    assert set(part.elf.problems) <= set(whole.elf.problems), (
        where,
        part.elf.problems,
        whole.elf.problems,
    )
    for field in fields(Elf):
        mine, full = getattr(part.elf, field.name), getattr(whole.elf, field.name)
        if isinstance(mine, PackedProgram) and isinstance(full, PackedProgram):
            for inner in fields(PackedProgram):
                known = getattr(mine, inner.name)
                assert isinstance(known, Unknown) or known == getattr(full, inner.name), where
        elif field.name != "problems" and not isinstance(mine, Unknown):
            assert mine == full, f"{where}: {field.name}"


def known_names(binary: Binary) -> set[str]:
    """The facts of an ELF file that are there."""
    assert isinstance(binary.elf, Elf)
    elf = binary.elf
    return {
        field.name for field in fields(Elf) if not isinstance(getattr(elf, field.name), MISSING)
    }
