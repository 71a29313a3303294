"""What is particular to a project: its kinds of files, programs, platforms, sources and keys.

A profile is data. Bundled ones are the files of ``data/projects``, a user's own are the tables
``[projects."OWNER/NAME"]`` of the settings, in the same form; any other project gets one that is
derived from its name and its files. Adding a project means adding a file there, and nothing else.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from explorer.errors import FormatError
from explorer.releases.file_kinds import general_kind
from explorer.releases.kinds import (
    DEEP_STEPS,
    DEFAULT_COMMANDS,
    GENERAL_KINDS,
    OTHER,
    PROGRAM,
    AssetKind,
    DeepCommand,
    Role,
    VersionCommand,
    holds,
    is_version,
)

if TYPE_CHECKING:
    from explorer.releases.claims import ParsedName

_BUNDLED = Path(__file__).parent / "data" / "projects"


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """A column of the matrix."""

    kind: AssetKind
    title: str
    platforms: tuple[str, ...]
    """Slugs such as ``linux-arm64``."""
    instead: str = ""
    """The slug of the platform whose file works too if there is none for this one."""
    missing: str = ""
    """A sentence for a legend, if no release has such a file."""


@dataclass(frozen=True, slots=True)
class BuildProfile:
    """How a range of versions is built with Go from the repository's sources."""

    until: str = ""
    """The last version; empty: all later ones."""
    package: str = "."
    program: str = ""
    variable: str = ""
    """The variable that holds the version, by its import path; ``{major}`` is replaced."""
    caveat: str = ""
    """A sentence about what is not known of this."""
    absent: str = ""
    """Why these versions cannot be built from this repository; empty: they can."""


@dataclass(frozen=True, slots=True)
class ProjectProfile:
    """What is known of a project beforehand."""

    title: str
    """What to call it in a sentence: ``RoadRunner``."""
    repositories: tuple[str, ...] = ()
    """OWNER/NAME in lower case: where it lives and lived."""
    kinds: tuple[AssetKind, ...] = GENERAL_KINDS
    """In the order in which a user means them, where several files fit."""
    columns: tuple[ColumnProfile, ...] = ()
    """Empty: the platforms of its files."""
    builds: tuple[BuildProfile, ...] = ()
    """Oldest versions first; empty: read from a program's build info."""
    sources: tuple[str, ...] = ()
    """The repositories, in lower case, whose sources ``builds`` is about; empty: all of them."""
    signing_keys: tuple[str, ...] = ()
    """Fingerprints of OpenPGP keys, in upper-case hex."""
    key_files: tuple[str, ...] = ()
    """Paths of files with OpenPGP public keys."""
    minisign_keys: tuple[str, ...] = ()
    """Public keys, a line of base64 each."""
    derived: bool = False
    """Whether nothing particular is known."""

    def kind_of(self, name: str, parsed: ParsedName) -> AssetKind:
        """The kind of the file ``name``."""
        project = next(iter(self.repositories), "").rpartition("/")[2]
        kind = general_kind(name, parsed, project)
        if kind not in (PROGRAM, OTHER) or parsed.about:
            return self._own(kind)
        if isinstance(parsed.platform.os, str) and isinstance(parsed.platform.arch, str):
            low = name.lower()
            for own in self.kinds:
                if own.prefix and low.startswith(own.prefix):
                    return own
        has_programs = any(own.role is Role.PROGRAM and own.prefix for own in self.kinds)
        return self._own(OTHER if has_programs else kind)

    def _own(self, kind: AssetKind) -> AssetKind:
        """The profile's own description of a general kind."""
        return next((own for own in self.kinds if own == kind), kind)

    def rank(self, kind: AssetKind) -> int:
        """Position of a kind among those that a user may mean; smaller is likelier."""
        return self.kinds.index(kind) if kind in self.kinds else len(self.kinds)

    def build(self, repo: str, version: str) -> BuildProfile | None:
        """How a version is built from the sources in ``repo``; None if it is not known.

        A tag without a version counts as older than all versions.
        """
        if self.sources and repo.lower() not in self.sources:
            return None
        oldest = None if is_version(version) or not self.builds else self.builds[0]
        return oldest or next((b for b in self.builds if holds(b.until, version)), None)

    def claims(self, name: str) -> bool:
        """Whether a file's name is one of this project's own."""
        low = name.lower()
        return any(kind.prefix and low.startswith(kind.prefix) for kind in self.kinds)


