"""``hardening``: text, JSON, and files that have none."""

from pathlib import Path

from tests.cli.conftest import OLD, Command
from tests.support.binaries import binary


def test_protections_as_a_table_and_as_json(rr: Command) -> None:
    path = str(binary("go-pie"))
    done = rr("hardening", path)
    assert done.code == 0
    assert "position independent (PIE)     ✓ yes" in done.out
    assert "stack canaries                 – n/a     Go without cgo" in done.out
    document = rr.json("hardening", path)
    degrees = {each["key"]: each["degree"] for each in document["protections"]}
    assert (degrees["pie"], degrees["ibt"], degrees["canary"]) == ("yes", "no", None)


def test_a_script_has_no_protections(rr: Command, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("#!/bin/sh\n")
    done = rr("hardening", str(script))
    assert done.code == 2
    assert "Name an ELF program" in done.err


def test_the_first_bytes_tell_the_same_when_they_are_recorded(served: Command) -> None:
    words = ("hardening", f"v1.6.2/{OLD}", "--peek")
    first = served(*words)
    assert "(RELRO)  ✓ yes" in first.out
    assert served(*words).out == first.out
