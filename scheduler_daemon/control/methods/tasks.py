"""``tasks.*``: what the agent is told, and when."""

import asyncio
from typing import Annotated
from uuid import UUID

from pydantic import Field

from scheduler_daemon.control import Json
from scheduler_daemon.control.admission import admit_task
from scheduler_daemon.control.changes import TaskChanges, changed
from scheduler_daemon.control.methods.logs import remove_logs
from scheduler_daemon.control.methods.translation import add
from scheduler_daemon.control.methods.waiting import until_ended
from scheduler_daemon.control.references import find
from scheduler_daemon.control.registry import Caller, Params, Registry
from scheduler_daemon.engine.engine import Engine
from scheduler_daemon.engine.events import Changed, Deleted, Events
from scheduler_daemon.engine.watching import Watching
from scheduler_daemon.home import Home
from scheduler_daemon.model.enums import CommandType, Missed, Overlap, Permissions, SessionMode
from scheduler_daemon.model.job import Job, Name
from scheduler_daemon.model.record import instant_text
from scheduler_daemon.model.run import Run
from scheduler_daemon.model.task import (
    AgentModel,
    Command,
    Jitter,
    MissedWithin,
    NotificationConfig,
    RetryConfig,
    RunningHours,
    ScheduleConfig,
    Seconds,
    Task,
    VerifyConfig,
)
from scheduler_daemon.schedule.local import local_text
from scheduler_daemon.store.store import Store


class TaskReference(Params):
    """A task by id, unique prefix of an id, or unique name."""

    task: Annotated[str, Field(min_length=1)]


class ListTasks(Params):
    """All tasks, or those of one job."""

    job: str | None = None


class CreateTask(Params):
    """What a new task is made of; what is not given is as the data model's defaults have it."""

    job: Annotated[str, Field(min_length=1)]
    """By id, unique prefix or unique name."""
    name: Name
    command: Command
    command_type: CommandType = CommandType.PROMPT
    model: AgentModel = "sonnet"
    profile: str | None = None
    """By id, unique prefix or unique name."""
    schedule: ScheduleConfig = Field(default_factory=ScheduleConfig)
    permissions: Permissions = Permissions.BYPASS
    session_mode: SessionMode = SessionMode.NEW
    allowed_tools: list[str] = Field(default_factory=list)
    disallowed_tools: list[str] = Field(default_factory=list)
    enabled: bool = True
    commit_on_success: bool = True
    time_limit: Seconds | None = None
    max_turns: int | None = None
    max_budget_usd: float | None = None
    verify: VerifyConfig = Field(default_factory=VerifyConfig)
    wait_for_limit: bool = True
    max_limit_wait: int | None = None
    stall_after: Seconds | None = None
    stop_when_stalled: bool = False
    run_retention_count: int | None = None
    retry: RetryConfig = Field(default_factory=RetryConfig)
    notifications: NotificationConfig = Field(default_factory=NotificationConfig)
    missed: Missed = Missed.RUN_ONCE
    missed_within: MissedWithin = 86400
    overlap: Overlap | None = None
    jitter: Jitter = 0
    running_hours: RunningHours | None = None


class UpdateTask(Params):
    """A task and what of it is to change."""

    task: Annotated[str, Field(min_length=1)]
    changes: TaskChanges


