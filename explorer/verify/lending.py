"""A program and what is beside it, lent to an engine: mounted read-only instead of copied in.

Only for a daemon that shares our kernel and sees our files. What a killed session leaves is removed
with its containers.
"""

import contextlib
import hashlib
import io
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from explorer.verify.leftovers import host, is_dead, session_label

_CSV = re.compile(r'[,"\r\n]')
"""What ``--mount`` would take apart."""

NAME_FILES: Mapping[str, str] = {
    "hosts": "127.0.0.1\tlocalhost\n",
    "resolv.conf": "nameserver 127.0.0.1\n",
}
"""What a container without a network needs to resolve names, below ``/etc``.

They take the place of the engine's own files, which show this machine's name servers.
"""


def packed_resolver() -> BinaryIO:
    """A tar that puts ``resolv.conf`` in its place."""
    data = NAME_FILES["resolv.conf"].encode()
    file = tempfile.TemporaryFile()  # noqa: SIM115  the caller closes it
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("etc/resolv.conf")
        member.size, member.mode = len(data), 0o644
        archive.addfile(member, io.BytesIO(data))
    file.seek(0)
    return file


def _prefix() -> str:
    """With this machine's start and PID namespace: numbers of processes mean nothing in another."""
    return f"rr-explorer-run-{hashlib.sha256(host().encode()).hexdigest()[:12]}-"


@contextlib.contextmanager
def lent_folder() -> Iterator[str]:
    """An empty folder, gone afterwards; an empty string where that is not possible.

    ``NAME_FILES`` are beside it, in a folder that is ours alone. Files of a file system that is
    mounted noexec cannot be started.
    """
    session = session_label().partition("/")[2].replace("/", "-")
    try:
        folder = tempfile.mkdtemp(prefix=f"{_prefix()}{session}-")
    except OSError:
        yield ""
        return
    try:
        path = Path(folder, "tree")
        path.mkdir()
        path.chmod(0o755)
        for name, text in NAME_FILES.items():
            file = Path(folder, name)
            file.write_text(text)
            file.chmod(0o644)  # read by the container's user, whatever the umask is
        noexec = os.statvfs(folder).f_flag & os.ST_NOEXEC
        yield "" if noexec or _CSV.search(folder) else str(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_lent() -> None:
    """Remove what dead sessions of this machine have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix()}*"):
        number, start, seconds, _ = [*folder.name.removeprefix(_prefix()).split("-"), "", "", ""][
            :4
        ]
        if is_dead(f"{host()}/{number}/{start}/{seconds}"):
            shutil.rmtree(folder, ignore_errors=True)
