"""What people do: they change, delete, enable, run and stop things, as the control methods and edited files do it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from scheduler_daemon.control.changes import changed
from scheduler_daemon.engine import Refused
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted
from scheduler_daemon.model.enums import Overlap, ScheduleType
from scheduler_daemon.model.job import Job
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import Task
from tests.unit.engine.simulation.account import Account
from tests.unit.engine.simulation.author import Author
from tests.unit.engine.simulation.daemon import Daemon
from tests.unit.engine.simulation.known import Known
from tests.unit.engine.simulation.machine import Machine
from tests.unit.engine.simulation.story import Story
from tests.unit.engine.simulation.watch import Watch

_PATIENCE = timedelta(seconds=20)
"""How long until somebody who deletes something looks whether its runs have ended."""


class People:
    """They need a daemon, but for editing files."""

    def __init__(
        self,
        machine: Machine,
        author: Author,
        known: Known,
        daemon: Daemon,
        account: Account,
        watch: Watch,
        story: Story,
    ) -> None:
        self._machine = machine
        self._chance = machine.chance
        self._author = author
        self._known = known
        self._daemon = daemon
        self._account = account
        self._watch = watch
        self._story = story
        self._jobs_in_hand: set[UUID] = set()
        self._tasks_in_hand: set[UUID] = set()
        """Those that are being changed, or were in a file that no daemon has taken in yet."""
        self._made = 0
        self._directories = 1

    def settle_in(self, tasks: int) -> None:
        """Make jobs with so many tasks."""
        self._directories = max(1, tasks // 8)
        self._set_slots()
        for _ in range(max(2, tasks // 3)):
            self._make_job()
        for _ in range(tasks):
            self._make_task(self._any_job())

    def act(self) -> None:
        """Do something."""
        if not self._daemon.up:
            self._edit_file(taken_in=False)
            return
        deeds: dict[Callable[[], None], int] = {
            self._change_task: 50,
            self._switch: 15,
            self._move: 6,
            self._change_job: 8,
            lambda: self._edit_file(taken_in=True): 6,
            self._run_task: 10,
            self._run_job: 6,
            self._restart: 4,
            self._stop: 6,
            self._stop_job: 2,
            self._change_watched: 6,
            self._delete_task: 3,
            self._delete_job: 1,
            self._found: 2,
            self._set_slots: 2,
        }
        deed = self._chance.choices(list(deeds), list(deeds.values()))[0]
        deed()
        if self._chance.random() < 0.2:
            self._machine.after(self._machine.between(0, 60), self.act)

    def see_what_is_on_record(self, taken_in: bool) -> None:
        """What they had in hand is as it is on record now; ``taken_in``: their files too, unless it died."""
        store, known = self._daemon.store, self._known
        known.settings = store.settings()
        for job_id in self._jobs_in_hand:
            job = store.jobs.get(job_id)
            known.jobs.pop(job_id, None) if job is None else known.jobs.update({job_id: job})
        for task_id in self._tasks_in_hand:
            task = store.tasks.get(task_id)
            known.tasks.pop(task_id, None) if task is None else known.tasks.update({task_id: task})
            self._account.note(store, task_id, taken_in)
        if taken_in:
            self._jobs_in_hand.clear()
            self._tasks_in_hand.clear()

    # Tasks

    def _make_task(self, job: Job) -> None:
        self._made += 1
        task = self._author.task(self._made, job)
        self._save(task, changed(job, {"task_order": [*job.task_order, task.id]}))
        if self._author.is_often(task.schedule):
            self._machine.after(self._machine.between(0, 90 * 86400), lambda: self._switch_to(task.id, True))

    def _change_task(self) -> None:
        task = self._any_task()
        if task:
            self._update(task, self._changes())

    def _changes(self) -> dict[str, object]:
        author = self._author
        changes: list[Callable[[], dict[str, object]]] = [
            lambda: {"schedule": author.schedule().to_dict()},
            lambda: {"schedule": author.schedule().to_dict()},
            lambda: {"name": f"called {self._chance.random()}"},
            lambda: {"missed": author.missed()},
            lambda: {"missed_within": author.missed_within()},
            lambda: {"overlap": author.overlap()},
            lambda: {"jitter": author.jitter()},
            lambda: {"running_hours": author.running_hours()},
            lambda: {"time_limit": author.time_limit()},
            lambda: {"enabled": self._chance.random() < 0.9},
        ]
        return {name: value for change in self._chance.sample(changes, 2) for name, value in change().items()}

    def _switch(self) -> None:
        disabled = [task for task in self._known.tasks.values() if not task.enabled]
        if disabled and self._chance.random() < 0.7:
            self._switch_to(self._chance.choice(disabled).id, True)
        elif task := self._any_task():
            self._switch_to(task.id, not task.enabled)

    def _switch_to(self, task_id: UUID, enabled: bool) -> None:
        task = self._daemon.store.tasks.get(task_id)
        if task is None or task.enabled is enabled:
            return
        if self._daemon.up:
            self._update(task, {"enabled": enabled})
        else:
            self._machine.after(self._machine.between(600, 7200), lambda: self._switch_to(task_id, enabled))

    def _move(self) -> None:
        task, to = self._any_task(), self._any_job()
        if task is None or to.id == task.job_id:
            return
        before = self._known.jobs[task.job_id]
        leaving = changed(
            self._fresh(before), {"task_order": [each for each in before.task_order if each != task.id]}
        )
        coming = changed(self._fresh(to), {"task_order": [*to.task_order, task.id]})
        self._update(task, {"job_id": str(to.id)}, leaving, coming)

    def _update(self, task: Task, changes: dict[str, object], *jobs: Job) -> None:
        after = changed(task, changes)
        if after is task:
            return
        self._save(after, *jobs)
        if not after.enabled:
            self._daemon.engine.requests.release(after)

    def _save(self, task: Task, *jobs: Job) -> None:
        store = self._daemon.store
        self._take_in_hand(task, *jobs)
        with store.transaction():
            store.tasks.put(task)
            for job in jobs:
                store.jobs.put(job)
            self._daemon.engine.planner.plan(task)
        self.see_what_is_on_record(taken_in=True)
        self._daemon.events.tell(Changed("task", task), *(Changed("job", job) for job in jobs))

    def _take_in_hand(self, task: Task, *jobs: Job) -> None:
        self._tasks_in_hand.add(task.id)
        self._jobs_in_hand |= {job.id for job in jobs}
        self._story.tell(task.id, "saved: {}", _in_short(task))
        before = self._known.tasks.get(task.id)
        if before and before.jitter != task.jitter:
            self._watch.jitter_changed.setdefault(task.id, []).append(self._machine.now())
        if task.enabled and self._author.is_often(task.schedule):
            self._machine.after(self._machine.between(1800, 43200), lambda: self._switch_to(task.id, False))

    def _edit_file(self, taken_in: bool) -> None:
        """A file is edited, with a daemon there to take it in or without."""
        task = self._any_task()
        if task is None:
            return
        store, after = self._daemon.store, changed(task, self._changes())
        self._take_in_hand(after)
        with store.transaction():
            store.tasks.put(after)
        if taken_in:
            self._daemon.engine.replan()
            self._daemon.events.tell(Changed("task", after))
            self.see_what_is_on_record(taken_in=True)

    def _change_watched(self) -> None:
        watched = [task for task in self._known.tasks.values() if task.schedule.type is ScheduleType.FILE_WATCH]
        if not watched:
            return
        task = self._chance.choice(watched)
        if task.enabled:
            self._account.asked(task.id, certain=False)
        self._daemon.engine.changed(task, "a file", lambda: None)
        if task.enabled:
            self._account.asked(task.id, certain=True)

    def _delete_task(self) -> None:
        task, engine = self._any_task(), self._daemon.engine
        if task:
            self._go_on_deleting_task(task.id, engine)

    def _go_on_deleting_task(self, task_id: UUID, engine: Engine) -> None:
        store = self._daemon.store
        task = store.tasks.get(task_id)
        if task is None or not self._daemon.up or self._daemon.engine is not engine:
            return
        unfinished = [run for run in store.runs.unfinished() if run.task_id == task_id]
        for run in unfinished:
            engine.requests.stop_run(run)
        if unfinished:
            self._machine.after(_PATIENCE, lambda: self._go_on_deleting_task(task_id, engine))
            return
        self._account.settle(store, task)
        job = store.jobs.get(task.job_id)
        assert job
        job = changed(job, {"task_order": [each for each in job.task_order if each != task_id]})
        self._tasks_in_hand.add(task_id)
        self._jobs_in_hand.add(job.id)
        with store.transaction():
            store.tasks.delete(task_id)
            store.jobs.put(job)
        self.see_what_is_on_record(taken_in=True)
        self._daemon.events.tell(Deleted("task", task_id), Changed("job", job))

    # Jobs

    def _make_job(self) -> Job:
        self._made += 1
        job = self._author.job(self._made, self._directories)
        self._save_job(job)
        return job

    def _found(self) -> None:
        """A new job with a few tasks."""
        job_id = self._make_job().id
        for _ in range(self._chance.randint(1, 6)):
            self._make_task(self._known.jobs[job_id])

    def _change_job(self) -> None:
        job = self._any_job()
        match self._chance.randrange(4):
            case 0:
                self._save_job(changed(job, {"name": f"called {self._chance.random()}"}))
            case 1:
                self._save_job(changed(job, {"overlap": self._chance.choice(list(Overlap))}))
            case 2:
                order = [*job.task_order]
                self._chance.shuffle(order)
                self._save_job(changed(job, {"task_order": order}))
            case _:
                path = self._author.directory(self._directories)
                self._save_job(changed(job, {"working_directory": {"path": path}}))

    def _save_job(self, job: Job) -> None:
        self._jobs_in_hand.add(job.id)
        self._story.tell(None, "saved: {}", _in_short(job))
        with self._daemon.store.transaction():
            self._daemon.store.jobs.put(job)
        self.see_what_is_on_record(taken_in=True)
        self._daemon.events.tell(Changed("job", job))

    def _delete_job(self) -> None:
        if len(self._known.jobs) > 2:
            self._go_on_deleting_job(self._any_job().id, self._daemon.engine)

    def _go_on_deleting_job(self, job_id: UUID, engine: Engine) -> None:
        store = self._daemon.store
        job = store.jobs.get(job_id)
        if job is None or not self._daemon.up or self._daemon.engine is not engine:
            return
        if engine.requests.stop_job(job):
            self._machine.after(_PATIENCE, lambda: self._go_on_deleting_job(job_id, engine))
            return
        tasks = store.tasks.of_job(job_id)
        for task in tasks:
            self._account.settle(store, task)
        self._tasks_in_hand |= {task.id for task in tasks}
        self._jobs_in_hand.add(job_id)
        with store.transaction():
            store.jobs.delete(job_id)
        self.see_what_is_on_record(taken_in=True)
        self._daemon.events.tell(Deleted("job", job_id))

    def _set_slots(self) -> None:
        slots = self._chance.choice([1, 2, 3, 3, 5, 8, 20])
        self._story.tell(None, "slots: {}", slots)
        settings = self._known.settings.model_copy(update={"max_concurrent_runs": slots})
        with self._daemon.store.transaction():
            self._daemon.store.put_settings(settings)
        self.see_what_is_on_record(taken_in=True)
        self._daemon.events.tell(Changed("settings", settings))

    # Runs

    def _run_task(self) -> None:
        task = self._any_task()
        if task:
            self._ask_for_task(task.id)

    def _ask_for_task(self, task_id: UUID) -> None:
        task = self._daemon.store.tasks.get(task_id)
        if task is None or not self._daemon.up:
            return
        self._perhaps_again(lambda: self._ask_for_task(task_id))
        try:
            self._daemon.engine.requests.run_task(task)
        except Refused as refusal:
            self._check_refusal({task.id}, refusal)

    def _run_job(self) -> None:
        self._ask_for_job(self._any_job().id)

    def _ask_for_job(self, job_id: UUID) -> None:
        job = self._daemon.store.jobs.get(job_id)
        if job is None or not self._daemon.up:
            return
        self._perhaps_again(lambda: self._ask_for_job(job_id))
        tasks = {task.id for task in self._known.in_order(job.id) if task.enabled}
        try:
            self._daemon.engine.requests.run_job(job)
        except Refused as refusal:
            if tasks:
                self._check_refusal(tasks, refusal)

    def _perhaps_again(self, deed: Callable[[], None]) -> None:
        """Impatient people ask for a thing twice."""
        if self._chance.random() < 0.4:
            self._machine.after(self._machine.between(0, 40), deed)

    def _restart(self) -> None:
        runs = self._daemon.store.runs.newest(50)
        if not runs:
            return
        run = self._chance.choice(runs)
        try:
            self._daemon.engine.requests.restart(run)
        except Refused as refusal:
            if run.status.ended:
                self._check_refusal(
                    {each.task_id for each in self._daemon.store.runs.sequence(run.sequence_id or run.id)}, refusal
                )

    def _check_refusal(self, tasks: set[UUID], refusal: Refused) -> None:
        if not any(run.task_id in tasks for run in self._watch.unfinished.values()):
            raise self._story.violated(f"nothing is in the way, and it is refused: {refusal}", next(iter(tasks)))

    def _stop(self) -> None:
        run = self._any_run()
        if run:
            self._daemon.engine.requests.stop_run(run)
            self._watch.unwanted(run)

    def _stop_job(self) -> None:
        self._daemon.engine.requests.stop_job(self._any_job())

    def _any_task(self) -> Task | None:
        known = self._known.tasks
        run = self._any_run()
        return (
            self._daemon.store.tasks.get(run.task_id if run else self._chance.choice(list(known))) if known else None
        )

    def _any_job(self) -> Job:
        run = self._any_run()
        return self._fresh(
            self._known.jobs[run.job_id] if run else self._chance.choice(list(self._known.jobs.values()))
        )

    def _any_run(self) -> Run | None:
        """One that has not ended, as what people do is most delicate there; as often as not, and if there is one."""
        unfinished = list(self._watch.unfinished.values())
        return self._chance.choice(unfinished) if unfinished and self._chance.random() < 0.5 else None

    def _fresh(self, job: Job) -> Job:
        found = self._daemon.store.jobs.get(job.id)
        assert found
        return found


def _in_short(saved: Task | Job) -> str:
    given = saved.model_dump(
        mode="json", exclude_defaults=True, exclude={"id", "created_at", "updated_at", "command"}
    )
    return str(given)
