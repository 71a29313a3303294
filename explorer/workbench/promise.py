"""A promise: what every release of a project keeps, as a file that people write.

The file is TOML::

    [defaults]                       # for every file below, unless it says otherwise
    runs-on = ["alpine-3.24"]

    [[files]]
    name = "tool-{version}-linux-arm64.tar.gz"
    arch = "arm64"
    static = true

``REQUIREMENTS`` lists the keys. Whatever is not understood is an error.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

from explorer.compat import all_targets, find_target
from explorer.errors import NotFoundError, SourceError, UsageError
from explorer.platforms import go_arch, is_arch
from explorer.releases import Release
from explorer.trust import SignalKind

SIGNALS = tuple(kind.value for kind in SignalKind)
"""The trust signals that can be asked for."""
_VERSION = re.compile(r"\d+(\.\d+)*")
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FilePromise:
    """What is promised of the files with names of one form. Empty: nothing is."""

    name: str
    """A shell pattern, in which ``{version}`` and ``{tag}`` stand for those of the release."""
    runs_on: tuple[str, ...] = ()
    """Targets on which it runs as it is, by prediction."""
    proved_on: tuple[str, ...] = ()
    """Targets on which it started in a container."""
    arch: str = ""
    """In Go's words."""
    static: bool | None = None
    glibc: str = ""
    """The newest glibc that it may need; a program that needs no libc keeps it."""
    musl: str = ""
    signals: tuple[str, ...] = ()
    allowed_vulnerabilities: tuple[str, ...] | None = None
    """Known vulnerabilities that it may hold, by any of their names; None: not looked at."""
    allow_unknown: tuple[str, ...] = ()
    """The requirements that may stay unknown."""

    def pattern(self, release: Release) -> str:
        """The shell pattern for the files of a release."""
        version, tag = escape(release.version) or "*", escape(release.tag)
        if release.evidence == "folder":  # its name is no tag
            version = version if release.version[:1].isdigit() else "*"
            tag = f"*{version}"
        return self.name.replace("{version}", version).replace("{tag}", tag)

    @property
    def reads_file(self) -> bool:
        """Whether something is promised of what is in the file."""
        return self != FilePromise(self.name, allow_unknown=self.allow_unknown)

    @property
    def needs_whole(self) -> bool:
        """Whether the first bytes of the file do not suffice."""
        vulnerable = self.allowed_vulnerabilities is not None
        return bool(self.proved_on or self.signals or vulnerable)


@dataclass(frozen=True, slots=True)
class Promise:
    """What is promised of a release."""

    path: Path
    files: tuple[FilePromise, ...]


def read_promise(path: Path) -> Promise:
    """Read a promise. Blocking.

    Raises:
        UsageError: it is not TOML, or says something that is not understood.
        NotFoundError, SourceError: it cannot be read.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        raise NotFoundError(
            f"No such file: {path}", remedy="rr-explorer check --write makes one from a release"
        ) from None
    except (OSError, ValueError) as error:
        raise SourceError(f"Cannot read {path}", str(error), "Check its permissions") from None
    return parse_promise(text, path)


def parse_promise(text: str, path: Path) -> Promise:
    """The promise that a TOML text makes.

    Raises:
        UsageError: it is not TOML, or says something that is not understood.
    """
    try:
        table = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not valid TOML", str(error), "Correct it") from None
    known = ("defaults", "files")
    for key in table:
        if key not in known:
            raise _unknown(key, known, f"{path}", "table")
    defaults = table.get("defaults", {})
    files = table.get("files", [])
    if not isinstance(defaults, dict):
        raise _wrong(f"{path}: defaults", "a table: [defaults]")
    if not isinstance(files, list) or not all(isinstance(one, dict) for one in files):
        raise _wrong(f"{path}: files", "a list of tables, each under [[files]]")
    if not files:
        raise UsageError(f"{path} promises nothing", remedy="Add a table [[files]] with a name")
    _checked(defaults, f"{path}: defaults")
    return Promise(path, tuple(_file(defaults, one, path, at) for at, one in enumerate(files, 1)))


def _file(defaults: Values, table: Values, path: Path, number: int) -> FilePromise:
    where = f"{path}: files {number}"
    name = table.get("name")
    if not isinstance(name, str) or not name:
        raise _wrong(f"{where}: name", 'a pattern of names, as in name = "*-linux-arm64.tar.gz"')
    own = {key: value for key, value in table.items() if key != "name"}
    values = {**_checked(defaults, where), **_checked(own, f"{where} ({name})")}
    if unlikely := re.search(r"\{(?!version\}|tag\})[^}]*\}", name):
        raise UsageError(
            f"{where}: name: {unlikely[0]} stands for nothing",
            remedy="There are {version} and {tag}",
        )
    return FilePromise(name, **values)


def _checked(table: Values, where: str) -> dict[str, Any]:
    """The values of a table by the fields of ``FilePromise``."""
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in REQUIREMENTS:
            raise _unknown(key, tuple(REQUIREMENTS), where, "requirement")
        values[key.replace("-", "_")] = REQUIREMENTS[key](value, f"{where}: {key}")
    return values


def _unknown(word: str, known: Sequence[str], where: str, what: str) -> UsageError:
    near = difflib.get_close_matches(word, known, 1)
    return UsageError(
        f"{where}: there is no {what} “{word}”",
        f"there are {', '.join(known)}",
        f"Did you mean {near[0]}?" if near else "Correct or remove it",
    )


def _wrong(where: str, wanted: str) -> UsageError:
    return UsageError(f"{where} is not {wanted}", remedy="Correct or remove it")


def _words(value: Any, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _wrong(where, 'a list of words, as in ["a", "b"]')
    return tuple(dict.fromkeys(value))


def _targets(value: Any, where: str) -> tuple[str, ...]:
    names = _words(value, where)
    for name in names:
        try:
            find_target(name)
        except UsageError as error:
            raise UsageError(f"{where}: {error.title}", error.detail, error.remedy) from None
    return names


def _arch(value: Any, where: str) -> str:
    if not isinstance(value, str) or not is_arch(value):
        raise _wrong(where, 'an architecture in Go\'s words, as in "arm64"')
    return go_arch(value)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(where, "true or false")
    return value


def _glibc(value: Any, where: str) -> str:
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise _wrong(where, 'a version in quotes, as in "2.28"')
    return value


def _musl(value: Any, where: str) -> str:
    known = [t.name.partition("-")[2] for t in all_targets() if t.name.startswith("musl-")]
    plain = [version for version in known if "+" not in version]
    if value not in plain:
        raise _wrong(where, f"one of the versions that are known: {', '.join(sorted(plain))}")
    return str(value)


def _signals(value: Any, where: str) -> tuple[str, ...]:
    names = _words(value, where)
    for name in names:
        if name not in SIGNALS:
            raise _unknown(name, SIGNALS, where, "signal")
    return names


def _unknowns(value: Any, where: str) -> tuple[str, ...]:
    names = _words(value, where)
    known = tuple(key for key in REQUIREMENTS if key != "allow-unknown")
    for name in names:
        if name not in known:
            raise _unknown(name, known, where, "requirement")
    return names


REQUIREMENTS: Mapping[str, Callable[[Any, str], Any]] = {
    "runs-on": _targets,
    "proved-on": _targets,
    "arch": _arch,
    "static": _flag,
    "glibc": _glibc,
    "musl": _musl,
    "signals": _signals,
    "allowed-vulnerabilities": _words,
    "allow-unknown": _unknowns,
}
"""The keys of a table, each with what reads its value."""
