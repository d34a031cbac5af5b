"""What clocks show: the machine's own time zone and the rules of the others, both of which change."""

import io
import os
import random
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo

from scheduler_daemon.schedule.zone_data import zone_data

_MACHINE = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Tokyo", "UTC")
"""Where it is carried."""
_RULES = {
    "Europe/Berlin": ("Europe/Berlin", "Africa/Lagos", "Europe/Lisbon"),
    "America/Havana": ("America/Havana", "America/Panama", "America/Halifax"),
    "Asia/Kolkata": ("Asia/Kolkata", "Asia/Tehran", "Pacific/Chatham"),
}
"""By zone, whose rules it may be given: its own, no summer time any more, or other ones."""


@dataclass
class Zones:
    """Those of the machine; a zone that has not changed is that of the package ``tzdata``."""

    chance: random.Random
    folder: Path
    """Holds the zones that are not as the package has them; tests have ``zoneinfo`` look there first."""
    machine: str = _MACHINE[0]
    changed_at: datetime | None = None
    """What the clock said when something changed that no daemon has taken note of yet."""
    _rules: dict[str, str] = field(default_factory=dict)
    _data: tuple[object, str] | None = None
    _noted: dict[str, tuple[str, ZoneInfo]] = field(default_factory=dict)
    """By name, with the rules that a daemon knows of, and by whose rules those are."""

    def of(self, name: str | None) -> ZoneInfo:
        """A zone by name, or the machine's own, as a daemon knows it."""
        name = name or self.machine
        if name not in self._noted:
            rules = self._rules.get(name, name)
            self._noted[name] = rules, ZoneInfo.from_file(io.BytesIO(_data(rules)), name)
        return self._noted[name][1]

    def travel(self, now: datetime) -> str:
        """The machine is carried to another zone."""
        self.machine = self.chance.choice([name for name in _MACHINE if name != self.machine])
        os.environ["TZ"] = self.machine
        self.changed_at = self.changed_at or now
        return f"the machine is in {self.machine}"

    def legislate(self, now: datetime) -> str:
        """A zone is given other rules, by an update of the zone database."""
        name = self.chance.choice(list(_RULES))
        before = self._rules.get(name, name)
        self.of(name)
        self._rules[name] = self.chance.choice([rules for rules in _RULES[name] if rules != before])
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_bytes(_data(self._rules[name]))
        new.replace(file)
        self.changed_at = self.changed_at or now
        return f"{name} has the rules of {self._rules[name]}"

    def data(self) -> str:
        """What the engine is told of them; it is looked up when something has changed, for that takes its time."""
        state = (self.machine, tuple(sorted(self._rules.items())))
        if self._data is None or self._data[0] != state:
            self._data = state, zone_data()
        return self._data[1]

    def note(self) -> None:
        """A daemon has taken note of all changes."""
        self.changed_at = None
        self._noted = {name: known for name, known in self._noted.items() if known[0] == self._rules.get(name, name)}


def _data(name: str) -> bytes:
    return files("tzdata").joinpath("zoneinfo", name).read_bytes()
