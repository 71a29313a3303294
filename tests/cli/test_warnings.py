"""With ``--json`` a warning stands in the document: a script learns what a person would."""

from pathlib import Path

import pytest

from tests.cli.conftest import ARM64, TAG, Command
from tests.support.binaries import binary

SUBJECT = f"{TAG}/{ARM64}"


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", SUBJECT),
        ("inspect", SUBJECT, "--peek"),
        ("get", SUBJECT, "-o", "out"),
        ("report", SUBJECT),
        ("advise", TAG),
        ("releases",),
        ("assets", TAG),
        ("matrix", TAG),
        ("cache",),
    ],
    ids=lambda words: "-".join(w for w in words if w.isalpha() or w == "--peek"),
)
def test_the_document_warns_of_an_unusable_cache(
    served: Command, tmp_path: Path, words: tuple[str, ...]
) -> None:
    place = tmp_path / "a-file"
    place.write_bytes(b"")
    placed = [str(tmp_path / word) if word == "out" else word for word in words]
    document = served.json(*placed, "--cache-dir", place)
    assert any("Using a temporary cache" in warning for warning in document["warnings"]), document[
        "warnings"
    ]


def test_where_nothing_is_wrong_there_is_no_warning(rr: Command) -> None:
    assert rr.json("inspect", binary("go-static-arm64"))["warnings"] == []
    assert rr.json("report", binary("go-static-arm64"))["warnings"] == []
    assert "warnings" not in rr.json("report", binary("go-static-arm64"))["inspections"][0]
    assert rr.json("cache")["warnings"] == []


def test_the_document_says_what_decides_about_another_system(rr: Command) -> None:
    document = rr.json("inspect", binary("go-freebsd"))
    assert (document["elf"]["os_note"], document["verdicts"][0]["reasons"][0]["code"]) == (
        "FreeBSD",
        "elf.os",
    )
    assert "made for      FreeBSD" in rr("inspect", binary("go-freebsd")).out
    linux = rr.json("inspect", binary("go-static-arm64"))["elf"]
    assert linux["os_note"] is None
    assert linux["missing"]["os_note"]["state"] == "not-applicable"
