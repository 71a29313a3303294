"""Keeping secrets out of what is written down: tokens by their shape, and those in use."""

from __future__ import annotations

import re

HIDDEN = "[redacted]"
SHORTEST = 8
"""Characters. A shorter secret is not replaced: that would hide other text."""

_secrets: set[str] = set()
# https://docs.github.com/en/authentication: classic prefixes, and fine-grained tokens. Newer ones
# are up to 520 characters long and hold a JWT, with "." and "-".
_TOKEN = re.compile(r"(?:gh[opsur]_|github_pat_)[A-Za-z0-9_.-]+")
_HEADER = re.compile(r"(?i)(authorization['\"]?\s*[:=,]\s*(?:b(?=['\"]))?['\"]?)[^\r\n'\"]+")
_USER = re.compile(r"(://)[^/\s@]+@")
# Signed addresses, to which GitHub redirects a download.
_QUERY = re.compile(r"(?i)([?&](?:[\w-]*(?:sig|signature|token|jwt|credential))=)[^&\s'\"]+")


def keep_secret(value: str) -> None:
    """Replace ``value`` from now on wherever ``redact`` meets it."""
    if len(value) >= SHORTEST:
        _secrets.add(value)


def redact(text: str) -> str:
    """``text`` without tokens, passwords in addresses, and signatures in addresses."""
    for secret in _secrets:
        text = text.replace(secret, HIDDEN)
    text = _TOKEN.sub(HIDDEN, text)
    text = _HEADER.sub(rf"\1{HIDDEN}", text)
    text = _USER.sub(rf"\1{HIDDEN}@", text)
    return _QUERY.sub(rf"\1{HIDDEN}", text)
