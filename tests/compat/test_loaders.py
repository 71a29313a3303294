"""Loaders by every spelling of their path, and whose they are."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.compat import Libc, find_target
from explorer.compat.loader_table import GLIBC_LOADERS, MUSL_ARCHES, TRIPLETS, musl_loader
from explorer.compat.loaders import Presence, foreign_system, presence, resolved, whose


@pytest.mark.parametrize(
    ("path", "target", "expected"),
    [
        ("/lib/ld-musl-x86_64.so.1", "musl", Presence.THERE),
        ("/lib/libc.musl-x86_64.so.1", "alpine-3.22", Presence.THERE),
        ("//lib//ld-musl-x86_64.so.1", "musl", Presence.THERE),
        ("/./lib/../lib/ld-musl-x86_64.so.1", "musl", Presence.THERE),
        ("/../lib/ld-musl-x86_64.so.1", "musl", Presence.THERE),
        ("lib/ld-musl-x86_64.so.1", "musl", Presence.FROM_ROOT),
        ("./lib/libc.musl-x86_64.so.1", "musl", Presence.FROM_ROOT),
        ("/lib64/../lib/ld-musl-x86_64.so.1", "musl", Presence.UNSURE),
        ("/proc/self/root/lib/ld-musl-x86_64.so.1", "musl", Presence.UNSURE),
        ("/lib/ld-musl-x86_64.so.1/", "musl", Presence.ABSENT),
        ("/lib/ld-musl-aarch64.so.1", "musl", Presence.ABSENT),
        ("/usr/lib/ld-musl-x86_64.so.1", "alpine-3.22", Presence.ABSENT),
        ("/usr/lib/ld-musl-x86_64.so.1", "alpine-3.24", Presence.UNSURE),
        ("", "musl", Presence.ABSENT),
        ("/lib64/ld-linux-x86-64.so.2", "musl", Presence.ABSENT),
        ("/lib64/ld-linux-x86-64.so.2", "musl+gcompat", Presence.THERE),
        ("/lib/ld-linux-x86-64.so.2", "musl+gcompat", Presence.THERE),
        ("/lib64/ld-linux-x86-64.so.2", "debian-12", Presence.THERE),
        ("/usr/lib64/ld-linux-x86-64.so.2", "debian-12", Presence.THERE),
        ("/usr/lib64/ld-linux-x86-64.so.2", "debian-11", Presence.ABSENT),
        ("/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "debian-11", Presence.THERE),
        ("/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "ubuntu-24.04", Presence.THERE),
        ("/lib64/ld-lsb-x86-64.so.3", "debian-12", Presence.ABSENT),
        ("/lib64/ld-linux-x86-64.so.2", "scratch", Presence.ABSENT),
    ],
)
def test_where_a_path_leads(path: str, target: str, expected: Presence) -> None:
    assert presence(path, replace(find_target(target), arch="amd64")) is expected


@given(st.text(max_size=60) | st.from_regex(r"(\.{0,2}/{0,2}(lib|usr|x|proc)?){1,8}"))
def test_any_path_is_judged(path: str) -> None:
    place = resolved(path)
    assert place is None or (place.startswith("/") and "//" not in place and "/../" not in place)
    for target in ("musl", "debian-12", "scratch"):
        assert presence(path, replace(find_target(target), arch="amd64")) in Presence


@pytest.mark.parametrize(
    ("path", "system"),
    [
        ("/lib/amd64/ld.so.1", "Solaris"),
        ("/usr/lib/ld.so.1", "Solaris"),
        ("/usr/lib/amd64/ld.so.1", "Solaris"),
        ("/libexec/ld-elf.so.1", "FreeBSD"),
        ("/usr/libexec/ld-elf.so.2", "DragonFly"),
        ("/usr/libexec/ld.elf_so", "NetBSD"),
        ("/usr/libexec/ld.so", "OpenBSD"),
        ("/system/bin/linker64", "Android"),
        ("/system/bin/linker", "Android"),
        ("/system/runtime_loader", "Haiku"),
        ("//system/bin/linker64", "Android"),
        ("/lib64/ld-linux-x86-64.so.2", ""),
        ("/lib/ld-musl-x86_64.so.1", ""),
        ("/lib/ld.so.1", ""),
        ("/opt/linker64", ""),
    ],
)
def test_loaders_of_other_systems(path: str, system: str) -> None:
    assert foreign_system(path) == system


def test_every_listed_loader_is_known_by_its_name() -> None:
    assert set(GLIBC_LOADERS) == set(MUSL_ARCHES) == set(TRIPLETS)
    for arch, path in GLIBC_LOADERS.items():
        assert whose(path) is Libc.GLIBC
        assert whose(musl_loader(arch)) is Libc.MUSL
        assert whose(f"/lib/libc.musl-{MUSL_ARCHES[arch]}.so.1") is Libc.MUSL
    assert whose("/lib/ld.so.1") is Libc.GLIBC  # MIPS and PowerPC
    assert whose("/lib/amd64/ld.so.1") is Libc.NONE
    assert musl_loader("sparc") == ""
