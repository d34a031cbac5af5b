"""An engine on a real store, with a clock that stands where a test puts it and a launcher that only notes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Event, Events
from scheduler_daemon.model.enums import Outcome, RunStatus, ScheduleType
from scheduler_daemon.model.execution import Execution
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.settings import Settings
from scheduler_daemon.model.task import ScheduleConfig, Task
from scheduler_daemon.run.order import Ending, Launched, Observer, Order
from scheduler_daemon.store.store import Store


class NotingLauncher:
    """Starts nothing, and remembers what it was told."""

    def __init__(self) -> None:
        self.launched: list[Order] = []
        self.adopted: list[Order] = []
        self.stopped: list[UUID] = []

    def launch(self, order: Order, observer: Observer) -> None:
        self.launched.append(order)

    def adopt(self, order: Order, execution: Execution, observer: Observer) -> None:
        self.adopted.append(order)

    def stop(self, run_id: UUID) -> None:
        self.stopped.append(run_id)

    def live(self) -> list[UUID]:
        return [order.run.id for order in [*self.launched, *self.adopted]]

    @property
    def names(self) -> list[str]:
        """The tasks that were launched, in order."""
        return [order.task.name for order in self.launched]


class World:
    """One daemon's engine and what is around it."""

    def __init__(self, path: Path) -> None:
        self.time = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
        self.store = Store(path / "state.db")
        self.heard: list[Event] = []
        self.boot()

    def boot(self) -> None:
        """A daemon starts, on the record of the one before."""
        self.launcher = NotingLauncher()
        self.events = Events()
        self.events.subscribe(self.heard.append)
        self.engine = Engine(
            self.store, self.launcher, self.events, lambda: self.time, lambda job: job.working_directory.path
        )
        self.engine.start()

    def job(self, name: str = "job", path: str | None = None, **more: Any) -> Job:
        """A job on record; each in a directory of its own."""
        job = Job(name=name, working_directory=JobWorkingDirectory(path=path or f"/{name}"), **more)
        with self.store.transaction():
            self.store.jobs.put(job)
        return job

    def task(self, job: Job, name: str, schedule: ScheduleConfig | None = None, **more: Any) -> Task:
        """A task at the end of a job's order."""
        task = Task(job_id=job.id, name=name, command="x", schedule=schedule or ScheduleConfig(), **more)
        with self.store.transaction():
            self.store.tasks.put(task)
            current = self.fresh(job)
            self.store.jobs.put(current.model_copy(update={"task_order": [*current.task_order, task.id]}))
            self.engine.planner.plan(task)
        return task

    def fresh(self, job: Job) -> Job:
        """A job as it is on record."""
        found = self.store.jobs.get(job.id)
        assert found
        return found

    def run(self, run: Run) -> Run:
        """A run as it is on record."""
        found = self.store.runs.get(run.id)
        assert found
        return found

    def start(self, run: Run) -> bool:
        """What the launcher reports when a run is ready."""
        execution = Execution(supervisor_pid=1, supervisor_identity="1", directory="/")
        return self.engine.reports.launched(run.id, Launched(execution, str(run.id), "/log"))

    def end(
        self, run: Run, status: RunStatus = RunStatus.SUCCESS, outcome: Outcome = Outcome.DONE, **more: Any
    ) -> None:
        """What the launcher reports when a run has ended."""
        self.engine.reports.ended(run.id, Ending(status, outcome, end_time=self.time, **more))

    def go(self, run: Run) -> None:
        """The engine looks, and a run of those that it launches starts."""
        self.engine.wake()
        assert run.id in [order.run.id for order in self.launcher.launched]
        assert self.start(run)

    def last(self) -> Run:
        """The newest run."""
        return self.runs()[-1]

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        return list(reversed(self.store.runs.newest(1000)))

    def later(self, **delta: float) -> datetime | None:
        """Time passes, and the engine looks."""
        self.time += timedelta(**delta)
        return self.engine.wake()

    def set(self, **settings: Any) -> None:
        """Settings other than the defaults."""
        with self.store.transaction():
            self.store.put_settings(Settings.model_validate(settings))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


SEQUENTIAL = ScheduleConfig(type=ScheduleType.SEQUENTIAL)


def cron(expression: str) -> ScheduleConfig:
    """A calendar schedule in UTC."""
    return ScheduleConfig(type=ScheduleType.CALENDAR, cron_expression=expression, timezone="UTC")
