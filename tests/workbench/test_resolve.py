"""What FILE stands for, on RoadRunner's own releases."""

from pathlib import Path

import pytest

from explorer.errors import NotFoundError, UsageError
from explorer.releases import snapshot
from explorer.workbench.resolve import catalogue_subject, local_subject, platform_slug

CATALOGUE = snapshot()
NEWEST = CATALOGUE.release("latest")
assert NEWEST is not None


@pytest.mark.parametrize(
    ("text", "platform", "asset"),
    [
        ("v2025.1.15", "linux-arm64", "roadrunner-2025.1.15-linux-arm64.tar.gz"),
        ("2025.1.15", "linux/arm64", "roadrunner-2025.1.15-linux-arm64.tar.gz"),
        ("v2025.1.15", "musl-amd64", "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz"),
        ("v2025.1.15", "unknown-musl-amd64", "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz"),
        ("v2025.1.15", "linux-aarch64", "roadrunner-2025.1.15-linux-arm64.tar.gz"),
        ("v2025.1.15", "Linux/x86_64", "roadrunner-2025.1.15-linux-amd64.tar.gz"),
        ("v2025.1.15", "linux-musl-x86-64", "roadrunner-2025.1.15-unknown-musl-amd64.tar.gz"),
        ("v2025.1.15", "macos-arm64", "roadrunner-2025.1.15-darwin-arm64.tar.gz"),
        (
            "v2025.1.15/protoc-gen-php-grpc-2025.1.15-linux-arm64.tar.gz",
            "",
            "protoc-gen-php-grpc-2025.1.15-linux-arm64.tar.gz",
        ),
        ("roadrunner-2025.1.15-linux-arm64.deb", "", "roadrunner-2025.1.15-linux-arm64.deb"),
        (
            "v1.6.2/roadrunner-1.6.2-unknown-musl-amd64.zip#rr",
            "",
            "roadrunner-1.6.2-unknown-musl-amd64.zip",
        ),
    ],
)
def test_text_that_names_an_asset(text: str, platform: str, asset: str) -> None:
    subject = catalogue_subject(text, platform, CATALOGUE)
    assert subject.asset is not None
    assert subject.asset.name == asset
    assert subject.member == text.partition("#")[2]


def test_latest_is_the_newest_published_stable_release() -> None:
    subject = catalogue_subject("latest", "linux-amd64", CATALOGUE)
    assert subject.release == NEWEST
    assert subject.release is not None
    assert not subject.release.prerelease


@pytest.mark.parametrize(
    ("text", "platform", "kind", "says"),
    [
        ("v2025.1.15", "", UsageError, "--platform linux-arm64"),
        ("v2025.1.15", "musl-aarch64", NotFoundError, "Use linux-arm64 instead"),
        ("v2025.1.15", "plan9-mips", NotFoundError, "linux-arm64"),
        ("v2025.1.51", "linux-arm64", NotFoundError, "v2025.1.15"),
        ("v2025.1.51/x", "", NotFoundError, "v2025.1.15"),
        (
            "v2025.1.15/roadrunner-2025.1.15-linux-arm46.tar.gz",
            "",
            NotFoundError,
            "roadrunner-2025.1.15-linux-arm64.tar.gz",
        ),
        ("nonsense", "", NotFoundError, "releases"),
    ],
)
def test_text_that_names_nothing_gets_suggestions(
    text: str, platform: str, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=r".+") as caught:
        catalogue_subject(text, platform, CATALOGUE)
    assert says in str(caught.value)


def test_an_existing_path_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v2025.1.15").write_bytes(b"x")
    Path("a#b").write_bytes(b"x")
    subject = local_subject("v2025.1.15")
    assert subject is not None
    assert subject.path == Path("v2025.1.15")
    odd = local_subject("a#b")
    assert odd is not None
    assert odd.member == ""
    with_member = local_subject("v2025.1.15#rr")
    assert with_member is not None
    assert (with_member.path, with_member.member) == (Path("v2025.1.15"), "rr")
    assert local_subject("latest") is None


@pytest.mark.parametrize("text", ["./none", "/none/at/all", "../none", "~/none-at-all"])
def test_text_like_a_path_is_never_looked_up_on_a_server(text: str) -> None:
    with pytest.raises(NotFoundError, match="No such file"):
        local_subject(text)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("linux-arm64", "linux-arm64"),
        ("linux/arm64", "linux-arm64"),
        ("Linux-x86_64", "linux-amd64"),
        ("macos-aarch64", "darwin-arm64"),
        ("unknown-musl-amd64", "musl-amd64"),
        ("linux-musl-arm64", "musl-arm64"),
        ("musl-arm64", "musl-arm64"),
        ("win64", "windows-amd64"),
        ("darwin", "darwin"),
        ("amd64", "amd64"),
        ("Nowhere", "nowhere"),
        ("", ""),
    ],
)
def test_a_platform_by_any_of_its_names(text: str, slug: str) -> None:
    assert platform_slug(text) == slug
