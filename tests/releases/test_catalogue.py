"""Looking up releases in a catalogue: by tag, by ``latest``, by ``TAG/FILE``."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from explorer.facts import Fact, Unknown
from explorer.releases import Catalogue, Origin, Release

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TAGS = st.text(st.sampled_from("v1./-a"), min_size=1, max_size=8).filter(lambda t: t != "latest")


def release(
    tag: str, *, prerelease: bool = False, draft: bool = False, published: Fact[datetime] = NOW
) -> Release:
    return Release(tag, tag, tag, published, prerelease, draft, "", "", ())


def catalogue(*releases: Release, latest: str = "") -> Catalogue:
    return Catalogue("acme/tool", releases, Origin.API, NOW, True, latest=latest)


def tag_of(listed: Release | None) -> str | None:
    return listed.tag if listed is not None else None


def test_latest_is_never_a_prerelease_or_a_draft() -> None:
    listed = catalogue(release("v3", draft=True), release("v2", prerelease=True), release("v1"))
    assert tag_of(listed.release("latest")) == "v1"


def test_latest_is_what_the_server_says() -> None:
    releases = (release("v2"), release("v1"))
    assert tag_of(catalogue(*releases, latest="v1").release("latest")) == "v1"
    assert tag_of(catalogue(*releases, latest="gone").release("latest")) == "v2"


def test_an_undated_release_is_the_latest_only_if_there_is_no_other() -> None:
    undated = release("v2", published=Unknown("not recorded"))
    assert tag_of(catalogue(undated, release("v1")).release("latest")) == "v1"
    assert tag_of(catalogue(undated).release("latest")) == "v2"


def test_the_v_of_a_tag_may_be_left_out_or_added() -> None:
    listed = catalogue(release("v2"), release("1"))
    assert [tag_of(listed.release(tag)) for tag in ("2", "v2", "1", "v1", "3")] == [
        "v2",
        "v2",
        "1",
        "1",
        None,
    ]


@given(st.lists(TAGS, min_size=1, max_size=6, unique=True), st.data())
def test_any_tag_and_file_are_split_where_the_tag_ends(
    tags: list[str], data: st.DataObject
) -> None:
    listed = catalogue(*(release(tag) for tag in tags))
    tag = data.draw(st.sampled_from(tags))
    owner, name = listed.split(f"{tag}/file")
    assert owner is not None
    assert f"{owner.tag}/{name}".endswith("file")
    # Never a shorter tag than the one that was meant.
    assert len(owner.tag.removeprefix("v")) >= len(tag.removeprefix("v"))
    assert listed.split(tag)[0] is not None


def test_a_megabyte_of_slashes_is_split_fast() -> None:
    assert catalogue(release("v1")).split("/" * 1_000_000)[0] is None
