"""Lines that use a published file: a Dockerfile stage, and a download that its checksum guards."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Iterator

from explorer.archive import Format, Member
from explorer.errors import FormatError
from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.releases import Asset
from explorer.report.advice import quoting
from explorer.report.advice.quoting import UNPACK
from explorer.report.advice.snippet import Snippet
from explorer.report.text import one_line
from explorer.workbench import Advice

_DECOMPRESS = {
    "gz": "gunzip -c",
    "xz": "unxz -c",
    "bz2": "bunzip2 -c",
    "lzma": "unlzma -c",
    "zst": "zstd -dc",
    "lz4": "lz4 -dc",
    "lz": "lzip -dc",
}
"""Read from stdin: gunzip refuses a file whose name has no ending that it knows."""
_TAR_FLAG = {"": "", "gz": "z", "bz2": "j", "xz": "J"}
"""What GNU tar and busybox's decompress themselves."""
_CPIOS = (Format.CPIO, Format.RPM)
_NOT_IN_BUSYBOX = {
    "zst": ("zstd", "zstd"),
    "lz4": ("lz4", "lz4"),
    "lz": ("lzip", "lzip"),
    "7z": ("bsdtar", "libarchive-tools"),
}
"""Tools that Alpine's busybox lacks, and most images do, and Alpine's packages with them, by the
compression. 7-Zip's own program has other names elsewhere: 7z, 7zz, 7za."""
_NO_TOOL = ("", "")


def dockerfile(advice: Advice, asset: Asset, sha256: str) -> Snippet:
    """A stage that fetches the file, checks and unpacks it, and a stage with the program.

    Raises:
        FormatError: a name, an address or a packing for which there are no safe lines.
    """
    image, pinned = _image(advice)
    program = _program(advice, asset)
    stage = _stage(program)
    tools = image if advice.base.tools == advice.base.image else advice.base.tools
    _, package = _NOT_IN_BUSYBOX.get(_compression(advice), _NO_TOOL)
    lines = [
        f"FROM {tools} AS {stage}",
        f"ARG URL={quoting.address(asset.url)}",
        f"ARG SHA256={sha256}",
        *([f"RUN apk add --no-cache {package}"] if package else []),
        'RUN wget -q -O /tmp/asset "$URL" \\',
        '    && echo "$SHA256  /tmp/asset" | sha256sum -c - \\',
        f"    && {_unpack(advice, '/tmp/asset', f'/{program}')} \\",
        f"    && chmod 0755 /{program} && rm -f /tmp/asset",
        "",
        f"FROM {image}",
    ]
    if advice.base.run:
        lines.append(f"RUN {advice.base.run}")
    lines += [f"COPY --from={stage} /{program} /usr/local/bin/{program}", ""]
    note = "The file is pinned by its sha256" + (
        ", the image by its digest."
        if pinned
        else ". A proof in that image pins it by digest, too."
    )
    if advice.sha256_from == "download":
        note += f" {advice.published_by} publishes no digest for it: this is the download's own."
    return Snippet("dockerfile", f"Dockerfile, {image}", "dockerfile", "\n".join(lines), note)


def shell(advice: Advice, asset: Asset, sha256: str) -> Snippet:
    """Commands that run one after the other, each only if the one before succeeded.

    Raises:
        FormatError: a name, an address or a packing for which there are no safe lines.
    """
    program = _program(advice, asset)
    raw = _packing(advice) is Format.RAW
    name = program if raw else _local_name(asset, program)
    commands = [
        f"curl -fsSL -o {name} {shlex.quote(quoting.address(asset.url))}",
        f"echo {shlex.quote(f'{sha256}  {name}')} | sha256sum -c -",
        *([] if raw else [_unpack(advice, name, program)]),
        f"chmod 0755 {program}",
    ]
    cpio = "cpio" if _packing(advice) in _CPIOS else ""
    other, _ = _NOT_IN_BUSYBOX.get(_compression(advice), _NO_TOOL)
    needs = [tool for tool in (cpio, other) if tool]
    note = f"Needs {' and '.join(needs)}." if needs else ""
    inspection = advice.inspection
    if inspection is not None and (install := inspection.verdicts[0].install):
        note = f"{note} To run it: {install}.".lstrip()
    return Snippet("shell", "Shell, with checksum", "sh", " &&\n".join(commands) + "\n", note)


def _local_name(asset: Asset, program: str) -> str:
    """The asset's name, unless it is a path, an option, a hidden file or the program's name."""
    safe = quoting.is_plain(asset.name) and asset.name != program
    return asset.name if safe else f"{program}.download"


