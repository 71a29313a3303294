"""JSON to models: whatever is in a field, a release comes out or a warning says why not."""

import copy
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.facts import MISSING, NotApplicable, Unknown
from explorer.releases import Asset, Origin, Release
from explorer.releases.pages import Page, PagedListing, catalogue_from
from explorer.releases.payload import Complaints, releases_from, slim
from explorer.releases.profile import derived_profile
from tests.support.github_store import StoredAsset, StoredRelease, release_json

REPO = "roadrunner-server/roadrunner"
HOSTILE = (
    "[/foo] [@click=app.boom]x[/] \x1b]0;owned\x07\x1b[2J \x9b31m \u202egpj.exe \u200b \ud800"
    " \x00 \r\n <script>"
)

# The local server's JSON, which is checked against GitHub's description. No server runs here.
API, WEB, NOW = "https://api.github.com", "https://github.com", datetime(2026, 1, 2, tzinfo=UTC)


def _file(number: int, name: str) -> StoredAsset:
    url, api_url = (
        f"{WEB}/{REPO}/releases/download/v2025.1.15/{name}",
        f"{API}/repos/{REPO}/releases/assets/{number}",
    )
    return StoredAsset(number, name, b"x", NOW, "sha256:" + "0" * 64, url, api_url)


_FILES = {
    name: _file(n, name)
    for n, name in enumerate(("roadrunner-2025.1.15-linux-arm64.tar.gz", "other.txt"), 7)
}
SAMPLE: dict[str, Any] = release_json(
    StoredRelease(1, REPO, "v2025.1.15", "v2025.1.15", "notes", NOW, NOW, False, False, _FILES),
    API,
    WEB,
)

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.just(HOSTILE),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


def read(*pages: object) -> tuple[tuple[Release, ...], tuple[str, ...]]:
    complaints = Complaints()
    return releases_from([slim(page) for page in pages], REPO, complaints), complaints.sentences()


def asset_of(**fields: object) -> Asset:
    item = copy.deepcopy(SAMPLE)
    item["assets"][0].update(fields)
    return read([item])[0][0].assets[0]


def test_a_valid_release_is_read_without_a_warning() -> None:
    (release,), warnings = read([SAMPLE])
    assert warnings == ()
    assert (release.tag, release.version, release.body, release.prerelease, release.draft) == (
        "v2025.1.15",
        "2025.1.15",
        "notes",
        False,
        False,
    )
    assert release.published_at == datetime(2026, 1, 2, tzinfo=UTC)
    asset = release.assets[0]
    assert (asset.repo, asset.size, asset.platform.slug) == (REPO, 1, "linux-arm64")
    assert isinstance(asset.id, int)
    assert isinstance(asset.digest, str)
    assert asset.url.endswith(
        "/releases/download/v2025.1.15/roadrunner-2025.1.15-linux-arm64.tar.gz"
    )
    assert asset.api_url.endswith(f"/releases/assets/{asset.id}")


def test_a_digest_that_is_null_or_missing_is_not_applicable() -> None:
    assert isinstance(asset_of(digest=None).digest, NotApplicable)
    item = copy.deepcopy(SAMPLE)
    del item["assets"][0]["digest"]
    (release,), warnings = read([item])
    assert isinstance(release.assets[0].digest, NotApplicable)
    assert warnings == ()


@pytest.mark.parametrize(
    "digest",
    ["sha256:", "sha256:" + "a" * 63, "sha256:" + "g" * 64, "", 5, ["sha256"], "\x1b[2J:aa", "md5"],
)
def test_an_invalid_digest_is_unknown(digest: object) -> None:
    assert asset_of(digest=digest).digest == Unknown("the server's digest is not a sha256")


@pytest.mark.parametrize(
    ("digest", "kind"),
    [
        ("sha512:" + "a" * 128, "sha512"),
        ("md5:" + "0" * 32, "md5"),
        ("SHA3-256:" + "b" * 64, "sha3-256"),
    ],
)
def test_a_digest_of_another_kind_is_named_as_not_checked(digest: str, kind: str) -> None:
    item = copy.deepcopy(SAMPLE)
    item["assets"][0]["digest"] = digest
    (release,), warnings = read([item])
    assert release.assets[0].digest == Unknown(
        f"the server's digest is of kind {kind}, which is not checked here"
    )
    assert any(f"of kind {kind}" in warning for warning in warnings)


def test_a_digest_in_capitals_is_the_same_digest() -> None:
    assert asset_of(digest="SHA256:" + "AB" * 32).digest == "sha256:" + "ab" * 32


