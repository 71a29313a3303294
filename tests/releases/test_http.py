"""The client that all rooms share: what the environment may say, and what an error tells."""

from pathlib import Path

import httpx
import pytest

from explorer.errors import OfflineError, SourceError
from explorer.http import USER_AGENT, describe_failure, make_client, without_credentials


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def test_it_says_who_it_is_and_follows_nothing() -> None:
    async with make_client() as client:
        assert client.headers["user-agent"] == USER_AGENT
        assert client.follow_redirects is False


@pytest.mark.parametrize(
    "proxy",
    [
        "socks9://u:hunter2@h:1",
        "nonsense://me:hunter2@host",
        "http://me:hunter2@[::1",
        "http://me:hunter2/x@host:1",
    ],
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(SourceError) as caught:
        make_client()
    assert "proxy" in caught.value.title
    assert "HTTPS_PROXY" in caught.value.remedy
    assert "hunter2" not in str(caught.value)


def test_certificates_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "missing.pem"):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        with pytest.raises(SourceError) as caught:
            make_client()
        assert "SSL_CERT_FILE" in caught.value.remedy


async def test_a_proxy_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@127.0.0.1:9")
    async with make_client() as client:
        with pytest.raises(httpx.HTTPError) as raised:
            await client.get("https://api.github.com/")
    error = describe_failure(raised.value, "https://api.github.com/")
    assert isinstance(error, OfflineError)
    assert "proxy" in error.remedy
    assert "hunter2" not in str(error)


def test_no_error_has_neither_title_nor_remedy() -> None:
    request = httpx.Request("GET", "https://host/")
    kinds: list[Exception] = [
        httpx.ConnectError("x", request=request),
        httpx.ConnectTimeout("x", request=request),
        httpx.ReadTimeout("x", request=request),
        httpx.ReadError("", request=request),
        httpx.RemoteProtocolError("x", request=request),
        httpx.ProxyError("403 Forbidden", request=request),
        httpx.DecodingError("x", request=request),
        httpx.UnsupportedProtocol("x", request=request),
        httpx.InvalidURL("x"),
        OSError("x"),
        TimeoutError(),
        ValueError("x"),
    ]
    told = [describe_failure(error, "https://host/path") for error in kinds]
    assert all(error.title and error.remedy for error in told)
    assert describe_failure(OSError("x"), "https://[::1").title


def test_credentials_in_addresses_are_taken_out() -> None:
    assert (
        without_credentials("to http://me:pw@host:1/x and https://h/")
        == "to http://host:1/x and https://h/"
    )
    assert (
        without_credentials("to http://me:p@ss@host:1/x and https://h/")
        == "to http://host:1/x and https://h/"
    )
