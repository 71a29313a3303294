"""Names of several hundred real release files: none is read wrong, and none that says is missed."""

from pathlib import Path

from explorer.facts import known_or
from explorer.releases import load_profiles, parse_asset_name

_TABLE = Path(__file__).parents[1] / "data" / "asset-names.tsv"


def rows() -> list[list[str]]:
    lines = _TABLE.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def test_the_table_is_of_many_projects() -> None:
    assert len(rows()) >= 400
    assert len({repo for repo, *_ in rows()}) >= 150


def test_every_real_name_is_read_as_it_says() -> None:
    profiles = load_profiles()
    wrong = []
    for repo, tag, name, os, arch, libc, kind in rows():
        parsed = parse_asset_name(name, tag, repo)
        platform = parsed.platform
        claims = tuple(known_or(fact, "-") for fact in (platform.os, platform.arch, platform.libc))
        own = "about" if parsed.about else profiles.of_repo(repo).kind_of(name, parsed).value
        if (*claims, own) != (os, arch, libc, kind):
            wrong.append((name, (os, arch, libc, kind), (*claims, own)))
    assert wrong == []
