"""Numbers and results as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.report import (
    age,
    human_duration,
    human_rate,
    human_size,
    iso_date,
    iso_time,
    percent,
    plural,
)
from explorer.report.answers import result_cell
from explorer.verify import Result


@pytest.mark.parametrize("result", Result)
def test_every_result_of_a_proof_has_its_cell(result: Result) -> None:
    assert result_cell(result).text.endswith(result.replace("-", " "))


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (4352, "4.4 kB"),
        (99_950, "100 kB"),
        (999_499, "999 kB"),
        (999_600, "1.0 MB"),
        (24_100_000, "24.1 MB"),
        (2_000_000_000, "2.0 GB"),
    ],
)
def test_sizes_count_in_thousands(size: int, text: str) -> None:
    assert human_size(size) == text


def test_limits_count_in_1024() -> None:
    assert human_size(2 << 30, binary=True) == "2 GiB"
    assert human_size(512 << 20, binary=True) == "512 MiB"
    assert human_size(1536, binary=True) == "1.5 KiB"


@given(st.integers(0, 10**15))
def test_a_size_is_never_wider_than_eight_cells(size: int) -> None:
    assert len(human_size(size)) <= 8


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.043, "43 ms"),
        (0.9999, "1.0 s"),
        (1.24, "1.2 s"),
        (9.96, "10 s"),
        (75, "75 s"),
        (750, "12 min 30 s"),
        (3600, "1 h"),
        (12_000, "3 h 20 min"),
        (187_200, "2 d 4 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert human_duration(seconds) == text


def test_ages_dates_and_counts() -> None:
    now = datetime(2026, 6, 17, 12, 0, tzinfo=UTC)
    assert age(now, now) == "just now"
    assert age(now + timedelta(hours=1), now) == "just now", "clocks differ"
    assert age(now - timedelta(minutes=2), now) == "2 min old"
    assert age(now - timedelta(hours=3), now) == "3 h old"
    assert age(now - timedelta(days=1), now) == "1 day old"
    assert iso_date(now) == "2026-06-17"
    assert iso_time(now) == "2026-06-17T12:00:00Z"
    assert plural(1, "file") == "1 file"
    assert plural(2345, "symbol") == "2,345 symbols"
    assert percent(43, 100) == "43 %"
    assert percent(5, 0) == "?"
    assert human_rate(3_200_000) == "3.2 MB/s"
