"""What this room's tests share."""

from collections.abc import AsyncIterator

import httpx
import pytest

from explorer.http import make_client


class MemoryStore(dict[str, bytes]):
    """A ``PageStore`` that lives as long as its test, and counts its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []

    def load(self, key: str) -> bytes | None:
        return self.get(key)

    def save(self, key: str, data: bytes) -> None:
        self.written.append(key)
        self[key] = data


@pytest.fixture
def store() -> MemoryStore:
    """An empty page store."""
    return MemoryStore()


@pytest.fixture
async def client(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx.AsyncClient]:
    """The app's own client, on a machine without a proxy."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    async with make_client(5.0) as made:
        yield made