@lru_cache(maxsize=64)
def derived_profile(repo: str) -> ProjectProfile:
    """The profile of a project of which nothing is known but its name."""
    name = repo.rpartition("/")[2] if "/" in repo else ""
    return ProjectProfile(name or repo, (repo.lower(),) if name else (), derived=True)


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles, a user's own before the bundled ones."""

    all: tuple[ProjectProfile, ...]
    problems: tuple[str, ...] = ()
    """What of the user's own was ignored, one sentence each. Untrusted text."""

    def of_repo(self, repo: str) -> ProjectProfile:
        """The profile of a repository OWNER/NAME. A fork of a known project shares its profile."""
        low = repo.lower()
        name = low.rpartition("/")[2]
        exact = (p for p in self.all if low in p.repositories)
        forks = (p for p in self.all if name in {r.rpartition("/")[2] for r in p.repositories})
        return next(exact, None) or next(forks, None) or derived_profile(repo)

    def of_files(self, names: Iterable[str], title: str) -> ProjectProfile:
        """The profile of files whose repository is not known."""
        for name in names:
            for profile in self.all:
                if profile.claims(name):
                    return profile
        return ProjectProfile(title, derived=True)

    def by_program(self, program: str) -> AssetKind | None:
        """The kind of a local program of that name, with or without ``.exe``."""
        stem = program.removesuffix(".exe")
        kinds = (kind for profile in self.all for kind in profile.kinds)
        return next((kind for kind in kinds if stem in kind.programs), None)


@lru_cache(maxsize=1)
def bundled_profiles() -> tuple[ProjectProfile, ...]:
    """The profiles that are shipped with the package.

    Raises:
        FormatError: one of them is missing or damaged.
    """
    profiles = []
    for path in sorted(_BUNDLED.glob("*.toml")):
        problems: list[str] = []
        try:
            table = tomllib.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise FormatError(
                f"The bundled profile {path.stem} cannot be read",
                str(error),
                "Install rr-explorer again",
            ) from error
        profiles.append(read_profile(table, path.stem, problems))
        if problems:
            raise FormatError(
                f"The bundled profile {path.stem} is damaged",
                problems[0],
                "Install rr-explorer again",
            )
    return tuple(profiles)


def load_profiles(own: Mapping[str, Mapping[str, object]] | None = None) -> Profiles:
    """The bundled profiles and a user's ``own``, by OWNER/NAME, as the settings hold them.

    A value that is not valid is ignored and becomes one of ``problems``.
    """
    bundled = bundled_profiles()
    if not own:
        return Profiles(bundled)
    problems: list[str] = []
    profiles = []
    for repo, table in own.items():
        profile = read_profile(table, repo, problems)
        places = tuple(dict.fromkeys((repo.lower(), *profile.repositories)))
        profiles.append(replace(profile, repositories=places))
    return Profiles((*profiles, *bundled), tuple(problems))


# ---------------------------------------------------------------- reading


class _ProfileTable:
    """A table of TOML, read value by value: what is not valid is left out and reported."""

    def __init__(self, values: Mapping[str, object], place: str, problems: list[str]) -> None:
        self._values, self._place, self._problems = dict(values), place, problems

    def _report(self, name: str, must: str) -> None:
        self._problems.append(f"Project profile {self._place}: {name} must be {must}; ignored")

    def text(self, name: str, default: str = "", *, pattern: str = "", must: str = "text") -> str:
        value = self._values.pop(name, default)
        text = value if isinstance(value, str) and len(value) <= _LONGEST_TEXT else None
        if text is not None and (text == default or not pattern or re.fullmatch(pattern, text)):
            return text
        self._report(name, must)
        return default

    def flag(self, name: str, default: bool) -> bool:
        value = self._values.pop(name, default)
        if isinstance(value, bool):
            return value
        self._report(name, "true or false")
        return default

    def regex(self, name: str) -> str:
        """A regular expression with a group; empty if there is none."""
        value = self.text(name)
        try:
            if not value or re.compile(value, re.MULTILINE).groups >= 1:
                return value
        except re.error:
            pass
        self._report(name, "a regular expression with a group")
        return ""

    def expression(self, name: str) -> str:
        """A regular expression; empty if there is none."""
        value = self.text(name)
        try:
            re.compile(value, re.MULTILINE)
        except re.error:
            self._report(name, "a regular expression")
            return ""
        return value

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._values.pop(name, list(default))
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(value)
        self._report(name, "a list of texts")
        return default

    def tables(self, name: str) -> list[_ProfileTable]:
        value = self._values.pop(name, [])
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return [
                _ProfileTable(item, f"{self._place}, {name} {number}", self._problems)
                for number, item in enumerate(value, 1)
            ]
        self._report(name, f"tables, each headed [[…{name}]]")
        return []

    def end(self) -> None:
        """Report whatever was not asked for."""
        for name in self._values:
            self._problems.append(f"Project profile {self._place}: unknown key {name}; ignored")


_LONGEST_TEXT = 1000
_SLUG = r"[a-z0-9]+(?:-[a-z0-9]+)?"
_KIND_NAME = r"[a-z][a-z0-9-]{0,15}"
_LOCAL_URL = r"http://(?:127\.0\.0\.1|localhost):\d{1,5}/[\w./?=&-]*"
_VERSION_TEXT = r"v?\d{1,6}(\.\d{1,6}){0,3}"


