"""One seed's world, from its first night to its last."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from scheduler_daemon.schedule.zone import forget_zones
from scheduler_daemon.store.schedules import Plan
from tests.unit.engine.simulation.account import Account
from tests.unit.engine.simulation.agents import Processes
from tests.unit.engine.simulation.author import Author, Pace
from tests.unit.engine.simulation.daemon import Daemon
from tests.unit.engine.simulation.due_times import Oracle
from tests.unit.engine.simulation.fate import Death, Fate
from tests.unit.engine.simulation.known import Known
from tests.unit.engine.simulation.machine import Machine
from tests.unit.engine.simulation.people import People
from tests.unit.engine.simulation.story import Story, Violated
from tests.unit.engine.simulation.watch import Watch
from tests.unit.engine.simulation.zones import Zones

_DAY = timedelta(days=1)
_DRAINED = 60 * _DAY
"""Until then each run that had been made by the end of the year has ended."""


@dataclass(frozen=True)
class Size:
    """How large a world is, and how restless: times are means, from one such thing to the next."""

    name: str
    """As its test is called."""
    tasks: int
    days: int
    pace: Pace
    deed: timedelta
    """Of people."""
    death: timedelta
    """In the middle of something."""
    outage: timedelta
    sleep: timedelta
    wrong_clock: timedelta
    travel: timedelta
    """To another time zone."""
    law: timedelta
    """That changes the rules of a zone."""
    work: timedelta
    """How long half of the agents work at the most."""


class Year:
    """The world of a seed."""

    def __init__(self, seed: int, size: Size, folder: Path) -> None:
        """``folder`` is for the record, and for the zone database in ``zoneinfo``."""
        self._size = size
        self._chance = random.Random(seed)
        self._machine = Machine(self._chance)
        title = (
            f"seed {seed}; play it again with:\n"
            f"  CCSCHED_SIMULATION_SEED={seed} CCSCHED_SIMULATION_TASKS={size.tasks} "
            f"CCSCHED_SIMULATION_DAYS={size.days} pytest tests/unit/engine/test_simulation.py -k {size.name}"
        )
        self._story = Story(self._machine.now, title)
        self._known = Known()
        self._fate = Fate()
        self._zones = Zones(self._chance, folder / "zoneinfo")
        self._watch = Watch(self._machine, self._zones, self._known, self._story)
        author = Author(self._chance, size.pace)
        oracle = Oracle(author.calendars)
        self.account = Account(self._machine, self._zones, self._known, oracle, self._watch, self._story)
        processes = Processes(self._machine, size.work)
        self._daemon = Daemon(self._machine, self._zones, processes, self._fate, self._watch, folder / "state.db")
        self._people = People(
            self._machine, author, self._known, self._daemon, self.account, self._watch, self._story
        )
        self._set_backs = 0
        """How many the accounts know of."""
        self._made_by: str | None = None
        """The zones by which the plans on record were made, as far as the accounts know."""
        self._plans: list[Plan] = []
        """Those before the daemon's last look, if zones had changed by then."""
        self._over = False

    def play(self) -> None:
        """From the first night to the last.

        Raises:
            AssertionError: something was not as it must be; the message says what, and how to play it again.
        """
        try:
            self._play()
        except Violated as violation:
            raise AssertionError(str(violation)) from violation
        finally:
            self._daemon.store.close()

    def _play(self) -> None:
        self._daemon.boot()
        self._made_by = self._daemon.store.notes.get("zone_data")
        self._people.settle_in(self._size.tasks)
        self._look(anyway=True)
        size = self._size
        self._every(size.deed, self._people.act)
        self._every(size.death, lambda: self._fate.decree(self._chance.randint(1, 60)))
        self._every(size.outage, self._outage)
        self._every(size.sleep, self._sleep)
        self._every(size.wrong_clock, self._wrong_clock)
        self._every(size.travel, lambda: self._other_zones(self._zones.travel))
        self._every(size.law, lambda: self._other_zones(self._zones.legislate))
        self._go_on(lambda: self._machine.real >= size.days * _DAY)
        self._end()

    def _every(self, mean: timedelta, action: Callable[[], None]) -> None:
        def act() -> None:
            if not self._over:
                action()
                self._every(mean, action)

        self._machine.after(self._machine.about(mean), act)

    def _go_on(self, done: Callable[[], bool]) -> None:
        while not done():
            agenda, timer = self._machine.next(), self._daemon.timer
            if timer is not None and (agenda is None or timer <= agenda):
                self._machine.pass_until(timer)
                self._try(lambda: self._look(anyway=True))
            elif agenda is not None:
                self._machine.pass_until(agenda)
                self._try(self._machine.take())
            else:
                return

    def _try(self, action: Callable[[], None]) -> None:
        try:
            action()
            self._look(anyway=False)
        except Death:
            self._dead("in the middle of something")
            self._machine.after(self._machine.between(0.1, 30), self._birth)

    def _look(self, anyway: bool) -> None:
        if self._zones.changed_at:
            self._plans = self._daemon.store.schedules.all()
        if not (self._daemon.up and self._daemon.look(anyway)):
            return
        if self._zones.changed_at:
            self._note_zones(self._zones.changed_at)
        if self._set_backs < len(self._machine.set_backs):
            self._set_backs = len(self._machine.set_backs)
            self.account.note_all(self._daemon.store, taken_in=True)

    def _note_zones(self, changed_at: datetime) -> None:
        self._made_by = self._daemon.store.notes.get("zone_data")
        self._zones.note()
        self.account.note_zones(self._plans, changed_at)

    # What befalls the daemon and the machine

    def _dead(self, how: str) -> None:
        self._story.tell(None, "the daemon dies {}", how)
        self._daemon.die()
        if self._zones.changed_at and self._made_by != self._daemon.store.notes.get("zone_data"):
            self._note_zones(self._zones.changed_at)
        self._people.see_what_is_on_record(taken_in=False)
        if self._set_backs < len(self._machine.set_backs):
            self.account.note_all(self._daemon.store, taken_in=False)

    def _birth(self) -> None:
        if not self._daemon.up:
            self._story.tell(None, "a daemon starts")
            self._plans = self._daemon.store.schedules.all()
            if self._zones.changed_at:
                forget_zones()  # as a new process knows none
            self._daemon.boot()
            self._people.see_what_is_on_record(taken_in=True)

    def _outage(self) -> None:
        if self._daemon.up:
            self._dead("for a while")
            self._machine.after(self._long(), self._birth)

    def _sleep(self) -> None:
        duration = self._long()
        self._story.tell(None, "the machine sleeps for {}", duration)
        self._machine.sleep(duration)
        if self._daemon.up:
            self._daemon.look_soon()

    def _wrong_clock(self) -> None:
        error = self._chance.choice([-1, 1]) * self._chance.choice(
            [
                self._machine.between(0, 90),
                self._machine.between(60, 3 * 3600 - 1),
                self._machine.between(3 * 3600 - 1, 3 * 3600 + 1),
                self._machine.between(3 * 3600, 86400),
                self._machine.between(86400, 12 * 86400),
            ]
        )
        self._step(error)
        if self._chance.random() < 0.3:
            self._machine.after(self._machine.between(0, 600), self._outage)
        part = self._chance.choice([error, error, error / 2])
        wrong = self._machine.between(10, 2 * 86400)
        self._machine.after(wrong, lambda: self._step(-part))
        if part != error:
            self._machine.after(wrong + self._machine.between(1, 86400), lambda: self._step(part - error))

    def _step(self, by: timedelta) -> None:
        if self._over:
            return
        self._look(anyway=True)
        self._story.tell(None, "the clock is set by {}", by)
        self._machine.step(by)
        self._story.tell(None, "it was set by {}", by)
        if self._daemon.up:
            self._daemon.look_soon()

    def _other_zones(self, change: Callable[[datetime], str]) -> None:
        self._look(anyway=True)
        self._story.tell(None, "{}", change(self._machine.now()))
        if self._daemon.up:
            self._daemon.look_soon()

    def _long(self) -> timedelta:
        return self._machine.between(0, self._chance.choice([60, 600, 3600, 6 * 3600, 86400, 5 * 86400]))

    # The end

    def _end(self) -> None:
        """The clock is right, a daemon is there, and no more is due: what has begun comes to its end."""
        self._fate.spare()
        self._birth()
        self._step(-self._machine.error)
        self._over = True
        moment = self._machine.awake + timedelta(seconds=10)
        self._machine.after(timedelta(seconds=10), lambda: None)
        self._go_on(lambda: self._machine.awake >= moment)
        self.account.note_all(self._daemon.store, taken_in=True)
        self.account.settle_all(self._daemon.store)
        with self._daemon.store.transaction():
            for plan in self._daemon.store.schedules.all():
                self._daemon.store.schedules.delete(plan.task_id)
        until = self._machine.awake + _DRAINED
        self._go_on(lambda: not self._watch.unfinished or self._machine.awake > until)
        for run in self._watch.unfinished.values():
            raise self._story.violated(f"run {run.id} never ends: {run}", run.task_id)
