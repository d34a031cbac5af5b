"""Writes random cron expressions."""

import random
from collections.abc import Callable
from datetime import datetime

_MONTHS = ("", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NAMES = ("@hourly", "@daily", "@Weekly", "@monthly", "@yearly")


class Author:
    """Writes expressions that are likely to be due near some time, as clocks show it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def expression(self, near: datetime) -> str:
        """An expression of five fields or six, or now and then a name."""
        if self._chance.random() < 0.01:
            return self._chance.choice(_NAMES)
        every_day = self._chance.choice([0.98, 0.65])
        fields = [
            self._field(0, 59, near.minute, 0.15),
            self._field(0, 23, near.hour, 0.15),
            self._field(1, 31, near.day, every_day, self._last_day),
            self._field(1, 12, near.month, every_day, self._month),
            self._field(0, 7, near.isoweekday(), every_day, self._weekday),
        ]
        if self._chance.random() < 0.2:
            fields.insert(0, self._field(0, 59, near.second, 0.2))
        return " ".join(fields)

    def _field(self, low: int, high: int, near: int, star: float, special: Callable[[int], str] | None = None) -> str:
        if self._chance.random() < star:
            return "*"
        items = []
        for _ in range(self._chance.choice([1, 1, 1, 2, 3])):
            if special and self._chance.random() < 0.5:
                items.append(special(near))
            else:
                items.append(self._item(low, high, near))
        return ",".join(items)

    def _item(self, low: int, high: int, near: int) -> str:
        one = near if self._chance.random() < 0.8 else self._chance.randint(low, high)
        step = self._chance.choice([1, 2, 3, 5, 7, 10, 15, 20, 30, 45, 100])
        span = f"{self._chance.randint(low, one)}-{self._chance.randint(one, high)}"
        plain = [str(one), f"{one:02}"]
        return self._chance.choice([*plain, *plain, span, f"{span}/{step}", f"{one}/{step}", f"*/{step}"])

    def _last_day(self, near: int) -> str:
        return self._chance.choice(["L", "l", "31", "30", "29", "2-31"])

    def _month(self, near: int) -> str:
        return self._chance.choice([_MONTHS[near], f"JAN-{_MONTHS[near]}", "Feb"])

    def _weekday(self, near: int) -> str:
        one = self._chance.choice([_WEEKDAYS[near % 7], _WEEKDAYS[near % 7].lower(), str(near), str(near % 7)])
        nth = self._chance.randint(1, 5)
        return self._chance.choice([one, f"{one}#{nth}", f"{one}L", f"L{one}", "MON-FRI", "SAT-7", "7"])
