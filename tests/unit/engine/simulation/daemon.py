"""One daemon after the other, on one record."""

from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Event, Events
from scheduler_daemon.model.job import Job
from scheduler_daemon.store.store import Store
from tests.unit.engine.simulation.agents import Agents, Processes
from tests.unit.engine.simulation.fate import Fate
from tests.unit.engine.simulation.machine import NOTICED, Absence, Machine
from tests.unit.engine.simulation.watch import Watch
from tests.unit.engine.simulation.zones import Zones


class Daemon:
    """What ``scheduler_daemon/daemon.py`` is, without a loop of its own: the world tells it when to look."""

    def __init__(
        self, machine: Machine, zones: Zones, processes: Processes, fate: Fate, watch: Watch, path: Path
    ) -> None:
        self._machine = machine
        self._zones = zones
        self._processes = processes
        self._fate = fate
        self._watch = watch
        self._path = path
        self._told = False
        self._looks = 0
        self._agents: Agents | None = None
        self._absence = Absence(machine.now(), None, "not born yet")
        self.up = False
        self.timer: timedelta | None = None
        """When it looks next, in time awake, if nothing is told before."""
        self.store = self._open()

    def _open(self) -> Store:
        store = Store(self._path)
        # What is simulated are deaths of the daemon, not of the machine.
        store._connection.execute("PRAGMA journal_mode = MEMORY")
        store._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        store._connection.execute("PRAGMA synchronous = OFF")
        store.on_commit(lambda tables: self._fate.step())
        return store

    def boot(self) -> None:
        """A daemon starts."""
        self._agents = Agents(self._machine, self._processes, self._fate, self._watch)
        self.events = Events()
        self.events.subscribe(self._heard)
        self.up = True
        self.engine = Engine(self.store, self._agents, self.events, self._clock, _directory, self._zones.data)
        self._sweep({run.id for run in self.store.runs.unfinished()})
        self.engine.start()
        self._told = True

    def _sweep(self, unfinished: set[UUID]) -> None:
        for run_id in [run_id for run_id in self._processes.by_run if run_id not in unfinished]:
            self._watch.swept(run_id, self._processes.by_run.pop(run_id).done)

    def look(self, anyway: bool) -> bool:
        """Look until there is nothing left to do, if there may be anything; returns whether it has looked."""
        if not self._told and not anyway:
            return False
        soonest: datetime | None = None
        self._told = True
        while self._told:
            self._told = False
            soonest = self.engine.wake()
        if self._absence.end is None:
            self._absence.end = self._machine.now()
        self._watch.made_by_now(self.store)
        self._looks += 1
        if self._looks % 3 == 0:
            # A run that waits for nothing waits on; it need not be caught at once.
            self._watch.all_waits_have_reasons()
        self.timer = None
        if soonest:
            self.timer = self._machine.awake + (soonest - self._machine.now()) + self._machine.between(0, 0.05)
        return True

    def look_soon(self) -> None:
        """The clock has jumped; that is noticed at the next heartbeat."""
        heartbeat = self._machine.awake + self._machine.between(0, NOTICED.total_seconds())
        self.timer = min(self.timer or heartbeat, heartbeat)

    def die(self) -> None:
        """It is gone, and with it all that is not on record."""
        self.up = False
        self.timer = None
        self._fate.spare()
        if self._agents:
            self._agents.die()
        if self._absence.end is not None:
            self._absence = Absence(self._machine.now(), None, "dead")
            self._machine.absences.append(self._absence)
        self.store.close()
        self.store = self._open()
        self._watch.catch_up(self.store)

    def _clock(self) -> datetime:
        self._fate.step()
        return self._machine.now()

    def _heard(self, event: Event) -> None:
        self._watch.heard(event)
        if isinstance(event, Changed | Deleted):
            self._told = True
        self._fate.step()


def _directory(job: Job) -> str:
    return job.working_directory.path
