"""Response headers that several callers read."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """The moment in ``Retry-After`` (RFC 9110, 10.2.3: seconds or a date), as an aware datetime.

    None if the header is missing or not valid.
    """
    value = headers.get("retry-after", "").strip()
    try:
        if value.isascii() and value.isdigit():
            return now + timedelta(seconds=int(value))
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, TypeError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
