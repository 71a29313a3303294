"""The errors that a user sees.

::

    ExplorerError                 exit code 1
     ├─ UsageError                2    a word of the call, a setting or a key is wrong
     ├─ SourceError               3    bytes or facts cannot be had
     │   ├─ OfflineError               no answer at all
     │   ├─ NotFoundError              the server, or the disk, has no such thing
     │   ├─ DeniedError                the server does not accept the token
     │   └─ RateLimitedError           the server asks to wait
     ├─ IntegrityError            4    the bytes are not the promised ones
     ├─ TrustError                7    a signal that was required does not pass
     ├─ EngineError               5    the container engine is missing or failed
     ├─ FormatError               6    a file is not what it claims to be
     └─ OperationCancelledError   130  the user stopped it

Each has a title, a detail and a remedy. Their text may quote untrusted names, so
``report.text.visible`` is applied before it is shown.
"""

import traceback
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from types import MappingProxyType
from typing import ClassVar


class ExplorerError(Exception):
    """What happened (title), where (detail), and what to do about it (remedy)."""

    exit_code: ClassVar[int] = 1
    kind: ClassVar[str] = "error"
    """The error's name in JSON."""

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
    """A word of the call, a setting or a key is wrong."""

    exit_code = 2
    kind = "usage"


class SourceError(ExplorerError):
    """The network, a server or the disk does not give the bytes or facts that were requested."""

    exit_code = 3
    kind = "source"


class OfflineError(SourceError):
    """No answer at all: offline by choice, no route, no such host, refused, timed out."""


class NotFoundError(SourceError):
    """The server or the disk has no such thing (404: absent, or private)."""


class DeniedError(SourceError):
    """The server does not accept the token (401)."""


class RateLimitedError(SourceError):
    """The server asks to wait (403 or 429 with ``retry-after`` or ``x-ratelimit-reset``)."""

    def __init__(
        self, title: str, detail: str = "", remedy: str = "", until: datetime | None = None
    ) -> None:
        super().__init__(title, detail, remedy)
        self.until = until
        """When it accepts requests again, an aware datetime; None if the server did not say."""


class IntegrityError(ExplorerError):
    """The bytes are not the promised ones: a digest, a size or a checksum differs."""

    exit_code = 4
    kind = "integrity"


class TrustError(ExplorerError):
    """A signal that was required fails, is absent, or cannot be checked."""

    exit_code = 7
    kind = "trust"


class EngineError(ExplorerError):
    """The container engine, an image or the emulation is missing or failed.

    It says nothing about the binary.
    """

    exit_code = 5
    kind = "engine"


class ImageMissingError(EngineError):
    """The image to run in is not here, or not for this platform, and was not pulled."""

    def __init__(
        self,
        title: str,
        detail: str = "",
        remedy: str = "",
        others: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(title, detail, remedy)
        self.others = others
        """Images that are here and could take its place: references, and what is in each."""


class FormatError(ExplorerError):
    """A file is not what it claims to be: archive, executable, snapshot, JSON."""

    exit_code = 6
    kind = "format"


class OperationCancelledError(ExplorerError):
    """The user stopped it. Nothing failed, and nothing was finished."""

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
