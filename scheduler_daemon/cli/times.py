"""Times and durations as people write and read them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

_AMOUNT = re.compile(r"\s*(\d{1,9})\s*([a-z]*)\s*", re.IGNORECASE)
_UNITS = {
    "seconds": ("s", "sec", "second", "seconds"),
    "minutes": ("m", "min", "minute", "minutes"),
    "hours": ("h", "hour", "hours"),
    "days": ("d", "day", "days"),
}
_SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


class NotADuration(ValueError):
    """A text does not say how long."""


def interval(text: str) -> tuple[int, str]:
    """The number and unit (``minutes``, ``hours`` or ``days``) of a text such as ``30m``.

    Raises:
        NotADuration: also for a text in seconds, for schedules know no finer unit than minutes.
    """
    number, unit = _amount(text)
    if unit is None or unit == "seconds":
        raise NotADuration(f"{text!r} is not an interval; write one such as 30m, 2h or 1d")
    return number, unit


def seconds(text: str) -> int:
    """The seconds that a text such as ``90``, ``30m`` or ``2h`` means.

    Raises:
        NotADuration: saying how to write one.
    """
    number, unit = _amount(text)
    return number * _SECONDS[unit or "seconds"]


def _amount(text: str) -> tuple[int, str | None]:
    found = _AMOUNT.fullmatch(text)
    if found:
        number, written = int(found[1]), found[2].lower()
        if not written:
            return number, None
        for unit, spellings in _UNITS.items():
            if written in spellings:
                return number, unit
    raise NotADuration(f"{text!r} does not say how long; write a number and a unit, such as 30m, 2h or 1d")


def instant(text: str) -> datetime:
    """The instant of a text in the daemon's answers, in the zone of the person who reads it."""
    return datetime.fromisoformat(text).astimezone()


def moment(text: str | None) -> str:
    """Local time to the minute, without its zone; nothing for no time."""
    return instant(text).strftime("%Y-%m-%d %H:%M") if text else ""


def exact(text: str | None) -> str:
    """Local time to the second, with its zone; nothing for no time."""
    return instant(text).strftime("%Y-%m-%d %H:%M:%S %Z") if text else ""


def zones(texts: Iterable[str | None]) -> str:
    """The short names of the local zones of these times: two where a clock change lies between them."""
    return "/".join(sorted({instant(text).strftime("%Z") for text in texts if text}))


def since(text: str | None) -> float | None:
    """Seconds that have passed since a time."""
    return (datetime.now(UTC) - instant(text)).total_seconds() if text else None


def duration(amount: float | None) -> str:
    """Seconds as ``4.2s``, ``1m 20s``, ``2h 5m`` or ``3d 4h``; nothing for no duration."""
    if amount is None:
        return ""
    amount = max(amount, 0.0)
    if amount < 59.95:
        return f"{amount:.1f}s"
    whole = round(amount)
    if whole < 3600:
        return f"{whole // 60}m {whole % 60}s"
    minutes = round(amount / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60}h {minutes % 60}m"
    hours = round(amount / 3600)
    return f"{hours // 24}d {hours % 24}h"


def cost(dollars: float | None) -> str:
    """US dollars, to the hundredth of a cent; nothing for no cost."""
    return "" if dollars is None else f"${dollars:.4f}"


def from_epoch(amount: float) -> str:
    """The instant so many seconds after 1970 began in UTC, as the daemon writes one."""
    return datetime.fromtimestamp(amount, UTC).isoformat()
