"""Whatever the daemon and a person do in whatever order, the files parse and agree with the record."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import RunStatus
from scheduler_daemon.model.profile import Profile
from scheduler_daemon.store.face import Pending
from scheduler_daemon.store.store import Store
from tests.integration.store.conftest import Desk, a_job, a_run, a_task

NAMES = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda name: bool(name.strip()))
PICK = st.integers(0, 1000)
EDITABLE = st.sampled_from(["jobs.json", "tasks.json", "profiles.json"])


class TwoHands(RuleBasedStateMachine):
    """A daemon and a person at the same files."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.pending: Pending | None = None
        self.broken: set[str] = set()
        self.desk = self._open()

    def _open(self) -> Desk:
        home = Home(self.folder)
        desk = Desk(home, Store(home.state_db))
        desk.face.start()
        return desk

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.desk.store.close()
        shutil.rmtree(self.folder)

    def _jobs(self) -> list[Any]:
        return self.desk.store.jobs.all()

    @rule(name=NAMES)
    def the_daemon_makes_a_job(self, name: str) -> None:
        self.desk.put(a_job(name))

    @precondition(lambda self: self._jobs())
    @rule(pick=PICK, name=NAMES)
    def the_daemon_makes_a_task_and_a_run(self, pick: int, name: str) -> None:
        job = self._jobs()[pick % len(self._jobs())]
        task = a_task(job, name)
        order = [*job.task_order, task.id]
        self.desk.put(job.model_copy(update={"task_order": order}), task, a_run(job, task))

    @precondition(lambda self: self.desk.store.tasks.count())
    @rule(pick=PICK, name=NAMES)
    def the_daemon_changes_a_task(self, pick: int, name: str) -> None:
        tasks = self.desk.store.tasks.all()
        changed = {"name": name, "last_run_status": RunStatus.FAILED}
        self.desk.put(tasks[pick % len(tasks)].model_copy(update=changed))

    @precondition(lambda self: self._jobs())
    @rule(pick=PICK)
    def the_daemon_deletes_a_job(self, pick: int) -> None:
        with self.desk.store.transaction():
            self.desk.store.jobs.delete(self._jobs()[pick % len(self._jobs())].id)

    @rule()
    def the_daemon_makes_a_profile(self) -> None:
        with self.desk.store.transaction():
            self.desk.store.profiles.put(Profile(name=str(uuid4())))

    @rule()
    def the_daemon_renders(self) -> None:
        self.pending = self.desk.face.render()

    @precondition(lambda self: self.pending is not None)
    @rule()
    def the_daemon_writes(self) -> None:
        assert self.pending is not None
        self.desk.face.write(self.pending)
        self.pending = None

    @rule()
    def the_daemon_looks(self) -> None:
        if self.desk.face.edited():
            intake = self.desk.take_in()
            assert {rejection.file for rejection in intake.rejected} >= self.broken
            if self.broken:
                self.pending = None
                self.desk.update()
                self.broken.clear()

    @rule()
    def the_daemon_is_killed(self) -> None:
        self.desk.store.close()
        self.pending = None
        self.broken.clear()
        self.desk = self._open()
        self.desk.agree()

    def _by_hand(self, name: str) -> list[Any] | None:
        return None if name in self.broken else self.desk.shown(name)

    @rule(file=EDITABLE, pick=PICK, name=NAMES)
    def a_person_renames(self, file: str, pick: int, name: str) -> None:
        shown = self._by_hand(file)
        if shown:
            shown[pick % len(shown)]["name"] = name
            self.desk.save(file, json.dumps(shown))

    @rule(file=EDITABLE, pick=PICK)
    def a_person_deletes(self, file: str, pick: int) -> None:
        shown = self._by_hand(file)
        if shown:
            del shown[pick % len(shown)]
            self.desk.save(file, json.dumps(shown))

    @rule(pick=PICK, name=NAMES)
    def a_person_makes_a_task(self, pick: int, name: str) -> None:
        shown, jobs = self._by_hand("tasks.json"), self._by_hand("jobs.json")
        if shown is not None and jobs:
            job = jobs[pick % len(jobs)]["id"]
            self.desk.save("tasks.json", json.dumps([*shown, {"job_id": job, "name": name, "command": "x"}]))

    @rule(pick=PICK)
    def a_person_turns_an_order(self, pick: int) -> None:
        shown = self._by_hand("jobs.json")
        if shown:
            shown[pick % len(shown)]["task_order"].reverse()
            self.desk.save("jobs.json", json.dumps(shown))

    @rule(file=EDITABLE, text=st.sampled_from(["", "[", "{}", '[{"name": 3}]', "[1]"]))
    def a_person_breaks(self, file: str, text: str) -> None:
        self.desk.save(file, text)
        self.broken.add(file)

    @rule(file=EDITABLE)
    def a_person_removes(self, file: str) -> None:
        self.broken.discard(file)
        self.desk.path(file).unlink(missing_ok=True)
        self.the_daemon_looks()
        self.pending = None
        self.desk.update()

    @rule()
    def all_is_settled(self) -> None:
        """After a look and a write, all agree, and there is nothing left to take or to write."""
        self.the_daemon_looks()
        self.pending = None
        self.desk.update()
        self.desk.agree()
        assert not self.desk.face.edited()
        assert self.desk.face.render() is None

    @invariant()
    def files_parse(self) -> None:
        for name in {"jobs.json", "tasks.json", "profiles.json", "runs.json", "settings.json"} - self.broken:
            self.desk.shown(name)

    @invariant()
    def orders_name_each_task(self) -> None:
        for job in self._jobs():
            assert set(job.task_order) == {task.id for task in self.desk.store.tasks.of_job(job.id)}


TwoHands.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
test_two_hands = TwoHands.TestCase
