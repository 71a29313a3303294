"""Where a token comes from, and the only place that it goes to."""

import os
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import UsageError
from explorer.http import Token, origin_of
from explorer.releases import find_token, token

API = "https://api.github.com"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="gh is a shell script here")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without a token and without gh."""
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    monkeypatch.delenv("GH_TOKEN", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))


def install_gh(folder: Path, script: str) -> None:
    """A program named gh in place of the real one."""
    program = folder / "gh"
    program.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
    program.chmod(0o755)


def test_no_token_is_needed() -> None:
    assert find_token(API) is None


def test_github_token_comes_before_gh_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "second")
    assert find_token(API) == Token("second", "https://api.github.com")
    monkeypatch.setenv("GITHUB_TOKEN", " first\n")
    assert find_token(API) == Token("first", "https://api.github.com")
    monkeypatch.setenv("GITHUB_TOKEN", "")
    assert find_token("https://git.example.com:8443/api/v3") == Token(
        "second", "https://git.example.com:8443"
    )


@pytest.mark.parametrize(
    "value", ["two words", "with\nline", "with\r\nX-Header: 1", "tökén", "x" * 2000]
)
def test_an_invalid_token_variable_is_named_and_not_quoted(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", value)
    with pytest.raises(UsageError) as caught:
        find_token(API)
    assert "GITHUB_TOKEN" in caught.value.title
    assert value not in str(caught.value)


@posix_only
@pytest.mark.parametrize(
    ("api_url", "host"),
    [
        (API, "github.com"),
        ("https://git.example.com/api/v3", "git.example.com"),
        ("https://api.octo.ghe.com", "octo.ghe.com"),
    ],
)
def test_gh_is_asked_about_the_host_of_the_api(api_url: str, host: str, tmp_path: Path) -> None:
    install_gh(tmp_path, 'echo "$@" > "$(dirname "$0")/asked"; echo gho_fromgh')
    assert find_token(api_url) == Token("gho_fromgh", origin_of(api_url))
    assert (tmp_path / "asked").read_text().strip() == f"auth token --hostname {host}"


@posix_only
@pytest.mark.parametrize(
    "script",
    ["exit 1", "echo gho_old; exit 4", "echo two words", "kill -9 $$", "printf '\\377\\376'", ""],
)
def test_a_gh_without_a_token_does_not_matter(script: str, tmp_path: Path) -> None:
    install_gh(tmp_path, script)
    assert find_token(API) is None


@posix_only
def test_a_gh_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token, "_PATIENCE_S", 0.2)
    install_gh(tmp_path, "exec sleep 30")
    start = time.monotonic()
    assert find_token(API) is None
    assert time.monotonic() - start < 5


@posix_only
def test_gh_is_not_asked_for_plain_http_or_beside_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_gh(tmp_path, 'touch "$(dirname "$0")/asked"; echo gho_fromgh')
    assert find_token("http://127.0.0.1:8080/api/v3") is None
    monkeypatch.setenv("GITHUB_TOKEN", "mine")
    assert find_token(API) == Token("mine", "https://api.github.com")
    assert not (tmp_path / "asked").exists()


@posix_only
def test_gh_gets_no_terminal(tmp_path: Path) -> None:
    install_gh(tmp_path, 'read answer; echo "${GH_PROMPT_DISABLED}${answer}x"')
    assert find_token(API) == Token("1x", "https://api.github.com")


def test_an_address_without_origin_has_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "mine")
    assert find_token("nonsense") is None


def test_a_token_cannot_be_printed_by_accident() -> None:
    secret = Token("ghp_secret", "https://api.github.com")
    assert "ghp_secret" not in f"{secret} {secret!r} {[secret]}"


@pytest.mark.parametrize(
    "url",
    [
        "https://objects.githubusercontent.com/x",
        "http://api.github.com/",
        "https://api.github.com:444/",
        "https://api.github.com.evil.example/",
        "https://api.github.com@evil.example/",
        "https://evil.example/?https://api.github.com/",
        "https://evil.example\\@api.github.com/",
        "https://evil.example\t@api.github.com/",
        "https://api.github.com\n.evil.example/",
        "https://api.github.com\u3002evil.example/",
        "https://аpi.github.com/",  # a Cyrillic а
        "//api.github.com/",
        "file://api.github.com/",
        "https://[::1",
        "https://api.github.com:port/",
        "",
    ],
)
def test_addresses_that_never_get_the_token(url: str) -> None:
    assert Token("secret", "https://api.github.com").headers_for(url) == {}


@pytest.mark.parametrize(
    "url",
    [
        "https://api.github.com/repos",
        "HTTPS://API.GITHUB.COM:443/x?y#z",
        "https://user@api.github.com/",
    ],
)
def test_addresses_that_get_the_token(url: str) -> None:
    assert Token("secret", "https://api.github.com").headers_for(url) == {
        "Authorization": "Bearer secret"
    }


def test_no_origin_matches_no_origin() -> None:
    assert Token("secret", "").headers_for("nonsense") == {}


@given(st.text(max_size=80))
def test_any_address_is_harmless(url: str) -> None:
    origin = origin_of(url)
    assert origin == "" or origin.startswith(("http://", "https://"))
    assert origin_of(origin) == origin


def test_the_environment_is_left_as_it_was(tmp_path: Path) -> None:
    before = dict(os.environ)
    if sys.platform != "win32":
        install_gh(tmp_path, "echo gho_fromgh")
    find_token(API)
    assert dict(os.environ) == before
