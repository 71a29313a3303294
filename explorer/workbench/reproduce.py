"""How a Go program would be built again, as far as its build info says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.elf import Elf, GoBuild, GoModule
from explorer.facts import MISSING
from explorer.workbench.go_program import build_of
from explorer.workbench.models import Inspection

if TYPE_CHECKING:
    from explorer.releases import Profiles, Release

FOLDER = "rebuild"
"""Where the line puts the sources."""
_VERSION = re.compile(r"go\d+(?:\.\d+)*(?:(?:rc|beta)\d+)?")
_HOSTED = re.compile(r"(?:github\.com|gitlab\.com|codeberg\.org)/[\w.-]+/[\w.-]+")
_PSEUDO = re.compile(r".*-(?:0\.)?\d{14}-[0-9a-f]{12}(?:\+dirty)?|\(devel\)|.*\+dirty|")
# What chooses code for a system. Others, such as GOFLAGS, could make the line run programs.
_VARIABLES = (
    *("CGO_ENABLED", "GOOS", "GOARCH", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS"),
    *("GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM", "GOEXPERIMENT", "GOFIPS140"),
)
_C_FLAGS = ("CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_FFLAGS", "CGO_LDFLAGS")
_RUNS = re.compile(r"-(?:-?ext(?:ld|ar)\b|-?extldflags|fplugin|specs|wrapper|B)|@|-toolexec")
"""In flags of compilers and linkers: what makes them run or load another program."""
_SWITCHES = ("-race", "-msan", "-asan", "-cover")
_WORDS = ("-tags", "-gcflags", "-asmflags")


@dataclass(frozen=True, slots=True)
class Rebuild:
    """Commands that would build a program again. All words are untrusted."""

    inspection: Inspection
    build: GoBuild
    sources: tuple[tuple[str, ...], ...]
    """Commands that fetch the sources; empty: they have to be here."""
    environment: tuple[tuple[str, str], ...]
    words: tuple[str, ...]
    """``go build …``, or ``go install …`` for what came from a module proxy."""
    unknown: tuple[str, ...]
    """What nothing in the file tells, one sentence each."""


def rebuild_of(inspection: Inspection, profiles: Profiles) -> Rebuild:
    """What the build info of an inspected program says of its build.

    Raises:
        UsageError: not a Go program, or its build info was stripped or obfuscated.
    """
    return _Recipe(inspection, build_of(inspection), profiles).rebuild()


class _Recipe:
    """Puts the line together and notes what is not known."""

    def __init__(self, inspection: Inspection, build: GoBuild, profiles: Profiles) -> None:
        self._inspection = inspection
        self._build = build
        self._profiles = profiles
        self._settings = dict(build.settings)
        self._unknown: list[str] = []
        self._from_proxy = False

    def rebuild(self) -> Rebuild:
        """All parts; the order of the sentences is that of the line."""
        sources = tuple(self._sources())
        environment = tuple(self._environment())
        words = tuple(self._words())
        self._note_the_rest()
        return Rebuild(
            self._inspection, self._build, sources, environment, words, tuple(self._unknown)
        )

    # -- sources

    def _sources(self) -> Iterator[tuple[str, ...]]:
        main = self._build.main
        release = self._inspection.subject.release
        if release is not None and self._inspection.subject.asset is not None:
            yield from _clone(_repository(release, self._inspection), release.tag)
            return
        if not isinstance(main, GoModule):
            self._unknown.append("The sources: the build info names no module.")
            return
        self._from_proxy = bool(main.sum) and _PSEUDO.fullmatch(main.version) is None
        if self._from_proxy:
            return
        place = _HOSTED.match(main.path)
        revision = self._settings.get("vcs.revision", "")
        if place is not None and _PSEUDO.fullmatch(main.version) is None:
            yield from _clone(f"https://{place[0]}", main.version)
        elif place is not None and revision:
            yield ("git", "clone", f"https://{place[0]}", FOLDER)
            yield ("cd", FOLDER)
            yield ("git", "checkout", "--detach", revision)
        else:
            commit = f" at commit {revision}" if revision else ""
            self._unknown.append(f"The sources: run it in the folder of {main.path}{commit}.")

    # -- environment

    def _environment(self) -> Iterator[tuple[str, str]]:
        version = self._build.version.partition(" ")[0]
        if _VERSION.fullmatch(version):
            yield "GOTOOLCHAIN", version
        else:
            self._unknown.append(f"The toolchain: {self._build.version} is not a released Go.")
        for name in _VARIABLES:
            if self._settings.get(name):
                yield name, self._settings[name]
        for name in _C_FLAGS:
            value = self._settings.get(name, "")
            if value and not _RUNS.search(value):
                yield name, value
            elif value:
                self._unknown.append(f"{name}: left out: it can make a compiler run programs.")

    # -- command

    def _words(self) -> Iterator[str]:
        yield "go"
        yield "install" if self._from_proxy else "build"
        if self._settings.get("-trimpath") == "true":
            yield "-trimpath"
        stamped = any(key.startswith("vcs") for key in self._settings)
        if self._settings and not stamped and not self._from_proxy:
            yield "-buildvcs=false"
        for name in _SWITCHES:
            if self._settings.get(name) == "true":
                yield name
        mode = self._settings.get("-buildmode", "exe")
        if mode != "exe":
            yield f"-buildmode={mode}"
        for name in _WORDS:
            if self._settings.get(name):
                yield f"{name}={self._settings[name]}"
        flags = self._link_flags()
        if flags:
            yield f"-ldflags={flags}"
        path, main = self._build.path, self._build.main
        if self._from_proxy and isinstance(main, GoModule):
            yield f"{path}@{main.version}"
            return
        yield from ("-o", self._output_name())
        yield self._package(path, main)

    def _output_name(self) -> str:
        name = self._inspection.file.name
        return name if re.fullmatch(r"[0-9A-Za-z][\w.+-]*", name, re.ASCII) else "program"

    def _package(self, path: str, main: object) -> str:
        if isinstance(main, GoModule) and path.startswith(f"{main.path}/"):
            return f"./{path[len(main.path) + 1 :]}"
        if isinstance(main, GoModule) and path == main.path:
            return "."
        return path if path != "command-line-arguments" else "."

    def _link_flags(self) -> str:
        recorded = self._settings.get("-ldflags")
        if recorded is not None:
            if not _RUNS.search(recorded):
                return recorded
            self._unknown.append("-ldflags: left out: they can make a linker run programs.")
            return ""
        if "-trimpath" not in self._settings:
            return ""
        assumed = self._seen_flags()
        because = ", which its missing symbols show" if "-s" in assumed else ""
        self._unknown.append(
            "Values of -X and other -ldflags: Go does not record them with -trimpath"
            + (f"; assumed: {' '.join(assumed)}{because}." if assumed else ".")
        )
        return " ".join(assumed)

    def _seen_flags(self) -> list[str]:
        """Flags whose effect can be seen, and the variable that the project's profile knows."""
        flags: list[str] = []
        elf = self._inspection.binary.elf
        if isinstance(elf, Elf) and elf.stripped is True:
            flags.append("-s")
        elif isinstance(elf, Elf) and not isinstance(elf.sections, MISSING):
            names = [section.name for section in elf.sections]
            if not any(name.startswith((".debug_", ".zdebug_")) for name in names):
                flags.append("-w")
        subject = self._inspection.subject
        if subject.asset is None or subject.release is None:
            return flags
        repo, version = subject.asset.repo, subject.release.version
        profile = self._profiles.of_repo(repo).build(repo, version)
        major = version.partition(".")[0]
        if profile is not None and profile.variable and major.isdecimal():
            flags += ["-X", f"{profile.variable.replace('{major}', major)}={version}"]
        return flags

    # -- the rest

    def _note_the_rest(self) -> None:
        settings, build = self._settings, self._build
        if not settings:
            self._unknown.append("Settings of the build: Go records them since 1.18.")
        elif settings.get("-trimpath") != "true":
            self._unknown.append("The folder it was built in: without -trimpath it is in the file.")
        if settings.get("CGO_ENABLED") == "1":
            self._unknown.append("The C compiler and C libraries that cgo used.")
        if settings.get("vcs.modified") == "true":
            self._unknown.append("Changes that were not committed when it was built.")
        if settings.get("-pgo"):
            self._unknown.append("The profile given with -pgo.")
        local = [m.path for m in build.dependencies if m.replace and not m.replace.version]
        if local:
            more = f" and {len(local) - 1} more" if len(local) > 1 else ""
            self._unknown.append(f"The folder that replaced {local[0]}{more}.")


def _clone(url: str, tag: str) -> Iterator[tuple[str, ...]]:
    yield ("git", "clone", "--depth=1", f"--branch={tag}", url, FOLDER)
    yield ("cd", FOLDER)


def _repository(release: Release, inspection: Inspection) -> str:
    """The repository's address, by the page of its release where that is known."""
    asset = inspection.subject.asset
    assert asset is not None
    place = release.url.find(f"/{asset.repo}/releases")
    return (
        release.url[:place] + f"/{asset.repo}" if place > 0 else f"https://github.com/{asset.repo}"
    )
