"""The options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from explorer.cli.completions import complete_platform, complete_target
from explorer.cli.state import state_of
from explorer.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])
WIDEST_HELP = 100
"""Cells of a line of help at most."""
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": WIDEST_HELP}
FILE_HELP = """FILE is a local file or archive, TAG/ASSET, an asset's name, TAG with --platform, or
a GitHub address of one; - is standard input, latest a tag, and #member picks a file inside an
archive (#archive#member one in an archive in it)."""
DEFAULT_TARGET = "[default: the current Alpine's musl]"


class ReleaseWords(click.ParamType[str]):
    """A FILE or a TAG. A GitHub address chooses the repository, too."""

    name = "words"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The words without the address of the repository."""
        if ctx is None or Path(value).exists():
            return value
        from explorer.workbench import parse_address

        address = parse_address(value)
        if address is None:
            return value
        state_of(ctx).use_address(address)
        return address.words or "latest"


WORDS = ReleaseWords()


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    # An option that was not given is None or False: one given before the command's name stays.
    if value not in (None, False):
        state_of(context).given[str(parameter.name)] = value


def _keep_repo(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        from explorer.workbench import parse_address

        state, address = state_of(context), parse_address(value, any_host=True)
        state.given["repo"] = address.repo if address is not None else value
        state.address = address or state.address


def _keep_json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    state_of(context).json |= value


def _keep_log(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        state_of(context).log_file = str(value)


def _keep_verbosity(context: click.Context, parameter: click.Parameter, value: int) -> None:
    state = state_of(context)
    state.verbosity = max(state.verbosity, value)


_SETTINGS: dict[str, dict[str, Any]] = {
    "--repo": {
        "metavar": "OWNER/NAME",
        "callback": _keep_repo,
        "help": "The GitHub repository, or its address.  [default: roadrunner-server/roadrunner]",
    },
    "--api-url": {"metavar": "URL", "help": "The API's address, for GitHub Enterprise."},
    "--offline": {
        "is_flag": True,
        "help": "Use no network: the cache, or the bundled list of releases.",
    },
    "--demo": {
        "is_flag": True,
        "help": "Use the bundled releases and stand-in binaries; no network.",
    },
    "--folder": {
        "type": click.Path(path_type=Path),
        "help": "Use a folder's files as one release, instead of a repository.",
    },
    "--cache-dir": {
        "type": click.Path(path_type=Path),
        "help": "Where downloads and responses are kept.",
    },
    "--config": {"type": click.Path(path_type=Path), "help": "Use another settings file."},
}


def global_options(command: F) -> F:
    """Add the options that work before and after a command's name."""
    command = click.option(
        "-v",
        "--verbose",
        count=True,
        callback=_keep_verbosity,
        expose_value=False,
        help="Log what is done to stderr; -vv logs more.",
    )(command)
    command = click.option(
        "--log",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        callback=_keep_log,
        expose_value=False,
        help="Append a detailed log to FILE; it never holds a token.  [env: RR_EXPLORER_LOG]",
    )(command)
    for name, how in reversed(_SETTINGS.items()):
        words = (name, "config_file") if name == "--config" else (name,)
        command = click.option(*words, expose_value=False, **{"callback": _keep, **how})(command)
    return command


def json_option(command: F) -> F:
    """Add ``--json``."""
    return click.option(
        "--json",
        is_flag=True,
        callback=_keep_json,
        expose_value=False,
        help="Print JSON; the schema command prints its schema.",
    )(command)


def platform_option(command: F) -> F:
    """Add ``--platform``."""
    return click.option(
        "--platform",
        default="",
        metavar="PLATFORM",
        shell_complete=complete_platform,
        help="Which asset of TAG, or which program in FILE: linux-arm64, musl-amd64 …",
    )(command)


def on_option(many: bool = False, default: str = DEFAULT_TARGET) -> Callable[[F], F]:
    """Add ``--on``: as ``targets`` (repeatable) or as ``on``."""
    text = f"The system where it should run{' (repeatable)' if many else ''}.  {default}".strip()
    return click.option(
        "--on",
        "targets" if many else "on",
        metavar="TARGET",
        multiple=many,
        default=None if many else "",
        shell_complete=complete_target,
        help=text,
    )


def engine_option(command: F) -> F:
    """Add ``--engine``, repeatable, as ``engines``."""
    return click.option(
        "--engine",
        "engines",
        metavar="ENGINE",
        multiple=True,
        help="docker, podman, nerdctl, a context of docker or a connection of podman; several "
        "share the work.  [default: the first that answers]",
    )(command)


def chosen_engines(engines: tuple[str, ...]) -> tuple[str | None, tuple[str, ...] | None]:
    """The settings ``engine`` and ``engines`` that ``--engine`` stands for; None: not given."""
    if not engines:
        return None, None
    is_client = len(engines) == 1 and engines[0] in ("docker", "podman", "nerdctl")
    return (engines[0], ()) if is_client else ("", engines)


def peek_option(command: F) -> F:
    """Add ``--peek``."""
    return click.option(
        "--peek", is_flag=True, help="Read only the first bytes from the server; no download."
    )(command)


def split_words(text: str, option: str) -> tuple[str, ...]:
    """The words of a command line given as one text, split as a POSIX shell would.

    Raises:
        UsageError: a quote is not closed, or there are no words.
    """
    import shlex

    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise UsageError(f"{option} is not a command line", str(error), "Close the quote") from None
    if not words:
        raise UsageError(f"{option} is empty", remedy="Say what to run, e.g. --run=--help")
    return words
