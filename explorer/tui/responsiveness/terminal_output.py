"""Standard error for Textual's writer thread, which must survive a terminal that is gone.

A write to a closed terminal fails. That would end the thread that writes; its queue would fill, and
the event loop would wait for room in it for ever.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TextIO


class TerminalOutput:
    """A text stream that drops what cannot be written."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write the text, or drop it."""
        with contextlib.suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or drop what is left."""
        with contextlib.suppress(OSError):
            self._stream.flush()


@contextlib.contextmanager
def forgiving_stderr() -> Iterator[None]:
    """Let Textual, which draws on ``sys.__stderr__``, draw on a ``TerminalOutput``."""
    stream = sys.__stderr__
    if stream is None:
        yield
        return
    sys.__stderr__ = TerminalOutput(stream)  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        sys.__stderr__ = stream  # type: ignore[misc]
