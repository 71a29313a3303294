"""``matrix``, ``advise`` and ``report`` from their words to their output."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import AMD64, ARM64, OLD, TAG, Command
from tests.support.binaries import binary
from tests.support.github import GitHub


def test_the_matrix_tells_the_story_of_musl_arm64(served: Command, github: GitHub) -> None:
    found = served.json("matrix", TAG, "v1.6.2")
    columns = [column["key"] for column in found["columns"]]
    new, old = ({cell["column"]: cell for cell in row["cells"]} for row in found["rows"])
    assert set(new) == set(columns)
    assert new["server:linux-arm64"]["published"][0]["answer"] == "yes"
    assert new["server:musl-arm64"]["published"] == []
    assert (new["server:musl-arm64"]["serves"]["name"], new["server:musl-arm64"]["serves"]["answer"]) == (ARM64, "yes")
    assert old["server:linux-amd64"]["published"][0]["answer"] == "no"
    assert github.count("*", "assets") == 3, "one ranged request for each file"
    text = served("matrix", "--latest", "1").out
    assert "↳ yes" in text
    table = served("matrix", TAG, "--markdown").out.splitlines()
    assert len({line.count("|") for line in table[2:]}) == 1
    assert served("matrix", "--markdown", "--json").code == 2


def test_advice_names_a_file_with_its_digest_or_how_to_build_one(served: Command) -> None:
    found = served.json("advise", "--arch", "arm64")
    assert (found["chosen"]["name"], found["libc"], found["sha256_from"]) == (ARM64, "musl", "api")
    assert {"dockerfile", "shell"} <= {snippet["key"] for snippet in found["snippets"]}
    assert any(found["sha256"] in snippet["text"] for snippet in found["snippets"])
    text = served("advise", TAG, "--arch", "amd64")
    assert text.code == 0
    assert f"take {AMD64}" in text.out
    none = served.json("advise", "v1.6.2", "--arch", "amd64", code=1)
    assert none["chosen"] is None
    assert any("CGO_ENABLED=0" in snippet["text"] for snippet in none["snippets"])
    assert served("advise", "v9.9.9").code == 3


@pytest.mark.parametrize(("form", "start"), [("markdown", "## "), ("html", "<!DOCTYPE html>"), ("svg", "<svg "), ("json", "{")])
def test_reports_of_several_files(served: Command, form: str, start: str) -> None:
    done = served("report", f"v1.6.2/{OLD}", binary("go-static-arm64"), "--format", form)
    assert done.code == 0
    assert done.err == ""
    assert done.out.startswith(start)
    assert OLD in done.out


def test_a_report_as_json_fits_its_schema(rr: Command, tmp_path: Path) -> None:
    found = rr.json("report", binary("c-glibc"), binary("go-static-arm64"), "--on", "scratch")
    assert [item["verdicts"][0]["answer"] for item in found["inspections"]] == ["no", "yes"]
    assert found["versions"][0]["name"] == "rr-explorer"
    assert rr("report", binary("c-glibc"), "--json", "--format", "svg").code == 2
    assert json.loads(rr("report", tmp_path / "none", "--format", "json").err)["error"]["exit_code"] == 3
