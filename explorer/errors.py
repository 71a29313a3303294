"""The one tree of errors. Each has a title, a detail and a remedy; only the faces turn them into words on a screen.

The text may quote untrusted names: whoever shows it passes it through ``report.text.visible`` first.
"""

import traceback
from datetime import datetime
from pathlib import PurePath
from typing import ClassVar


class ExplorerError(Exception):
    """Something that a user can be told: what happened, where, and what to do about it."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "error"

    def __init__(self, title: str, detail: str = "", remedy: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.remedy = remedy

    def __str__(self) -> str:
        colon = " " if self.title.endswith(("?", ":")) else ": "
        said = colon.join(part.rstrip(".") for part in (self.title, self.detail) if part)
        return ". ".join(part for part in (said, self.remedy.rstrip(".")) if part)


class UsageError(ExplorerError):
    """The words of a call, a setting or a key are wrong."""

    exit_code = 2
    kind = "usage"


class SourceError(ExplorerError):
    """The place that bytes or facts come from does not give them (network, server, missing file)."""

    exit_code = 3
    kind = "source"


class OfflineError(SourceError):
    """No answer at all: offline by choice, no route, no such host, refused, timed out."""


class NotFoundError(SourceError):
    """The server or the disk says that there is no such thing (404: absent, or private)."""


class DeniedError(SourceError):
    """The server does not accept the token (401)."""


class RateLimitedError(SourceError):
    """The server asks to wait (403 or 429 with ``retry-after`` or ``x-ratelimit-reset``)."""

    def __init__(
        self, title: str, detail: str = "", remedy: str = "", until: datetime | None = None
    ) -> None:
        super().__init__(title, detail, remedy)
        self.until = until
        """When it may be asked again, as an aware datetime; None where the server did not say."""


class IntegrityError(ExplorerError):
    """Bytes that are not the ones promised: a digest, a size or a checksum differs."""

    exit_code = 4
    kind = "integrity"


class EngineError(ExplorerError):
    """The container engine, an image or the emulation is missing or failed. Says nothing about the binary."""

    exit_code = 5
    kind = "engine"


class FormatError(ExplorerError):
    """A file that is not what it claims to be: archive, executable, snapshot, JSON."""

    exit_code = 6
    kind = "format"


class OperationCancelledError(ExplorerError):
    """The user stopped it. Not a failure, but nothing was finished either."""

    exit_code = 130
    kind = "cancelled"

    def __init__(self, title: str = "Cancelled", detail: str = "", remedy: str = "") -> None:
        super().__init__(title, detail, remedy)


class UnexpectedError(ExplorerError):
    """An exception that no part of rr-explorer raises on purpose."""

    exit_code = 70
    kind = "unexpected"


def as_explorer_error(error: BaseException) -> ExplorerError:
    """The error itself where a user can be told as it is, else an ``UnexpectedError``.

    Its detail names the exception and the line that raised it, for a bug report.
    """
    if isinstance(error, ExplorerError):
        return error
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return UnexpectedError(
        "Unexpected error in rr-explorer",
        f"{type(error).__name__}: {error}{place}",
        "Please report it, with this line",
    )
