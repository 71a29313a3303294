"""Logging for both faces. A log never holds a token or a raw control character."""

from __future__ import annotations

import copy
import logging
import os
import sys
import textwrap
from pathlib import Path
from types import TracebackType

from explorer.errors import SourceError
from explorer.redaction import redact
from explorer.report import visible

VARIABLE = "RR_EXPLORER_LOG"
"""Environment variable that names a log file."""
FORMAT = "%(asctime)s %(levelname)-7s %(threadName)s %(name)s: %(message)s"
_OWN = "_rr_explorer"


class SafeFormatter(logging.Formatter):
    """One line per record, except tracebacks, which are indented: no message can forge a record."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text."""
        record = copy.copy(record)
        record.exc_text = None  # another handler's formatter keeps its traceback there, as it is
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        """The line, with the message redacted and its control characters visible."""
        record.message = visible(redact(record.message))
        return super().formatMessage(record)

    def formatException(  # noqa: N802  logging's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """The traceback, likewise."""
        return _block(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  logging's name
        """The stack, likewise."""
        return _block(super().formatStack(stack_info))


def _block(text: str) -> str:
    return textwrap.indent(visible(redact(text), newline=True), "    ")


def start_logging(file: str = "", verbosity: int = 0) -> None:
    """Send the log where the user wants it; a second call replaces the first.

    Args:
        file: a path to append to, everything at level DEBUG; empty: what ``RR_EXPLORER_LOG``
            names, if anything.
        verbosity: 1 logs to stderr at level INFO, 2 at DEBUG, 0 not at all.

    Raises:
        SourceError: the file cannot be written.
    """
    root = logging.getLogger()
    for handler in [one for one in root.handlers if getattr(one, _OWN, False)]:
        root.removeHandler(handler)
        handler.close()
    # A record that cannot be formatted or written must not print its raw arguments to stderr.
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = []
    if path := file or os.environ.get(VARIABLE, ""):
        handlers.append(_file_handler(Path(path)))
    if verbosity:
        console = logging.StreamHandler(sys.stderr)
        console.setLevel(logging.INFO if verbosity == 1 else logging.DEBUG)
        handlers.append(console)
    # Without any handler, logging itself prints warnings of asyncio and httpx to stderr.
    for handler in handlers or [logging.NullHandler()]:
        handler.setFormatter(SafeFormatter(FORMAT))
        setattr(handler, _OWN, True)
        root.addHandler(handler)
    if handlers:
        root.setLevel(min(handler.level or logging.DEBUG for handler in handlers))


def _file_handler(path: Path) -> logging.Handler:
    """A handler that appends to ``path``, created for its owner alone."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        handler = logging.FileHandler(path, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SourceError(
            f"The log file {path} cannot be written",
            error.strerror or str(error),
            f"Choose another with --log, or unset {VARIABLE}",
        ) from error
    handler.setLevel(logging.DEBUG)
    return handler
