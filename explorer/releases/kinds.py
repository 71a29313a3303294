"""What a file of a release is for, and how the program in it is asked for its version."""

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """What files of a kind are for, whatever the project calls the kind."""

    PROGRAM = "program"
    """The project's program."""
    PLUGIN = "plugin"
    """A program that accompanies it."""
    PACKAGE = "package"
    """For a system's package manager, or an installer."""
    OTHER = "other"
    ABOUT = "about"
    """A file about other files, or sources: it runs nowhere."""


_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)")


def _numbers(version: str) -> tuple[int, ...]:
    match = _NUMBERS.match(version)
    return tuple(int(part[:9]) for part in match[1].split(".")) if match else ()


def is_version(text: str) -> bool:
    """Whether ``text`` begins like a version."""
    return bool(_numbers(text))


def holds(until: str, version: str) -> bool:
    """Whether ``version`` is not after ``until``, whose missing parts stand for any number."""
    last, numbers = _numbers(until), _numbers(version)
    return not last or (bool(numbers) and numbers[: len(last)] <= last)


@dataclass(frozen=True, slots=True)
class VersionCommand:
    """How a program is asked for its version, and how its output is read."""

    argv: tuple[str, ...] = ("{}", "--version")
    """``{}`` stands for the program. Standard input is empty."""
    until: str = ""
    """The last version that is asked in this way; empty: all later ones."""
    version: str = ""
    """A regular expression (multi-line) whose first group is the version; empty: not printed."""
    os: str = ""
    """As ``version``, for the operating system in Go's words."""
    arch: str = ""
    unset: tuple[str, ...] = ()
    """What a build without a version prints instead of one."""
    any_exit: bool = False
    """Whether it may end with any exit code."""
    certain: bool = True
    """Whether the project promises this output. If not, other output says nothing."""
    fallback: tuple[str, ...] = ()
    """What to run if ``argv`` ends with an error; empty: nothing."""


DEEP_STEPS = ("serve", "tls", "time-zone", "dns", "write", "threads")
"""What a profile can describe of a deep proof."""


@dataclass(frozen=True, slots=True)
class DeepCommand:
    """What the program is asked to do in a step of a deep proof."""

    step: str
    """One of ``DEEP_STEPS``."""
    argv: tuple[str, ...] = ("{}",)
    """``{}`` stands for the program, ``{config}`` for the path of ``config``."""
    until: str = ""
    """The last version that is asked in this way; empty: all later ones."""
    config: str = ""
    """The text of a configuration file."""
    config_name: str = "rr-explorer-deep.conf"
    """Its name: some programs tell a file's format by its ending."""
    url: str = ""
    """For ``serve``: what must answer 200 inside the container."""
    expect: str = ""
    """A regular expression (multi-line) that the output must match; empty: any output."""
    fails: bool = False
    """Whether it must end with an error of its own."""

    @property
    def is_given(self) -> bool:
        """Whether there is a command; a table without one says that those versions have none."""
        return bool(self.argv)


DEFAULT_COMMANDS = (VersionCommand(certain=False, fallback=("{}", "--help")),)
"""For a program whose project has no profile."""


_IN_WORDS = {
    "checksum": "a checksum file",
    "signature": "a signature",
    "SBOM": "a list of what the release is made of (SBOM)",
    "source": "sources",
}


@dataclass(frozen=True, slots=True)
class AssetKind:
    """A kind of files. A project profile can name its own, such as RoadRunner's ``server``."""

    value: str
    """Its name, as shown and in JSON."""
    role: Role
    prefix: str = field(default="", compare=False)
    """How the names of such files begin, in lower case; those of a package may have any name."""
    programs: tuple[str, ...] = field(default=(), compare=False)
    """The names of the program inside, without ``.exe``; empty: any name."""
    commands: tuple[VersionCommand, ...] = field(default=DEFAULT_COMMANDS, compare=False)
    """How the program is asked for its version, oldest era first."""
    deep: tuple[DeepCommand, ...] = field(default=(), compare=False)
    """The steps of a deep proof; of one step, the oldest era first."""

    def __str__(self) -> str:
        return self.value

    @property
    def in_words(self) -> str:
        """What a file about other files is: ``a checksum file``."""
        return _IN_WORDS.get(self.value, "a file about other files")

    def command(self, version: str) -> VersionCommand:
        """How the program of a release with that version is asked for its version."""
        eras = (command for command in self.commands if holds(command.until, version))
        return next(eras, DEFAULT_COMMANDS[0])

    def deep_commands(self, version: str) -> tuple[DeepCommand, ...]:
        """The steps of a deep proof for a release with that version, one of each name."""
        steps: dict[str, DeepCommand] = {}
        for command in self.deep:
            if holds(command.until, version):
                steps.setdefault(command.step, command)
        return tuple(command for command in steps.values() if command.is_given)


PROGRAM = AssetKind("program", Role.PROGRAM)
OTHER = AssetKind("other", Role.OTHER)
APPIMAGE = AssetKind("AppImage", Role.PACKAGE)
DEB = AssetKind("deb", Role.PACKAGE)
RPM = AssetKind("rpm", Role.PACKAGE)
APK = AssetKind("apk", Role.PACKAGE)
"""Alpine's or Android's: the name does not say."""
SNAP = AssetKind("snap", Role.PACKAGE)
FLATPAK = AssetKind("flatpak", Role.PACKAGE)
WHEEL = AssetKind("wheel", Role.PACKAGE)
PACKAGE = AssetKind("package", Role.PACKAGE)
"""Any other package."""
INSTALLER = AssetKind("installer", Role.PACKAGE)
CHECKSUM = AssetKind("checksum", Role.ABOUT)
SIGNATURE = AssetKind("signature", Role.ABOUT)
SBOM = AssetKind("SBOM", Role.ABOUT)
SOURCE = AssetKind("source", Role.ABOUT)
GENERAL_KINDS = (
    *(PROGRAM, OTHER, APPIMAGE, DEB, RPM, APK, SNAP, FLATPAK, WHEEL, PACKAGE, INSTALLER),
    *(SOURCE, CHECKSUM, SIGNATURE, SBOM),
)
"""The kinds of any project's files, in the order in which a user means them."""
