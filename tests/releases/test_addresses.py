"""GitHub addresses as people paste them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.releases import ProjectAddress, is_repository, parse_address

RIPGREP = "BurntSushi/ripgrep"
PAGE = "https://github.com/BurntSushi/ripgrep"
FILE = "https://github.com/o/n/releases/download"


@pytest.mark.parametrize(
    ("text", "repo", "words"),
    [
        ("https://github.com/BurntSushi/ripgrep", RIPGREP, ""),
        ("http://www.github.com/BurntSushi/ripgrep/", RIPGREP, ""),
        ("github.com/BurntSushi/ripgrep.git", RIPGREP, ""),
        ("git@github.com:BurntSushi/ripgrep.git", RIPGREP, ""),
        ("ssh://git@github.com/BurntSushi/ripgrep", RIPGREP, ""),
        ("git+https://github.com/BurntSushi/ripgrep", RIPGREP, ""),
        ("  HTTPS://GitHub.com/BurntSushi/ripgrep#readme ", RIPGREP, ""),
        ("https://github.com/BurntSushi/ripgrep/tree/master/crates", RIPGREP, ""),
        ("https://github.com/BurntSushi/ripgrep/releases", RIPGREP, ""),
        ("https://github.com/BurntSushi/ripgrep/releases?page=2", RIPGREP, ""),
        ("https://github.com/BurntSushi/ripgrep/releases/latest", RIPGREP, "latest"),
        ("https://github.com/BurntSushi/ripgrep/releases/tag/14.1.1", RIPGREP, "14.1.1"),
        (f"{PAGE}/releases/expanded_assets/14.1.1", RIPGREP, "14.1.1"),
        ("https://github.com/kubernetes-sigs/kustomize/releases/tag/kustomize%2Fv5.4.1",
         "kubernetes-sigs/kustomize", "kustomize/v5.4.1"),
        ("https://github.com/kubernetes-sigs/kustomize/releases/tag/kustomize/v5.4.1",
         "kubernetes-sigs/kustomize", "kustomize/v5.4.1"),
        ("https://github.com/o/n/releases/download/a%2Fb/x%2By.tar.gz", "o/n", "a/b/x+y.tar.gz"),
        (f"{FILE}/v1/x.tar.gz#bin/rr", "o/n", "v1/x.tar.gz#bin/rr"),
        ("https://github.com/o/n/releases/latest/download/x.zip", "o/n", "latest/x.zip"),
        ("https://api.github.com/repos/o/n/releases/latest", "o/n", "latest"),
        ("https://github.com/o/n/releases/tag/", "o/n", ""),
    ],
)  # fmt: skip
def test_addresses_lead_to_a_project_and_a_file(text: str, repo: str, words: str) -> None:
    address = parse_address(text)
    assert address is not None
    assert (address.repo, address.words) == (repo, words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BurntSushi/ripgrep",
        "https://github.com/BurntSushi",
        "https://github.com/",
        "https://gitlab.com/o/n",
        "https://github.com.example.com/o/n",
        "https://github.com@example.com/o/n",
        "https://example.com/github.com/o/n",
        "https://github.com/-o/n",
        "https://github.com/o/..",
        "https://[/o/n",
        "file:///github.com/o/n",
        "v2025.1.15/roadrunner-2025.1.15-linux-arm64.tar.gz",
    ],
)
def test_other_texts_are_not_addresses(text: str) -> None:
    assert parse_address(text) is None


GHE = "https://ghe.example.com/api/v3"


def test_a_release_on_another_host_names_its_host() -> None:
    page = "https://ghe.example.com/o/n/releases/tag/v1"
    address = parse_address(page)
    assert address == ProjectAddress("o/n", "v1", "ghe.example.com")
    assert address.refusal(GHE) is None
    refusal = address.refusal("https://api.github.com")
    assert refusal is not None
    assert "ghe.example.com is not the server that is asked" in str(refusal)
    assert "--api-url https://ghe.example.com/api/v3" in refusal.remedy


def test_any_address_on_the_host_of_the_api_counts() -> None:
    project = "https://ghe.example.com/o/n"
    assert parse_address(project) is None
    assert parse_address(project, GHE) == ProjectAddress("o/n", "", "ghe.example.com")


def test_repositories() -> None:
    assert is_repository("BurntSushi/ripgrep")
    assert not any(map(is_repository, ("o", "o/", "o/n/m", "o.p/n", "o/..", "v1.0/n", "o/a b")))


@given(st.text(max_size=80) | st.text(max_size=60).map("https://github.com/{}".format))
def test_any_text_can_be_parsed(text: str) -> None:
    address = parse_address(text)
    assert address is None or is_repository(address.repo)
