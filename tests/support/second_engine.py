"""A second docker daemon of the tests' own, and a real sshd before it.

Only as root on Debian and its descendants, as ``make test`` is: sshd is unpacked from Debian's
package and runs in a mount namespace with its own /etc/passwd, on a loopback port, with keys of its
own. ``ssh`` ignores $HOME, so a wrapper on the PATH gives it its configuration.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.engine import BUILD
from tests.support.skips import do_without

WAIT_SECONDS = 60.0
HOST = "rr-explorer-test"
"""The name of the machine with the second engine, for ssh."""


@dataclass(frozen=True)
class SecondEngine:
    """A daemon that answers, alone or behind ssh."""

    socket: Path
    process: "subprocess.Popen[bytes]"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Call docker's client with this daemon."""
        return subprocess.run(
            ["docker", "--host", f"unix://{self.socket}", *words],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def take(self, reference: str) -> None:
        """Copy an image from the first daemon."""
        saved = subprocess.run(["docker", "save", reference], capture_output=True, check=True)
        subprocess.run(
            ["docker", "--host", f"unix://{self.socket}", "load"],
            input=saved.stdout,
            capture_output=True,
            check=True,
        )

    def kill(self) -> None:
        """As a machine that is switched off."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextlib.contextmanager
def second_engine(*arguments: str) -> Iterator[SecondEngine]:
    """Start a daemon with folders of its own; everything of it is gone afterwards."""
    if os.geteuid() != 0 or shutil.which("dockerd") is None:
        do_without("second engine", "it needs root and dockerd", "Run `make test` as root")
    folder = Path(tempfile.mkdtemp(prefix="rr-explorer-engine-"))
    engine = folder / "s.sock"
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("dockerd", f"--host=unix://{engine}", f"--data-root={folder}/data"),
                *(f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"),
                *("--iptables=false", "--bridge=none", *arguments),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    started = SecondEngine(engine, process)
    try:
        _until(lambda: started.run("version").returncode == 0, process, folder / "log")
        yield started
        if process.poll() is None:
            names = started.run("ps", "--all", "--quiet").stdout.split()
            if names:
                started.run("rm", "--force", "--volumes", *names)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)
        _end_session(process.pid)
        _end_of(folder)


def _until(is_done: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not is_done():
        ended = process.poll() is not None or time.monotonic() > end
        assert not ended, log.read_text(errors="replace")[-2000:]
        time.sleep(0.1)  # nothing tells that it listens


def _end_session(session: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(session, signal.SIGKILL)


def _end_of(folder: Path) -> None:
    """End what the daemon started in sessions of its own (containerd, shims), and its mounts."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder).encode() in entry.read_bytes():
                os.kill(int(entry.parent.name), signal.SIGKILL)
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in reversed([place for place in mounts if place.startswith(str(folder))]):
        subprocess.run(["umount", "--lazy", mount], capture_output=True, check=False)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def behind_ssh(engine: SecondEngine) -> Iterator[tuple[str, Path]]:
    """A real sshd: the engine's ``ssh://`` address, and a folder for the PATH with an ``ssh`` that
    knows the host."""
    program = _sshd()
    folder = Path(tempfile.mkdtemp(prefix="rr-explorer-ssh-"))
    port = free_port()
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    passwd = Path("/etc/passwd").read_text()
    if "\nsshd:" not in passwd:
        passwd += "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
    (folder / "passwd").write_text(passwd)
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder}/user.pub\nPasswordAuthentication no\nPidFile none\n"
    )
    (folder / "ssh_config").write_text(
        f"Host {HOST}\n HostName 127.0.0.1\n Port {port}\n User root\n IdentityFile {folder}/user\n"
        " IdentitiesOnly yes\n StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n"
    )
    bin_folder = folder / "bin"
    bin_folder.mkdir()
    wrapper = bin_folder / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/ssh_config "$@"\n')
    wrapper.chmod(0o755)
    (libraries,) = (program.parents[1] / "lib").glob("*-linux-gnu")
    script = (
        f"mkdir -p /run/sshd && mount --bind {folder}/passwd /etc/passwd && "
        f"exec env LD_LIBRARY_PATH={libraries} {program} -D -e -f {folder}/sshd_config"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _until(lambda: "listening" in (folder / "log").read_text(), process, folder / "log")
        yield f"ssh://{HOST}{engine.socket}", bin_folder
    finally:
        _end_session(process.pid)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def certificates(folder: Path) -> None:
    """A certificate authority, and one key that is both the server's and the client's."""

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ca")
    openssl("req", *key, "-keyout", "key.pem", "-out", "request.pem", "-subj", "/CN=both")
    (folder / "names").write_text(
        "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
    )
    authority = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", "request.pem", "-out", "cert.pem", *authority)


def free_port() -> int:
    """A port of the loopback address that nothing listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _sshd() -> Path:
    """The server, unpacked from Debian's package once."""
    root = BUILD / "sshd"
    program = root / "usr/sbin/sshd"
    if not program.exists():
        with tempfile.TemporaryDirectory(dir=BUILD) as place:
            packages = ("openssh-server", "libwrap0")
            subprocess.run(["apt-get", "-q", "download", *packages], cwd=place, check=True)
            unpacked = Path(place) / "root"
            for package in Path(place).glob("*.deb"):
                subprocess.run(["dpkg", "-x", str(package), str(unpacked)], check=True)
            with contextlib.suppress(OSError):  # another worker was faster
                unpacked.rename(root)
    return program
