"""A program lent to an engine on this machine: mounted read-only instead of copied in.

Only a program without files beside it, for a daemon that shares our kernel and sees our files.
What a killed session leaves is removed with its containers.
"""

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

from explorer.progress import Cancellation
from explorer.verify.leftovers import host, is_dead, session_label
from explorer.verify.tree import file_item, uncopied

_CSV = re.compile(r'[,"\r\n]')
"""What ``--mount`` would take apart."""

NAME_FILES: Mapping[str, str] = {
    "hosts": "127.0.0.1\tlocalhost\n",
    "resolv.conf": "nameserver 127.0.0.1\n",
}
"""What a container without a network needs to resolve names, below ``/etc``.

They take the place of the engine's own files, which show this machine's name servers.
"""


def _prefix() -> str:
    """With this machine's start and PID namespace: numbers of processes mean nothing in another."""
    return f"rr-explorer-run-{hashlib.sha256(host().encode()).hexdigest()[:12]}-"


@contextlib.contextmanager
def lent_file() -> Iterator[str]:
    """An empty executable file in a folder of its own, gone afterwards; empty: not possible here.

    The folder holds ``NAME_FILES``, too. Files of a file system that is mounted noexec cannot be
    started.
    """
    session = session_label().partition("/")[2].replace("/", "-")
    try:
        folder = tempfile.mkdtemp(prefix=f"{_prefix()}{session}-")
    except OSError:
        yield ""
        return
    try:
        path = Path(folder, "program")
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o755))
        path.chmod(0o755)
        for name, text in NAME_FILES.items():
            file = Path(folder, name)
            file.write_text(text)
            file.chmod(0o644)  # read by the container's user, whatever the umask is
        noexec = os.statvfs(folder).f_flag & os.ST_NOEXEC
        yield "" if noexec or _CSV.search(folder) else str(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_mountable(inside: str) -> bool:
    """Whether a path inside can be written in the client's words."""
    return _CSV.search(inside) is None


def fill(place: str, binary: Path, cancel: Cancellation) -> tuple[BinaryIO, str]:
    """Copy the program into its place; the copy, open for reading, and its sha256. Blocking.

    Raises:
        SourceError: it cannot be read, or the disk is full.
    """
    digest = hashlib.sha256()
    chunks = file_item(binary.name, binary).chunks
    assert chunks is not None
    try:
        with Path(place).open("wb") as target:
            for part in chunks():
                cancel.check()
                digest.update(part)
                target.write(part)
        return Path(place).open("rb"), digest.hexdigest()
    except OSError as error:
        raise uncopied(error) from error


def remove_lent() -> None:
    """Remove what dead sessions of this machine have left."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_prefix()}*"):
        number, start, seconds, _ = [*folder.name.removeprefix(_prefix()).split("-"), "", "", ""][
            :4
        ]
        if is_dead(f"{host()}/{number}/{start}/{seconds}"):
            shutil.rmtree(folder, ignore_errors=True)
