"""The client that all requests use: what the environment may say, and what an error says."""

import asyncio
import contextlib
import os
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import certifi
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import OfflineError, SourceError
from explorer.http import (
    USER_AGENT,
    describe_failure,
    is_cut,
    make_client,
    retry_after,
    usable_url,
    without_credentials,
)
from explorer.http.client import CERTIFICATE_VARIABLES, authorities
from explorer.http.proxies import read_proxies
from tests.support.github import GitHub
from tests.support.proxy import running_proxy

CERTIFICATE = Path(__file__).with_name("localhost.pem")
SUBJECT_HASH = "ce275665"
"""What ``openssl x509 -subject_hash`` says of it: a folder's file is found by this name."""
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXY_VARIABLES, *CERTIFICATE_VARIABLES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@contextlib.asynccontextmanager
async def tls_server() -> AsyncIterator[str]:
    """The origin of an https server that answers ``hello`` to everything."""

    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello")
            await writer.drain()
        writer.close()

    identity = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identity.load_cert_chain(CERTIFICATE)
    async with await asyncio.start_server(hello, "127.0.0.1", ssl=identity) as server:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}"


async def test_it_says_who_it_is_and_follows_no_redirects() -> None:
    async with make_client() as client:
        assert client.headers["user-agent"] == USER_AGENT
        assert client.follow_redirects is False


# Proxies


@pytest.mark.parametrize(
    "proxy",
    [
        "socks9://u:hunter2@h:1",
        "nonsense://me:hunter2@host",
        "http://me:hunter2@[::1",
        "http://me:hunter2/x@host:1",
        "http://me:hunter2@host:99999",
        "http://me:hunter2@host:-1",
        "http://me:hunter2@xn--a:80",
        "http://",
    ],
)
async def test_a_bad_proxy_fails_where_it_is_used_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch, github: GitHub
) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with make_client() as client:
        assert (await client.get(github.api_url)).status_code < 500
        with pytest.raises(SourceError) as caught:
            await client.get("http://example.invalid/")
    assert "ALL_PROXY" in caught.value.title
    assert "ALL_PROXY" in caught.value.remedy
    assert "hunter2" not in str(caught.value)


