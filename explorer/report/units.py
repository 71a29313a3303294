"""Numbers as people read them.

Sizes are decimal (1 MB = 1,000,000 bytes), as on download pages and in file managers, so that the
figures agree. Limits and memory, which are set in binary units, are binary and say so (MiB).
"""

from __future__ import annotations

from datetime import UTC, datetime


def human_size(size: float, binary: bool = False) -> str:
    """``512 B``, ``4.4 kB``, ``24.1 MB``; with ``binary`` ``4.3 KiB``, ``2 GiB``.

    One decimal below 100, none above.
    """
    step = 1024 if binary else 1000
    units = ("B", "KiB", "MiB", "GiB", "TiB") if binary else ("B", "kB", "MB", "GB", "TB")
    value = float(size)
    place = 0
    # 999.95 kB would be drawn as "1000 kB": it belongs to the next unit.
    while abs(value) >= step - 0.5 and place < len(units) - 1:
        value /= step
        place += 1
    if place == 0 or abs(value) >= 99.95 or (binary and value == int(value)):
        return f"{value:.0f} {units[place]}"
    return f"{value:.1f} {units[place]}"


def human_rate(per_second: float) -> str:
    """Bytes per second: ``3.2 MB/s``."""
    return f"{human_size(per_second)}/s"


def human_duration(seconds: float) -> str:
    """``43 ms``, ``1.2 s``, ``75 s``, ``12 min 30 s``, ``3 h 20 min``, ``2 d 4 h``."""
    if seconds < 0.9995:
        return f"{max(0.0, seconds) * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    for big, small, size, rest in (
        ("d", "h", 86400, 3600),
        ("h", "min", 3600, 60),
        ("min", "s", 60, 1),
    ):
        if whole >= size:
            first, second = whole // size, whole % size // rest
            return f"{first} {big} {second} {small}" if second else f"{first} {big}"
    return f"{whole} s"


def iso_date(moment: datetime) -> str:
    """``2026-06-17``, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d")


def iso_time(moment: datetime) -> str:
    """``2026-06-17T16:05:23Z``, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(moment: datetime, now: datetime | None = None) -> str:
    """``just now``, ``2 min old``, ``3 h old``, ``5 days old``.

    A moment in the future counts as now: clocks differ.
    """
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{plural(count, unit)} old" if unit == "day" else f"{count} {unit} old"
    return "just now"


def plural(count: int, one: str, many: str = "") -> str:
    """``1 file``, ``16 files``, ``2,345 symbols``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def percent(done: float, total: float) -> str:
    """``43 %``, never above 100; ``?`` if the total is 0."""
    return f"{min(100, int(100 * done / total))} %" if total > 0 else "?"
