"""The machine: its clock, which may be wrong, its sleep, and what is to happen on it."""

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)
CORRECTION = timedelta(hours=3)
NOTICED = timedelta(seconds=2)
"""How long a daemon takes at most to notice that its clock has jumped: its heartbeat."""


@dataclass
class Absence:
    """What the clock said while nobody looked at it: the daemon was down, the machine asleep, the clock stepped."""

    begin: datetime
    end: datetime | None
    """None while it lasts."""
    why: str
    ahead: bool = False
    """The clock was stepped."""
    untrue: list[tuple[timedelta, datetime]] = field(default_factory=list)
    """When, in time awake, it turned out that the clock had been wrong, and from what on that time had not passed."""

    def holds(self, instant: datetime, awake: timedelta) -> bool:
        """Whether what was to be done then could not be, by what was known at a time awake."""
        if self.end is None:
            return self.begin - NOTICED <= instant
        ends = [self.end + 2 * NOTICED, *(limit for known, limit in self.untrue if known <= awake)]
        return self.begin - NOTICED <= instant <= min(ends)


@dataclass(frozen=True)
class SetBack:
    """The clock was set back."""

    awake: timedelta
    before: datetime
    after: datetime
    newest: datetime
    """The latest that the clock had ever said."""

    @property
    def correction(self) -> bool:
        """Whether it had been wrong before, by the rule of cron(8): what it said was past is to come."""
        return self.after < self.newest - CORRECTION


class Machine:
    """Time is three things here: awake (processes and timers), real (awake or asleep) and what the clock says."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.awake = timedelta(0)
        self.absences: list[Absence] = []
        self.set_backs: list[SetBack] = []
        self._asleep = timedelta(0)
        self._error = timedelta(0)
        self._newest = START
        self._agenda: list[tuple[timedelta, int, Callable[[], None]]] = []
        self._counted = 0

    @property
    def real(self) -> timedelta:
        """How much time has passed."""
        return self.awake + self._asleep

    @property
    def error(self) -> timedelta:
        """By how much the clock is ahead of the time."""
        return self._error

    def now(self) -> datetime:
        """What the clock says."""
        return START + self.real + self._error

    def after(self, delay: timedelta, action: Callable[[], None]) -> None:
        """Have something happen when the machine has been awake for so long."""
        self._counted += 1
        heapq.heappush(self._agenda, (self.awake + delay, self._counted, action))

    def next(self) -> timedelta | None:
        """When the next thing is to happen, in time awake."""
        return self._agenda[0][0] if self._agenda else None

    def pass_until(self, awake: timedelta) -> None:
        """Let time pass."""
        self.awake = max(self.awake, awake)

    def take(self) -> Callable[[], None]:
        """The next thing that is to happen, which is taken from the agenda."""
        return heapq.heappop(self._agenda)[2]

    def sleep(self, duration: timedelta) -> None:
        """Be suspended: the clock goes on, and nothing else."""
        before = self.now()
        self._asleep += duration
        self.absences.append(Absence(before, self.now() + NOTICED, "asleep"))

    def step(self, by: timedelta) -> None:
        """Set the clock."""
        before = self.now()
        self._newest = max(self._newest, before)
        self._error += by
        if by > timedelta(0):
            self.absences.append(Absence(before, self.now() + NOTICED, "the clock was set ahead", ahead=True))
        else:
            self._set_back(before)

    def _set_back(self, before: datetime) -> None:
        back = SetBack(self.awake, before, self.now(), self._newest)
        self.set_backs.append(back)
        for absence in self.absences:
            if absence.end is None:
                absence.begin = min(absence.begin, back.after)
            elif absence.ahead and back.correction:
                # It was not true that time had passed. What was due shortly after now stays as it was.
                absence.untrue.append((self.awake, back.after + CORRECTION))

    def between(self, least: float, most: float) -> timedelta:
        """A random time of so many seconds, to the microsecond."""
        return timedelta(microseconds=self.chance.randint(int(least * 1e6), int(most * 1e6)))

    def about(self, mean: timedelta) -> timedelta:
        """A random time, as from one of many independent things to the next."""
        return timedelta(microseconds=int(self.chance.expovariate(1 / (mean / timedelta(microseconds=1)))) + 1)
