"""The output of a run: kept up to a limit, handed on line by line."""

import asyncio
import codecs
import re
from collections.abc import Callable

Output = Callable[[str], None]
"""Gets each line as it comes, both streams, raw: untrusted."""

LINE_CHARACTERS = 4096
"""A longer line is handed on in pieces."""

_QEMU_SIGNAL = re.compile(rb"^qemu: uncaught target signal (\d{1,2}) ", re.MULTILINE)


class RunOutput:
    """What both streams of a run gave."""

    def __init__(self, limit: int, output: Output | None) -> None:
        self._left = limit
        self._output = output
        self._kept = {"stdout": bytearray(), "stderr": bytearray()}
        self._lines = dict.fromkeys(self._kept, "")
        self._decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._kept
        }
        self.full = False
        """More came than the limit."""
        self.signal = 0
        """The fatal signal that qemu reported."""
        self.stop = asyncio.Event()
        """There is a reason to stop the run."""

    async def read(self, stream: asyncio.StreamReader | None, name: str) -> None:
        """Read a stream to its end."""
        while stream is not None and (part := await stream.read(16384)):
            self.add(name, part)
        self._end_line(name)

    def add(self, name: str, part: bytes) -> None:
        """Take what a stream gave; beyond the limit nothing is kept."""
        kept = part[: self._left]
        self._left -= len(kept)
        self._kept[name] += kept
        if kept:
            self._lines[name] = self._show(self._lines[name] + self._decoders[name].decode(kept))
        if len(kept) < len(part):
            self.full = True
            self.stop.set()
        elif name == "stderr" and (match := _QEMU_SIGNAL.search(self._kept[name][-4096:])):
            self.signal = int(match[1])
            self.stop.set()

    def end(self) -> None:
        """Both streams have ended: hand on lines without an end."""
        for name in self._lines:
            self._end_line(name)

    def _end_line(self, name: str) -> None:
        line, self._lines[name] = self._lines[name], ""
        if line:
            self._show(line + "\n")

    def text(self, name: str) -> str:
        """What was kept of a stream."""
        return self._kept[name].decode(errors="replace")

    def _show(self, text: str) -> str:
        """Hand on whole lines; the result is the start of the next one."""
        if self._output is None:
            return ""
        *lines, rest = text.split("\n")
        for line in lines:
            self._output(line.rstrip("\r"))
        while len(rest) > LINE_CHARACTERS:
            self._output(rest[:LINE_CHARACTERS])
            rest = rest[LINE_CHARACTERS:]
        return rest