@pytest.mark.parametrize("number", [-1, 1.5, "7", True, 10**30, None])
def test_an_invalid_size_is_unknown(number: object) -> None:
    assert isinstance(asset_of(size=number).size, Unknown)
    assert isinstance(asset_of(id=number).id, Unknown)


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "javascript:alert(1)", "//host/path", "data:text/html,x"]
)
def test_only_web_addresses_are_kept(address: str) -> None:
    assert asset_of(browser_download_url=address).url == ""
    (release,), warnings = read([SAMPLE | {"html_url": address}])
    assert release.url == ""
    assert any("html_url" in warning for warning in warnings)


def test_releases_are_ordered_by_publication_not_by_version() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    tags = ["v1.0.0", "v3.0.0", "v2.0.0", "draft", "undated"]
    items = [
        SAMPLE | {"id": n, "tag_name": tag, "published_at": (start + timedelta(n)).isoformat()}
        for n, tag in enumerate(tags)
    ]
    items[3] |= {"draft": True}
    items[4] |= {"published_at": None}
    releases, _ = read(items[3:], items[:3])
    assert [release.tag for release in releases] == [
        "v2.0.0",
        "v3.0.0",
        "v1.0.0",
        "draft",
        "undated",
    ]


@pytest.mark.parametrize(("scheme", "over_https"), [("https", True), ("http", False)])
def test_each_file_says_whether_its_list_came_over_https(scheme: str, over_https: bool) -> None:
    body = json.dumps([SAMPLE]).encode()
    page = Page(f"{scheme}://api.example/repos/{REPO}/releases", "", "", "", body)
    listing = PagedListing((page,), NOW, complete=True)
    catalogue = catalogue_from(listing, REPO, Origin.API, derived_profile(REPO))
    files = [asset for release in catalogue.releases for asset in release.assets]
    assert [file.over_https for file in files] == [over_https] * len(_FILES)


def test_a_release_on_two_pages_counts_once() -> None:
    releases, _ = read([SAMPLE, SAMPLE | {"id": 2}], [SAMPLE | {"id": 2}, SAMPLE | {"id": 3}])
    assert len(releases) == 3


def test_a_release_not_known_to_be_stable_is_never_the_latest() -> None:
    (release,), warnings = read([SAMPLE | {"prerelease": "no"}])
    assert release.prerelease
    assert any("prerelease" in warning for warning in warnings)


def test_a_thousand_problems_make_a_few_warnings() -> None:
    _, warnings = read([{"id": n} for n in range(1000)])
    assert len(warnings) == 6
    assert "more" in warnings[-1]


TEXT_FIELDS = ("tag_name", "name", "body")


def test_a_hostile_string_in_any_text_field_is_kept_as_it_is() -> None:
    item = copy.deepcopy(SAMPLE) | dict.fromkeys(TEXT_FIELDS, HOSTILE)
    item["assets"][0] |= {
        "name": HOSTILE,
        "content_type": HOSTILE,
        "browser_download_url": "https://h/" + HOSTILE,
    }
    # also through what is kept between two runs
    page = json.loads(json.dumps(slim(json.loads(json.dumps([item])))))
    (release,), _ = read(page)
    asset = release.assets[0]
    assert {
        release.tag,
        release.version,
        release.name,
        release.body,
        asset.name,
        asset.content_type,
    } == {HOSTILE}
    assert asset.url == "https://h/" + HOSTILE
    assert asset.tag == HOSTILE


@settings(max_examples=150, deadline=None)
@given(anything)
def test_any_json_is_a_page(page: object) -> None:
    releases, _ = read(page)
    assert len(releases) <= (len(page) if isinstance(page, list) else 0)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SAMPLE)), anything)
def test_anything_in_any_field_of_a_release(name: str, value: object) -> None:
    (release,), warnings = read([SAMPLE | {name: value}])
    assert release.tag
    if name != "assets":
        assert len(release.assets) == 2
    assert all(isinstance(sentence, str) for sentence in warnings)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(SAMPLE["assets"][0])), anything)
def test_anything_in_any_field_of_a_file(name: str, value: object) -> None:
    item = copy.deepcopy(SAMPLE)
    item["assets"][0][name] = value
    (release,), warnings = read([item])
    asset = release.assets[0]
    assert asset.name
    assert isinstance(asset.size, (int, *MISSING))
    assert asset.url == "" or asset.url.lower().startswith(("http://", "https://"))
    if name in ("node_id", "label", "state", "uploader", "created_at"):  # fields that are not used
        assert warnings == ()


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(SAMPLE)), anything)
def test_the_kept_fields_give_the_same_result_as_the_page(name: str, value: object) -> None:
    page: list[object] = [SAMPLE | {name: value}]
    whole, kept = Complaints(), Complaints()
    assert releases_from([page], REPO, whole) == releases_from([slim(page)], REPO, kept)
    assert whole.sentences() == kept.sentences()