def _member(advice: Advice) -> Member | NotApplicable:
    inspection = advice.inspection
    member = inspection.member if inspection is not None else Unknown("it was not inspected")
    if isinstance(member, Unknown):
        raise FormatError(
            "Which file of the archive to use is not known",
            member.why,
            "Inspect it, or download it",
        )
    if inspection is not None and inspection.inside and not isinstance(member, NotApplicable):
        way = "#".join((inspection.subject.name, *inspection.inside, member.name))
        raise FormatError(
            "No lines to paste for an archive in an archive",
            one_line(way),
            f"rr-explorer get {shlex.quote(one_line(way))} -o DIR downloads and unpacks it",
        )
    return member


def _packing(advice: Advice) -> Format:
    """How the file is packed, as its bytes say."""
    member = _member(advice)
    return Format.RAW if isinstance(member, NotApplicable) else member.packing


def _unpack(advice: Advice, source: str, into: str) -> str:
    """A shell command from the packed file to the program, for GNU's tools and busybox's."""
    member, form = _member(advice), _packing(advice)
    if form is Format.RAW or isinstance(member, NotApplicable):
        return f"cp {source} {into}"
    if form.is_single:
        return f"{_DECOMPRESS[form.compression]} < {source} > {into}"
    if not member.stored:
        raise FormatError("No lines to paste: cpio cannot read this RPM", member.name, UNPACK)
    if member.repeated:  # tar and unzip would write all members of the name, one after the other
        raise FormatError("The archive has several members of this name", member.name, UNPACK)
    return f"{' | '.join(_to_stdout(member, form, source))} > {into}"


def _to_stdout(member: Member, form: Format, source: str) -> list[str]:
    """Commands for a pipe that ends with the member's bytes."""
    if form is Format.ZIP:
        return [f"unzip -p {source} {quoting.member_without_dashes(member.stored)}"]
    if form is Format.SEVEN_ZIP:
        return [f"bsdtar -xOf {source} -- {quoting.member_for_bsdtar(member.stored)}"]
    if form is Format.DEB and member.part == "data":
        flag = _TAR_FLAG.get(member.payload.compression)
        unpack = f"tar -x{flag or ''}Of - -- {quoting.member(member.stored)}"
        return [*_payload(member, source, decompress=flag is None), unpack]
    if form in _CPIOS:
        copy = f"cpio -i --to-stdout {_cpio_names(member.stored)}"
        return [f"{copy} < {source}"] if form is Format.CPIO else [*_payload(member, source), copy]
    if form is Format.TAR or form.compression:
        inside, flag = quoting.member(member.stored), _TAR_FLAG.get(form.compression)
        if flag is not None:
            return [f"tar -x{flag}Of {source} -- {inside}"]
        return [f"{_DECOMPRESS[form.compression]} < {source}", f"tar -xOf - -- {inside}"]
    raise FormatError(f"No lines to paste for a {form} file", member.name, UNPACK)


def _payload(member: Member, source: str, *, decompress: bool = True) -> Iterator[str]:
    """Commands that give a package's tar or cpio, for a pipe.

    By its offset, which the checksum vouches for: every tool set has tail and head, while ar,
    dpkg-deb and rpm2cpio are missing in Alpine.
    """
    payload = member.payload
    yield f"tail -c +{payload.offset + 1} {source}"
    if payload.size:
        yield f"head -c {payload.size}"
    if decompress and payload.compression:
        yield _DECOMPRESS[payload.compression]


def _cpio_names(stored: str) -> str:
    """The member's name for GNU cpio, as stored, and for busybox's, which strips ``./`` first.

    Raises:
        FormatError: there is no safe way to write it: older cpios know no ``--``.
    """
    names = dict.fromkeys((stored, stored.removeprefix("./")))
    return " ".join(quoting.member_without_dashes(name, "cpio") for name in names)


def _compression(advice: Advice) -> str:
    """What compresses the file, or its payload."""
    member = _member(advice)
    if isinstance(member, NotApplicable):
        return ""
    if member.packing is Format.SEVEN_ZIP:
        return "7z"
    return member.packing.compression or member.payload.compression


def _image(advice: Advice) -> tuple[str, bool]:
    """The image to build on, by digest if the file was verified in it, and whether it is pinned."""
    inspection = advice.inspection
    image = advice.base.image
    for proof in inspection.proofs if inspection else ():
        if isinstance(proof.image, MISSING) or isinstance(proof.image.digest, MISSING):
            continue
        if proof.image.reference == image:
            return f"{image}@{proof.image.digest.rpartition('@')[2]}", True
    return quoting.word(image), "@sha256:" in image


def _program(advice: Advice, asset: Asset) -> str:
    inspection = advice.inspection
    name = inspection.file.name if inspection else asset.name
    return quoting.plain(posixpath.basename(name))


def _stage(program: str) -> str:
    return re.sub(r"[^0-9a-z-]", "-", program.lower()).strip("-") or "program"