def read_profile(values: Mapping[str, object], place: str, problems: list[str]) -> ProjectProfile:
    """A profile from a table of TOML. What is not valid is left out and added to ``problems``."""
    table = _ProfileTable(values, place, problems)
    kinds: dict[str, AssetKind] = {}
    for each in table.tables("kinds"):
        kind = _kind(each, kinds)
        if kind is not None:
            kinds[kind.value] = kind
    default = ProjectProfile("")
    profile = ProjectProfile(
        title=table.text("title", place.rpartition("/")[2]),
        repositories=tuple(repo.lower() for repo in table.texts("repositories")),
        kinds=tuple(kinds.values()) or default.kinds,
        columns=tuple(
            column for each in table.tables("columns") if (column := _column(each, kinds))
        ),
        builds=tuple(_build(each) for each in table.tables("builds")),
        sources=tuple(repo.lower() for repo in table.texts("sources")),
        signing_keys=tuple(_fingerprint(key) for key in table.texts("signing_keys")),
        key_files=table.texts("key_files"),
        minisign_keys=table.texts("minisign_keys"),
    )
    table.end()
    return profile


def _fingerprint(text: str) -> str:
    return text.replace(" ", "").upper().removeprefix("0X")


def _kind(table: _ProfileTable, before: Mapping[str, AssetKind]) -> AssetKind | None:
    name = table.text("name", pattern=_KIND_NAME, must="a short name in lower case")
    role = table.text("role", "program", pattern="program|plugin|package|other", must="a role")
    prefix = table.text("prefix").lower()
    like = before.get(table.text("like"))
    programs = table.texts("programs", like.programs if like else ())
    commands = tuple(_command(each) for each in table.tables("commands"))
    deep = tuple(step for each in table.tables("deep") if (step := _deep(each)))
    table.end()
    if not name:
        return None
    commands = commands or (like.commands if like else DEFAULT_COMMANDS)
    general = next((kind for kind in GENERAL_KINDS if kind.value == name), None)
    deep = deep or (like.deep if like else ())
    own = general.role if general else Role(role)
    return AssetKind(name, own, prefix, programs, commands, deep)


def _command(table: _ProfileTable) -> VersionCommand:
    command = VersionCommand(
        argv=table.texts("argv", ("{}", "--version")),
        until=table.text("until", pattern=_VERSION_TEXT, must="a version"),
        version=table.regex("version"),
        os=table.regex("os"),
        arch=table.regex("arch"),
        unset=table.texts("unset"),
        any_exit=table.flag("any_exit", False),
        certain=table.flag("certain", True),
        fallback=table.texts("fallback"),
    )
    table.end()
    return command if "{}" in command.argv else replace(command, argv=("{}", *command.argv))


def _deep(table: _ProfileTable) -> DeepCommand | None:
    step = DeepCommand(
        step=table.text(
            "step", pattern="|".join(DEEP_STEPS), must=f"one of {', '.join(DEEP_STEPS)}"
        ),
        argv=table.texts("argv"),
        until=table.text("until", pattern=_VERSION_TEXT, must="a version"),
        config=table.text("config"),
        config_name=table.text(
            "config_name", DeepCommand("").config_name, pattern=r"\w[\w.-]*", must="a file name"
        ),
        url=table.text("url", pattern=_LOCAL_URL, must="an address such as http://127.0.0.1:80/"),
        expect=table.expression("expect"),
        fails=table.flag("fails", False),
    )
    table.end()
    is_whole = step.step and (step.step != "serve" or step.url or not step.argv)
    return step if is_whole else None


def _column(table: _ProfileTable, kinds: Mapping[str, AssetKind]) -> ColumnProfile | None:
    known = kinds or {kind.value: kind for kind in GENERAL_KINDS}
    names = "|".join(map(re.escape, known))
    default = "other" if kinds else PROGRAM.value
    kind = table.text("kind", default, pattern=names, must=f"one of {names}")
    title = table.text("title")
    platforms = table.texts("platforms", (title,) if title else ())
    instead = table.text("instead", pattern=_SLUG, must="a platform such as linux-arm64")
    missing = table.text("missing")
    table.end()
    if not title or not platforms:
        return None
    return ColumnProfile(known.get(kind, OTHER), title, platforms, instead, missing)


def _build(table: _ProfileTable) -> BuildProfile:
    build = BuildProfile(
        until=table.text("until", pattern=_VERSION_TEXT, must="a version"),
        package=table.text("package", ".", pattern=r"\.(/[\w.-]+)*", must="such as ./cmd/tool"),
        program=table.text("program", pattern=r"[\w.-]+", must="a file name"),
        variable=table.text("variable", pattern=r"[\w./{}-]+", must="an import path and a name"),
        caveat=table.text("caveat"),
        absent=table.text("absent"),
    )
    table.end()
    return build
