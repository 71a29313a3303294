"""What a build writes into a program that is not code: times, a commit, values of ``-X``."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

from explorer.elf.models import GoBuild, GoModule

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_TIMES = re.compile(
    rf"""(?:{_DAY},?[ ])?{_MONTH}[ ]+\d{{1,2}}[ ]\d\d:\d\d:\d\d[ ](?:[A-Z]{{3,4}}[ ])?\d{{4}}
    |(?:{_DAY},?[ ])?\d{{1,2}}[ ]{_MONTH}[ ]\d{{4}}(?:[ ]\d\d:\d\d(?::\d\d)?)?
    |{_MONTH}[ ]+\d{{1,2}}[ ]\d{{4}}
    |(?<!\d)\d{{4}}[-/.]\d\d[-/.]\d\d(?:[T_ -]\d\d[:-]?\d\d(?:[:-]?\d\d(?:\.\d+)?)?)?
    |(?<!\d)(?:19|20)\d{{6}}(?:[T._-]?\d{{4}}(?:\d\d)?)?(?!\d)
    |(?<!\d)\d\d:\d\d:\d\d(?!\d)
    |(?<!\d)1\d{{9}}(?!\d)""",
    re.VERBOSE,
)
_FREE = ("vcs.revision", "vcs.time", "vcs.modified")
"""Settings that tell of the commit, not of how the code was built."""


def only_times_differ(before: str, after: str) -> bool:
    """Whether two texts are the same but for dates and times, each of the same form."""
    return _TIMES.sub(_form, before) == _TIMES.sub(_form, after)


def _form(match: re.Match[str]) -> str:
    """The shape of a time: digits and names are exchangeable, what stands between is not."""
    words = re.sub(rf"{_MONTH}|{_DAY}", "A", match[0])
    days = re.sub(r"A  ?\d{1,2}\b", "A 0", words)
    return "\0" + re.sub(r"\d", "0", days) + "\0"


def stamps_of(before: GoBuild | None, after: GoBuild | None) -> tuple[tuple[str, str], ...] | None:
    """The values of ``-X``, of the commit and of the main version that differ, in pairs.

    None if something else of the build info differs, too.
    """
    if before is None or after is None:
        return () if before is after else None
    if _plain(before) != _plain(after):
        return None
    pairs = list(zip(_values(before), _values(after), strict=True))
    return tuple((one, other) for one, other in pairs if one != other)


def link_values(ldflags: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The words of ``-ldflags`` without its ``-X``, and each variable that ``-X`` sets.

    The build id is left out, too. Words that cannot be split stay one word.
    """
    try:
        words = shlex.split(ldflags)
    except ValueError:
        return (ldflags,), ()
    rest: list[str] = []
    values: list[tuple[str, str]] = []
    ahead = iter(words)
    for word in ahead:
        if word in ("-X", "--X"):
            name, _, value = next(ahead, "").partition("=")
            values.append((name, value))
        elif match := re.match(r"--?X=([^=]*)=(.*)", word, re.DOTALL):
            values.append((match[1], match[2]))
        elif not re.match(r"--?buildid=", word):
            rest.append(word)
    return tuple(rest), tuple(values)


def _plain(build: GoBuild) -> GoBuild:
    """The build info without what may differ between two builds of the same code."""
    settings = []
    for key, value in build.settings:
        if key == "-ldflags":
            rest, values = link_values(value)
            settings.append((key, " ".join([*rest, *(name for name, _ in values)])))
        else:
            settings.append((key, "" if key in _FREE else value))
    main = build.main
    if isinstance(main, GoModule):
        main = replace(main, version="", sum="")
    return replace(build, main=main, settings=tuple(settings))


def _values(build: GoBuild) -> list[str]:
    values = [build.main.version if isinstance(build.main, GoModule) else ""]
    for key, value in build.settings:
        if key in _FREE:
            values.append(f"{key}={value}")
        elif key == "-ldflags":
            values += [f"{name}={text}" for name, text in link_values(value)[1]]
    return values
