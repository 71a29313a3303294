"""Names of two thousand real release files: none is read wrong, and none that says is missed."""

from collections import defaultdict
from pathlib import Path

from explorer.facts import known_or
from explorer.releases import load_profiles, parse_asset_names

_TABLE = Path(__file__).parents[1] / "data" / "asset-names.tsv"


def rows() -> list[list[str]]:
    lines = _TABLE.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def releases() -> dict[tuple[str, str], list[list[str]]]:
    """The rows by repository and tag: names are understood beside the others of their release."""
    by_release = defaultdict(list)
    for repo, tag, *row in rows():
        by_release[repo, tag].append(row)
    return by_release


def test_the_table_is_of_many_projects() -> None:
    assert len(rows()) >= 1_800
    assert len({repo for repo, *_ in rows()}) >= 400


def test_every_real_name_is_read_as_it_says() -> None:
    profiles = load_profiles()
    wrong = []
    for (repo, tag), files in releases().items():
        claims = parse_asset_names((name for name, *_ in files), tag, repo)
        for (name, *expected), parsed in zip(files, claims, strict=True):
            platform = parsed.platform
            said = [known_or(fact, "-") for fact in (platform.os, platform.arch, platform.libc)]
            kind = profiles.of_repo(repo).kind_of(name, parsed).value
            if [*said, kind] != expected:
                wrong.append((name, expected, [*said, kind]))
    assert wrong == []
