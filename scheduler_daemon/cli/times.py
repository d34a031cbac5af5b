"""Times and durations as people write and read them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime

_PART = r"(\d+)\s*([a-z]+)\s*"
_LONGEST = 9
"""Digits of the largest number that is read."""
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
    """The number and unit (``minutes``, ``hours`` or ``days``) of a text such as ``30m`` or ``1h30m``.

    One part stays in its own unit; the sum of several is in the largest unit of which it is a whole number.

    Raises:
        NotADuration: also for what is no whole number of minutes, for schedules know nothing finer.
    """
    parts = _parts(text)
    if len(parts) == 1 and parts[0][1] != "seconds":
        return parts[0]
    whole = sum(number * _SECONDS[unit] for number, unit in parts)
    for unit in ("days", "hours", "minutes"):
        if whole % _SECONDS[unit] == 0:
            return whole // _SECONDS[unit], unit
    raise NotADuration(f"{_shown(text)} is no whole number of minutes; write an interval such as 30m, 2h or 1d")


def seconds(text: str) -> int:
    """The seconds that a text such as ``90``, ``30m`` or ``1h30m`` means.

    Raises:
        NotADuration: saying how to write one.
    """
    bare = text.strip()
    if bare.isascii() and bare.isdigit():
        return _number(bare, text)
    return sum(number * _SECONDS[unit] for number, unit in _parts(text))


def _parts(text: str) -> list[tuple[int, str]]:
    """The numbers and units of a text that holds nothing else."""
    parts, rest = [], text.strip()
    while found := re.match(_PART, rest, re.IGNORECASE | re.ASCII):
        unit = next((unit for unit, spellings in _UNITS.items() if found[2].lower() in spellings), None)
        if unit is None:
            break
        parts.append((_number(found[1], text), unit))
        rest = rest[found.end() :]
    if rest or not parts:
        raise NotADuration(f"{_shown(text)} does not say how long; write numbers and units: 30m, 2h, 1d or 1h30m")
    return parts


def _number(digits: str, text: str) -> int:
    digits = digits.lstrip("0") or "0"
    if len(digits) > _LONGEST:
        raise NotADuration(f"{_shown(text)} is too long; write something shorter, such as 30m, 2h or 1d")
    return int(digits)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")


def instant(text: str) -> datetime:
    """The instant of a text in the daemon's answers, in the zone of the person who reads it."""
    return datetime.fromisoformat(text).astimezone()


def moment(text: str | None) -> str:
    """Local time to the second, without its zone; nothing for no time."""
    return instant(text).strftime("%Y-%m-%d %H:%M:%S") if text else ""


def brief(text: str) -> str:
    """Local time to the minute, without its zone; without its day if that is today."""
    then = instant(text)
    return then.strftime("%H:%M" if then.date() == datetime.now().astimezone().date() else "%Y-%m-%d %H:%M")


def exact(text: str | None) -> str:
    """Local time to the second, with its zone; nothing for no time."""
    return instant(text).strftime("%Y-%m-%d %H:%M:%S %Z") if text else ""


def zones(texts: Iterable[str | None]) -> str:
    """The short names of the local zones of these times: two where a clock change lies between them."""
    return "/".join(sorted({instant(text).strftime("%Z") for text in texts if text}))


def since(text: str | None) -> float | None:
    """Seconds that have passed since a time."""
    return (datetime.now(UTC) - instant(text)).total_seconds() if text else None


def until(text: str) -> str:
    """How long it is until a time: ``in 3h 5m``; ``now`` for one that has come."""
    left = (instant(text) - datetime.now(UTC)).total_seconds()
    return f"in {duration(left)}" if left > 0 else "now"


def spelled(amount: int) -> str:
    """Whole seconds as they may be typed, nothing rounded: ``1h30m``, ``45s``."""
    parts = []
    for unit in ("days", "hours", "minutes", "seconds"):
        number, amount = divmod(amount, _SECONDS[unit])
        if number:
            parts.append(f"{number}{unit[0]}")
    return "".join(parts) or "0s"


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


def dollars(amount: float) -> str:
    """US dollars as they were set, nothing rounded: ``$20.00``, ``$0.005``."""
    return f"${amount:.2f}" if amount == round(amount, 2) else f"${amount:.10f}".rstrip("0")


def dollars_a_day(amount: float | None) -> str:
    """What the runs of a day may cost; nothing for no limit."""
    return "" if amount is None else f"{dollars(amount)} in any 24 hours"


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``4th``, ``11th``."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number % 100 not in (11, 12, 13) else "th"
    return f"{number}{ending}"


def from_epoch(amount: float) -> str:
    """The instant so many seconds after 1970 began in UTC, as the daemon writes one."""
    return datetime.fromtimestamp(amount, UTC).isoformat()
