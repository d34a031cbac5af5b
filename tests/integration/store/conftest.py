"""A home with its record and its JSON files, and a person who edits them."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from scheduler_daemon.home import Home
from scheduler_daemon.model.job import Job, JobWorkingDirectory
from scheduler_daemon.model.record import now
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from scheduler_daemon.store.differences import Check
from scheduler_daemon.store.face import Face, Intake
from scheduler_daemon.store.store import Store


def works(_: object) -> None:
    """A check that finds nothing wrong."""


@dataclass
class Desk:
    """One daemon's store and face, and the hands that edit its files."""

    home: Home
    store: Store
    check: Check = works
    ahead: float = 0.0
    """Seconds the face's clock is ahead of the files' times."""
    face: Face = field(init=False)

    def __post_init__(self) -> None:
        self.face = Face(self.home, self.store, self._ask, clock=lambda: time.time() + self.ahead)

    def _ask(self, record: Any) -> None:
        self.check(record)

    def path(self, name: str) -> Path:
        """A file of the home."""
        return self.home.path / name

    def shown(self, name: str) -> Any:
        """What a file says."""
        return json.loads(self.path(name).read_text())

    def put(self, *records: Job | Task | Run) -> None:
        """Let the daemon remember these."""
        with self.store.transaction():
            for record in records:
                if isinstance(record, Job):
                    self.store.jobs.put(record)
                elif isinstance(record, Task):
                    self.store.tasks.put(record)
                else:
                    self.store.runs.put(record)

    def update(self) -> None:
        """Write what must be written, as the daemon does shortly after a commit."""
        pending = self.face.render()
        if pending is not None:
            self.face.write(pending)
        self.face.edited()

    def edit(self, name: str, change: Callable[[Any], object]) -> None:
        """Change a file's content as a person with an editor does."""
        content = self.shown(name)
        change(content)
        self.save(name, json.dumps(content, indent=2))

    def save(self, name: str, text: str) -> None:
        """Save a file by renaming a new one to it."""
        draft = self.path(f"{name}.swp")
        draft.write_text(text)
        draft.replace(self.path(name))

    def take_in(self) -> Intake:
        """Look at the files when every edit has lain still for long."""
        self.ahead += 10
        return self.face.take_in()

    def agree(self) -> None:
        """Fail unless every file shows the record exactly."""
        for name, table in (
            ("jobs.json", self.store.jobs),
            ("tasks.json", self.store.tasks),
            ("profiles.json", self.store.profiles),
        ):
            assert self.shown(name) == [record.to_dict() for record in table.all()]
        newest = self.store.runs.newest(self.store.settings().runs_in_json)
        assert self.shown("runs.json") == [run.to_dict() for run in newest]
        assert self.shown("settings.json") == self.store.settings().to_dict()


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[Callable[[], Desk]]:
    """Start a daemon's store and face on the same home; the one before it must be at its end."""
    with ExitStack() as closing:
        before: list[Store] = []

        def opened() -> Desk:
            while before:
                before.pop().close()
            home = Home(tmp_path)
            store = Store(home.state_db)
            closing.callback(store.close)
            before.append(store)
            return Desk(home, store)

        yield opened


@pytest.fixture
def desk(open_desk: Callable[[], Desk]) -> Desk:
    """A started daemon's desk."""
    desk = open_desk()
    desk.face.start()
    return desk


def a_job(name: str = "nightly", **fields: Any) -> Job:
    """A job in a directory that need not be there."""
    return Job(name=name, working_directory=JobWorkingDirectory(path="/tmp"), **fields)


def a_task(job: Job, name: str = "lint", **fields: Any) -> Task:
    """A task of a job."""
    return Task(job_id=job.id, name=name, **{"command": "fix what ruff finds", **fields})


def a_run(job: Job, task: Task, **fields: Any) -> Run:
    """A run of a task."""
    names = {"task_name": task.name, "job_name": job.name, "scheduled_time": now()}
    return Run(task_id=task.id, job_id=job.id, **{**names, **fields})


@pytest.fixture
def peopled(desk: Desk) -> tuple[Desk, Job, list[Task]]:
    """A desk with a job of three tasks, all shown."""
    job = a_job()
    tasks = [a_task(job, name) for name in ("lint", "types", "tests")]
    job = job.model_copy(update={"task_order": [task.id for task in tasks]})
    desk.put(job, *tasks)
    desk.update()
    return desk, job, tasks
