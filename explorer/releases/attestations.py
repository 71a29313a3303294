"""GitHub's answer about the attestations of a digest.

Format: GitHub's REST API description, "List attestations": each element has a ``bundle``, or a
``bundle_url`` where it lies compressed with Snappy.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from explorer.errors import SourceError
from explorer.releases.models import Attestation

if TYPE_CHECKING:
    import httpx

    from explorer.releases.answers import ApiAnswer

_LARGEST_BUNDLE = 8 << 20
_MOST = 30


def parsed_attestations(answer: ApiAnswer) -> tuple[Attestation, ...]:
    """The attestations in an answer.

    Raises:
        SourceError: it is not a list of attestations.
    """
    try:
        value: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    items = value.get("attestations") if isinstance(value, dict) else None
    if not isinstance(items, list):
        raise SourceError("The answer about attestations cannot be read", answer.url, "Try again")
    attestations = []
    for item in items[:_MOST]:
        bundle = item.get("bundle") if isinstance(item, dict) else None
        url = item.get("bundle_url") if isinstance(item, dict) else None
        if isinstance(bundle, dict):
            attestations.append(Attestation(json.dumps(bundle).encode()))
        elif isinstance(url, str) and url.lower().startswith(("https://", "http://")):
            attestations.append(Attestation(b"", url))
    return tuple(attestations)


async def read_raw(response: httpx.Response) -> bytes:
    """A body as it was sent, within a limit.

    Raises:
        SourceError: it is too large.
    """
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > _LARGEST_BUNDLE:
            raise SourceError(
                "An attestation is too large", f"more than {_LARGEST_BUNDLE >> 20} MiB"
            )
    return bytes(data)
