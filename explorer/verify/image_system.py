"""What an image holds: its os-release, its loaders, and the libc that they belong to.

Read with the engine's ``cp`` out of a container that was created, not started: nothing of the image
is executed. An image does not change, so each is read once per process.
"""

import asyncio
import io
import posixpath
import re
import shlex
import tarfile
from dataclasses import dataclass

from explorer.compat import GLIBC_LOADERS, musl_loader
from explorer.errors import EngineError
from explorer.facts import Fact, NotApplicable, Unknown
from explorer.verify.api import engine_call
from explorer.verify.container import Container
from explorer.verify.engines import engine_failure
from explorer.verify.models import ImageSystem

OS_RELEASE = "/etc/os-release"
"""os-release(5)."""
APK_DATABASE = "/lib/apk/db/installed"
"""apk-installed(5): blocks of lines ``P:name``."""
DPKG_DATABASE = "/var/lib/dpkg/status"
"""deb822(5): paragraphs with ``Package:`` and ``Status:``."""
_MOST_PACKAGES = 5000

EMPTY_SYSTEM = ImageSystem("", "", "", "none", NotApplicable("there is no libc"))

_LINKS = 5
"""Links that lead to links: Debian's loader is two away from its path."""

_MUSL_VERSION = re.compile(rb"\0(\d\.\d\.\d{1,2})(?:-git[-\w]*)?\0")
"""``__libc_version``, which the loader prints."""
_GLIBC_VERSION = re.compile(rb"stable release version (\d\.\d{1,3})")
_GLIBC_FILE = re.compile(r"ld-(\d\.\d{1,3})\.so")
"""The loader's own file name before glibc 2.34."""

_known: dict[tuple[tuple[str, ...], str, str, bool], ImageSystem] = {}


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    """After all links."""
    data: bytes


async def read_system(
    container: Container, image_id: str, *, packages: bool = False
) -> Fact[ImageSystem]:
    """Read what a created container's image holds; Unknown if the engine cannot tell.

    Args:
        packages: read the databases of the package managers too.
    """
    arch = container.platform.split("/")[1]
    key = (container.engine.command, image_id, arch, packages)
    if key not in _known:
        try:
            _known[key] = await _read(container, arch, packages)
        except BaseExceptionGroup as group:
            failures, others = group.split(EngineError)
            if others is not None or failures is None:
                raise
            return Unknown(f"the image could not be read: {failures.exceptions[0]}")
    return _known[key]


async def _read(container: Container, arch: str, packages: bool) -> ImageSystem:
    musl_path, glibc_path = musl_loader(arch), GLIBC_LOADERS.get(arch, "")
    async with asyncio.TaskGroup() as group:
        about = group.create_task(_file(container, OS_RELEASE))
        musl = group.create_task(_file(container, musl_path))
        glibc = group.create_task(_file(container, glibc_path))
        databases = [
            group.create_task(_file(container, path))
            for path in (APK_DATABASE, DPKG_DATABASE)
            if packages
        ]
    text = about.result()
    release = os_release(text.data if text is not None else b"")
    libc, version = _libc(musl.result(), glibc.result())
    paths = ((musl_path, musl.result()), (glibc_path, glibc.result()))
    return ImageSystem(
        id=release.get("ID", ""),
        version=release.get("VERSION_ID", ""),
        name=release.get("PRETTY_NAME", release.get("NAME", "")),
        libc=libc,
        libc_version=version,
        loaders=tuple(path for path, file in paths if file is not None),
        packages=installed_packages(
            *(file.data if (file := task.result()) is not None else b"" for task in databases)
        ),
    )


def installed_packages(apk: bytes = b"", dpkg: bytes = b"") -> tuple[str, ...]:
    """The names in the databases of apk and dpkg, sorted."""
    names = set(re.findall(rb"^P:([\w.+-]{1,200})$", apk, re.MULTILINE))
    for paragraph in dpkg.split(b"\n\n"):
        if re.search(rb"^Status: .* installed$", paragraph, re.MULTILINE):
            names |= set(re.findall(rb"^Package: ([\w.+-]{1,200})$", paragraph, re.MULTILINE))
    return tuple(sorted(name.decode("ascii", "replace") for name in names)[:_MOST_PACKAGES])


def _libc(musl: _File | None, glibc: _File | None) -> tuple[str, Fact[str]]:
    """musl first: with a compatibility layer glibc's loader is there, too."""
    if musl is not None:
        version = _MUSL_VERSION.search(musl.data)
        return "musl", version[1].decode() if version else Unknown("its loader does not say")
    if glibc is None:
        return "none", NotApplicable("there is no libc")
    if inside := _GLIBC_VERSION.search(glibc.data):
        return "glibc", inside[1].decode()
    named = _GLIBC_FILE.search(posixpath.basename(glibc.path))
    return "glibc", named[1] if named else Unknown("its loader does not say")


def os_release(data: bytes) -> dict[str, str]:
    """The fields of an os-release file: shell assignments, one per line; others are skipped."""
    fields = {}
    for line in data[:65536].decode(errors="replace").splitlines():
        name, equals, value = line.strip().partition("=")
        if not equals or not name.replace("_", "").isalnum():
            continue
        try:
            words = shlex.split(value)
        except ValueError:  # a quote that is not closed
            continue
        fields[name] = words[0][:200] if words else ""
    return fields


async def _file(container: Container, path: str) -> _File | None:
    """A regular file of the image, links followed; None if there is no such file.

    Raises:
        EngineError: the engine failed for another reason.
    """
    for _ in range(_LINKS):
        if not path:
            return None
        copied = await engine_call(container.engine, ("cp", f"{container.name}:{path}", "-"))
        if copied.failed:
            if re.search(r"could not find|no such|not found|not exist", copied.stderr, re.I):
                return None
            raise engine_failure(container.engine.name, copied, "cp")
        member, data = _first_member(copied.data)
        if member is None or not member.issym():
            return _File(path, data) if member is not None and member.isreg() else None
        path = posixpath.normpath(posixpath.join(posixpath.dirname(path), member.linkname))
    return None


def _first_member(data: bytes) -> tuple[tarfile.TarInfo | None, bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            member = archive.next()
            file = archive.extractfile(member) if member is not None and member.isreg() else None
            return member, file.read() if file is not None else b""
    except (tarfile.TarError, OSError, ValueError):
        return None, b""