class TaskMethods:
    """The methods about tasks."""

    def __init__(self, store: Store, engine: Engine, events: Events, home: Home, watching: Watching) -> None:
        self._watching = watching
        self._home = home
        self._store = store
        self._engine = engine
        self._events = events

    def register(self, registry: Registry) -> None:
        """Add them all."""
        add(registry, "tasks.create", CreateTask, self.create, summary="Create a task in a job", result=Task)
        add(
            registry,
            "tasks.update",
            UpdateTask,
            self.update,
            summary="Change a task; what is not given stays",
            result=Task,
        )
        add(registry, "tasks.list", ListTasks, self.list_all, summary="All tasks, or a job's, oldest first")
        add(registry, "tasks.get", TaskReference, self.get, summary="One task", result=Task)
        add(
            registry,
            "tasks.why",
            TaskReference,
            self.why,
            summary="Why a task is not running, and what will change that",
        )
        add(registry, "tasks.delete", TaskReference, self.delete, summary="Delete a task, its runs and their logs")
        add(registry, "tasks.run", TaskReference, self.run, summary="Run a task now", result=Run)
        add(
            registry,
            "tasks.enable",
            TaskReference,
            self.enable,
            summary="Let its schedule start a task",
            result=Task,
        )
        add(
            registry,
            "tasks.disable",
            TaskReference,
            self.disable,
            summary="Let nothing but tasks.run start a task; its upcoming runs are let go",
            result=Task,
        )

    async def create(self, params: CreateTask, caller: Caller) -> Json:
        """Save a task at the end of its job's order."""
        job = find(self._store.jobs, params.job)
        profile = find(self._store.profiles, params.profile) if params.profile else None
        fields = {name: getattr(params, name) for name in type(params).model_fields if name not in ("job", "profile")}
        task = Task(job_id=job.id, profile=profile.id if profile else None, **fields)
        admit_task(task)
        self._save(task, changed(job, {"task_order": [*job.task_order, task.id]}))
        return task.to_dict()

    async def update(self, params: UpdateTask, caller: Caller) -> Json:
        """Changes what is given; a schedule that stays as it is keeps its next due time."""
        before = find(self._store.tasks, params.task)
        fields: dict[str, object] = {**params.changes}
        if "job" in fields:
            fields["job_id"] = find(self._store.jobs, str(fields.pop("job"))).id
        if fields.get("profile"):
            fields["profile"] = find(self._store.profiles, str(fields["profile"])).id
        task = changed(before, fields)
        if task.running_hours and "timezone" not in params.changes.get("schedule", {}):
            # The hours are meant by the zone they had, whatever the schedule becomes.
            task = changed(task, {"schedule": {"timezone": before.schedule.timezone}})
        if task is before:
            return task.to_dict()
        admit_task(task)
        jobs = [] if task.job_id == before.job_id else self._moved(task, before.job_id)
        self._save(task, *jobs)
        if not task.enabled:
            self._engine.requests.release(task)
        return task.to_dict()

    def _moved(self, task: Task, from_job: UUID) -> list[Job]:
        """The job that a task leaves and the one it comes to, each with its new order."""
        jobs = []
        for job_id in (from_job, task.job_id):
            job = self._store.jobs.get(job_id)
            if job:
                order = [each for each in job.task_order if each != task.id]
                order += [task.id] if job_id == task.job_id else []
                jobs.append(changed(job, {"task_order": order}))
        return jobs

    def _save(self, task: Task, *jobs: Job) -> None:
        with self._store.transaction():
            self._store.tasks.put(task)
            for job in jobs:
                self._store.jobs.put(job)
            self._engine.planner.plan(task)
        self._events.tell(Changed("task", task), *(Changed("job", job) for job in jobs))

    async def delete(self, params: TaskReference, caller: Caller) -> Json:
        """Stops what lives first, and answers when all is gone."""
        task = find(self._store.tasks, params.task)
        while unfinished := [run for run in self._store.runs.unfinished() if run.task_id == task.id]:
            for run in unfinished:
                self._engine.requests.stop_run(run)
            await until_ended(self._store, self._events, [run.id for run in unfinished])
        runs = self._store.runs.ids_of_task(task.id)
        task = find(self._store.tasks, str(task.id))  # it may have been moved or deleted in the meantime
        job = self._store.jobs.get(task.job_id)
        with self._store.transaction():
            self._store.tasks.delete(task.id)
            if job:
                job = changed(job, {"task_order": [each for each in job.task_order if each != task.id]})
                self._store.jobs.put(job)
        await asyncio.to_thread(remove_logs, [self._home.log(run_id) for run_id in runs])
        self._events.tell(Deleted("task", task.id), *([Changed("job", job)] if job else []))
        return {"task_id": str(task.id), "runs": len(runs)}

    async def list_all(self, params: ListTasks, caller: Caller) -> Json:
        """Every task of every job, or of one."""
        tasks = (
            self._store.tasks.of_job(find(self._store.jobs, params.job).id) if params.job else self._store.tasks.all()
        )
        return {"tasks": [task.to_dict() for task in tasks]}

    async def get(self, params: TaskReference, caller: Caller) -> Json:
        """One task."""
        return find(self._store.tasks, params.task).to_dict()

    async def why(self, params: TaskReference, caller: Caller) -> Json:
        """One line, with the time in this machine's zone."""
        task = find(self._store.tasks, params.task)
        why = self._engine.why(task, self._watching.status(task.id))
        return {
            "task_id": str(task.id),
            "task_name": task.name,
            "reason": why.reason,
            "message": f"{why.message} {local_text(why.until)}" if why.until else why.message,
            "until": instant_text(why.until) if why.until else None,
            "run_id": str(why.run) if why.run else None,
        }

    async def run(self, params: TaskReference, caller: Caller) -> Json:
        """Ask for one run; it starts as soon as it may."""
        return self._engine.requests.run_task(find(self._store.tasks, params.task)).to_dict()

    async def enable(self, params: TaskReference, caller: Caller) -> Json:
        """Its schedule counts from now."""
        return self._set_enabled(find(self._store.tasks, params.task), True).to_dict()

    async def disable(self, params: TaskReference, caller: Caller) -> Json:
        """A live run of it goes on."""
        return self._set_enabled(find(self._store.tasks, params.task), False).to_dict()

    def _set_enabled(self, task: Task, enabled: bool) -> Task:
        if task.enabled is enabled:
            return task
        task = changed(task, {"enabled": enabled})
        self._save(task)
        if not enabled:
            self._engine.requests.release(task)
        return task
