"""Programs, archives, names and answers.

Beyond not crashing, each asserts a law: a peek never contradicts the whole file, a refused member
is never handed out, what is shown holds no control character.
"""

import contextlib
import json
import unicodedata

from explorer.archive import Limits, chunks, listing, walk
from explorer.bytesource import BytesSource, OutOfReachError, PrefixSource
from explorer.compat import Answer, Target, find_target, judge
from explorer.elf import Scope, read
from explorer.elf.nrv import NrvError, decompress
from explorer.errors import ExplorerError
from explorer.releases import parse_asset_name, parse_version
from explorer.releases.payload import Complaints, releases_from, slim
from explorer.report import visible
from tests.fuzz.registry import fuzzed

_LIMITS = Limits(member_bytes=1 << 20, total_bytes=4 << 20)
_SYSTEMS: dict[str, Target] = {}


def harmless(text: str) -> bool:
    """Whether it holds no control, format or surrogate character; spaces of any kind are fine."""
    return not any(unicodedata.category(character).startswith("C") for character in text)


def _system(name: str) -> Target:
    if name not in _SYSTEMS:
        _SYSTEMS[name] = find_target(name)
    return _SYSTEMS[name]


@fuzzed
def elf(data: bytes) -> None:
    """Facts and verdicts of any file, on musl and on glibc, with and without a package manager."""
    binary = read(BytesSource(data), "it")
    for name in ("musl", "alpine-3.24", "debian-12"):
        verdict = judge(binary, _system(name))
        assert verdict.reasons, name
        assert harmless(visible(verdict.deciding.text))


@fuzzed
def prefix(data: bytes) -> None:
    """A verdict from the first bytes is the whole file's, or unknown."""
    if len(data) < 2:
        return
    cut = int.from_bytes(data[:2], "little") * len(data) >> 16
    data = data[2:]
    facts = read(BytesSource(data), "it")
    for name in ("musl", "alpine-3.24", "debian-12"):
        whole = judge(facts, _system(name))
        for scope in (Scope.HEAD, Scope.LINKAGE):
            part = judge(read(PrefixSource(data[:cut], len(data)), "it", scope), _system(name))
            assert part.answer in (whole.answer, Answer.UNKNOWN), (cut, part.reasons, whole.reasons)
            assert part.unaided in (whole.unaided, Answer.UNKNOWN), (cut, part.reasons)


@fuzzed
def archive(data: bytes) -> None:
    """Members of any file: within limits, and no refused one is handed out."""
    for name in ("it", "it.tar.gz", "it.zip"):
        with contextlib.suppress(ExplorerError):
            for entry in walk(BytesSource(data), name, _LIMITS):
                if entry.member.refused is None:
                    size = sum(len(part) for part in chunks(entry.open()))
                    assert size <= 1 << 20
                else:
                    with contextlib.suppress(ExplorerError):
                        entry.open().read(1)
                        raise AssertionError("a refused member was opened")
        with contextlib.suppress(ExplorerError):
            listing(BytesSource(data), name, _LIMITS)


@fuzzed
def archive_prefix(data: bytes) -> None:
    """An archive that is cut: what is known of it is unknown or stands."""
    source = PrefixSource(data, len(data) + 10_000)
    with contextlib.suppress(ExplorerError, OutOfReachError):
        for entry in walk(source, "it.tar.gz", _LIMITS, prefix=True):
            if entry.member.refused is None:
                entry.open().read(64)


@fuzzed
def nrv(data: bytes) -> None:
    """UPX's compression methods."""
    for variant in ("2b", "2d", "2e"):
        with contextlib.suppress(NrvError):
            assert len(decompress(data, 4096, variant)) <= 4096


@fuzzed
def names(data: bytes) -> None:
    """Names and tags of assets."""
    tag, _, name = data.decode("utf-8", "surrogateescape").partition("\n")
    parsed = parse_asset_name(name, tag)
    assert isinstance(parsed.platform.slug, str)
    parse_version(tag)


@fuzzed
def shown(data: bytes) -> None:
    """The sanitizer leaves nothing that a terminal obeys."""
    text = visible(data.decode("utf-8", "surrogateescape"))
    assert harmless(text), ascii(text)


@fuzzed
def api(data: bytes) -> None:
    """GitHub's answers, whatever their fields hold."""
    complaints = Complaints()
    with contextlib.suppress(ValueError, RecursionError):
        parsed = json.loads(data)
        with contextlib.suppress(ExplorerError):
            releases_from([slim(parsed)], "owner/name", complaints)