async def test_requests_choose_their_proxy_by_scheme(
    monkeypatch: pytest.MonkeyPatch, github: GitHub
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    async with running_proxy() as plain, running_proxy() as secure, tls_server() as origin:
        monkeypatch.setenv("HTTP_PROXY", f"  {plain.url.replace('//', '//me:hunter2@')}\t")
        monkeypatch.setenv("HTTPS_PROXY", secure.url.removeprefix("http://"))
        monkeypatch.setenv("ALL_PROXY", "socks://127.0.0.1:7890/")
        async with make_client() as client:
            assert (await client.get(f"{github.api_url}/x")).status_code == 404
            assert (await client.get(f"{origin}/")).text == "hello"
        assert plain.requests == [f"GET {github.api_url}/x"]
        assert plain.authorization[0].startswith("basic ")
        assert secure.requests == [f"CONNECT {origin.removeprefix('https://')}"]


@pytest.mark.parametrize("scheme", ["socks", "socks5", "SOCKS5H"])
async def test_a_socks_proxy_names_what_to_install(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:7890/")
    async with make_client() as client:
        with pytest.raises(SourceError, match="SOCKS") as caught:
            await client.get("https://example.invalid/")
    assert "httpx[socks]" in caught.value.remedy


async def test_no_proxy_takes_networks_and_names_what_it_ignores(
    monkeypatch: pytest.MonkeyPatch, github: GitHub
) -> None:
    said: list[str] = []
    async with running_proxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.0/8, ::1,[::1], ht!tp, 10.0.0.0/99, a..b , x:77777")
        async with make_client(warn=said.append) as client:
            await client.get(github.api_url)
        assert proxy.requests == []
    assert len(said) == 1
    assert "NO_PROXY" in said[0]
    for entry in ("ht!tp", "10.0.0.0/99", "a..b", "x:77777"):
        assert entry in said[0]
    for entry in ("127.0.0.0/8", "::1"):
        assert entry not in said[0]


@pytest.mark.parametrize(
    ("entry", "covered", "other"),
    [
        ("127.0.0.0/8", ["127.9.9.9"], ["128.0.0.1", "localhost"]),
        ("10.1.2.3", ["10.1.2.3"], ["10.1.2.4"]),
        ("::1", ["::1", "[::1]"], ["::2", "127.0.0.1"]),
        ("[::1]", ["::1"], ["::2"]),
        ("[fd00::]/8", ["fd12::1"], ["fe80::1"]),
        ("fd00::/8", ["fd12::1"], ["fe80::1"]),
        ("example.com", ["example.com", "a.example.com", "EXAMPLE.com."], ["notexample.com"]),
        (".example.com", ["example.com", "a.b.example.com"], ["example.org"]),
        ("*.example.com", ["a.example.com"], ["example.org"]),
        ("https://example.com/", ["example.com"], ["example.org"]),
        ("under_score.local", ["under_score.local"], ["local"]),
        ("bücher.example", ["xn--bcher-kva.example"], ["bcher.example"]),
        ("*", ["anything", "::1"], []),
    ],
)
def test_entries_of_no_proxy(entry: str, covered: list[str], other: list[str]) -> None:
    proxies = read_proxies({"all": "http://proxy:1", "no": entry})
    assert proxies.ignored == ()
    assert [host for host in covered if proxies.choose("https", host, 443)] == []
    assert [host for host in other if not proxies.choose("https", host, 443)] == []


def test_an_entry_with_a_port_is_for_that_port() -> None:
    proxies = read_proxies({"all": "proxy:1", "no": "host:8080,[::1]:1,10.0.0.1:2"})
    assert proxies.choose("http", "host", 8080) is None
    assert proxies.choose("http", "host", 80) is not None
    assert proxies.choose("http", "::1", 1) is None
    assert proxies.choose("http", "10.0.0.1", 3) is not None


@given(st.text(), st.text())
def test_any_environment_is_understood(no: str, proxy: str) -> None:
    proxies = read_proxies({"no": no, "https": proxy})
    chosen = proxies.choose("https", "example.com", 443)
    assert chosen is None or chosen.shown


async def test_a_proxy_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@127.0.0.1:9")
    async with make_client() as client:
        with pytest.raises(httpx.HTTPError) as raised:
            await client.get("https://api.github.com/")
    error = describe_failure(raised.value, "https://api.github.com/")
    assert isinstance(error, OfflineError)
    assert "127.0.0.1:9 (HTTPS_PROXY)" in error.title
    assert "proxy" in error.title
    assert "hunter2" not in str(error)


async def test_a_proxy_that_refuses_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_proxy(b"407 Proxy Authentication Required") as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with make_client() as client:
            with pytest.raises(httpx.ProxyError) as raised:
                await client.get("https://example.invalid/")
        error = describe_failure(raised.value, "https://example.invalid/")
        assert f"127.0.0.1:{proxy.port} (ALL_PROXY)" in error.title
        assert "407" in error.detail


# Certificates


@pytest.mark.parametrize("variable", CERTIFICATE_VARIABLES)
async def test_a_private_authority_is_trusted_by_each_variable(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / f"{SUBJECT_HASH}.0").write_bytes(CERTIFICATE.read_bytes())
    places = [folder] if variable == "SSL_CERT_DIR" else [CERTIFICATE, folder]
    if variable == "SSL_CERT_FILE":
        places = [CERTIFICATE]
    async with tls_server() as origin:
        async with make_client() as wary:
            with pytest.raises(httpx.ConnectError) as raised:
                await wary.get(origin)
        assert "secure" in describe_failure(raised.value, origin).title
        for place in places:
            monkeypatch.setenv(variable, str(place))
            async with make_client() as client:
                assert (await client.get(origin)).text == "hello"


@pytest.mark.parametrize("folders", ["FOLDER", "/missing:FOLDER"])
async def test_a_bundle_and_a_folder_are_trusted_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folders: str
) -> None:
    (tmp_path / f"{SUBJECT_HASH}.0").write_bytes(CERTIFICATE.read_bytes())
    monkeypatch.setenv("SSL_CERT_FILE", certifi.where())
    async with tls_server() as origin:
        async with make_client() as wary:
            with pytest.raises(httpx.ConnectError):
                await wary.get(origin)
        monkeypatch.setenv("SSL_CERT_DIR", folders.replace("FOLDER", str(tmp_path)))
        async with make_client() as client:
            assert (await client.get(origin)).text == "hello"
        monkeypatch.delenv("SSL_CERT_FILE")
        async with make_client() as client:
            assert (await client.get(origin)).text == "hello"


@pytest.mark.parametrize("variable", CERTIFICATE_VARIABLES)
def test_certificates_that_cannot_be_used_name_their_variable(
    variable: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "ca.pem"
    broken.write_text("no certificate")
    for path in (broken, tmp_path / "missing.pem"):
        monkeypatch.setenv(variable, str(path))
        with pytest.raises(SourceError) as caught:
            make_client()
        assert variable in caught.value.detail
        assert variable in caught.value.remedy


@pytest.mark.parametrize(
    ("bundle", "names", "module"),
    [
        ("/etc/ssl/cert.pem", [], "ssl"),
        ("", ["02265526.0"], "ssl"),
        ("", ["README"], "truststore"),
        ("", [], "truststore"),
    ],
)
def test_the_systems_store_is_trusted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: str, names: list[str], module: str
) -> None:
    """OpenSSL's own places are used, and truststore where they hold nothing."""
    for name in names:
        (tmp_path / name).touch()
    paths = ssl.get_default_verify_paths()._replace(cafile=bundle, capath=str(tmp_path))
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
    authorities.cache_clear()
    context = authorities(("",) * len(CERTIFICATE_VARIABLES))
    authorities.cache_clear()
    assert type(context).__module__.partition(".")[0] == module
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


# Errors


def test_every_failure_has_a_title_and_a_remedy() -> None:
    request = httpx.Request("GET", "https://host/")
    kinds: list[Exception] = [
        httpx.ConnectError("x", request=request),
        httpx.ConnectTimeout("x", request=request),
        httpx.ReadTimeout("x", request=request),
        httpx.ReadError("", request=request),
        httpx.RemoteProtocolError("x", request=request),
        httpx.RemoteProtocolError("Server disconnected without a response", request=request),
        httpx.RemoteProtocolError("Invalid URL in location header", request=request),
        httpx.ProxyError("403 Forbidden", request=request),
        httpx.DecodingError("x", request=request),
        httpx.UnsupportedProtocol("x", request=request),
        httpx.InvalidURL("x"),
        OSError("x"),
        TimeoutError(),
        ValueError("x"),
    ]
    errors = [describe_failure(error, "https://host/path") for error in kinds]
    assert all(error.title and error.remedy for error in errors)
    assert describe_failure(OSError("x"), "https://[::1").title


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Server disconnected without sending a response.", True),
        ("peer closed connection without sending complete message body (incomplete)", True),
        ("illegal header line: bytearray(b'X Bad Header: 1')", False),
        ("illegal chunk header: bytearray(b'zz')", False),
    ],
)
def test_an_answer_that_is_not_http_does_not_count_as_cut(text: str, cut: bool) -> None:
    error = httpx.RemoteProtocolError(text)
    assert is_cut(error) is cut
    assert ("cut" in describe_failure(error, "https://host/").title) is cut


