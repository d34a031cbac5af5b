"""The runs of this world: they take a moment to get ready, last, fail, hang, are stopped, and outlive the daemon."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from scheduler_daemon.model.enums import Outcome, RunStatus
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.run.order import Ending, Launched, Observer, Order
from tests.unit.engine.simulation.fate import Fate
from tests.unit.engine.simulation.machine import Machine
from tests.unit.engine.simulation.watch import Watch

_ENDINGS = (
    (84, RunStatus.SUCCESS, Outcome.DONE),
    (6, RunStatus.SUCCESS, Outcome.NO_CHANGE),
    (5, RunStatus.FAILED, Outcome.AGENT_ERROR),
    (5, RunStatus.FAILED, Outcome.DENIED),
)


@dataclass
class Process:
    """An agent at work, with its supervisor: no part of the daemon, whose end it does not see."""

    run_id: UUID
    ends: timedelta
    """In time awake."""
    status: RunStatus
    outcome: Outcome
    done: bool = False
    """It has left its exit record."""


@dataclass
class Processes:
    """All agents at work, and what is left of those that nobody has looked at since they ended."""

    machine: Machine
    work: timedelta
    """How long half of the agents work at the most."""
    by_run: dict[UUID, Process] = field(default_factory=dict)
    begun: set[UUID] = field(default_factory=set)
    """The runs whose agents were started."""
    heard: Callable[[UUID], None] = lambda run_id: None
    """Whom the end of one is told, if anybody is there."""

    def begin(self, order: Order) -> None:
        """An agent starts."""
        chance = self.machine.chance
        limit = timedelta(seconds=order.task.time_limit or order.settings.time_limit)
        _, status, outcome = chance.choices(_ENDINGS, [weight for weight, *_ in _ENDINGS])[0]
        lasts = self.work * chance.lognormvariate(0, 1.2)
        if chance.random() < 0.01 or lasts >= limit:
            lasts, status, outcome = limit, RunStatus.FAILED, Outcome.TIMED_OUT
        self.by_run[order.run.id] = Process(order.run.id, self.machine.awake + lasts, status, outcome)
        self.begun.add(order.run.id)
        self.machine.after(lasts, lambda: self._ended(order.run.id))

    def stop(self, run_id: UUID) -> None:
        """End one, within its grace."""
        process = self.by_run[run_id]
        if process.done or process.outcome is Outcome.STOPPED:
            return
        grace = min(self.machine.between(0, 10), process.ends - self.machine.awake)
        process.ends = self.machine.awake + grace
        process.status, process.outcome = RunStatus.CANCELLED, Outcome.STOPPED
        self.machine.after(grace, lambda: self._ended(run_id))

    def _ended(self, run_id: UUID) -> None:
        process = self.by_run.get(run_id)
        if process and not process.done and self.machine.awake >= process.ends:
            process.done = True
            self.heard(run_id)


class Agents:
    """The launcher of one daemon."""

    def __init__(self, machine: Machine, processes: Processes, fate: Fate, watch: Watch) -> None:
        self._machine = machine
        self._processes = processes
        self._fate = fate
        self._watch = watch
        self._attended: dict[UUID, tuple[Order, Observer]] = {}
        self._dead = False
        processes.heard = self._process_ended

    def launch(self, order: Order, observer: Observer) -> None:
        """Begin a run; see ``Launcher``."""
        self._fate.step()
        self._watch.launch(order)
        self._attended[order.run.id] = (order, observer)
        self._later(self._machine.between(0.05, 30), lambda: self._ready(order, observer))

    def adopt(self, order: Order, execution: Execution, observer: Observer) -> None:
        """Take over a run; see ``Launcher``."""
        self._fate.step()
        self._watch.adopt(order, execution)
        self._attended[order.run.id] = (order, observer)
        process = self._processes.by_run.get(order.run.id)
        if process is None:
            self._later(self._machine.between(0, 2), lambda: self._never_started(order, observer))
        elif process.done:
            self._process_ended(order.run.id)
        elif execution.stop_requested:
            self.stop(order.run.id)

    def stop(self, run_id: UUID) -> None:
        """End a run; see ``Launcher``."""
        self._fate.step()
        self._watch.stop(run_id)
        if run_id in self._attended and run_id in self._processes.by_run:
            self._processes.stop(run_id)

    def live(self) -> Collection[UUID]:
        """The runs that have not ended; see ``Launcher``."""
        return self._attended.keys()

    def die(self) -> None:
        """The daemon is dead: what it had not got as far as starting never will be."""
        self._dead = True
        for run_id in self._attended:
            if run_id not in self._processes.by_run:
                self._watch.gone(run_id)

    def _later(self, delay: timedelta, action: Callable[[], None]) -> None:
        self._machine.after(delay, lambda: None if self._dead else action())

    def _ready(self, order: Order, observer: Observer) -> None:
        run_id, chance = order.run.id, self._machine.chance
        if chance.random() < 0.01:
            self._report(run_id, observer, Ending(RunStatus.FAILED, Outcome.NOT_STARTED, ["it cannot be started"]))
            return
        execution = Execution(supervisor_pid=1, supervisor_identity="1", directory=order.job.working_directory.path)
        if not observer.launched(run_id, Launched(execution, str(run_id), "/log")):
            self._report(run_id, observer, Ending(RunStatus.CANCELLED, Outcome.STOPPED, ["stopped as it started"]))
            return
        self._fate.step()
        if chance.random() < 0.02:
            self._later(self._machine.between(0, 2), lambda: self._never_started(order, observer))
            return
        self._watch.begin(order, run_id in self._processes.begun)
        self._processes.begin(order)

    def _never_started(self, order: Order, observer: Observer) -> None:
        del self._attended[order.run.id]
        self._watch.gone(order.run.id)
        observer.never_started(order.run.id)

    def _process_ended(self, run_id: UUID) -> None:
        if self._dead or run_id not in self._attended:
            return
        _, observer = self._attended[run_id]
        process = self._processes.by_run[run_id]
        ending = Ending(process.status, process.outcome, duration=1.0)
        self._later(self._machine.between(0.01, 5), lambda: self._report(run_id, observer, ending))

    def _report(self, run_id: UUID, observer: Observer, ending: Ending) -> None:
        observer.ended(run_id, ending)
        self._fate.step()
        del self._attended[run_id]
        self._processes.by_run.pop(run_id, None)
        self._watch.gone(run_id)
