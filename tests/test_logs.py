"""The log: where it goes, and what it never holds."""

import logging
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from explorer.errors import SourceError
from explorer.http import Token
from explorer.logs import start_logging
from explorer.redaction import HIDDEN, redact

HOSTILE = "\x1b]0;owned\x07\x9b31m‮\x00\r\n2026-01-01 00:00:00,000 INFO forged"
LONG = "ghs_12345_" + "eyJhbGciOiJSUzI1NiJ9." + "aB3-_" * 98 + "."
TOKENS = [
    "ghp_" + "A1b2" * 9,
    "gho_" + "A1b2" * 9,
    "ghu_" + "A1b2" * 9,
    "ghs_" + "A1b2" * 9,
    "ghr_" + "A1b2" * 19,
    "github_pat_" + "A1b2" * 5 + "_" + "c3D4" * 15,
    LONG,
]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Take the handlers away again."""
    before = logging.getLogger().level
    yield
    start_logging()
    logging.getLogger().setLevel(before)


def written(path: Path) -> str:
    for handler in logging.getLogger().handlers:
        handler.flush()
    return path.read_text("utf-8")


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: f"{token[:11]}-{len(token)}")
def test_no_token_is_logged_by_its_shape(token: str, tmp_path: Path) -> None:
    start_logging(str(tmp_path / "log"))
    log = logging.getLogger("x")
    log.info("sending %s to somebody", token)
    log.info("https://user:%s@host/?a=1&access_token=%s&b=2", token, token)
    try:
        raise ValueError(f"refused: {token}")
    except ValueError:
        log.exception("it failed with %s", token)
    text = written(tmp_path / "log")
    assert token not in text
    assert token[-20:] not in text, "not even its end"
    assert text.count(HIDDEN) >= 4
    assert "&b=2" in text


def test_the_token_in_use_is_not_logged_whatever_its_shape(tmp_path: Path) -> None:
    Token("an-enterprise's own kind", "https://ghe.example.com")
    start_logging(str(tmp_path / "log"))
    logging.getLogger("x").warning("it was an-enterprise's own kind, was it?")
    assert written(tmp_path / "log").endswith(f"it was {HIDDEN}, was it?\n")


def test_a_message_cannot_reach_the_terminal_or_forge_a_line(tmp_path: Path) -> None:
    start_logging(str(tmp_path / "log"))
    log = logging.getLogger("x")
    log.info("read %s", HOSTILE)
    try:
        raise OSError(HOSTILE)
    except OSError:
        log.exception("%s", HOSTILE)
    text = written(tmp_path / "log")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f‮]", text)
    lines = text.splitlines()
    assert not [line for line in lines if line.startswith("2026-01-01")]
    assert "␛]0;owned␇" in lines[0]


def test_levels_file_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = logging.getLogger("x")
    monkeypatch.setenv("RR_EXPLORER_LOG", str(tmp_path / "from-environment"))
    start_logging(verbosity=1)
    log.debug("little")
    log.info("much")
    assert "little" in written(tmp_path / "from-environment")
    err = capsys.readouterr().err
    assert "much" in err
    assert "little" not in err
    start_logging(str(tmp_path / "from-option"), 2)
    log.debug("again")
    assert "again" in written(tmp_path / "from-option")
    assert "again" in capsys.readouterr().err
    assert "again" not in written(tmp_path / "from-environment")
    assert stat.S_IMODE((tmp_path / "from-option").stat().st_mode) == 0o600


def test_without_a_log_library_warnings_reach_no_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RR_EXPLORER_LOG", raising=False)
    start_logging()
    logging.getLogger("asyncio").warning("slow")
    logging.getLogger("x").warning("%d", "not a number")
    assert capfd.readouterr().err == ""


def test_a_log_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as raised:
        start_logging(str(tmp_path / "missing" / "log"))
    assert "--log" in raised.value.remedy


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("nothing secret", "nothing secret"),
        ("Authorization: Bearer abc.def", f"Authorization: {HIDDEN}"),
        ("{'authorization': 'token abc'}", f"{{'authorization': '{HIDDEN}'}}"),
        ("https://u:p@h/x", f"https://{HIDDEN}@h/x"),
        ("https://h/x?sig=ab%3D&X-Amz-Signature=cd&y=1", None),
    ],
)
def test_headers_and_addresses_are_redacted(text: str, kept: str | None) -> None:
    shown = redact(text)
    if kept is not None:
        assert shown == kept
    else:
        assert shown == f"https://h/x?sig={HIDDEN}&X-Amz-Signature={HIDDEN}&y=1"
