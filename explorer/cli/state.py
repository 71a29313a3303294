"""What the global options said, wherever they stood. Lives at click's root context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from explorer.cli.output import Output
from explorer.errors import UsageError

if TYPE_CHECKING:
    from explorer.settings import Settings
    from explorer.workbench import ProjectAddress

OpenApp = Callable[["Settings", str | None, bool], int]
"""Opens the app with some settings, at a file, and with the demo's tour if the last is true."""


class CliState:
    """One call's global options."""

    def __init__(self, app: OpenApp | None = None, words: Sequence[str] = ()) -> None:
        self.app = app
        """How to open the app: the commands do not know that face."""
        self.words = tuple(words)
        """The command line, for the log."""
        self.given: dict[str, object] = {}
        """Settings from options, by the setting's name."""
        self._addressed = ""
        """The repository of an address on the command line."""
        self.address: ProjectAddress | None = None
        """That address."""
        self.json = False
        self.log_file = ""
        self.verbosity = 0
        """0: warnings are not logged to stderr; 1: what is done; 2: everything."""

    def use_address(self, address: ProjectAddress) -> None:
        """Take the repository of an address on the command line, as ``use_repository`` does."""
        self.use_repository(address.repo)
        self.address = address

    def use_repository(self, repo: str) -> None:
        """Take the repository of an address on the command line.

        Raises:
            UsageError: an earlier address is of another one.
        """
        if self._addressed not in ("", repo):
            raise UsageError(
                "The addresses are of different repositories", f"{self._addressed} and {repo}"
            )
        self._addressed = repo
        self.given["repo"] = repo

    def output(self) -> Output:
        """Where the command writes to."""
        return Output(self.json)

    def settings(self, strict: bool = True, **more: object) -> Settings:
        """The settings in force.

        Args:
            strict: raise for a bad settings file, instead of listing its problems.
            more: from the command's own options; None means not given.

        Raises:
            UsageError: an address on the command line is of another server than the API's.
        """
        from explorer.settings import load

        given = {name: value for name, value in more.items() if value is not None}
        settings = load({**self.given, **given}, strict=strict)
        if self.address is not None and self.address.host:
            refusal = self.address.refusal(settings.api_url)
            if refusal is not None:
                raise refusal
        return settings


def state_of(context: click.Context) -> CliState:
    """The state of this call."""
    state = context.find_root().ensure_object(CliState)
    assert isinstance(state, CliState)
    return state