def test_credentials_in_addresses_are_removed() -> None:
    assert (
        without_credentials("to http://me:pw@host:1/x and https://h/")
        == "to http://host:1/x and https://h/"
    )
    assert (
        without_credentials("to http://me:p@ss@host:1/x and https://h/")
        == "to http://host:1/x and https://h/"
    )


BAD_URLS = (
    "http://h:99999/",
    "http://h:-1/",
    "http://h:0/",
    "https://xn--a/",
    "http://[::1",
    "ftp://h/",
    "http://",
    "//h/x",
    "x",
    "http://\ud800/",
    "http://h/\ud800",
)


@pytest.mark.parametrize("url", BAD_URLS, ids=range(len(BAD_URLS)))
def test_an_address_that_no_request_can_use_is_a_source_error(url: str) -> None:
    with pytest.raises(SourceError):
        usable_url(url)


@given(st.text() | st.text().map(lambda text: f"https://{text}"))
def test_any_text_is_an_address_or_a_source_error(text: str) -> None:
    base = httpx.URL("https://api.github.com/x")
    for under in (None, base):
        try:
            url = usable_url(text, under)
        except SourceError:
            continue
        assert url.scheme in ("http", "https")
        assert url.host
        assert httpx.Request("GET", url).headers["host"]


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    later = now + timedelta(seconds=90)
    assert retry_after({"retry-after": " 90 "}, now) == later
    assert retry_after({"retry-after": format_datetime(later, usegmt=True)}, now) == later
    for value in ("", "soon", "-5", "1.5", "٣", "9" * 400):
        assert retry_after({"retry-after": value}, now) is None
    assert retry_after({}, now) is None


def test_the_front_door_imports_neither_httpx_nor_ssl() -> None:
    script = (
        "import sys, explorer.http\n"
        "heavy = {'httpx', 'ssl', 'truststore', 'certifi', 'idna'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60, env={**os.environ})
