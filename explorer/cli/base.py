"""What all commands share: the global options before or after their name, the settings, the event loop, cancelling."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from explorer.cli.output import Output
from explorer.errors import ExplorerError, OperationCancelledError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from explorer.settings import Settings
    from explorer.workbench import Catalogue, Workbench

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class CliState:
    """What the global options said, wherever they stood. Lives at the root context."""

    def __init__(self, app: Callable[[Settings, str | None], int] | None = None) -> None:
        self.app = app
        """Opens the app with some settings, at a target: the commands do not know that face."""
        self.given: dict[str, object] = {}
        self.json = False

    def output(self) -> Output:
        """Where the command writes to."""
        return Output(self.json)

    def settings(self, strict: bool = True, **more: object) -> Settings:
        """The settings in force; ``more`` come from the command's own options (None: not given)."""
        from explorer.settings import load

        return load(
            {**self.given, **{name: value for name, value in more.items() if value is not None}},
            strict=strict,
        )


def state_of(context: click.Context) -> CliState:
    """The state of this call."""
    found = context.find_root().ensure_object(CliState)
    assert isinstance(found, CliState)
    return found


def _keep(context: click.Context, parameter: click.Parameter, value: object) -> None:
    # A flag that was not given is False, an option None: the one given before the command's name must stay then.
    if value not in (None, False):
        state_of(context).given[str(parameter.name)] = value


def _keep_json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    state_of(context).json |= value


_GLOBAL = {
    "--repo": {
        "metavar": "OWNER/NAME",
        "help": "The GitHub repository.  [default: roadrunner-server/roadrunner]",
    },
    "--api-url": {"metavar": "URL", "help": "The API's address, for GitHub Enterprise."},
    "--offline": {
        "is_flag": True,
        "help": "Ask no server: what is cached, or the bundled snapshot.",
    },
    "--demo": {"is_flag": True, "help": "The bundled releases and stand-in binaries; no network."},
    "--folder": {
        "type": click.Path(path_type=Path),
        "help": "A folder's files as one release, instead of a repository.",
    },
    "--cache-dir": {
        "type": click.Path(path_type=Path),
        "help": "Where downloads and answers are kept.",
    },
    "--config": {"type": click.Path(path_type=Path), "help": "Another settings file."},
}


def global_options(command: F) -> F:
    """Adds the options that are understood before and after a command's name."""
    for name, how in reversed(_GLOBAL.items()):
        words = (name, "config_file") if name == "--config" else (name,)
        command = click.option(*words, callback=_keep, expose_value=False, **how)(command)  # type: ignore[arg-type]
    return command


def json_option(command: F) -> F:
    """Adds ``--json``."""
    text = "JSON, by the schema that the command schema prints."
    return click.option("--json", is_flag=True, callback=_keep_json, expose_value=False, help=text)(
        command
    )


def platform_option(command: F) -> F:
    """Adds ``--platform``."""
    text = "Which file of TAG: linux-arm64, musl-amd64, darwin-arm64 …"
    return click.option("--platform", default="", metavar="PLATFORM", help=text)(command)


def complete_target(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """The names that ``--on`` takes."""
    from explorer.errors import ExplorerError
    from explorer.settings import Settings
    from explorer.workbench import Workbench

    try:
        return [
            target.name
            for target in Workbench(Settings()).targets()
            if target.name.startswith(incomplete)
        ]
    except ExplorerError:
        return []


def complete_tag(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The tags that are known without asking a server."""
    catalogue = _at_hand(context)
    return _offered(
        ["latest", *(release.tag for release in catalogue.releases)] if catalogue else ["latest"],
        incomplete,
    )


def complete_subject(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """A TARGET: this disk's files, the tags that are known, and behind ``TAG/`` the files of that release."""
    from click.shell_completion import CompletionItem

    tag, slash, _ = incomplete.partition("/")
    if slash:
        catalogue = _at_hand(context)
        releases = (
            [release for release in catalogue.releases if release.tag == tag] if catalogue else []
        )
        found = _offered(
            [f"{tag}/{asset.name}" for release in releases for asset in release.assets], incomplete
        )
    else:
        found = complete_tag(context, parameter, incomplete)
    # The shell completes files itself; bash forgets what came before this item, so it comes first.
    return [CompletionItem(incomplete, type="file"), *(CompletionItem(name) for name in found)]


def _at_hand(context: click.Context) -> Catalogue | None:
    """What is known without asking a server: the cached list, else RoadRunner's bundled one."""
    from explorer.errors import ExplorerError
    from explorer.workbench import Workbench

    async def look() -> Catalogue:
        bench = Workbench(state_of(context).settings(strict=False, offline=True))
        try:
            return await bench.catalogue()
        finally:
            await bench.aclose()

    try:
        return asyncio.run(look())
    except ExplorerError:
        return None


def _offered(names: list[str], incomplete: str) -> list[str]:
    """Those that fit. A shell puts them on its command line as they are: a tag may hold ``;`` or ``$(…)``, and is no offer then."""
    return [
        name
        for name in names
        if name.startswith(incomplete)
        and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+@/-]{0,250}", name)
    ]


def in_workbench(
    state: CliState, settings: Settings, work: Callable[[Workbench, Output], Coroutine[Any, Any, T]]
) -> T:
    """Run ``work`` with a workbench, until it is done or the user stops it; everything is given back before this returns.

    Raises:
        ExplorerError: whatever the work raises; OperationCancelledError after Ctrl+C, SIGTERM or SIGHUP.
    """
    from explorer.workbench import Workbench

    output = state.output()
    # Without a handler, logging writes warnings of asyncio and httpx to stderr, which is not theirs.
    logging.getLogger().addHandler(logging.NullHandler())

    async def main() -> T:
        with _stopped_by_signals():
            bench = Workbench(settings)
            try:
                return await work(bench, output)
            finally:
                output.clear()
                output.warnings(bench.warnings)
                await bench.aclose()

    try:
        return asyncio.run(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise OperationCancelledError() from None
    except BaseExceptionGroup as group:
        # Work done side by side fails as a group; the first failure that a user can be told stands for it.
        told = group.subgroup(ExplorerError)
        while isinstance(told, BaseExceptionGroup):
            told = told.exceptions[0]  # type: ignore[assignment]
        raise told or group from None
    finally:
        output.clear()


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Ctrl+C, SIGTERM and SIGHUP cancel the current task, and its clean-up is waited for, however often they come: asyncio's
    own way with Ctrl+C tears the clean-up down at the second, and a container is left.

    After the first one none has any effect until the process is gone. One that is ignored (nohup) stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    came = False

    def stop(number: int, frame: object) -> None:
        nonlocal came
        came = True
        if not loop.is_closed():
            loop.call_soon_threadsafe(task.cancel)

    names = (
        name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    )  # Windows has no SIGHUP
    before = {
        number: signal.getsignal(number) for number in (getattr(signal, name) for name in names)
    }
    ours = [
        number for number, how in before.items() if how not in (signal.SIG_IGN, None)
    ]  # None: C code has it
    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_IGN if came else before[number])


def words_of(text: str, option: str) -> tuple[str, ...]:
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
