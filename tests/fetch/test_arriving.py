"""A file that is read while it is still written."""

import threading
from pathlib import Path

import pytest

from explorer.facts import Unknown
from explorer.fetch import ArrivingFile, NotArrivingError

DATA = bytes(range(256)) * 40


def test_a_read_waits_for_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.part"
    read: list[bytes] = []
    with ArrivingFile(len(DATA)) as file:
        reader = threading.Thread(target=lambda: read.append(file.read_at(100, 5000)))
        reader.start()
        for end in (50, 3000, 5099, 5100):
            path.write_bytes(DATA[:end])
            file.advance(path, end)
        reader.join(30)
        assert read == [DATA[100:5100]]
        assert file.read_some(5000, 9999) == DATA[5000:5100]
        path.write_bytes(DATA)
        file.advance(path, len(DATA))
        path.rename(tmp_path / "kept")
        file.finish()
        file.wait()
        assert file.is_verified
        assert file.read_at(0, 99_999) == DATA
        assert file.read_some(len(DATA), 10) == b""


@pytest.mark.parametrize("size", [len(DATA), Unknown("not said")])
def test_a_download_that_starts_over_ends_its_reader(tmp_path: Path, size: int | Unknown) -> None:
    path = tmp_path / "x.part"
    path.write_bytes(DATA)
    with ArrivingFile(size) as file:
        file.advance(path, 500)
        assert file.read_at(0, 500) == DATA[:500]
        file.advance(path, 0)
        file.advance(path, len(DATA))
        for read in (lambda: file.read_at(0, 10), lambda: file.read_some(0, 10), file.wait):
            with pytest.raises(NotArrivingError):
                read()
        file.finish()
        assert not file.is_verified


def test_a_file_that_never_began_is_not_verified() -> None:
    file = ArrivingFile(10)
    refused: list[bool] = []

    def wait() -> None:
        with pytest.raises(NotArrivingError):
            file.wait()
        refused.append(True)

    waiting = threading.Thread(target=wait)
    waiting.start()
    file.finish()
    waiting.join(30)
    assert refused == [True]
    with pytest.raises(NotArrivingError):
        file.read_at(0, 1)


def test_the_end_of_a_file_of_unknown_size_is_known_once_it_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "x.part"
    path.write_bytes(DATA)
    with ArrivingFile(Unknown("not said")) as file:
        file.advance(path, len(DATA))
        file.finish()
        file.fail()  # too late to count
        assert file.read_some(len(DATA), 5) == b""
        assert file.read_at(len(DATA) - 3, 50) == DATA[-3:]
